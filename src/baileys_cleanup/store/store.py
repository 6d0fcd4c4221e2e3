"""The door to where auth files lie: all that cleaning, watching and undo may ask of a store, whatever it is made of.

A `Store` knows its companies; a `Company`, held open, tells its names and dates and who it belongs to; a `Workspace` is
what the tool keeps beside them: locks, records, the audit log, and what was removed and may come back.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from baileys_cleanup.decision.verdict import AuthFile, Verdict
from baileys_cleanup.store.company import Company
from baileys_cleanup.store.passed_over import PassedOver
from baileys_cleanup.store.remover import Remover
from baileys_cleanup.store.returning import Returning
from baileys_cleanup.store.runs import Run
from baileys_cleanup.store.small_records import AuditLog, SmallRecords
from baileys_cleanup.store.snapshots import SnapshotReader
from baileys_cleanup.store.whole_folders import Late, WholeFolders

OWN_FOLDER = ".baileys-cleanup"
"""The tool's own folder under a sessions root."""
RUN_LOCK = "lock"
MONITOR_LOCK = "monitor.lock"
"""Held by a monitor while it tells of companies: two of them would tell twice."""
DAILY_LOCK = "daily.lock"
"""Held by a monitor during its cleanup of the day: two of them would clean twice."""
BACKUP_LOCK = "backup.lock"
"""A backup only reads the companies, so it does not keep the nightly cleaning waiting."""
BUSY = {RUN_LOCK: "run", MONITOR_LOCK: "monitor", DAILY_LOCK: "cleanup of the day", BACKUP_LOCK: "backup"}
"""What is at work while a lock is held."""
LOST = "left alone: the lock was lost while the server was away, and another run may have had it; run it again"
"""What is said of each company from then on, where locks are leases."""
RUN_RECORDS = "records"
"""Held among shards, for a moment, by the one that begins or ends: the records of runs are of all of them."""


def company_lock(company_id: str) -> str:
    """Return the name of the lock of a company, held while a shard cleans it."""
    return f"company {company_id}"


def backup_of(company_id: str) -> str:
    """Return the name of the lock of a company's backup, held while a shard makes it."""
    return f"backup of company {company_id}"


def run_lock(run_id: str) -> str:
    """Return the name of the lock of a run, held while it is at work beside others."""
    return f"run {run_id}"


ROTATIONS = "rotations"
"""The part of a workspace that holds the journals of rotations."""


class Space(NamedTuple):
    """What is free for an ordinary user, and the inodes in all: 0 where they are made as needed."""

    free_bytes: int
    free_inodes: int
    inodes: int


class Purged(NamedTuple):
    """What a purge deleted for good, and what it could not delete."""

    files: int
    size: int
    errors: list[str]


class Quarantined(NamedTuple):
    """What of one company lies in the quarantine of a run; `size` is in bytes."""

    files: int
    size: int


class SetAside(NamedTuple):
    """A whole company folder that lies aside. `started` is in nanoseconds since the epoch, `size` in bytes.

    `why` says what built the folder that took its place; `former` is False for one that was switched back already.
    `pairing` is that of the folder that lies aside, None where nobody can tell.
    """

    run_id: str
    company_id: str
    why: str
    started: int
    files: int
    size: int
    former: bool
    pairing: str | None = None


class RoomMaker(Protocol):
    """Deletes files where a run cannot even begin; `missing` is how many have to go."""

    missing: int

    def hold(self) -> AbstractContextManager[None]:
        """Keep others of this kind away, where no lock can be made. Raises LockHeld."""

    def delete(self, company: Any, verdict: Verdict, announce: Callable[[], object]) -> bool:  # noqa: ANN401 - as the same store opened it
        """Delete one file as planned, `announce` being called before; False where it is no longer as planned."""


class Workspace(Protocol):
    """What the tool keeps beside the companies of a store. `path` says where, for people."""

    path: str

    def hold(self, name: str = RUN_LOCK, *, shared: bool = False) -> AbstractContextManager[None]:
        """Hold a lock, without waiting for it. Raises LockHeld when another process has it.

        A `shared` one is held by many at once, and by nobody else meanwhile. Besides those that BUSY names there is a
        lock of any other name, for those that share the run lock: a company, a run.
        """

    def has(self, name: str) -> bool:
        """Tell whether there is a record or a part of this name."""

    def records(self) -> SmallRecords:
        """Return the small records."""

    def audit_log(self, clock: Callable[[], int]) -> AbstractContextManager[AuditLog]:
        """Open the audit log for lines to come. Raises OSError where that cannot be done: then nothing may follow."""

    def whole_folders(self) -> WholeFolders:
        """Return what builds whole companies beside the live ones and lets them change places."""

    def pairing_of(self, run_id: str, company_id: str) -> str | None:
        """Return the pairing that a run noted for what it took from a company, None where it noted none."""

    def rules_of(self, run_id: str, company_id: str) -> dict[str, str]:
        """Return by which rule a run removed each file of a company, as far as the audit log still tells."""

    def runs(self) -> tuple[list[Run], list[str]]:
        """Return the recorded runs, oldest first, and the names of records that cannot be read."""

    def record_run(self, run: Run) -> None:
        """Record a run before it moves anything, and again when it is over."""

    def last_start(self) -> int | None:
        """Return when the last run began (nanoseconds), None where none was. Raises OSError or ValueError."""

    def record_start(self, now: int) -> None:
        """Record when this run began."""

    def tidy_up(self) -> None:
        """Forget temporary things that a killed run left."""

    def settle(self, run: Run) -> bool:
        """End what a killed run or undo left half done; tell whether every file of it is in one place."""

    def purge(
        self, run: Run, clock: Callable[[], int], stopping: Callable[[], bool], takes: Callable[[str], bool]
    ) -> Purged:
        """Delete for good what a run removed from the companies that this one takes, told by their ids.

        Stops between two files when told to.
        """

    def forget_empty(self, run: Run) -> None:
        """Forget a run of which nothing is left."""

    def unrecorded(self) -> list[str]:
        """Return what lies in the quarantine under no name of a recorded run."""

    def remover(self, run: Run, clock: Callable[[], int]) -> AbstractContextManager[Remover]:
        """Return what removes for a run. Raises OSError where the audit log cannot be opened: then nothing may go."""

    def take_all(self, run: Run, company: Any, removals: Sequence[Verdict], pairing: str | None) -> list[str]:  # noqa: ANN401 - as the same store opened it
        """Move planned files into the quarantine for a run, all of them in one step, or none.

        Returns the names of those that kept it from being done, because they are no longer what was planned. `pairing`
        is recorded with them. Raises CompanyProblem where it cannot be done.
        """

    def quarantined(self, run: Run) -> dict[str, Quarantined]:
        """Return what of a run still lies in the quarantine, by company."""

    def holds(self, run: Run, company_id: str) -> bool:
        """Tell whether the quarantine still has a place for what a run took from a company."""

    def returning(self, run: Run, company_id: str) -> AbstractContextManager[Returning]:
        """Open what a run took from one company. Raises FileNotFoundError where there is nothing."""

    def set_aside(self) -> Sequence[SetAside]:
        """Return the whole folders that lie aside, newest first."""

    def switch_set_aside(self, folder: SetAside, wait: Callable[[], object]) -> Late:
        """Let a folder that lies aside go live; the present one takes its place. Raises CompanyProblem."""


class Store(Protocol):
    """Where the companies lie. `path` says where that really is, for people, and `asked` what was asked for."""

    path: str
    asked: str

    @property
    def forkable(self) -> bool:
        """Tell whether processes forked from this one may work on companies of this open store, side by side."""

    @property
    def was_link(self) -> bool:
        """Tell whether what was asked for led somewhere else."""

    def company_ids(self) -> tuple[list[str], list[str]]:
        """Return the ids of all companies, sorted, and the names of links that only look like one."""

    def passed_over(self) -> list[PassedOver]:
        """Return what lies beside the companies and is not taken for one."""

    def other_layout(self) -> str | None:
        """Return in words, where no company is found, what looks like one of another layout; None for nothing."""

    def has(self, company_id: str) -> bool:
        """Tell whether there is anything by the name of this company."""

    def select(self, wanted: Iterable[str]) -> list[str]:
        """Return the wanted ids, once each, in the order given. Raises UsageProblem for one that is not there."""

    def expect(self, ids: Sequence[str]) -> None:
        """Know which companies will be asked for, in which order: a store may look at several of them in one go.

        Nobody may wait between two of them for what a bot does.
        """

    def company(self, company_id: str, *, anywhere: bool = False) -> AbstractContextManager[Company]:
        """Open one company. Raises CompanyProblem when it cannot be worked on.

        Who only looks takes it `anywhere`: also where nothing could be moved out of it.
        """

    def place_of(self, company_id: str) -> str:
        """Return where a company lies, for commands of the operator's: the path of its folder."""

    def has_room(self, files: Iterable[AuthFile]) -> bool:
        """Tell whether there is room for copies of these files."""

    def may_write(self) -> bool:
        """Tell whether this user may write where the companies lie, and anybody can."""

    def contains(self, path: str) -> bool:
        """Tell whether a path of somebody's lies where the companies lie: nothing else may be kept there."""

    def cramped(self) -> RoomMaker | None:
        """Return what makes room where nothing can be made any more, None where there is room."""

    def snapshots(self) -> SnapshotReader:
        """Return what reads whole companies for backups and restores."""

    def space(self) -> Space | None:
        """Return what is left where the companies lie, None where nobody can tell."""

    def remarks(self) -> list[str]:
        """Return in words what people have to know of this store: where its dates come from, say."""

    def dangers(self) -> list[str]:
        """Return in words what may cost keys while the store is written to. Raises UsageProblem."""

    def unseen(self) -> str | None:
        """Return in words why the workspace is there and cannot be read, so that it seems to be none; else None."""

    def uncleared(self) -> str | None:
        """Return in words why a cache in front would go on with what is removed, None where nothing would."""

    def faults(self) -> list[str]:
        """Return in words what is wrong with the store itself, and what to do. Raises UsageProblem."""

    def workspace(self, *, create: bool) -> AbstractContextManager[Workspace | None]:
        """Open the tool's own part; None when it does not exist and may not be made (a dry run).

        Raises UsageProblem when it cannot be used.
        """
