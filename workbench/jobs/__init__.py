"""Jobs: what can be run by its name, here or in a process of its own.

``kinds`` says which there are, ``carrying`` carries one out in this process, ``starting`` makes
a process for a waiting run, ``asking`` is what a person's click does.
"""

from workbench.jobs.asking import launch, retry
from workbench.jobs.carrying import BUSY, carry_out, claim, execute, finished_here
from workbench.jobs.kinds import KINDS, JobKind, Scheduled, kinds_of
from workbench.jobs.starting import ROOT, environment, log_of, start

__all__ = [
    "BUSY",
    "KINDS",
    "ROOT",
    "JobKind",
    "Scheduled",
    "carry_out",
    "claim",
    "environment",
    "execute",
    "finished_here",
    "kinds_of",
    "launch",
    "log_of",
    "retry",
    "start",
]
