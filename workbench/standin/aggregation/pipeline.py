"""Run a pipeline: columns as long as SQL can say it, rows from there on."""

from collections.abc import Callable, Mapping
from typing import Any

from workbench.standin.aggregation import columnar, rowops
from workbench.standin.aggregation.aggregates import UnknownAggregateError
from workbench.standin.aggregation.frame import Frame
from workbench.standin.aggregation.sources import Rows, Sources, asked
from workbench.standin.aggregation.sql import NotColumnarError
from workbench.standin.events.raw import Late
from workbench.standin.expressions import ParseError
from workbench.standin.expressions.evaluate import value_at
from workbench.standin.metadata.schema import Kind
from workbench.standin.replies import RefusedError
from workbench.standin.subscription import Subscription

Result = Frame | Rows
CANNOT_PARSE = "Cannot parse filter expression"
"""What the live API says, in plain text, to an expression it cannot read."""
DEEPEST = 12
"""Pipelines inside pipelines; more is a mistake."""


class Pipeline:
    """Runs the pipelines of one request."""

    def __init__(
        self, subscription: Subscription, sources: Sources | None = None, late: Late | None = None
    ) -> None:
        self._sub = subscription
        self._switches = subscription.switches
        self._setting = subscription.setting()
        self.sources = sources or Sources(subscription, self._setting, late)
        self._depth = 0

    def run(self, stages: Any, rows: Result | None = None) -> Result:
        """The rows a pipeline gives.

        Raises:
            RefusedError: a stage is unknown or makes no sense.
        """
        if not isinstance(stages, list) or not stages:
            raise RefusedError(422, "pipeline must be an array of stages")
        self._depth += 1
        if self._depth > DEEPEST:
            raise RefusedError(422, "pipelines are nested too deeply")
        state = rows
        for place, stage in enumerate(stages):
            if not isinstance(stage, Mapping) or len(stage) != 1:
                raise RefusedError(422, f"stage {place} must be an object with one key")
            ((name, argument),) = stage.items()
            state = (
                self._begun(name, argument) if state is None else self._next(state, name, argument)
            )
        self._depth -= 1
        assert state is not None
        return state

    def rows(self, result: Result) -> Rows:
        """A result as rows."""
        if isinstance(result, Frame):
            return result.rows(self._sub.entities.connection)
        return result

    def _begun(self, name: str, argument: Any) -> Result:
        if name == "source":
            return self.sources.open(asked(argument))
        if name in ("spawn", "fork"):
            return self._branches(argument, None)
        raise RefusedError(422, "the first stage must be source")

    def _next(self, state: Result, name: str, argument: Any) -> Result:
        self._check(name, argument)
        try:
            if isinstance(state, Frame) and name in columnar.STEPS:
                try:
                    return columnar.STEPS[name](state, argument, self._setting, self._switches)
                except NotColumnarError:
                    pass
            if name in rowops.STEPS:
                return rowops.STEPS[name](self.rows(state), argument, self._setting, self._switches)
            return self._others()[name](self.rows(state), argument)
        except ParseError as error:
            raise RefusedError(400, CANNOT_PARSE, plain=True) from error
        except (UnknownAggregateError, rowops.StageError) as error:
            raise RefusedError(422, str(error)) from error
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise RefusedError(422, f"{name} is not understood") from error

    def _check(self, name: str, argument: Any) -> None:
        unknown = name not in rowops.STEPS and name not in self._others()
        off = name == "skip" and self._switches.is_at("skip_operator", "off")
        rejected = name == "set" and self._switches.is_at("set_operator", "reject")
        if unknown or off or rejected:
            status = self._switches.status("unknown_stage_status") if unknown else 422
            raise RefusedError(status, f"unknown operator {name}")
        is_count = isinstance(argument, int | float) and not isinstance(argument, bool)
        if name in ("limit", "skip") and (
            not is_count or argument < 0 or argument != int(argument)
        ):
            raise RefusedError(422, f"{name} takes a whole number of 0 or more")
        if name in ("select", "eval", "set", "reduce", "group") and not isinstance(
            argument, Mapping | list
        ):
            raise RefusedError(422, f"{name} takes an object")
        if name == "filter" and not isinstance(argument, str):
            accepted = isinstance(argument, Mapping) and self._switches.is_at(
                "object_filter", "accept"
            )
            if not accepted:
                raise RefusedError(400, CANNOT_PARSE, plain=True)

    def _others(self) -> dict[str, Callable[[Rows, Any], Result]]:
        """Stages that need more than the rows."""
        return {
            "spawn": lambda rows, branches: self._branches(branches, None),
            "fork": self._forked,
            "merge": self._merged,
            "bulkExpand": self._with_metadata,
            "expand": self._with_things,
            "expandList": self._with_things,
            "segment": self._in_segment,
        }

    def _branches(self, branches: Any, rows: Rows | None) -> Rows:
        if not isinstance(branches, list) or not branches:
            raise RefusedError(422, "spawn and fork take an array of pipelines")
        made: Rows = []
        for branch in branches:
            made += self.rows(self.run(branch, None if rows is None else list(rows)))
        return made

    def _forked(self, rows: Rows, branches: Any) -> Rows:
        return self._branches(branches, rows)

    def _merged(self, rows: Rows, spec: Any) -> Rows:
        return rowops.merged(rows, self.rows(self.run(spec["pipeline"])), spec)

    def _with_metadata(self, rows: Rows, spec: Any) -> Rows:
        made = [rowops.copied(row) for row in rows]
        for out, lookup in spec.items():
            ((kind, field),) = lookup.items()
            if kind not in ("visitor", "account"):
                raise RefusedError(422, f"bulkExpand does not know {kind}")
            parts = tuple(str(field).split("."))
            ids = {str(value_at(row, parts)) for row in made}
            found = self._sub.entities.rows_of(_kind(kind), ids)
            for row in made:
                rowops.put(row, out, found.get(str(value_at(row, parts)), {}))
        return made

    def _with_things(self, rows: Rows, spec: Any) -> Rows:
        catalogue = self._sub.catalogue
        lists = {
            "page": catalogue.pages,
            "feature": catalogue.features,
            "guide": catalogue.guides,
            "trackType": catalogue.track_types,
        }
        made = [rowops.copied(row) for row in rows]
        for out, lookup in spec.items():
            ((kind, field),) = lookup.items()
            by_id = {thing["id"]: thing for thing in lists[kind]}
            for row in made:
                rowops.put(row, out, by_id.get(value_at(row, tuple(str(field).split(".")))))
        return made

    def _in_segment(self, rows: Rows, spec: Any) -> Rows:
        members = self.members(str(spec["id"]))
        return [row for row in rows if row.get("visitorId", row.get("accountId")) in members]

    def members(self, segment_id: str) -> set[Any]:
        """The visitors (or accounts) of a segment.

        Raises:
            RefusedError: 422, there is no such segment.
        """
        if segment_id in self._sub.members:
            return set(self._sub.members[segment_id])
        for segment in self._sub.segments:
            if segment["id"] == segment_id:
                rows = self.rows(self.run(segment["pipeline"]))
                return {row.get("visitorId", row.get("accountId")) for row in rows}
        raise RefusedError(422, f"unknown segment {segment_id}")


def _kind(name: str) -> Kind:
    return "visitor" if name == "visitor" else "account"
