"""Decide how a plan's rows become columns: which values are times, texts, titles. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.pendo.model import FieldDescriptor
from workbench.pulls.plan import Plan, Slice, span_ms
from workbench.pulls.recipe import Recipe
from workbench.pulls.shapes import Path, Wanted

AUTO_TIMES = frozenset(
    {"firstvisit", "lastvisit", "lastupdated", "createdat", "firstidentifiedvisit"}
)
"""Times that Pendo keeps of every visitor and account (pendo-api contract, section 2.5); some of
them are in the rows but not in the metadata schema."""

Schema = Mapping[str, Mapping[str, FieldDescriptor]]


@dataclass(frozen=True, slots=True)
class Known:
    """What Pendo says of the columns beforehand."""

    schema: Schema = field(default_factory=dict)
    """Metadata fields by group, for visitors and accounts."""
    report_fields: Sequence[Mapping[str, Any]] = ()
    """A report's own columns, where its schema is to be used (GAP-22)."""


def recipe_for(plan: Plan, piece: Slice, known: Known, *, in_parts: bool = False) -> Recipe:
    """How the rows of one slice become a part.

    ``in_parts``: the slice is a day that was fetched in hours, to be put together again.
    """
    source, pull = plan.source, plan.pull
    if source is None or pull.source == "custom":
        return _of_report(known)
    if source.paged:
        return Recipe(
            wanted=_of_metadata(known.schema),
            auto_times=AUTO_TIMES,
            flat=pull.metadata == "flat",
        )
    if not source.is_events:
        span = (plan.window.starts_at, plan.window.ends_at) if plan.window else None
        ms = tuple(round(each.timestamp() * 1000) for each in span) if span else ()
        local = plan.endpoint == "segments" and len(ms) == 2
        between = ("lastUpdatedAt", ms[0], ms[1]) if local else None
        return Recipe(wanted=_times(source.columns), between=between)
    assert piece.day is not None
    return Recipe(
        columns=source.columns,
        merges=source.merges if in_parts and source.bucketed and pull.period == "day" else {},
        day=piece.day,
        span_ms=span_ms(piece.day, plan.zone) if source.bucketed else None,
        write_day=not by_day(plan),
    )


def by_day(plan: Plan) -> bool:
    """Whether the dataset has a partition for each day, so that its folder says the day."""
    source, update = plan.source, plan.pull.update_method
    is_events = source is not None and source.is_events
    return is_events and update.method == "partition" and update.key == ("day",)


def _times(columns: Mapping[str, str]) -> Wanted:
    return Wanted(moments=frozenset((key,) for key, kind in columns.items() if kind == "moment"))


def _of_report(known: Known) -> Recipe:
    """A report's columns, with its titles and types where they are to be used."""
    fields = [each for each in known.report_fields if each.get("field")]
    kinds = {str(each["field"]): str(each.get("type") or "") for each in fields}
    return Recipe(
        titles={str(each["field"]): str(each.get("title") or each["field"]) for each in fields},
        wanted=Wanted(
            moments=_named(kinds, "time", "date"),
            texts=_named(kinds, "string"),
            numbers=_named(kinds, "float", "number"),
        ),
    )


def _named(kinds: Mapping[str, str], *types: str) -> frozenset[Path]:
    return frozenset((key,) for key, kind in kinds.items() if kind in types)


def _of_metadata(schema: Schema) -> Wanted:
    """Types of metadata fields as Pendo declares them, for every group of a record."""
    return Wanted(
        moments=frozenset(_typed(schema, "time")),
        texts=frozenset(_typed(schema, "string")),
        numbers=frozenset(_typed(schema, "float")),
    )


def _typed(schema: Schema, kind: str) -> Iterator[Path]:
    for group, fields in schema.items():
        for key, described in fields.items():
            if described.type == kind:
                yield ("metadata", group, key)
