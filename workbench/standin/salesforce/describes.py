"""What describe says of an object: every key of the API, from the lines of `tables`."""

from typing import Any

from workbench.standin.salesforce.fields import Field, Table
from workbench.standin.salesforce.ids import PREFIXES
from workbench.standin.salesforce.org import Org
from workbench.standin.salesforce.tables import CHILDREN, LABELS

_DIGITS = {"int": (9, 0, 0), "double": (0, 18, 2), "currency": (0, 18, 2), "percent": (0, 18, 2)}
"""Digits, precision and scale by type."""
_SOAP = {
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "id": "tns:ID",
    "reference": "tns:ID",
}
_FIXED: dict[str, Any] = {
    "aiPredictionField": False,
    "autoNumber": False,
    "calculatedFormula": None,
    "cascadeDelete": False,
    "compoundFieldName": None,
    "controllerName": None,
    "defaultValueFormula": None,
    "dependentPicklist": False,
    "deprecatedAndHidden": False,
    "displayLocationInDecimal": False,
    "encrypted": False,
    "externalId": False,
    "filteredLookupInfo": None,
    "formulaTreatNullNumberAsZero": False,
    "highScaleNumber": False,
    "htmlFormatted": False,
    "inlineHelpText": None,
    "mask": None,
    "maskType": None,
    "namePointing": False,
    "polymorphicForeignKey": False,
    "queryByDistance": False,
    "referenceTargetField": None,
    "relationshipOrder": None,
    "restrictedDelete": False,
    "restrictedPicklist": False,
    "searchPrefilterable": False,
    "unique": False,
    "writeRequiresMasterRead": False,
}


def describe(org: Org, table: Table) -> dict[str, Any]:
    """The whole describe of an object."""
    children = [
        {
            "cascadeDelete": cascades,
            "childSObject": child,
            "deprecatedAndHidden": False,
            "field": field,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": name,
            "restrictedDelete": False,
        }
        for child, field, name, cascades in CHILDREN.get(table.name, ())
    ]
    return {
        "actionOverrides": [],
        "childRelationships": children,
        **brief(org, table),
        "compactLayoutable": True,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [_field(org, table, field) for field in org.shown(table)],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [],
        "searchLayoutable": True,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": "All", "name": "everything"}],
    }


def brief(org: Org, table: Table) -> dict[str, Any]:
    """An object as the list of objects shows it."""
    name, label = table.name, LABELS.get(table.name, table.name)
    is_member = name == "CampaignMember"
    may_write = name != "CampaignMemberStatus" or org.switches.is_at("member_status_writable", "on")
    path = f"/services/data/v66.0/sobjects/{name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": may_write,
        "custom": name.endswith("__c"),
        "customSetting": False,
        "deepCloneable": False,
        "deletable": may_write,
        "deprecatedAndHidden": False,
        "feedEnabled": not is_member,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": PREFIXES[name],
        "label": label,
        "labelPlural": f"{label}s",
        "layoutable": True,
        "mergeable": name in ("Lead", "Contact", "Account"),
        "mruEnabled": not is_member,
        "name": name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": not is_member,
        "triggerable": True,
        "undeletable": not is_member and name != "User",
        "updateable": may_write,
        "urls": {
            "sobject": path,
            "describe": f"{path}/describe",
            "rowTemplate": f"{path}/{{ID}}",
        },
    }


def _field(org: Org, table: Table, field: Field) -> dict[str, Any]:
    digits, precision, scale = _DIGITS.get(field.type, (0, 0, 0))
    length = field.length or (18 if field.type in ("id", "reference") else 0)
    may_write = brief(org, table)["createable"]
    is_long = field.type == "textarea" and length > 255
    return {
        **_FIXED,
        "aggregatable": field.type != "boolean" and not is_long,
        "byteLength": length * 3,
        "calculated": bool(field.formula),
        "caseSensitive": False,
        "createable": field.createable and may_write,
        "custom": field.custom,
        "defaultValue": field.default == "1" if field.type == "boolean" else None,
        "defaultedOnCreate": "D" in field.flags,
        "digits": digits,
        "extraTypeInfo": "plaintextarea" if field.type == "textarea" else None,
        "filterable": "F" not in field.flags,
        "groupable": field.type not in ("double", "currency", "percent", "datetime")
        and not is_long,
        "idLookup": "I" in field.flags,
        "label": field.name.removesuffix("__c").replace("_", " "),
        "length": length,
        "name": field.name,
        "nameField": field.name == "Name",
        "nillable": field.nillable,
        "permissionable": field.custom or (field.nillable and field.createable),
        "picklistValues": [
            {
                "active": True,
                "defaultValue": value == field.default,
                "label": value,
                "validFor": None,
                "value": value,
            }
            for value in field.values
        ],
        "precision": precision,
        "referenceTo": [field.refers_to] if field.refers_to else [],
        "relationshipName": field.relation or None,
        "scale": scale,
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "sortable": not is_long,
        "type": field.type,
        "updateable": field.updateable and may_write,
    }
