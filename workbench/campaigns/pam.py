"""Which fields of Salesforce take what we know: the source product's, or an org's own. Pure.

A name such as Q16 is the line of the campaign-sync contract, section 13, that a key answers.
"""

from typing import Self

from pydantic import model_validator

from workbench.campaigns.choices import FieldName, Group
from workbench.campaigns.vocabulary import EDITION_STATISTICS, MEMBER_FACTS, STATISTICS
from workbench.words import nearest

EDITION_KEYS = ("object", "campaign", "name", "external_id")
"""How the records of e-mail editions are found; ``name`` is Name unless said."""
PAM_KEYS = (
    "auto_sync",
    *STATISTICS,
    *(f"member.{fact}" for fact in MEMBER_FACTS),
    *(f"edition.{key}" for key in (*EDITION_KEYS, *EDITION_STATISTICS)),
)
"""What ``pam.fields`` can name: things of campaigns, of members, of editions."""


class Pam(Group):
    """Where the source product's package, or an org's own fields, take what we know (Q16)."""

    fields: dict[str, FieldName] = {}  # noqa: RUF012 -- pydantic copies it
    """A statistic → field of Campaign, ``member.points`` → field of CampaignMember,
    ``edition.object`` → the object of e-mail editions, ``edition.sent`` → a field of it."""

    @model_validator(mode="after")
    def _known_and_told_apart(self) -> Self:
        for key in self.fields:
            if key not in PAM_KEYS:
                raise ValueError(f"`fields` knows no {key[:60]!r}{nearest(key, PAM_KEYS)}")
        for start in ("member.", "edition."):
            self._require_one_each(start)
        keys = {key.removeprefix("edition.") for key in self.fields if key.startswith("edition.")}
        if keys and not {"object", "campaign"} <= keys:
            raise ValueError(
                "`fields` with edition.… also needs edition.object and edition.campaign: the "
                "object of e-mail editions, and its field that names the campaign"
            )
        return self

    def _require_one_each(self, start: str) -> None:
        names = [name.lower() for key, name in self.fields.items() if key.startswith(start)]
        if len(set(names)) < len(names):
            raise ValueError(f"two of {start}… go to one field")

    def of(self, start: str) -> dict[str, str]:
        """The fields of members or editions, by what goes there."""
        named = self.fields.items()
        return {key.removeprefix(start): name for key, name in named if key.startswith(start)}

    @property
    def statistics(self) -> dict[str, str]:
        """Statistic → field of Campaign."""
        return {key: name for key, name in self.fields.items() if key in STATISTICS}


def checked_statistics(given: dict[str, str | None]) -> dict[str, str | None]:
    """Statistic → field of Campaign, every name a known one.

    Raises:
        ValueError: there is no such statistic, or two go to one field.
    """
    for name in given:
        if name not in STATISTICS:
            raise ValueError(f"there is no statistic {name[:40]!r}{nearest(name, STATISTICS)}")
    fields = [field.lower() for field in given.values() if field]
    if len(set(fields)) < len(fields):
        raise ValueError("two statistics go to one field")
    return given
