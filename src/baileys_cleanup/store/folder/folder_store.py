"""The store that is a folder: a sessions root and the tool's own folder in it, as the door wants them."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.decision.verdict import Verdict
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.store.folder import audit, lock, pairings, purge, quarantined, runs, set_aside_list
from baileys_cleanup.store.folder.company import Company
from baileys_cleanup.store.folder.cramped import FolderRoom, room_of, settle_going
from baileys_cleanup.store.folder.put_back import put_back
from baileys_cleanup.store.folder.quarantine import Quarantine
from baileys_cleanup.store.folder.root import Root, open_root
from baileys_cleanup.store.folder.small_records import FolderRecords
from baileys_cleanup.store.folder.snapshots import FolderSnapshots
from baileys_cleanup.store.folder.tool_folder import ToolFolder, open_tool_folder
from baileys_cleanup.store.folder.whole_folders import FolderSwitches
from baileys_cleanup.store.remover import Remover
from baileys_cleanup.store.returning import Returned, one_by_one
from baileys_cleanup.store.runs import Run
from baileys_cleanup.store.store import RUN_LOCK, RUN_RECORDS, Purged, Quarantined, SetAside, company_lock
from baileys_cleanup.store.waiting import hold_soon
from baileys_cleanup.store.whole_folders import Late


class FolderStore(Root):
    """A sessions root, held open."""

    def __init__(self, root: Root, exclude: Sequence[str], state_dir: str | None) -> None:
        super().__init__(root.fd, root.path, root.asked, exclude)
        self._state_dir = state_dir

    forkable = True  # all is done by descriptor and name, and no descriptor has a place in a file that moves

    def expect(self, ids: Sequence[str]) -> None:
        """Make nothing of it: each folder is looked at in its turn."""

    def faults(self) -> list[str]:
        """Return nothing: what is wrong with a folder each company says."""
        return []

    def place_of(self, company_id: str) -> str:
        """Return the path of a company's live folder."""
        return f"{self.path}/{COMPANY_PREFIX}{company_id}"

    def cramped(self) -> FolderRoom | None:
        """Return what makes room on a disk without free inodes, None where there are enough."""
        return room_of(self)

    def snapshots(self) -> FolderSnapshots:
        """Return what reads whole companies for backups and restores."""
        return FolderSnapshots(self)

    @contextmanager
    def workspace(self, *, create: bool) -> "Iterator[FolderWorkspace | None]":
        """Open the tool's own folder; None when it does not exist and may not be made (a dry run).

        Raises UsageProblem when it cannot be made, is no folder, belongs to somebody else, or others may write in it.
        """
        with open_tool_folder(self, create=create, state_dir=self._state_dir) as tool:
            yield None if tool is None else FolderWorkspace(self, tool)


@contextmanager
def open_store(path: str, exclude: Sequence[str] = (), state_dir: str | None = None) -> Iterator[FolderStore]:
    """Open a sessions root by its path; its records may lie in `state_dir`.

    Raises UsageProblem for what is missing, no folder, `/`, or a home.
    """
    with open_root(path) as root:
        yield FolderStore(root, exclude, state_dir)


class FolderWorkspace(ToolFolder):
    """The tool's own folder under a sessions root, held open."""

    def __init__(self, root: Root, tool: ToolFolder) -> None:
        super().__init__(tool.with_root, tool.recorded)
        self._root = root
        self._among_shards = False
        self._pairings = pairings.NotedPairings(self)
        self._removals: dict[str, audit.Removals] = {}

    @contextmanager
    def hold(self, name: str = RUN_LOCK, *, shared: bool = False) -> Iterator[None]:
        """Hold a lock, without waiting for it. Raises LockHeld when another process has it."""
        with lock.hold_lock(self, name, shared=shared):
            if name != RUN_LOCK:
                yield
                return
            self._among_shards = shared
            try:
                yield
            finally:
                self._among_shards = False

    def records(self) -> FolderRecords:
        """Return the small records."""
        return FolderRecords(self)

    def audit_log(self, clock: Callable[[], int]) -> AbstractContextManager[audit.Audit]:
        """Open the audit log for lines to come. Raises OSError where that cannot be done: then nothing may follow."""
        return audit.open_audit(self, clock, shared=self._among_shards)

    def whole_folders(self) -> FolderSwitches:
        """Return what builds whole folders beside the live ones and switches them."""
        return FolderSwitches(self._root, self)

    def pairing_of(self, run_id: str, company_id: str) -> str | None:
        """Return the pairing that a run noted for what it took from a company, None where it noted none."""
        return self._pairings.of(run_id, company_id)

    def rules_of(self, run_id: str, company_id: str) -> dict[str, str]:
        """Return by which rule a run removed each file of a company, as far as the audit log still tells."""
        return self._removals.setdefault(run_id, audit.Removals(self, run_id)).rules_of(company_id)

    def runs(self) -> tuple[list[Run], list[str]]:
        """Return the recorded runs, oldest first, and the names of records that cannot be read."""
        return runs.read_runs(self)

    def record_run(self, run: Run) -> None:
        """Record a run before it moves anything, and again when it is over."""
        runs.write_run(self, run)

    def last_start(self) -> int | None:
        """Return when the last run began (nanoseconds), None where none was. Raises OSError or ValueError."""
        return runs.read_last_start(self)

    def record_start(self, now: int) -> None:
        """Record when this run began."""
        runs.write_last_start(self, now)

    def tidy_up(self) -> None:
        """Remove the temporary files that a killed run left."""
        purge.forget_leftovers(self)
        settle_going(self._root)

    def settle(self, run: Run) -> bool:
        """End what a killed run or undo left half done; tell whether every file of it is in one place."""
        if not self._among_shards:
            return purge.settle(self._root, self, run)
        return purge.settle(self._root, self, run, lambda company_id: self.hold(company_lock(company_id)))

    def purge(
        self, run: Run, clock: Callable[[], int], stopping: Callable[[], bool], takes: Callable[[str], bool]
    ) -> Purged:
        """Delete for good what a run removed from the companies that this one takes; stops when told to."""
        with self.audit_log(clock) as log:
            return purge.purge(self, run, log, stopping, takes)

    def forget_empty(self, run: Run) -> None:
        """Forget a run of which nothing is left."""
        purge.tidy(self, run)

    def unrecorded(self) -> list[str]:
        """Return what lies in the quarantine under no name of a recorded run."""
        return purge.unrecorded(self)

    @contextmanager
    def remover(self, run: Run, clock: Callable[[], int]) -> Iterator[Remover]:
        """Return what removes for a run. Raises OSError where the audit log cannot be opened: then nothing may go."""
        with self.audit_log(clock) as log:
            quarantine = Quarantine(self, run, log, self._hold_records if self._among_shards else nullcontext)
            try:
                yield quarantine
            finally:
                quarantine.close()

    def _hold_records(self) -> AbstractContextManager[None]:
        return hold_soon(lambda: self.hold(RUN_RECORDS))

    def take_all(self, run: Run, company: Company, removals: Sequence[Verdict], pairing: str | None) -> list[str]:  # noqa: ARG002 - the same shape
        """Raise CompanyProblem: several renames are never one step, and a folder can change places as a whole."""
        raise CompanyProblem("in a folder files do not go in one step")

    def quarantined(self, run: Run) -> dict[str, Quarantined]:
        """Return what of a run still lies in the quarantine, by company."""
        return quarantined.all_of(self, run)

    def holds(self, run: Run, company_id: str) -> bool:
        """Tell whether the quarantine still has a folder of what a run took from a company."""
        return quarantined.holds_company(self, run, company_id)

    @contextmanager
    def returning(self, run: Run, company_id: str) -> "Iterator[FolderReturning]":
        """Open what a run took from one company; what was put back is durable when this is left.

        Raises FileNotFoundError where there is nothing.
        """
        with quarantined.quarantined(self, run, company_id) as fd:
            yield FolderReturning(fd)
            os.fsync(fd)

    def set_aside(self) -> Sequence[SetAside]:
        """Return the whole folders that lie aside, newest first; what never was live is none of them."""
        return set_aside_list.list_set_aside(self)

    def switch_set_aside(self, folder: SetAside, wait: Callable[[], object]) -> Late:
        """Let a folder that lies aside go live; the present one lies in its place. Raises CompanyProblem."""
        return set_aside_list.switch_set_aside(self._root, self, folder, wait)


class FolderReturning:
    """What a run took from one company, in an open folder of the quarantine."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def names(self) -> list[str]:
        """Return what still lies in the quarantine, by name."""
        return sorted(os.listdir(self._fd))

    def require_same_place(self, company: Company) -> None:
        """Require nothing: what lies in a root's quarantine was taken from that root."""

    def put_back(self, company: Company, names: Sequence[str], stopping: Callable[[], bool]) -> Iterator[Returned]:
        """Move files back, and tell of each what became of it; of those that are left when told to stop nothing."""
        return one_by_one(lambda name: put_back(name, self._fd, company.fd), names, stopping)
