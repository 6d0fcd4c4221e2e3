"""The store that is a PostgreSQL database: its companies, as the door wants them."""

from collections.abc import Iterator
from contextlib import contextmanager

from baileys_cleanup.errors import CompanyProblem, UsageProblem
from baileys_cleanup.store.postgresql.company import PostgresqlCompany
from baileys_cleanup.store.postgresql.database import Database
from baileys_cleanup.store.postgresql.faults import find_faults
from baileys_cleanup.store.postgresql.snapshots import PostgresqlSnapshots
from baileys_cleanup.store.postgresql.trouble import as_company_problem, as_usage_problem
from baileys_cleanup.store.postgresql.workspace import PostgresqlWorkspace


class PostgresqlStore(Database):
    """A database with the keys of all companies."""

    @contextmanager
    def company(self, company_id: str, *, anywhere: bool = False) -> Iterator[PostgresqlCompany]:  # noqa: ARG002 - one place
        """Open one company. Raises CompanyProblem where the server cannot be asked."""
        with as_company_problem():
            self.leases.renew()
        try:
            self.meet()
        except UsageProblem as problem:
            raise CompanyProblem(str(problem)) from None
        yield PostgresqlCompany(self, company_id)

    def cramped(self) -> None:
        """Return nothing: a row needs no inode."""

    def faults(self) -> list[str]:
        """Return what is wrong with the database as a store of keys. Raises UsageProblem."""
        with as_usage_problem(f"the store {self.path} cannot be looked at"):
            return find_faults(self.connection, self.layout, self.statements)

    def snapshots(self) -> PostgresqlSnapshots:
        """Return what reads whole companies for backups and restores."""
        return PostgresqlSnapshots(self)

    @contextmanager
    def workspace(self, *, create: bool) -> Iterator[PostgresqlWorkspace | None]:
        """Open the tool's own schema; None when it does not exist and may not be made (a dry run).

        Raises UsageProblem when it cannot be made.
        """
        if create:
            self.make_schema()
        yield PostgresqlWorkspace(self) if self.has_schema else None
