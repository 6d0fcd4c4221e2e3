"""What the tool keeps beside the companies: keys of its own on the same server, as the door wants them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from baileys_cleanup.decision.verdict import Verdict
from baileys_cleanup.store.redis import runs
from baileys_cleanup.store.redis.company import RedisCompany
from baileys_cleanup.store.redis.database import Database
from baileys_cleanup.store.redis.layout import OWN, file_name
from baileys_cleanup.store.redis.records import RedisAudit, RedisRecords
from baileys_cleanup.store.redis.removal import RedisRemover
from baileys_cleanup.store.redis.returning import RedisReturning
from baileys_cleanup.store.redis.trouble import as_os_error, as_usage_problem
from baileys_cleanup.store.redis.whole import RedisWhole
from baileys_cleanup.store.runs import SETTLED, Run
from baileys_cleanup.store.small_records import bounded
from baileys_cleanup.store.store import RUN_LOCK, Purged, Quarantined, SetAside
from baileys_cleanup.store.whole_folders import Late

_LAST = "last-run"


class RedisWorkspace:
    """The tool's own keys."""

    def __init__(self, store: Database) -> None:
        self._store = store
        self._server = store.server
        self.path = f"{store.path} (keys {OWN}*)"

    def hold(self, name: str = RUN_LOCK, *, shared: bool = False) -> AbstractContextManager[None]:
        """Hold a lock, without waiting for it. Raises LockHeld when another process has it."""
        return self._store.leases.hold(name, shared=shared)

    def has(self, name: str) -> bool:
        """Tell whether there are records of this part."""
        return bool(self.records().names(name))

    def records(self) -> RedisRecords:
        """Return the small records."""
        return RedisRecords(self._server)

    @contextmanager
    def audit_log(self, clock: Callable[[], int]) -> Iterator[RedisAudit]:  # noqa: ARG002 - the server dates its lines
        """Open the audit log for lines to come."""
        yield RedisAudit(self._server)

    def whole_folders(self) -> RedisWhole:
        """Return what builds whole companies."""
        return RedisWhole(self._store)

    def pairing_of(self, run_id: str, company_id: str) -> str | None:
        """Return the pairing that a run noted for what it took from a company, None where it noted none."""
        with as_os_error(self._store.path):
            noted = (note.pairing for _, note in runs.held(self._store, run_id, company_id))
            return next((pairing for pairing in noted if pairing), None)

    def rules_of(self, run_id: str, company_id: str) -> dict[str, str]:
        """Return by which rule a run removed each key of a company."""
        with as_os_error(self._store.path):
            return {file_name(field): note.rule for field, note in runs.held(self._store, run_id, company_id)}

    def runs(self) -> tuple[list[Run], list[str]]:
        """Return the recorded runs, oldest first, and those whose record cannot be read."""
        with as_usage_problem(f"the runs in {self.path} cannot be read"):
            return runs.read_runs(self._server)

    def record_run(self, run: Run) -> None:
        """Record a run before it moves anything, and again when it is over."""
        with as_os_error(self._store.path):
            runs.write_run(self._server, run)

    def last_start(self) -> int | None:
        """Return when the last run began (nanoseconds), None where none was. Raises OSError or ValueError."""
        try:
            return bounded(int(self.records().read("", _LAST)["started"]))
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, OverflowError):
            raise ValueError(_LAST) from None

    def record_start(self, now: int) -> None:
        """Record when this run began."""
        self.records().write("", _LAST, {"started": now})

    def tidy_up(self) -> None:
        """Forget nothing: a script that was cut short leaves nothing."""

    def settle(self, run: Run) -> bool:
        """Mark a run that was cut short as over: each of its keys is in one place, whatever ended it."""
        with as_os_error(self._store.path):
            runs.write_run(self._server, run._replace(state=SETTLED))
            runs.forget_empty(self._store, run)
        return True

    def purge(
        self,
        run: Run,
        clock: Callable[[], int],  # noqa: ARG002 - the server dates it
        stopping: Callable[[], bool],
        takes: Callable[[str], bool],
    ) -> Purged:
        """Delete for good what a run removed from the companies that this one takes.

        Stops between two companies when told to.
        """
        RedisAudit(self._server).write("purge", run=run.run_id)
        with as_os_error(self._store.path):
            return runs.purge(self._store, run, stopping, takes)

    def forget_empty(self, run: Run) -> None:
        """Forget a run of which nothing is left."""
        with as_os_error(self._store.path):
            runs.forget_empty(self._store, run)

    def unrecorded(self) -> list[str]:
        """Return what lies in the quarantine under no name of a recorded run: nothing does, for that is noted first."""
        return []

    @contextmanager
    def remover(self, run: Run, clock: Callable[[], int]) -> Iterator[RedisRemover]:  # noqa: ARG002 - likewise
        """Return what removes for a run."""
        remover = RedisRemover(self._store, run)
        try:
            yield remover
        finally:
            remover.close()

    def take_all(self, run: Run, company: RedisCompany, removals: Sequence[Verdict], pairing: str | None) -> list[str]:
        """Move planned keys into the quarantine for a run, all of them in one script, or none."""
        remover = RedisRemover(self._store, run)
        try:
            return remover.take_all(company, removals, pairing)
        finally:
            remover.close()

    def quarantined(self, run: Run) -> dict[str, Quarantined]:
        """Return what of a run still lies in the quarantine, by company."""
        with as_usage_problem(f"the quarantine in {self.path} cannot be read"):
            self._store.meet()
            return runs.quarantined(self._store, run)

    def holds(self, run: Run, company_id: str) -> bool:
        """Tell whether the quarantine still has anything that a run took from a company."""
        with as_os_error(self._store.path):
            self._store.meet()
            return bool(self._server.call("EXISTS", runs.quarantine(self._store, run.run_id, company_id)))

    @contextmanager
    def returning(self, run: Run, company_id: str) -> Iterator[RedisReturning]:
        """Open what a run took from one company. Raises FileNotFoundError where there is nothing."""
        if not self.holds(run, company_id):
            raise FileNotFoundError(company_id)
        yield RedisReturning(self._store, run.run_id, company_id)

    def set_aside(self) -> Sequence[SetAside]:
        """Return the whole companies that lie aside, newest first."""
        return RedisWhole(self._store).listed()

    def switch_set_aside(self, folder: SetAside, wait: Callable[[], object]) -> Late:  # noqa: ARG002 - one script
        """Let a company that lies aside go live; the present one takes its place. Raises CompanyProblem."""
        return RedisWhole(self._store).switch_set_aside(folder)
