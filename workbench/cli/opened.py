"""The installation a command works on, and the person who asks."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.services import Services


@contextmanager
def services() -> "Iterator[Services]":
    """The services of this home, closed afterwards."""
    from workbench.services import open_services
    from workbench.settings import load_settings

    opened = open_services(load_settings())
    try:
        yield opened
    finally:
        opened.close()


def person() -> str:
    """Who is at the keyboard, for the history of documents."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"  # a container may run as a user without a name
