"""What is recorded of a run: what undo, purge and the check of the clock need to know of the past."""

import os
import re
from datetime import UTC, datetime
from typing import NamedTuple

from baileys_cleanup.decision.policy import DAY, SECOND

RUNNING = "running"
UNDOING = "undoing"
ENDED = "ended"
SETTLED = "settled"


class Run(NamedTuple):
    """One run that put files into the quarantine.

    `started` is in nanoseconds since the epoch. `state` is RUNNING or UNDOING while the run, or an undo of it, is
    at work, and stays so when that is killed. ENDED: all stands as it was told, but who found a file before it was
    moved may have written into it since; SETTLED: a later run has seen to that. `shard` is which part of the companies
    it took, empty for all.
    """

    run_id: str
    started: int
    undo_days: int
    state: str = SETTLED
    shard: str = ""

    @property
    def due(self) -> int:
        """When its files are deleted for good, in nanoseconds since the epoch."""
        return self.started + self.undo_days * DAY


def is_run_id(text: str) -> bool:
    """Tell whether a text may be the id of a run."""
    return re.fullmatch(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}(?:[0-9a-f]{4})?", text, re.ASCII) is not None


def new_run_id(now: int, *, shared: bool = False) -> str:
    """Return an id that sorts by time: `20261122T030000Z-4f1c`; longer where many `shared` runs begin in one second."""
    return f"{datetime.fromtimestamp(now // SECOND, UTC):%Y%m%dT%H%M%SZ}-{os.urandom(4 if shared else 2).hex()}"
