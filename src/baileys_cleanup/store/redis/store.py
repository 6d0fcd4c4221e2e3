"""The store that is a Redis server: its companies, as the door wants them."""

from collections.abc import Iterator
from contextlib import contextmanager

from baileys_cleanup.errors import CompanyProblem, UsageProblem
from baileys_cleanup.store.redis.company import RedisCompany
from baileys_cleanup.store.redis.database import MADE, Database
from baileys_cleanup.store.redis.faults import find_faults
from baileys_cleanup.store.redis.snapshots import RedisSnapshots
from baileys_cleanup.store.redis.trouble import as_company_problem, as_not_writable, as_usage_problem
from baileys_cleanup.store.redis.workspace import RedisWorkspace


class RedisStore(Database):
    """A server with the keys of all companies."""

    @contextmanager
    def company(self, company_id: str, *, anywhere: bool = False) -> Iterator[RedisCompany]:  # noqa: ARG002 - one place
        """Open one company. Raises CompanyProblem where the server cannot be asked."""
        with as_company_problem():
            self.leases.renew()
        try:
            self.meet()
        except UsageProblem as problem:
            raise CompanyProblem(str(problem)) from None
        yield RedisCompany(self, company_id)

    def cramped(self) -> None:
        """Return nothing: a row needs no inode."""

    def faults(self) -> list[str]:
        """Return what is wrong with the server as a store of keys. Raises UsageProblem."""
        with as_usage_problem(f"the store {self.path} cannot be looked at"):
            return find_faults(self)

    def snapshots(self) -> RedisSnapshots:
        """Return what reads whole companies for backups and restores."""
        return RedisSnapshots(self)

    @contextmanager
    def workspace(self, *, create: bool) -> Iterator[RedisWorkspace | None]:
        """Open the tool's own keys; None when there are none and none may be made (a dry run).

        Raises NotWritable when none can be made.
        """
        if create and not self.made:
            with as_not_writable(f"nothing can be written in {self.path}"):
                self.server.call("SET", MADE, "1")
            self.made = True
        yield RedisWorkspace(self) if self.made else None
