"""How columns of a table are drawn."""

import pyarrow as pa

from workbench.ui.tables import configured


def test_numbers_are_drawn_in_all_their_digits_and_no_more() -> None:
    # With "plain" Chromium showed 15377053 as 15377053.000000002.
    columns = configured(pa.table({"idhash": [15377053], "share": [0.1], "name": ["a"]}))

    formats = {name: column["type_config"]["format"] for name, column in columns.items()}
    assert formats == {"idhash": "%d", "share": "%g"}
