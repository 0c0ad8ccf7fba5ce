"""Switches of a stand-in: named choices, numbers and lists, each with a default.

A value is text, a whole number or a list of texts; anything else, an unknown name, or a value that
a switch does not know is refused with a sentence.
"""

from collections.abc import Mapping

Value = str | int | float
Choices = Mapping[str, tuple[str | int, ...]]
"""Switches with a fixed list of values, the default first."""
Numbers = Mapping[str, float]
"""Switches that take a number of 0 or more, and their default."""
Lists = Mapping[str, tuple[str, ...]]
"""Switches that take a list of texts, and their default."""


class SwitchError(ValueError):
    """No such switch, or no such value; the text is for the person who set it."""


class Switchboard:
    """The present position of every switch."""

    def __init__(
        self, choices: Choices, numbers: Numbers | None = None, lists: Lists | None = None
    ) -> None:
        self._choices, self._numbers, self._lists = choices, numbers or {}, lists or {}
        self._values: dict[str, Value | tuple[str, ...]] = {}
        self.reset()

    def reset(self) -> None:
        """Put every switch back to its default."""
        self._values = {name: values[0] for name, values in self._choices.items()}
        self._values |= self._numbers
        self._values |= self._lists

    def set(self, wanted: Mapping[str, object]) -> None:
        """Move some switches; all of them or, when one is wrong, none.

        Raises:
            SwitchError: an unknown name or an impossible value.
        """
        self._values |= {name: self._checked(name, value) for name, value in wanted.items()}

    def is_at(self, name: str, value: Value) -> bool:
        """Whether a switch stands at ``value``."""
        return self._values[name] == value

    def text(self, name: str) -> str:
        """The position of a switch, as text."""
        return str(self._values[name])

    def number(self, name: str) -> float:
        """The position of a switch that takes a number."""
        value = self._values[name]
        assert not isinstance(value, tuple)
        return float(value)

    def whole(self, name: str) -> int:
        """The position of a switch that takes a number, without its fraction."""
        return int(self.number(name))

    def status(self, name: str) -> int:
        """The position of a switch that is a status code."""
        return self.whole(name)

    def listed(self, name: str) -> tuple[str, ...]:
        """The position of a switch that takes a list."""
        value = self._values[name]
        assert isinstance(value, tuple)
        return value

    @property
    def all(self) -> dict[str, Value | list[str]]:
        """Every switch and its position."""
        return {n: list(v) if isinstance(v, tuple) else v for n, v in self._values.items()}

    def _checked(self, name: str, value: object) -> Value | tuple[str, ...]:
        if name in self._numbers:
            return _number(name, value)
        if name in self._lists:
            return _list(name, value)
        if name not in self._choices:
            raise SwitchError(f"There is no switch named {name}")
        text = {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value
        for choice in self._choices[name]:
            if str(choice) == str(text):
                return choice
        choices = ", ".join(str(choice) for choice in self._choices[name])
        raise SwitchError(f"The switch {name} takes {choices}, not {value}")


def _number(name: str, value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise SwitchError(f"The switch {name} takes a number of 0 or more, not {value}")
    return int(number) if number == int(number) else number


def _list(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise SwitchError(f"The switch {name} takes a list of texts, not {value}")
    return tuple(value)
