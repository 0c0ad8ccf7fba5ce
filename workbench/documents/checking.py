"""Check documents before anything is kept: one by one, then all together. Reads nothing stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from workbench.documents.faults import Fault, told
from workbench.documents.kinds import Kind, Reference, model_for
from workbench.documents.yaml_text import Text, Written, written
from workbench.errors import WorkbenchError


@dataclass(frozen=True, slots=True)
class Checked:
    """A document that is right by itself."""

    kind: Kind
    name: str
    model: BaseModel
    source: Written

    @property
    def reference(self) -> Reference:
        """What others call it by."""
        return (self.kind.name, self.name)

    @property
    def body(self) -> dict[str, Any]:
        """What is stored: the keys as they were written, so that an export reads like them."""
        body: dict[str, Any] = to_jsonable_python(self.source.value)
        return body


def check(texts: Iterable[Text], kinds: Mapping[str, Kind]) -> tuple[list[Checked], list[Fault]]:
    """Every document of the texts that is right by itself, and all faults of the others."""
    checked: list[Checked] = []
    faults: list[Fault] = []
    for text in texts:
        documents, unreadable = written(text)
        faults += unreadable
        for document in documents:
            found, wrong = _check_one(document, kinds)
            faults += wrong
            checked += found
    return checked, faults + _named_twice(checked)


def _check_one(document: Written, kinds: Mapping[str, Kind]) -> tuple[list[Checked], list[Fault]]:
    model = model_for(document, kinds)
    if isinstance(model, Fault):
        return [], [model]
    try:
        valid = model.model_validate(document.value)
    except ValidationError as error:
        return [], told(document, model, error)
    except WorkbenchError as error:
        return [], _faults_around(document, model, error)
    kind = kinds[document.value["kind"]]
    return [Checked(kind, str(document.value["name"]), valid, document)], []


def _faults_around(document: Written, model: type[BaseModel], error: WorkbenchError) -> list[Fault]:
    """Faults of a document one of whose values raised an error of our own.

    Such an error does not say where it came from and ends the check, so the value is looked
    for, and the rest is checked without it.
    """
    key = next((key for key in document.value if _raises(model, key, document.value[key])), None)
    here = document.fault(
        f"{key}: {error}" if key else str(error), (key,) if key else (), error.hint
    )
    if key is None:
        return [here]
    rest = Written(
        document.file,
        {name: value for name, value in document.value.items() if name != key},
        document.lines,
    )
    try:
        model.model_validate(rest.value)
    except ValidationError as other:
        return [here, *(fault for fault in told(rest, model, other) if key not in fault.text)]
    except WorkbenchError as other:
        return [here, *_faults_around(rest, model, other)]
    return [here]


def _raises(model: type[BaseModel], key: str, value: Any) -> bool:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    if key not in fields:
        return False
    try:
        annotation: Any = fields[key].annotation
        TypeAdapter(annotation).validate_python(value)
    except ValidationError:
        return False
    except WorkbenchError:
        return True
    return False


def _named_twice(checked: list[Checked]) -> list[Fault]:
    first: dict[Reference, Checked] = {}
    faults = []
    for document in checked:
        earlier = first.setdefault(document.reference, document)
        if earlier is not document:
            place = f"{earlier.source.file}:{earlier.source.line()}"
            faults.append(document.source.fault(f"the same document is at {place}", ("name",)))
    return faults
