"""The search of a long list: every word must match, and only some lines are drawn at once."""

from streamlit.testing.v1 import AppTest

from workbench.ui.search import AT_ONCE


def fleet(count: int) -> None:
    """A page with a list of ships; Streamlit runs its text, so it imports what it needs."""
    import streamlit as st

    from workbench.ui.search import searched

    def draw(line: str) -> None:
        st.markdown(line)

    searched(
        [f"ship {number} of the {'red' if number % 2 else 'blue'} line" for number in range(count)],
        draw,
        thing="ship",
        places="Number or line",
        text=str.lower,
    )


def drawn(app: AppTest) -> list[str]:
    return [each.value for each in app.markdown]


def told(app: AppTest) -> list[str]:
    return [each.value for each in app.caption]


def test_every_word_must_match_in_any_order_and_case() -> None:
    app = AppTest.from_function(fleet, args=(4,)).run()
    assert len(drawn(app)) == 4

    app.text_input(key="ships.search").input("RED 3").run()

    assert (drawn(app), told(app)) == (["ship 3 of the red line"], [])
    assert not app.exception


def test_what_nothing_matches_is_said() -> None:
    app = AppTest.from_function(fleet, args=(4,)).run()
    app.text_input(key="ships.search").input("green").run()

    assert (drawn(app), told(app)) == ([], ["No ship matches “green”."])


def test_the_lines_that_are_not_drawn_are_counted() -> None:
    app = AppTest.from_function(fleet, args=(AT_ONCE + 3,)).run()

    assert (len(drawn(app)), told(app)) == (AT_ONCE, ["3 more: search for them."])
