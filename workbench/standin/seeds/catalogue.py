"""The things of a subscription that have names: pages, features, track types, guides, groups.

Objects are as the REST lists give them (pendo-api contract, sections 4 and 5).
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workbench.standin.seeds import words
from workbench.standin.seeds.people import DAY_MS
from workbench.standin.seeds.sizes import APPS, DEFAULT_APP, SECOND_APP

Thing = dict[str, Any]


@dataclass(frozen=True)
class Catalogue:
    """All named things, each list in the order of its events' numbers."""

    apps: list[Thing]
    groups: list[Thing]
    pages: list[Thing]
    features: list[Thing]
    track_types: list[Thing]
    guides: list[Thing]


def make_catalogue(seed: int, now_ms: int) -> Catalogue:
    """The named things of a seed."""
    maker = _Maker(seed, now_ms)
    groups = [maker.group(place, name) for place, name in enumerate(words.AREAS)]
    pages = [
        maker.page(place, name, DEFAULT_APP, groups[area])
        for place, (name, area) in enumerate(words.PAGES)
    ]
    pages += [
        maker.page(len(pages) + place, name, SECOND_APP, groups[place % len(groups)])
        for place, name in enumerate(words.MOBILE_PAGES)
    ]
    features = [
        maker.feature(2 * place + turn, page)
        for place, page in enumerate(pages)
        for turn in range(2)
    ]
    return Catalogue(
        apps=[maker.app(place, app) for place, app in enumerate(APPS)],
        groups=groups,
        pages=pages,
        features=features,
        track_types=[maker.track_type(p, name) for p, name in enumerate(words.TRACK_TYPES)],
        guides=[maker.guide(place, pages) for place in range(len(words.GUIDES))],
    )


def object_id(seed: int, *parts: object) -> str:
    """A 27-character id, always the same for the same parts."""
    digest = hashlib.sha256(repr((seed, *parts)).encode()).digest()
    return base64.urlsafe_b64encode(digest)[:27].decode()


def user(place: int, now_ms: int) -> Thing:
    """A person who works in the subscription."""
    first = words.FIRST_NAMES[place % len(words.FIRST_NAMES)]
    last = words.LAST_NAMES[place % len(words.LAST_NAMES)]
    return {
        "id": str(4_810_000_000_000_000 + place),
        "username": f"{first}.{last}@example.com".lower().replace("'", ""),
        "first": first,
        "last": last,
        "role": 1 + place % 3,
        "userType": "user",
        "hasLoggedIn": True,
        "lastLogin": now_ms - (place % 9 + 1) * DAY_MS,
        "visitorIds": [],
    }


SYSTEM_USER = {"id": "", "username": "", "first": "", "last": "", "role": 0, "userType": ""}
"""Who made what nobody made."""


class _Maker:
    def __init__(self, seed: int, now_ms: int) -> None:
        self.seed, self.now_ms = seed, now_ms

    def common(self, kind: str, place: int, name: str, app: int) -> Thing:
        made = self.now_ms - (400 - place * 7 % 380) * DAY_MS
        changed = max(made, self.now_ms - (place * 11 % 60 + 1) * DAY_MS)
        stamp = datetime.fromtimestamp(changed / 1000, UTC).strftime("%Y%m%d%H%M%S")
        identity = object_id(self.seed, kind, place)
        return {
            "id": identity,
            "name": name,
            "kind": kind,
            "appId": app,
            "createdAt": made,
            "lastUpdatedAt": changed,
            "createdByUser": user(place % 5, self.now_ms),
            "lastUpdatedByUser": user((place + 2) % 5, self.now_ms),
            "rootVersionId": identity,
            "stableVersionId": f"{identity}-{stamp}.{place:09d}",
        }

    def tagged(self, kind: str, place: int, name: str, app: int, group: Thing | None) -> Thing:
        made = self.common(kind, place, name, app)
        return made | {
            "color": "gray",
            "dirty": False,
            "isCoreEvent": place % 4 == 0,
            "validThrough": self.now_ms - self.now_ms % 3_600_000,
            "group": group,
            "dailyMergeFirst": made["createdAt"],
            "dailyRollupFirst": made["createdAt"],
            "ignoredFrustrationTypes": [],
        }

    def app(self, place: int, app: int) -> Thing:
        name = ("Acme Web", "Acme Mobile")[place]
        common = self.common("Application", place, name, app)
        return common | {"id": str(app), "platform": ("web", "ios")[place]}

    def group(self, place: int, name: str) -> Thing:
        common = self.common("Group", place, name, DEFAULT_APP)
        del common["appId"], common["rootVersionId"], common["stableVersionId"]
        more = {"description": f"The {name.lower()} area", "color": "gray", "type": "productArea"}
        return common | more | {"length": 0, "items": []}

    def page(self, place: int, name: str, app: int, group: Thing) -> Thing:
        slug = name.lower().replace(" ", "-").replace('"', "")
        rule = f"//*/{slug}"
        return self.tagged("Page", place, name, app, group) | {
            "rules": [{"rule": rule, "designerHint": "", "parsedRule": rule}],
            "rulesjson": "",
            "isAutoTagged": False,
            "isSuggested": False,
            "suggestedName": "",
        }

    def feature(self, place: int, page: Thing) -> Thing:
        action = words.FEATURE_ACTIONS[place % len(words.FEATURE_ACTIONS)]
        made = self.tagged("Feature", place, f"{page['name']}: {action}", page["appId"], None)
        return made | {
            "group": page["group"],
            "pageId": page["id"],
            "appWide": False,
            "elementPathRules": [f"#f{place} > button"],
            "elementInitialTag": "button",
            "elementSelectionType": "suggested",
            "eventPropertyConfigurations": [],
            "suggestedMatch": f"#f{place}",
            "createdDesignerVersion": "",
        }

    def track_type(self, place: int, name: str) -> Thing:
        return self.tagged("TrackType", place, name, DEFAULT_APP, None) | {
            "trackTypeName": name,
            "trackTypeRules": [],
            "eventPropertyNameList": ["plan", "source"],
        }

    def guide(self, place: int, pages: list[Thing]) -> Thing:
        name, state, launch, count = words.GUIDES[place]
        app = SECOND_APP if place == 8 else DEFAULT_APP
        made = self.common("Guide", place, name, app)
        published = state in ("public", "disabled")
        polls = self.polls(made["id"]) if name == "NPS survey" else []
        steps = [self.step(made, number, pages, polls) for number in range(count)]
        return made | {
            "appIds": [app],
            "state": state,
            "emailState": "",
            "launchMethod": launch,
            "editorType": "vdsTemplate",
            "authoredLanguage": "en-US",
            "description": "",
            "publishedAt": made["lastUpdatedAt"] if published else 0,
            "publishedEver": published,
            "resetAt": 0,
            "showsAfter": made["createdAt"],
            "expiresAfter": 0,
            "currentFirstEligibleToBeSeenAt": made["lastUpdatedAt"] if published else 0,
            "isMultiStep": count > 1,
            "isTraining": False,
            "isTopLevel": False,
            "isModule": False,
            "autoCreateFeedback": False,
            "recurrence": 0,
            "recurrenceEligibilityWindow": 0,
            "steps": steps,
            "polls": polls,
            "attributes": {"type": "building-block", "device": {"type": "desktop"}, "priority": 0},
            "audience": [{"source": {"visitors": None}}, {"identified": "visitorId"}],
            "audienceUiHint": {"filters": []},
        }

    def step(self, guide: Thing, number: int, pages: list[Thing], polls: list[Thing]) -> Thing:
        mine = [page for page in pages if page["appId"] == guide["appId"]]
        identity = object_id(self.seed, "step", guide["id"], number)
        return {
            "id": identity,
            "guideId": guide["id"],
            "templateId": "building-block-guide",
            "type": "building-block",
            "name": f"Step {number + 1}",
            "pageId": mine[number % len(mine)]["id"],
            "regexUrlRule": "",
            "elementPathRule": "",
            "triggerElementPathRule": "",
            "confirmationElementPathRule": "",
            "contentType": "text/html; charset=utf-8",
            "contentUrl": f"https://content.example.com/guide/{identity}.html",
            "rank": (number + 1) * 10_000_000,
            "advanceMethod": "button",
            "pollIds": [poll["id"] for poll in polls],
            "attributes": {},
            "lastUpdatedAt": guide["lastUpdatedAt"],
            "resetAt": 0,
        }

    def polls(self, guide: str) -> list[Thing]:
        ends = {"leftLabel": "Not likely", "rightLabel": "Very likely"}
        rating = {"type": "NPSRating", "display": "All", "followUp": "", **ends}
        return [
            {
                "id": object_id(self.seed, "poll", guide, "rating"),
                "question": "How likely are you to recommend us?",
                "resetAt": 0,
                "attributes": rating,
                "numericResponses": list(range(11)),
                "idResponses": [],
            },
            {
                "id": object_id(self.seed, "poll", guide, "reason"),
                "question": "What is the reason for your score?",
                "resetAt": 0,
                "attributes": {"type": "NPSReason", "display": "All", "followUp": ""},
                "numericResponses": [],
                "idResponses": [],
            },
        ]
