"""How the last cleanups ended: kept between processes, because the metrics of a run outlive it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.outcome import RunOutcome, RunStatus
from baileys_cleanup.store.small_records import bounded
from baileys_cleanup.store.store import Workspace
from baileys_cleanup.watch.remember.state_file import not_ours, read_state, write_state

_NAME = "history.json"
_KEPT = 10
"""Runs, so that a page can show the last ones."""


class Ended(NamedTuple):
    """One run that ended.

    `started` and `ended` are in nanoseconds since the epoch; `seconds` is how long it took. `failures` are companies
    that failed or were refused, and errors of the run itself. `emergency` is one that the monitor began.
    """

    run_id: str
    started: int
    ended: int
    seconds: float
    status: str
    companies: int
    failures: int
    removed: Mapping[str, int]
    size: int
    emergency: bool

    @property
    def files(self) -> int:
        """How many files it removed."""
        return sum(self.removed.values())

    @classmethod
    def of(cls, run: RunOutcome, *, emergency: bool) -> "Ended":
        """Take what is worth keeping from a run's outcome."""
        return cls(
            run.run_id,
            run.started,
            run.started + int(run.seconds * 1e9),
            round(run.seconds, 3),
            run.status.value,
            run.companies,
            run.companies_failed + run.companies_refused + len(run.errors),
            {kind.value: number for kind, number in run.removed.items() if number},
            run.size,
            emergency,
        )


class History(NamedTuple):
    """The last cleanups.

    `success` is when the last successful one ended (nanoseconds since the epoch), `clean` the last one of all; both
    are of the command `clean`: an emergency cleanup of one company says nothing about the nightly run. `runs` are
    the last ones of both sorts, the newest first.
    """

    success: int | None = None
    clean: Ended | None = None
    runs: tuple[Ended, ...] = ()

    def plus(self, run: Ended) -> "History":
        """Return the history with one run more; a failed one leaves the earlier success as it is."""
        runs = (run, *self.runs)[:_KEPT]
        if run.emergency:
            return History(self.success, self.clean, runs)
        return History(run.ended if run.status == RunStatus.DONE else self.success, run, runs)


def read_history(workspace: Workspace | None) -> tuple[History, str | None]:
    """Return the history, and in words what is wrong with its file."""
    state, problem = read_state(workspace, _NAME)
    try:
        success = state.get("success")
        clean = state.get("clean")
        return History(
            None if success is None else bounded(int(success)),
            None if clean is None else _ended(clean),
            tuple(_ended(run) for run in state.get("runs", [])),
        ), problem
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        return History(), not_ours(workspace, _NAME)


def _ended(value: dict[str, Any]) -> Ended:
    known = set(Kind)
    removed = {kind: bounded(int(number)) for kind, number in value["removed"].items() if kind in known}
    return Ended(
        str(value["run_id"]),
        bounded(int(value["started"])),
        bounded(int(value["ended"])),
        bounded(float(value["seconds"])),
        str(value["status"]),
        bounded(int(value["companies"])),
        bounded(int(value["failures"])),
        removed,
        bounded(int(value["size"])),
        bool(value["emergency"]),
    )


def record_clean(workspace: Workspace, run: RunOutcome) -> None:
    """Record how a run of `clean` ended. Raises OSError when it cannot be written."""
    _record(workspace, run, emergency=False)


def record_emergency(workspace: Workspace, run: RunOutcome) -> None:
    """Record how an emergency cleanup ended. Raises OSError when it cannot be written."""
    _record(workspace, run, emergency=True)


def _record(workspace: Workspace, run: RunOutcome, *, emergency: bool) -> None:
    history, problem = read_history(workspace)
    if problem:
        run.notes.append(problem)
    success, clean, runs = history.plus(Ended.of(run, emergency=emergency))
    state = {"success": success, "clean": clean and clean._asdict(), "runs": [each._asdict() for each in runs]}
    write_state(workspace, _NAME, state)
