"""What the workbench remembers: documents and their history, secrets, runs.

One database per installation, SQLite in the home by default and PostgreSQL by URL. Nothing
here knows what a document means; datasets are kept next door.
"""

from workbench.store.state.decisions import Decisions
from workbench.store.state.documents import Change, Documents, Outcome, Stored
from workbench.store.state.jobs import Job, Jobs
from workbench.store.state.lease import Lease, LeaseHolder, LostLeaseError
from workbench.store.state.ledger import Ledger, Push, Request, Written
from workbench.store.state.plans import Plans, SavedPlan
from workbench.store.state.run_figures import Figures
from workbench.store.state.run_rows import Run, Status, Trigger
from workbench.store.state.runs import BusyError, Runs
from workbench.store.state.secrets import Secrets, prepare_home, read_key
from workbench.store.state.slots import Decision, NewSlot, Slot, Slots
from workbench.store.state.state import State
from workbench.store.state.tally import LogLine, Tally

__all__ = [
    "BusyError",
    "Change",
    "Decision",
    "Decisions",
    "Documents",
    "Figures",
    "Job",
    "Jobs",
    "Lease",
    "LeaseHolder",
    "Ledger",
    "LogLine",
    "LostLeaseError",
    "NewSlot",
    "Outcome",
    "Plans",
    "Push",
    "Request",
    "Run",
    "Runs",
    "SavedPlan",
    "Secrets",
    "Slot",
    "Slots",
    "State",
    "Status",
    "Stored",
    "Tally",
    "Trigger",
    "Written",
    "prepare_home",
    "read_key",
]
