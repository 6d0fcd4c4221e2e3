"""What is known of each company's backups, in the tool's own folder: for retention, for metrics, for alerts.

backups/company_<id>.json    when one was last tried and made, how often it failed, and which archives were found good
"""

from contextlib import suppress
from typing import Any, NamedTuple

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.store.small_records import bounded
from baileys_cleanup.store.store import BACKUPS, Workspace

_END = ".json"


class Facts(NamedTuple):
    """The backups of one company. Times are in nanoseconds since the epoch, None for never.

    `bytes` is the size of the last archive, `files` how many it holds. `failures` counts all failed backups, `failing`
    how many since the last good one. `good` has each archive that was read to its end and found whole: its name to its
    fingerprint and whether it holds a pairing.
    """

    company_id: str
    tried: int | None = None
    succeeded: int | None = None
    bytes: int = 0
    files: int = 0
    failures: int = 0
    failing: int = 0
    good: dict[str, tuple[str, bool]] = {}  # noqa: RUF012 - replaced, never changed


class Book:
    """Reads and writes the facts."""

    def __init__(self, workspace: Workspace | None) -> None:
        self._records = None if workspace is None else workspace.records(BACKUPS)

    def read(self, company_id: str) -> Facts:
        """Return what is known of one company; what cannot be read is not known."""
        found = None
        with suppress(OSError):
            found = self._read(f"{COMPANY_PREFIX}{company_id}{_END}")
        return found or Facts(company_id)

    def read_all(self) -> list[Facts]:
        """Return what is known of every company, by id."""
        names = self._records.names() if self._records else []
        found = [self._read(name) for name in names if name.startswith(COMPANY_PREFIX)]
        return [facts for facts in found if facts is not None]

    def write(self, facts: Facts) -> None:
        """Take down what is known of one company. Raises OSError when that cannot be written."""
        if self._records is not None:
            self._records.write(f"{COMPANY_PREFIX}{facts.company_id}{_END}", facts._asdict())

    def _read(self, name: str) -> Facts | None:
        if self._records is None:
            return None
        try:
            return _facts(name[len(COMPANY_PREFIX) : -len(_END)], self._records.read(name))
        except (FileNotFoundError, ValueError, TypeError, KeyError, OverflowError):
            return None


class ClosedBook(Book):
    """Reads the facts, and writes nothing: for a dry run."""

    def write(self, facts: Facts) -> None:
        """Write nothing."""


def read_facts(workspace: Workspace) -> list[Facts]:
    """Return what is known of every company's backups, by id: what metrics and alerts are made from."""
    return Book(workspace).read_all()


def _facts(company_id: str, record: dict[str, Any]) -> Facts:
    tried, succeeded = (None if record[key] is None else bounded(int(record[key])) for key in ("tried", "succeeded"))
    size, files, failures, failing = (bounded(int(record[key])) for key in ("bytes", "files", "failures", "failing"))
    good = {str(name): (str(mark), bool(paired)) for name, (mark, paired) in record["good"].items()}
    return Facts(company_id, tried, succeeded, size, files, failures, failing, good)
