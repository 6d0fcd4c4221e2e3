"""What is known of each company's backups, in the tool's own folder: for retention, for metrics, for alerts.

backups/company_<id>.json    when one was last tried and made, how often it failed, and which archives were found good
"""

import errno
from typing import Any, NamedTuple

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.store.small_records import SmallRecords, bounded

_PART = "backups"


class BackupRecord(NamedTuple):
    """The backups of one company. Times are in nanoseconds since the epoch, None for never.

    `bytes` is the size of the last archive, `files` how many it holds. `failures` counts all failed backups, `failing`
    how many since the last good one. `good` has each archive that was read to its end and found whole: its name to its
    fingerprint and whether it holds a pairing. `latest` is the last one that was made, `content` the hash of what it
    holds.
    """

    company_id: str
    tried: int | None = None
    succeeded: int | None = None
    bytes: int = 0
    files: int = 0
    failures: int = 0
    failing: int = 0
    good: dict[str, tuple[str, bool]] = {}  # noqa: RUF012 - replaced, never changed
    latest: str = ""
    content: str = ""


class BackupRecords:
    """Reads and writes what is known; `records` is None where there is nothing to read from yet."""

    def __init__(self, records: SmallRecords | None) -> None:
        self._records = records
        self._unread: dict[str, OSError] = {}

    def read(self, company_id: str) -> BackupRecord:
        """Return what is known of one company; what cannot be read is not known, and is not written over."""
        try:
            return self._read(COMPANY_PREFIX + company_id) or BackupRecord(company_id)
        except OSError as error:
            self._unread[company_id] = error
            return BackupRecord(company_id)

    def read_all(self) -> tuple[list[BackupRecord], list[str]]:
        """Return what is known of every company, by id, and in words what cannot be read: the first of it."""
        found: list[BackupRecord | None] = []
        unread: list[str] = []
        try:
            names = [] if self._records is None else self._records.names(_PART)
        except OSError as error:
            return [], [self._why_unread(error)]
        for name in names:
            try:
                found += [self._read(name)] if name.startswith(COMPANY_PREFIX) else []
            except OSError as error:
                unread = unread or [self._why_unread(error)]
        return [record for record in found if record is not None], unread

    def _why_unread(self, error: OSError) -> str:
        where = self._records.where(_PART) if self._records else ""
        return f"what is known of backups in {where} cannot be read: {error.strerror}"

    def write(self, record: BackupRecord) -> None:
        """Take down what is known of one company. Raises OSError when that cannot be written, or could not be read."""
        if record.company_id in self._unread:
            raise self._unread[record.company_id]
        if self._records is not None:
            self._records.write(_PART, COMPANY_PREFIX + record.company_id, record._asdict())

    def _read(self, name: str) -> BackupRecord | None:
        if self._records is None:
            return None
        try:
            return _record(name.removeprefix(COMPANY_PREFIX), self._records.read(_PART, name))
        except (FileNotFoundError, ValueError, TypeError, KeyError, OverflowError):
            return None


class ReadOnlyRecords(BackupRecords):
    """Reads what is known, and writes nothing: for a dry run."""

    def write(self, record: BackupRecord) -> None:
        """Write nothing."""


def read_backup_records(records: SmallRecords) -> list[BackupRecord]:
    """Return what is known of every company's backups, by id. Raises OSError where any of it cannot be read."""
    found, unread = BackupRecords(records).read_all()
    if unread:
        raise OSError(errno.EIO, unread[0])
    return found


def _record(company_id: str, record: dict[str, Any]) -> BackupRecord:
    tried, succeeded = (None if record[key] is None else bounded(int(record[key])) for key in ("tried", "succeeded"))
    size, files, failures, failing = (bounded(int(record[key])) for key in ("bytes", "files", "failures", "failing"))
    good = {str(name): (str(mark), bool(paired)) for name, (mark, paired) in record["good"].items()}
    latest, content = str(record.get("latest", "")), str(record.get("content", ""))
    return BackupRecord(company_id, tried, succeeded, size, files, failures, failing, good, latest, content)
