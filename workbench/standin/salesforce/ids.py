"""Record ids: 15 characters that mind their case, and the 18 that do not have to."""

PREFIXES = {
    "Campaign": "701",
    "CampaignMember": "00v",
    "CampaignMemberStatus": "01Y",
    "Lead": "00Q",
    "Contact": "003",
    "Account": "001",
    "User": "005",
    "Email_Edition__c": "a01",
}
"""The first three characters of an object's ids."""
JOB_PREFIX = "750"
LOCATOR_PREFIX = "01g"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""In the order of their codes, so that a later id sorts behind an earlier one."""
SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_CAPITALS = str.maketrans({letter: "1" if letter.isupper() else "0" for letter in DIGITS})
"""Capital letters as 1, everything else as 0."""
INSTANCE = "Ax0"
"""What stands between prefix and number in every id of this org."""
SHORT, LONG = 15, 18


def full(short: str) -> str:
    """The 18 characters of a 15-character id (salesforce-api contract, section 2).

    >>> full("001D000000IqhSL"), full("701000000000001")
    ('001D000000IqhSLIAZ', '701000000000001AAA')
    """
    bits = short.translate(_CAPITALS)[::-1]
    return short + "".join(SUFFIX[int(bits[end - 5 : end], 2)] for end in (15, 10, 5))


def known_as(text: str) -> str | None:
    """The 18-character spelling of an id, None when it cannot be one.

    >>> known_as("701000000000001"), known_as("701")
    ('701000000000001AAA', None)
    """
    if not (text.isascii() and text.isalnum()):
        return None
    if len(text) == SHORT:
        return full(text)
    return full(text[:SHORT]) if len(text) == LONG else None


def minted(prefix: str, number: int) -> str:
    """The id of the ``number``-th record of a kind, 18 characters.

    >>> minted("701", 1)
    '701Ax0000000001IAA'
    """
    digits = ""
    while number:
        number, digit = divmod(number, len(DIGITS))
        digits = DIGITS[digit] + digits
    return full(prefix + INSTANCE + digits.rjust(9, "0"))
