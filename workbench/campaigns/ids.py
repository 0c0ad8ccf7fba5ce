"""Ids of Salesforce in their long spelling. Pure."""

_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SHORT = 15


def full(text: str) -> str:
    """An id in 18 characters; anything that is not one of 15 stays as it is.

    >>> full("001D000000IqhSL"), full("701000000000001"), full("Spring Webinar")
    ('001D000000IqhSLIAZ', '701000000000001AAA', 'Spring Webinar')
    """
    if len(text) != SHORT or not (text.isascii() and text.isalnum()):
        return text
    groups = (text[start : start + 5] for start in (0, 5, 10))
    return text + "".join(
        _SUFFIX[sum(1 << place for place, letter in enumerate(group) if "A" <= letter <= "Z")]
        for group in groups
    )
