"""What backing up, restoring and rotating ask of the companies of a store: which there are, and a look at one."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Protocol

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.store.store import Listing, Look


class CompanyFiles(Protocol):
    """One company, held open. `id` is the folder's name without `company_`, as is."""

    id: str

    def names(self) -> Listing:
        """List the auth files, and name what is none."""

    def account(self, wait: Callable[[], object]) -> Account:
        """Read who owns the company; what does not parse is read once more after `wait`."""

    def look(self, files: Iterable[AuthFile], wanted: Iterable[AuthFile]) -> Look:
        """Date the `wanted` ones among `files`; the others are passed on as they are."""


class Companies(Protocol):
    """All companies of a store. `path` is where they lie, for people and for the operator's own commands."""

    path: str

    def company_ids(self) -> tuple[list[str], list[str]]:
        """Return the ids of all companies, sorted, and what only looks like one."""

    def has(self, company_id: str) -> bool:
        """Tell whether there is anything by the name of this company."""

    def select(self, wanted: Iterable[str]) -> list[str]:
        """Return the wanted ids, once each, in the order given. Raises UsageProblem for one that is not there."""

    def has_room(self, files: Iterable[AuthFile]) -> bool:
        """Tell whether there is room for copies of these files."""

    def company(self, company_id: str) -> AbstractContextManager[CompanyFiles]:
        """Open one company. Raises CompanyProblem when that cannot be done."""
