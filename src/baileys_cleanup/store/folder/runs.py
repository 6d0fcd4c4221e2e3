"""The records of runs: what undo, purge and the clock check need to know of the past."""

import os

from baileys_cleanup.decision.policy import DAY
from baileys_cleanup.store.folder.records import read_record, write_record
from baileys_cleanup.store.folder.tool_folder import ToolFolder
from baileys_cleanup.store.runs import Run

_LATEST = 9999 * 365 * DAY // 2
"""Nanoseconds: what is later was never written by a run."""
_MOST_DAYS = 36_500
LAST = "last-run.json"


def read_runs(tool: ToolFolder) -> tuple[list[Run], list[str]]:
    """Return the recorded runs, oldest first, and the names of records that cannot be read."""
    runs: list[Run] = []
    broken: list[str] = []
    for name in _names(tool):
        if not name.endswith(".json"):
            continue
        try:
            record = read_record(tool.runs_fd, name)
            run_id, shard = name.removesuffix(".json"), str(record.get("shard", ""))
            run = Run(run_id, record["started"], record["undo_days"], record["state"], shard)
            sound = _is_moment(run.started) and type(run.undo_days) is int and 0 <= run.undo_days <= _MOST_DAYS
        except FileNotFoundError:
            continue  # a shard beside this one has just forgotten it
        except (OSError, ValueError, KeyError, TypeError):
            sound = False
        if sound:
            runs.append(run)
        else:
            broken.append(name)
    return sorted(runs, key=lambda run: (run.started, run.run_id)), broken


def _names(tool: ToolFolder) -> list[str]:
    try:
        return sorted(os.listdir(tool.runs_fd))
    except FileNotFoundError:
        return []


def _is_moment(value: object) -> bool:
    return type(value) is int and 0 <= value <= _LATEST


def write_run(tool: ToolFolder, run: Run) -> None:
    """Record a run before it moves anything, and again when it is over."""
    record = {"started": run.started, "undo_days": run.undo_days, "state": run.state}
    if run.shard:
        record["shard"] = run.shard
    with tool.recording():
        write_record(tool.runs_fd, f"{run.run_id}.json", record)


def read_last_start(tool: ToolFolder) -> int | None:
    """Return when the last run began, None where none was. Raises OSError or ValueError where nobody can tell."""
    try:
        last = read_record(tool.records_fd, LAST)["started"]
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, OverflowError):
        raise ValueError(LAST) from None
    if not _is_moment(last):
        raise ValueError(last)
    return int(last)


def write_last_start(tool: ToolFolder, now: int) -> None:
    """Record when this run began, for the clock check of the next."""
    with tool.recording():
        write_record(tool.records_fd, LAST, {"started": now})
