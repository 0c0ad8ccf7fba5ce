"""Dates in Go's way of writing a layout: the reference moment 2006-01-02 15:04:05."""

import re
from datetime import datetime

_PARTS = {
    "2006": "%Y",
    "01": "%m",
    "02": "%d",
    "15": "%H",
    "03": "%I",
    "04": "%M",
    "05": "%S",
    "06": "%y",
    "January": "%B",
    "Jan": "%b",
    "Monday": "%A",
    "Mon": "%a",
    "PM": "%p",
    "MST": "%Z",
    "-0700": "%z",
}
_PATTERN = re.compile(
    "|".join(sorted(map(re.escape, [*_PARTS, "-07:00", "Z07:00", ".000"]), key=len, reverse=True))
)


def go_format(layout: str, moment: datetime) -> str:
    """``moment`` written in a Go layout."""

    def part(match: re.Match[str]) -> str:
        text = match[0]
        if text == ".000":
            return f".{moment.microsecond // 1000:03d}"
        if text in ("-07:00", "Z07:00"):
            offset = moment.strftime("%z")
            return f"{offset[:3]}:{offset[3:]}"
        return moment.strftime(_PARTS[text])

    return _PATTERN.sub(part, layout)
