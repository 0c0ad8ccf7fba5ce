"""Record ids in their two spellings, 15 characters and 18 (salesforce-api contract, section 2)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

SHORT, LONG = 15, 18
GROUP = 5
"""Characters that share one character of the suffix."""
SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
"""The suffix's characters by the number that the capitals of a group make."""


def to_18(record_id: str) -> str:
    """The 18-character spelling of an id; what is no id stays as it is.

    >>> to_18("001D000000IqhSL"), to_18("001D000000IqhSLIAZ"), to_18("v-101")
    ('001D000000IqhSLIAZ', '001D000000IqhSLIAZ', 'v-101')
    """
    if len(record_id) != SHORT or not (record_id.isascii() and record_id.isalnum()):
        return record_id
    groups = (record_id[start : start + GROUP] for start in range(0, SHORT, GROUP))
    return record_id + "".join(SUFFIX[_capitals(group)] for group in groups)


def _capitals(group: str) -> int:
    return sum(1 << place for place, letter in enumerate(group) if "A" <= letter <= "Z")


def column_to_18(ids: "pa.Array | pa.ChunkedArray") -> "pa.Array | pa.ChunkedArray":
    """``to_18`` of a whole column of texts; null stays null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    suffixes = pa.array(list(SUFFIX))
    spelled = ids
    for start in range(0, SHORT, GROUP):
        number = pa.scalar(0, pa.int32())
        for place in range(GROUP):
            letter = pc.utf8_slice_codeunits(ids, start + place, start + place + 1)
            capital = pc.match_substring_regex(letter, "^[A-Z]$")
            number = pc.add(number, pc.multiply(pc.cast(capital, pa.int32()), 1 << place))
        added = pc.take(suffixes, pc.cast(number, pa.int32()))
        spelled = pc.binary_join_element_wise(spelled, added, "")
    is_short = pc.match_substring_regex(ids, f"^[0-9A-Za-z]{{{SHORT}}}$")
    return pc.if_else(is_short, spelled, ids)
