"""The remover of a sessions root: moves what goes into the quarantine of a run."""

from collections.abc import Iterator
from contextlib import contextmanager

from baileys_cleanup.store.folder.company import Company
from baileys_cleanup.store.folder.company_quarantine import CompanyQuarantine
from baileys_cleanup.store.folder.run_quarantine import RunQuarantine
from baileys_cleanup.store.remover import CompanyRemover


class Quarantine(RunQuarantine):
    """Moves files into the quarantine of one run, or deletes them at once after the same looks."""

    def doubt(self, company: Company) -> str | None:  # noqa: ARG002 - the same shape as the dry one
        """Doubt nothing: a removal that fails says so itself."""
        return None

    @contextmanager
    def company(self, company: Company, pairing: str | None = None) -> Iterator[CompanyRemover]:
        """Return the remover for one company; its part of the quarantine is made with the first removal."""
        remover = CompanyQuarantine(self, company, pairing)
        try:
            yield remover
        finally:
            remover.close()
