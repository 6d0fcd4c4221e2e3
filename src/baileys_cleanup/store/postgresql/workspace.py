"""What the tool keeps beside the companies: its own schema in the same database, as the door wants it."""

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from psycopg import sql

from baileys_cleanup.decision.verdict import Verdict
from baileys_cleanup.store.postgresql import runs
from baileys_cleanup.store.postgresql.company import PostgresqlCompany
from baileys_cleanup.store.postgresql.database import Database
from baileys_cleanup.store.postgresql.records import PostgresqlAudit, PostgresqlRecords, rules_of
from baileys_cleanup.store.postgresql.removal import PostgresqlRemover
from baileys_cleanup.store.postgresql.returning import PostgresqlReturning
from baileys_cleanup.store.postgresql.schema import SCHEMA
from baileys_cleanup.store.postgresql.trouble import as_os_error, as_usage_problem
from baileys_cleanup.store.postgresql.whole import PostgresqlWhole
from baileys_cleanup.store.runs import SETTLED, UNDOING, Run
from baileys_cleanup.store.small_records import bounded
from baileys_cleanup.store.store import RUN_LOCK, Purged, Quarantined, SetAside
from baileys_cleanup.store.whole_folders import Late, WholeFolders

_LAST = "last-run"
_PARTS = sql.SQL("select exists (select from baileys_cleanup.records where part = %s)")
_HOLDS = sql.SQL("select exists (select from baileys_cleanup.quarantine where run_id = %s and company = %s)")
_PAIRING = sql.SQL(
    "select pairing from baileys_cleanup.quarantine where run_id = %s and company = %s and pairing is not null limit 1"
)


class PostgresqlWorkspace:
    """The tool's own schema."""

    def __init__(self, store: Database) -> None:
        self._store = store
        self._connection = store.connection
        self.path = f"{store.path} (schema {SCHEMA})"

    def hold(self, name: str = RUN_LOCK, *, shared: bool = False) -> AbstractContextManager[None]:
        """Hold a lock, without waiting for it. Raises LockHeld when another process has it."""
        return self._store.leases.hold(name, shared=shared)

    def has(self, name: str) -> bool:
        """Tell whether there are records of this part."""
        with as_os_error():
            return bool(self._connection.rows(_PARTS, [name])[0][0])

    def records(self) -> PostgresqlRecords:
        """Return the small records."""
        return PostgresqlRecords(self._connection, self.path)

    @contextmanager
    def audit_log(self, clock: Callable[[], int]) -> Iterator[PostgresqlAudit]:  # noqa: ARG002 - the server dates its lines
        """Open the audit log for lines to come."""
        yield PostgresqlAudit(self._connection)

    def whole_folders(self) -> WholeFolders:
        """Return what builds whole companies."""
        return PostgresqlWhole(self._store)

    def pairing_of(self, run_id: str, company_id: str) -> str | None:
        """Return the pairing that a run noted for what it took from a company, None where it noted none."""
        with as_os_error():
            rows = self._connection.rows(_PAIRING, [run_id, company_id])
        return rows[0][0] if rows else None

    def rules_of(self, run_id: str, company_id: str) -> dict[str, str]:
        """Return by which rule a run removed each key of a company."""
        with as_os_error():
            return rules_of(self._connection, run_id, company_id)

    def runs(self) -> tuple[list[Run], list[str]]:
        """Return the recorded runs, oldest first; a row is always whole."""
        with as_usage_problem(f"the runs in {self.path} cannot be read"):
            return runs.read_runs(self._connection), []

    def record_run(self, run: Run) -> None:
        """Record a run before it moves anything, and again when it is over."""
        with as_os_error(), self._connection.transaction(writes=True) as cursor:
            runs.write_run(cursor, run)

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
        """Forget nothing: a transaction that was cut short leaves nothing."""

    def settle(self, run: Run) -> bool:
        """Mark a run that was cut short as over: each of its rows is in one place, whatever ended it.

        What it removed goes from the cache as well, where there is one. An undo needs no cache: what comes back is what
        may be in it still.
        """
        cache = None if run.state in {SETTLED, UNDOING} else self._store.cache_in_front()
        if cache is not None:
            with as_os_error():
                left = cache.clear_of(run.run_id, self._store.raw_id)
            if left:
                raise OSError(errno.EAGAIN, left[0])
        with as_os_error(), self._connection.transaction(writes=True) as cursor:
            runs.write_run(cursor, run._replace(state=SETTLED))
        return True

    def purge(
        self,
        run: Run,
        clock: Callable[[], int],  # noqa: ARG002 - the server dates it
        stopping: Callable[[], bool],
        takes: Callable[[str], bool],
    ) -> Purged:
        """Delete for good what a run removed from the companies that this one takes.

        Stops between two batches when told to.
        """
        PostgresqlAudit(self._connection).write("purge", run=run.run_id)
        with as_os_error():
            return runs.purge(self._connection, run, stopping, takes)

    def forget_empty(self, run: Run) -> None:
        """Forget a run of which nothing is left."""
        with as_os_error(), self._connection.transaction(writes=True) as cursor:
            runs.forget_empty(cursor, run)

    def unrecorded(self) -> list[str]:
        """Return what lies in the quarantine under no name of a recorded run."""
        with as_os_error():
            return runs.unrecorded(self._connection)

    @contextmanager
    def remover(self, run: Run, clock: Callable[[], int]) -> Iterator[PostgresqlRemover]:  # noqa: ARG002 - likewise
        """Return what removes for a run."""
        remover = PostgresqlRemover(self._store, run)
        try:
            yield remover
        finally:
            remover.close()

    def take_all(
        self, run: Run, company: PostgresqlCompany, removals: Sequence[Verdict], pairing: str | None
    ) -> list[str]:
        """Move planned rows into the quarantine for a run, all of them in one transaction, or none."""
        remover = PostgresqlRemover(self._store, run)
        try:
            return remover.take_all(company, removals, pairing)
        finally:
            remover.close()

    def quarantined(self, run: Run) -> dict[str, Quarantined]:
        """Return what of a run still lies in the quarantine, by company."""
        with as_usage_problem(f"the quarantine in {self.path} cannot be read"):
            return runs.quarantined(self._connection, run)

    def holds(self, run: Run, company_id: str) -> bool:
        """Tell whether the quarantine still has anything that a run took from a company."""
        with as_os_error():
            return bool(self._connection.rows(_HOLDS, [run.run_id, company_id])[0][0])

    @contextmanager
    def returning(self, run: Run, company_id: str) -> Iterator[PostgresqlReturning]:
        """Open what a run took from one company. Raises FileNotFoundError where there is nothing."""
        if not self.holds(run, company_id):
            raise FileNotFoundError(company_id)
        yield PostgresqlReturning(self._store, run.run_id, company_id)

    def set_aside(self) -> Sequence[SetAside]:
        """Return the whole companies that lie aside, newest first."""
        return PostgresqlWhole(self._store).listed()

    def switch_set_aside(self, folder: SetAside, wait: Callable[[], object]) -> Late:  # noqa: ARG002 - one transaction
        """Let a company that lies aside go live; the present one takes its place. Raises CompanyProblem."""
        return PostgresqlWhole(self._store).switch_set_aside(folder)
