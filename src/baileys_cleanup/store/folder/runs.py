"""The records of runs: what undo, purge and the clock check need to know of the past."""

import os
from datetime import UTC, datetime
from typing import NamedTuple

from baileys_cleanup.decision.policy import DAY, SECOND
from baileys_cleanup.errors import Refused
from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.store.folder.records import read_record, write_record
from baileys_cleanup.store.folder.tool_folder import ToolFolder

YEAR = 365 * DAY
_LATEST = 9999 * YEAR // 2
"""Nanoseconds: what is later was never written by a run."""
_MOST_DAYS = 36_500
RUNNING = "running"
UNDOING = "undoing"
SETTLED = "settled"
_LAST = "last-run.json"


class Run(NamedTuple):
    """One run that put files into the quarantine.

    `started` is in nanoseconds since the epoch. `state` is RUNNING or UNDOING while the run, or an undo of it, is
    at work, and stays so when that is killed.
    """

    run_id: str
    started: int
    undo_days: int
    state: str = "settled"

    @property
    def due(self) -> int:
        """When its files are deleted for good, in nanoseconds since the epoch."""
        return self.started + self.undo_days * DAY


def new_run_id(now: int) -> str:
    """Return an id that sorts by time: `20261122T030000Z-4f1c`."""
    return f"{datetime.fromtimestamp(now // SECOND, UTC):%Y%m%dT%H%M%SZ}-{os.urandom(2).hex()}"


def read_runs(tool: ToolFolder) -> tuple[list[Run], list[str]]:
    """Return the recorded runs, oldest first, and the names of records that cannot be read."""
    runs: list[Run] = []
    broken: list[str] = []
    for name in sorted(os.listdir(tool.runs)):
        if not name.endswith(".json"):
            continue
        try:
            record = read_record(tool.runs, name)
            run = Run(name.removesuffix(".json"), record["started"], record["undo_days"], record["state"])
            sound = _is_moment(run.started) and type(run.undo_days) is int and 0 <= run.undo_days <= _MOST_DAYS
        except (OSError, ValueError, KeyError, TypeError):
            sound = False
        if sound:
            runs.append(run)
        else:
            broken.append(name)
    return sorted(runs, key=lambda run: (run.started, run.run_id)), broken


def _is_moment(value: object) -> bool:
    return type(value) is int and 0 <= value <= _LATEST


def write_run(tool: ToolFolder, run: Run) -> None:
    """Record a run before it moves anything, and again when it is over."""
    record = {"started": run.started, "undo_days": run.undo_days, "state": run.state}
    write_record(tool.runs, f"{run.run_id}.json", record)


def check_clock(tool: ToolFolder, now: int) -> None:
    """Raise Refused when the clock stands a day behind or a year ahead of the last recorded run.

    All ages hang on the clock: a wrong one would make every file old. A first run has nothing to compare.
    """
    way_on = "check the date; `baileys-cleanup clean --accept-clock` goes on all the same"
    try:
        last = read_record(tool.fd, _LAST)["started"]
        if not _is_moment(last):
            raise ValueError(last)  # noqa: TRY301 - one sentence for all that is no date
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError):
        raise Refused(
            f"the record of the last run, {tool.path}/{_LAST}, cannot be read, so the clock cannot be checked; {way_on}"
        ) from None
    distance = now - last
    if distance <= -DAY:
        raise Refused(f"the clock stands more than a day before the last run of {timestamp(last)}; {way_on}")
    if distance >= YEAR:
        raise Refused(f"the clock stands more than a year after the last run of {timestamp(last)}; {way_on}")


def write_last_start(tool: ToolFolder, now: int) -> None:
    """Record when this run began, for the clock check of the next."""
    write_record(tool.fd, _LAST, {"started": now})
