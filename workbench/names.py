"""The names that documents and datasets may have, as pydantic types. Pure."""

from typing import Annotated

from pydantic import StringConstraints

DocumentName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
DatasetName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,62}$")]
"""A dataset is a folder and an SQL name at once, so it can be neither a path nor need quoting."""
