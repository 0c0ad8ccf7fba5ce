"""What a person's session remembers: the only file that names a session key or a query parameter.

Also the one way an error reaches the eye.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.ui.formats import plain

if TYPE_CHECKING:
    from workbench.pulls.preview import Preview
    from workbench.services import Services

Shown = Literal[
    "pull",
    "automation",
    "campaign",
    "sync",
    "record",
    "dataset",
    "connection",
    "run",
    "new",
    "job",
    "status",
    "show",
]
"""Deep links: what a page shows is in its address, so that reloading shows the same thing."""
WHO = "page"
"""Who changed a document, in its history, as long as nobody signs in."""


def services() -> Services:
    """The services of this process, shared by every session; a page without them says why."""
    with explained():
        opened: Services = _opened()
    # `explained` has stopped the page if there are none.
    return opened


@st.cache_resource(show_spinner=False)
def _opened() -> Services:
    from workbench.services import open_services
    from workbench.settings import load_settings

    opened = open_services(load_settings())
    opened.state.runs.close_interrupted()
    return opened


@contextmanager
def explained(*, stop: bool = True) -> Iterator[None]:
    """Show a workbench error as one readable box; ``stop`` ends the page there."""
    try:
        yield
    except WorkbenchError as error:
        show_error(str(error), error.hint, error.details)
        if stop:
            st.stop()


def show_error(what: str, hint: str = "", details: str = "") -> None:
    """What happened, what to do, and the details folded."""
    lines = [plain(what)] + ([plain(hint)] if hint else [])
    st.error("\n\n".join(lines), icon=":material/error:")
    if details and details.strip() != what.strip():
        with st.expander("Details", type="compact"):
            st.code(details, language=None, wrap_lines=True)


def shown(what: Shown) -> str | None:
    """What the address says is shown, such as the pull's name; None if nothing."""
    value: str | None = st.query_params.get(what)
    return value or None


def show(**what: str | int | None) -> None:
    """Put what is shown into the address, in place of what was there."""
    wanted = {key: str(value) for key, value in what.items() if value is not None}
    st.query_params.from_dict(wanted)


def keep_address() -> None:
    """Say again what the address must be, before the page is drawn.

    A link that leads to another thing of the same page leaves the browser's address as it was: the
    address could then not be copied, and the next click would lose the thing. Saying what is there
    already changes nothing.
    """
    st.query_params.from_dict(st.query_params.to_dict())


def pick_shown(what: Shown, label: str, options: Sequence[str]) -> str:
    """A menu of what the page shows; the address follows it, and it follows the address."""
    key = f"picked:{what}"

    def moved() -> None:
        show(**{what: st.session_state[key]})

    if shown(what) in options:
        st.session_state[key] = shown(what)
    picked = str(st.selectbox(label, options, key=key, on_change=moved))
    if shown(what) is None:
        show(**{what: picked})
    return picked


def pick_section(label: str, options: Mapping[str, str]) -> str:
    """Which section of the page is shown, by its title; the address keeps it for a reload."""
    key = f"section:{label}"
    first = next(iter(options))
    address = shown("show")

    def moved() -> None:
        st.query_params["show"] = st.session_state[key]

    if address in options:
        st.session_state[key] = address
    st.session_state.setdefault(key, first)
    st.segmented_control(
        label,
        list(options),
        format_func=options.__getitem__,
        required=True,
        key=key,
        on_change=moved,
        label_visibility="collapsed",
    )
    return str(st.session_state[key])


def zone() -> str:
    """The viewer's time zone, or the workspace's where the browser does not say."""
    return st.context.timezone or services().settings.workspace_timezone


def is_dark() -> bool:
    """Whether the viewer sees the dark theme."""
    return st.context.theme.type == "dark"


def keep_preview(form: str, body: str, preview: Preview) -> None:
    """Remember what a pull, as written in ``body``, would bring."""
    st.session_state[f"preview:{form}"] = (body, preview)


def kept_preview(form: str) -> tuple[str, Preview] | None:
    """The last preview of this form and the document it was made for."""
    kept: tuple[str, Preview] | None = st.session_state.get(f"preview:{form}")
    return kept


def generation(form: str) -> int:
    """How often a form was started afresh; part of its controls' keys."""
    return int(st.session_state.get(f"generation:{form}", 0))


def start_afresh(form: str) -> None:
    """Give a form's controls their stored values again."""
    st.session_state[f"generation:{form}"] = generation(form) + 1
    st.session_state.pop(f"preview:{form}", None)


def note_for_later(text: str) -> None:
    """Say something after the rerun that follows."""
    st.session_state.setdefault("notes", []).append(text)


def say_notes() -> None:
    """Say what was noted before this rerun."""
    for text in st.session_state.pop("notes", []):
        st.toast(plain(text), icon=":material/check:")


def asked(question: str) -> bool:
    """Whether a question about something that cannot be undone is open."""
    return bool(st.session_state.get(f"asked:{question}"))


def ask(question: str, is_open: bool = True) -> None:
    """Open or close such a question."""
    st.session_state[f"asked:{question}"] = is_open


def preset(key: str, value: object) -> None:
    """Give a control another value; only from a callback, before the page is drawn again."""
    st.session_state[key] = value


def remember(key: str, value: object) -> None:
    """Keep a value for this session, such as the last answer of a query."""
    st.session_state[f"kept:{key}"] = value


def remembered(key: str) -> object:
    """The value kept under ``key``, or None."""
    return st.session_state.get(f"kept:{key}")
