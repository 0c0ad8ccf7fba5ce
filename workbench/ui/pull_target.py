"""Where a pull's rows go: its name, the dataset, the update method with its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.pulls.sources import SOURCES, Source
from workbench.ui.session import services

if TYPE_CHECKING:
    from workbench.ui.pull_form import Form

METHODS = {
    "replace": ("Replace", "The new rows are the dataset; earlier versions are kept."),
    "append": ("Append", "The new rows are added unchecked: running twice keeps them twice."),
    "merge": ("Merge", "Rows with the same key are replaced, the others added."),
    "partition": ("Partition", "Every day (or other key) that comes is replaced as a whole."),
}


def ask_target(form: Form, body: dict[str, Any]) -> dict[str, Any]:
    """The controls of the target; gives the whole document, its name first."""
    head: dict[str, Any] = {"kind": "pull", "name": form.name or _name(form, body)}
    about = st.text_input(
        "Description",
        form.body.get("description", ""),
        key=form.key("description"),
        placeholder="What it is for",
    )
    if about:
        head["description"] = about
    head |= _tags(form)
    usual = head["name"].replace("-", "_")
    dataset = st.text_input(
        "Dataset",
        form.body.get("dataset", ""),
        key=form.key("dataset"),
        placeholder=usual,
        help=f"Leave it empty for `{usual}`. Small letters, digits and _.",
    ).strip()
    form.beside.place("dataset")
    body = head | body
    if dataset:
        body["dataset"] = dataset
    body |= _update(form, body, dataset or usual)
    return body | _pace(form, body)


def _name(form: Form, body: dict[str, Any]) -> str:
    suggested = free_name(suggestion(body), services().documents.names("pull"))
    given = st.text_input(
        "Name",
        form.body.get("name", ""),
        key=form.key("name"),
        placeholder=suggested,
        help=f"Leave it empty for `{suggested}`. Small letters, digits and -.",
    ).strip()
    form.beside.place("name")
    return given or suggested


def suggestion(body: dict[str, Any]) -> str:
    """A name for a pull nobody has named.

    >>> suggestion({"report": "row_aggregation", "source": "page_events"})
    'page-events'
    """
    if body["report"] == "row_aggregation":
        return str(body["source"]).replace("_", "-")
    return str(body["report"]).replace("_", "-")


def free_name(wanted: str, taken: list[str]) -> str:
    """The name wanted, with a number if another has it.

    >>> free_name("pages", ["pages", "pages-2"])
    'pages-3'
    """
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _tags(form: Form) -> dict[str, Any]:
    stored = list(form.body.get("tags", ()))
    known = sorted({*stored, *all_tags()})
    tags = st.multiselect(
        "Tags",
        known,
        default=stored,
        key=form.key("tags"),
        accept_new_options=True,
        placeholder="Choose or type",
    )
    return {"tags": tags} if tags else {}


def all_tags() -> set[str]:
    """Every tag that some pull has."""
    catalogue = services().documents
    found: set[str] = set()
    for name in catalogue.names("pull"):
        try:
            found |= set(catalogue.pull(name).tags)
        except WorkbenchError:
            continue  # the pull's own page says what is wrong with it
    return found


def _update(form: Form, body: dict[str, Any], dataset: str) -> dict[str, Any]:
    source = SOURCES.get(str(body.get("source")))
    usual, usual_key = usual_update(source)
    stored: dict[str, Any] = form.body.get("update") or {}
    method = st.segmented_control(
        "Update method",
        list(METHODS),
        default=stored.get("method", usual),
        required=True,
        format_func=lambda each: METHODS[each][0],
        # Another source suits another method: the control starts again with it.
        key=form.key(f"method.{body.get('source')}"),
    )
    st.caption(METHODS[str(method)][1])
    update: dict[str, Any] = {"method": method}
    if method in ("merge", "partition"):
        update |= _key(form, str(method), stored, usual_key, _columns(source, dataset))
    if method == "partition":
        update |= _window(form, stored)
    form.beside.place("update")
    same = update == {"method": usual, **({"key": usual_key} if usual_key else {})}
    return {} if same and not stored else {"update": update}


def usual_update(source: Source | None) -> tuple[str, list[str]]:
    """The update method, and its key, that suit a source (B-42)."""
    if source is not None and source.is_events:
        return "partition", ["day"]
    if source is not None and source.paged:
        return "merge", [source.id_field]
    return "replace", []


def _key(
    form: Form, method: str, stored: dict[str, Any], usual: list[str], known: list[str]
) -> dict[str, Any]:
    now = list(stored.get("key", ())) or usual
    key = st.multiselect(
        "Merge key" if method == "merge" else "Partition key",
        list(dict.fromkeys([*now, *known])),
        default=now,
        key=form.key(f"key.{method}.{','.join(usual)}"),
        accept_new_options=True,
        placeholder="Choose or type columns",
        help="The columns that tell rows apart. Preview tests them for empty and repeated values.",
    )
    return {"key": key}


def _window(form: Form, stored: dict[str, Any]) -> dict[str, Any]:
    days = st.number_input(
        "Keep days",
        min_value=0,
        value=stored.get("keep_days"),
        step=1,
        key=form.key("keep_days"),
        placeholder="All",
        help="A rolling window: days older than so many complete days before today are dropped.",
    )
    return {"keep_days": int(days)} if days is not None else {}


def _columns(source: Source | None, dataset: str) -> list[str]:
    """Columns a key could be made of: those the dataset has, else those known of the source."""
    datasets = services().datasets
    try:
        if datasets.exists(dataset):
            return [column.name for column in datasets.summary(dataset).columns]
    except WorkbenchError:
        pass  # a dataset name that cannot be has no columns; its control says so
    known = list(source.columns) if source else []
    return known or ([source.id_field] if source and source.id_field else [])


def _pace(form: Form, body: dict[str, Any]) -> dict[str, Any]:
    source = SOURCES.get(str(body.get("source")))
    if source is None or source.name == "custom":
        return {}
    answer: dict[str, Any] = {}
    with st.expander("Requests", type="compact"):
        if source.is_events:
            parallel = st.number_input(
                "Requests at once",
                value=int(form.body.get("parallel", 2)),
                key=form.key("parallel"),
            )
            form.beside.place("parallel")
            answer |= {"parallel": parallel} if parallel != 2 else {}
        if source.paged:
            rows = st.number_input(
                "Rows per request",
                value=int(form.body.get("page_size", 10_000)),
                step=1000,
                key=form.key("page_size"),
            )
            form.beside.place("page_size")
            answer |= {"page_size": rows} if rows != 10_000 else {}
    return answer
