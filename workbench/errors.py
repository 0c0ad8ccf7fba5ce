"""Every error the workbench raises on purpose.

The tree, by what the analyst can do about it:

    WorkbenchError
    ├── SettingsError        fix a setting or the home folder; nothing was sent
    ├── InputError           fix the request, the document or the dataset; nothing was sent
    ├── HeldError            look at the change sheet, then release it; nothing was sent
    ├── CancelledError       somebody stopped it; what was finished is kept
    ├── StorageError         the local disk or database refused; nothing half-written
    │   └── DiskFullError    free some space, then run it again
    └── RemoteError          the other system answered badly
        ├── AccessError      the key or login was refused; retrying cannot help
        ├── RejectedError    the request was understood and refused; change it
        ├── MissingError     the thing asked for is not there
        ├── QuotaError       the day's calls are used up; it goes on by itself later
        ├── ThrottledError   asked to slow down, and retries ran out
        ├── OverrunError     too much was asked for at once; ask for less
        ├── BrokenAnswerError  the answer was cut or malformed; never taken for data
        └── OutageError      5xx or no answer; try again later
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

DISK_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No space left, quota used up, file-size limit reached: to the reader all are a full disk."""
DISK_FULL_TEXTS = (
    "No space left on device",
    "File too large",
    "Disk quota exceeded",
    "disk is full",
)
"""How libraries that hide the number (DuckDB, Arrow, SQLite) word the same thing."""


class WorkbenchError(Exception):
    """A failure an analyst can read: what happened, then what to do."""

    exit_code: ClassVar[int] = 1
    """What the command line answers the shell with."""

    def __init__(self, what: str, *, hint: str = "", details: str = "") -> None:
        super().__init__(what)
        self.hint = hint
        self.details = details
        """For the folded "Details" of an error box: status, safe request and answer."""


class SettingsError(WorkbenchError):
    """The installation is not set up as it must be."""

    exit_code = 2


class InputError(WorkbenchError):
    """What was asked for cannot be done as it stands."""

    exit_code = 2


class HeldError(WorkbenchError):
    """A guardrail stopped a plan before its first write."""

    exit_code = 3


class CancelledError(WorkbenchError):
    """A person stopped it."""

    exit_code = 130


class StorageError(WorkbenchError):
    """The local disk or database refused."""


class DiskFullError(StorageError):
    """No room left to write."""


class RemoteError(WorkbenchError):
    """Pendo or Salesforce rejected a request."""

    again: ClassVar[bool] = False
    """Whether sending the same request again may succeed."""


class AccessError(RemoteError):
    """The key or login was refused."""


class RejectedError(RemoteError):
    """The request was refused as it is."""


class MissingError(RemoteError):
    """What was asked for does not exist over there."""


class QuotaError(RemoteError):
    """The day's calls are used up."""


class ThrottledError(RemoteError):
    """Asked to slow down."""

    again = True


class OverrunError(RemoteError):
    """One request asked for more than the other system can answer."""

    again = True


class BrokenAnswerError(RemoteError):
    """The answer was cut short or is not what the contract says."""

    again = True


class OutageError(RemoteError):
    """No answer, or the other system's own failure."""

    again = True


@contextmanager
def disk_explained(writing: str) -> Iterator[None]:
    """Turn any library's way of saying "disk full" into one sentence about ``writing``.

    Raises:
        DiskFullError: the disk, quota or file-size limit was reached.
    """
    try:
        yield
    except WorkbenchError:
        raise
    except Exception as error:
        full = isinstance(error, OSError) and error.errno in DISK_FULL_ERRNOS
        if full or any(text in str(error) for text in DISK_FULL_TEXTS):
            raise DiskFullError(
                f"The disk is full: {writing} could not be written",
                hint="Free some space and run it again; what was there before is untouched.",
            ) from error
        raise
