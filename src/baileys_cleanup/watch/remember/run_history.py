"""How the last cleanups ended: kept between processes, because the metrics of a run outlive it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.outcome import RunOutcome, RunStatus
from baileys_cleanup.store.small_records import bounded
from baileys_cleanup.store.store import Workspace
from baileys_cleanup.watch.remember.state_file import not_ours, read_state, write_state

_NAME = "history"
_KEPT = 10
"""Runs, so that a page can show the last ones."""


class Ended(NamedTuple):
    """One run that ended.

    `started` and `ended` are in nanoseconds since the epoch; `seconds` is how long it took. `failures` are companies
    that failed or were refused, and errors of the run itself. `emergency` is one that the monitor began; `shard` is
    which part of the companies it took, as in `2/8`, empty for all.
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
    shard: str = ""

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
            run.shard,
        )


class History(NamedTuple):
    """The last cleanups.

    `successes` are when the last successful ones ended (nanoseconds since the epoch), `cleans` the last ones of all,
    both by shard; they are of the command `clean`: an emergency cleanup of one company says nothing about the nightly
    run. `runs` are the last ones of both sorts, the newest first. `daily` is when the last cleanup of all
    companies began that was not stopped, whoever asked for it.
    """

    successes: Mapping[str, int] = {}
    cleans: Mapping[str, Ended] = {}
    runs: tuple[Ended, ...] = ()
    daily: int | None = None

    @property
    def success(self) -> int | None:
        """When all companies were last cleaned with success; of several shards the one that is longest ago."""
        if set(self.cleans) - set(self.successes) or len(self.successes) < self.shards:
            return None
        return min(self.successes.values(), default=None)

    @property
    def shards(self) -> int:
        """Of how many shards the last cleanup was one; 0 where it took all companies."""
        number = _of(self.clean.shard) if self.clean else ""
        return int(number) if number.isascii() and number.isdigit() else 0

    @property
    def clean(self) -> Ended | None:
        """The last cleanup of all."""
        return max(self.cleans.values(), key=lambda run: run.ended, default=None)

    def plus(self, run: Ended) -> "History":
        """Return the history with one run more; a failed one leaves the earlier success as it is.

        Only shards of one division stay: those of another number will not come again.
        """
        runs = (run, *self.runs)[:_KEPT]
        if run.emergency:
            return self._replace(runs=runs)
        cleans = {shard: each for shard, each in self.cleans.items() if _of(shard) == _of(run.shard)}
        successes = {shard: each for shard, each in self.successes.items() if _of(shard) == _of(run.shard)}
        if run.status == RunStatus.DONE:
            successes[run.shard] = run.ended
        return self._replace(successes=successes, cleans={**cleans, run.shard: run}, runs=runs)


def _of(shard: str) -> str:
    """Return of how many shards this is one; empty where it is all companies."""
    return shard.rpartition("/")[2]


def read_history(workspace: Workspace | None) -> tuple[History, str | None]:
    """Return the history, an empty one where it cannot be read, and in words what is wrong with its file."""
    try:
        return load_history(workspace)
    except OSError as error:
        return History(), error.strerror


def load_history(workspace: Workspace | None) -> tuple[History, str | None]:
    """Return the history, and in words what is wrong with its file.

    Raises OSError where it cannot be read: nothing may be written over it.
    """
    state, problem = read_state(workspace, _NAME)
    try:
        daily = state.get("daily")
        return History(
            {str(shard): bounded(int(moment)) for shard, moment in state.get("successes", {}).items()},
            {str(shard): _ended(run) for shard, run in state.get("cleans", {}).items()},
            tuple(_ended(run) for run in state.get("runs", [])),
            None if daily is None else bounded(int(daily)),
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
        str(value.get("shard", "")),
    )


def record_clean(workspace: Workspace, run: RunOutcome) -> None:
    """Record how a run of `clean` ended. Raises OSError when it cannot be written."""
    _record(workspace, run, emergency=False)


def record_daily(workspace: Workspace, run: RunOutcome) -> None:
    """Record how a run of `clean` over all companies ended: the cleanup of the day, unless stopped, or of one shard.

    Raises OSError when it cannot be written.
    """
    _record(workspace, run, emergency=False, daily=not (run.stopped or run.shard))


def record_emergency(workspace: Workspace, run: RunOutcome) -> None:
    """Record how an emergency cleanup ended. Raises OSError when it cannot be written."""
    _record(workspace, run, emergency=True)


def _record(workspace: Workspace, run: RunOutcome, *, emergency: bool, daily: bool = False) -> None:
    history, problem = load_history(workspace)
    if problem:
        run.notes.append(problem)
    after = history.plus(Ended.of(run, emergency=emergency))
    state = {
        "successes": dict(after.successes),
        "cleans": {shard: each._asdict() for shard, each in after.cleans.items()},
        "runs": [each._asdict() for each in after.runs],
        "daily": run.started if daily else after.daily,
    }
    write_state(workspace, _NAME, state)
