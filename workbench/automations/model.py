"""An automation as an analyst writes it: what is read, what is written where, within which limits.

The documents of ``kind: automation``. Nothing here knows how a value is sent.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from workbench.automations.filters import Conditions
from workbench.automations.labels import Labels, Trend
from workbench.automations.limits import Guardrails, Review, Write
from workbench.names import DatasetName, DocumentName
from workbench.schedules.model import Retry, Schedule, StaleAfter
from workbench.words import nearest
from workbench.zones import ZoneName

Object = Literal["account", "visitor"]
FieldType = Literal["string", "number", "time", "boolean"]
"""The types in which Pendo creates a metadata field."""

KNOWN_OUTPUTS = ("score", "date", "trend", "explain", "state")
"""What Predict offers; a model's sub-scores are further outputs, under names of their own."""
FIELD_NAME = re.compile(r"[a-z_][a-z0-9_]*")
"""What segments and reports can use as a metadata name, once in lower case (GAP-02)."""
LONGEST_NAME = 64
"""Longest field name we create. Ours: Pendo states no limit."""
LONGEST_TEXT = 1500
"""Characters of text Pendo is known to keep whole (pendo-api contract, section 6.4)."""
READ_ONLY_GROUPS = ("auto", "pendo", "salesforce", "hubspot", "pendo_hubspot", "segmentio")
"""Metadata groups that only Pendo or an integration fills."""


def _checked_name(text: str) -> str:
    lowered = text.lower()
    if FIELD_NAME.fullmatch(lowered) and len(lowered) <= LONGEST_NAME:
        return lowered
    cleaned = re.sub(r"[^a-z0-9_]+", "_", lowered).strip("_")
    cleaned = f"_{cleaned}" if cleaned[:1].isdigit() else cleaned
    suggested = f"; did you mean {cleaned}?" if cleaned and cleaned != lowered else ""
    raise ValueError(
        f"{text[:60]!r} cannot start a Pendo field: letters, digits and _, no digit first, "
        f"{LONGEST_NAME} at most{suggested}"
    )


def _checked_group(text: str) -> str:
    if text in ("custom", "agent"):
        return text
    if text.startswith("pendo_predict"):
        raise ValueError("pendo_predict is filled by Pendo alone and can only be read: use custom")
    if text in READ_ONLY_GROUPS or text.startswith("auto_"):
        raise ValueError(f"{text} is filled by Pendo or an integration: use custom")
    raise ValueError(
        f"{text[:60]!r} is not one of custom, agent{nearest(text, ['custom', 'agent'])}"
    )


def _checked_pattern(text: str) -> str:
    plain = re.sub(r"\{(prefix|model|output)\}", "x", text)
    if "{output}" not in text or not FIELD_NAME.fullmatch(plain.lower()):
        raise ValueError(
            "`name_pattern` is made of {prefix} or {model}, {output} and _, for example "
            "{prefix}_{output} or {model}___{output}"
        )
    return text.lower()


FieldWord = Annotated[str, AfterValidator(_checked_name)]


class Replace(BaseModel):
    """A match rule that puts one text for another in every id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    replace: Annotated[dict[str, str], Field(min_length=1)]

    @model_validator(mode="after")
    def _replaces_something(self) -> Self:
        if "" in self.replace:
            raise ValueError("`replace` needs a text to look for")
        return self


MatchRule = Literal["trim", "lower", "sfdc18", "sfdc15", "strip_leading_zeros"] | Replace
"""What is done to the base's ids before they are looked for in Pendo."""


class ReadFrom(BaseModel):
    """The decision base: which records of which dataset, and what its columns mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: DatasetName
    source_id: str
    """The column that is the base's primary key."""
    conditions: Conditions = Conditions()
    outputs: dict[FieldWord, str] = {}
    """Output → column. Trend needs none: it is told from the score before."""
    duplicates: Literal["hold", "latest_date"] = "hold"
    """When two records have one id: hold the run, or take the one with the latest Date (GAP-12)."""


class Update(BaseModel):
    """The destination: which object's metadata, which ids, which fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    object: Object = "account"
    id_field: str | None = None
    """The column that holds Pendo's id, when ``source_id`` is something else."""
    match: tuple[MatchRule, ...] = ()
    group: Annotated[str, AfterValidator(_checked_group)] = "custom"
    prefix: FieldWord = "predict"
    name_pattern: Annotated[str, AfterValidator(_checked_pattern)] = "{prefix}_{output}"
    fields: tuple[FieldWord, ...] | None = None
    """The outputs to write; None is every output there is."""
    types: dict[FieldWord, FieldType] = {}
    """Types of fields to be created, where they should not be the usual ones (GAP-03)."""
    departed: Literal["keep", "clear", "state_only"] = "keep"
    """Records written before that match no more: keep, clear our fields, write State (GAP-09)."""
    on_remove: Literal["keep", "clear"] = "keep"
    """Values of an output that is no longer written (GAP-08)."""
    nulls: Literal["skip", "write"] = "skip"
    """Whether an empty prediction clears the field (GAP-10)."""
    create_unknown: bool = False
    """Whether ids that Pendo does not know are created."""
    shared_prefix: bool = False
    """Whether other automations may write the same fields; the later writer wins (GAP-11)."""
    outside_changes: Literal["overwrite", "hold"] = "overwrite"
    """When somebody else changed what we wrote: the fields are ours, or a person looks first."""

    @model_validator(mode="after")
    def _fields_are_distinct(self) -> Self:
        if self.fields is not None and not self.fields:
            raise ValueError("`fields` is empty: leave it out for all, or name what to write")
        if self.fields is not None and len(set(self.fields)) < len(self.fields):
            raise ValueError("`fields` names an output twice")
        return self


class Automation(BaseModel):
    """Keep a group of Pendo metadata fields equal to the predictions of one dataset.

    The prefix marks the fields that are ours: ``predict`` and ``score`` make ``predict_score``.
    Nothing without it is ever written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["automation"] = "automation"
    name: DocumentName
    description: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    connection: DocumentName
    read_from: ReadFrom
    update: Update = Update()
    trend: Trend = Trend()
    labels: Labels = Labels()
    guardrails: Guardrails = Guardrails()
    review: Review = Review()
    write: Write = Write()
    timezone: ZoneName | None = None
    """Whose days relative dates mean (GAP-05); None is the workspace's zone."""
    schedules: tuple[Schedule, ...] = ()
    catch_up: Literal["ask", "once", "each", "skip"] = "ask"
    retry: Retry = Retry()
    stale_after: StaleAfter | None = None
    """None is as its schedules say: two fires without success (B-33, B-37)."""
    active: bool = False
    """The On/Off toggle; a draft runs only when a person runs it."""

    @model_validator(mode="after")
    def _writes_something(self) -> Self:
        own = [name for name in self.update.fields or () if name not in KNOWN_OUTPUTS]
        for output in own:
            if output not in self.read_from.outputs:
                guess = nearest(output, [*KNOWN_OUTPUTS, *self.read_from.outputs])
                raise ValueError(
                    f"update.fields lists {output}, but read_from.outputs names no column "
                    f"for it{guess}"
                )
        if not self.outputs:
            raise ValueError(
                "nothing would be written: name at least one column in read_from.outputs, "
                "for example outputs: {score: score_label}"
            )
        names = list(self.field_names.values())
        for field in names:
            if not FIELD_NAME.fullmatch(field) or len(field) > LONGEST_NAME:
                raise ValueError(
                    f"{field[:80]} cannot be the name of a Pendo field: it is too long"
                )
        return self

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs that are written, the five known ones first."""
        given = self.read_from.outputs
        listed = self.update.fields
        order = [*KNOWN_OUTPUTS, *(name for name in given if name not in KNOWN_OUTPUTS)]
        fillable = [name for name in order if name in given or self.computes(name)]
        return tuple(name for name in fillable if listed is None or name in listed)

    def computes(self, output: str) -> bool:
        """Whether an output without a column is worked out here: Trend, from the Score."""
        given, listed = self.read_from.outputs, self.update.fields
        has_score = "score" in given and (listed is None or "score" in listed)
        return output == "trend" and "trend" not in given and has_score and self.trend.compute

    @property
    def unfilled(self) -> tuple[str, ...]:
        """Outputs that were asked for and that no column fills."""
        return tuple(name for name in self.update.fields or () if name not in self.outputs)

    @property
    def field_names(self) -> dict[str, str]:
        """Output → the Pendo field it becomes."""
        return {output: self.field_name(output) for output in self.outputs}

    def field_name(self, output: str) -> str:
        """The Pendo field an output becomes.

        >>> read_from = {"dataset": "d", "source_id": "id", "outputs": {"score": "label"}}
        >>> Automation(name="a", connection="c", read_from=read_from).field_name("score")
        'predict_score'
        """
        model = self.name.replace("-", "_")
        words = {"prefix": self.update.prefix, "model": model, "output": output}
        return self.update.name_pattern.format(**words)

    @property
    def id_column(self) -> str:
        """The column with Pendo's ids."""
        return self.update.id_field or self.read_from.source_id
