"""What the workbench remembers: documents and their history, secrets, runs.

One database per installation, SQLite in the home by default and PostgreSQL by URL. Nothing
here knows what a document means; datasets are kept next door.
"""

from workbench.store.state.documents import Change, Documents, Outcome, Stored
from workbench.store.state.run_rows import Run, Status, Trigger
from workbench.store.state.runs import Runs
from workbench.store.state.secrets import Secrets, prepare_home, read_key
from workbench.store.state.state import State
from workbench.store.state.tally import LogLine, Tally

__all__ = [
    "Change",
    "Documents",
    "LogLine",
    "Outcome",
    "Run",
    "Runs",
    "Secrets",
    "State",
    "Status",
    "Stored",
    "Tally",
    "Trigger",
    "prepare_home",
    "read_key",
]
