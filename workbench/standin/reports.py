"""Public reports and their results, worked out by the pipeline each report carries."""

from typing import Any

from workbench.standin.aggregation.answer import OverrunError, csv_text
from workbench.standin.aggregation.pipeline import Pipeline
from workbench.standin.context import Call, Endpoint, endpoint
from workbench.standin.replies import RefusedError, Reply, json_reply
from workbench.standin.seeds.documents import EXPORTABLE

Rows = list[dict[str, Any]]


def listed(call: Call) -> Reply:
    """``GET /report``; whether the column schema is there is a switch (U11)."""
    reports = call.subscription.reports
    if call.switches.is_at("report_fields", "absent"):
        reports = [{**report, "aggregation": _without_fields(report)} for report in reports]
    return json_reply(reports)


def _without_fields(report: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in report["aggregation"].items() if key != "fields"}


def results_json(call: Call) -> Reply:
    """``GET /report/{id}/results.json``: a bare array."""
    _report, rows = _results(call)
    return json_reply(rows)


def results_csv(call: Call) -> Reply:
    """``GET /report/{id}/results.csv``; the labels of its header are a switch (U61)."""
    report, rows = _results(call)
    fields = report["aggregation"]["fields"]
    label = call.switches.text("report_csv_header")
    names = [field["field"] for field in fields]
    body = csv_text([field[label] for field in fields], names, rows)
    return Reply(body=body, content_type="text/csv; charset=utf-8")


def _results(call: Call) -> tuple[dict[str, Any], Rows]:
    identity = call.names["id"]
    report = next((r for r in call.subscription.reports if r["id"] == identity), None)
    if report is None:
        raise RefusedError(call.switches.status("report_unknown_status"), "unknown report")
    if report["type"] != EXPORTABLE:
        status = call.switches.status("report_kind_status")
        raise RefusedError(status, f"a report of type {report['type']} cannot be exported")
    pipeline = Pipeline(call.subscription)
    rows = pipeline.rows(pipeline.run(report["aggregation"]["pipeline"]))
    names = [field["field"] for field in report["aggregation"]["fields"]]
    made = [{name: row.get(name) for name in names} for row in rows]
    most = call.switches.number("max_rows")
    if most and len(made) > most:
        raise OverrunError(json_reply(made).body)  # type: ignore[arg-type]
    return report, made


ENDPOINTS: list[Endpoint] = [
    endpoint("GET", "report", listed),
    endpoint("GET", "report/{id}/results.json", results_json),
    endpoint("GET", "report/{id}/results.csv", results_csv),
]
