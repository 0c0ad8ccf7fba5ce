"""The editor of a custom aggregation, beside the request as it will be sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.ui.pull_form import Form

CUSTOM_EXAMPLE = """{
  "source": {
    "pageEvents": null,
    "timeSeries": {"first": "now()", "count": -7, "period": "dayRange"}
  },
  "pipeline": [
    {"group": {"group": ["pageId"], "fields": {"views": {"sum": "numEvents"}}}}
  ]
}"""
JSON_HEIGHT = 260


def ask_request(form: Form) -> dict[str, Any]:
    """The editor; gives the document's ``request``."""
    stored = form.body.get("request")
    with st.container(border=True):
        left, right = st.columns(2, gap="medium")
        with left:
            text = st.text_area(
                "Custom aggregation",
                json.dumps(stored, indent=2) if stored else CUSTOM_EXAMPLE,
                height=JSON_HEIGHT,
                key=form.key("request"),
                help="The request's JSON: with its envelope it is sent as it is; the bare form "
                "with `source`, `timeSeries` and `pipeline` is put into the envelope.",
            )
            form.beside.place("request")
        with right:
            _sent(text)
    return {"request": text}


def _sent(text: str) -> None:
    """The request as it will be sent, or nothing while it is not one."""
    from workbench.pendo.queries import rewrite_custom

    try:
        request, rewritten = rewrite_custom(json.loads(text))
    except (ValueError, WorkbenchError):
        st.caption("The request as it will be sent appears here once it can be read.")
        return
    words = "put into the envelope Pendo accepts" if rewritten else "unchanged"
    st.caption(f"What will be sent: {words}")
    st.code(json.dumps(request, indent=2), language="json", height=JSON_HEIGHT)
