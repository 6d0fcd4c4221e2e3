"""What is known of each company's backups, in the tool's own folder: for retention, for metrics, for alerts.

backups/company_<id>.json    when one was last tried and made, how often it failed, and which archives were found good
"""

import os
from contextlib import suppress
from typing import Any, NamedTuple

from baileys_cleanup.store.folder.company import PREFIX
from baileys_cleanup.store.folder.records import bounded, read_record, write_record
from baileys_cleanup.store.folder.tool_folder import ToolFolder

_PART = "backups"
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

    def __init__(self, tool: ToolFolder | None) -> None:
        self._tool = tool

    def read(self, company_id: str) -> Facts:
        """Return what is known of one company; what cannot be read is not known."""
        found = None
        with suppress(OSError):
            found = self._read(f"{PREFIX}{company_id}{_END}")
        return found or Facts(company_id)

    def read_all(self) -> list[Facts]:
        """Return what is known of every company, by id."""
        names: list[str] = []
        if self._tool is not None:
            with suppress(FileNotFoundError), self._tool.part(_PART, create=False) as part:
                names = sorted(os.listdir(part))
        found = [self._read(name) for name in names if name.startswith(PREFIX) and name.endswith(_END)]
        return [facts for facts in found if facts is not None]

    def write(self, facts: Facts) -> None:
        """Take down what is known of one company. Raises OSError when that cannot be written."""
        if self._tool is None:
            return
        with self._tool.part(_PART) as part:
            write_record(part, f"{PREFIX}{facts.company_id}{_END}", facts._asdict())

    def _read(self, name: str) -> Facts | None:
        if self._tool is None:
            return None
        try:
            with self._tool.part(_PART, create=False) as part:
                return _facts(name[len(PREFIX) : -len(_END)], read_record(part, name))
        except (FileNotFoundError, ValueError, TypeError, KeyError, OverflowError):
            return None


class ClosedBook(Book):
    """Reads the facts, and writes nothing: for a dry run."""

    def write(self, facts: Facts) -> None:
        """Write nothing."""


def read_facts(tool: ToolFolder) -> list[Facts]:
    """Return what is known of every company's backups, by id: what metrics and alerts are made from."""
    return Book(tool).read_all()


def _facts(company_id: str, record: dict[str, Any]) -> Facts:
    tried, succeeded = (None if record[key] is None else bounded(int(record[key])) for key in ("tried", "succeeded"))
    size, files, failures, failing = (bounded(int(record[key])) for key in ("bytes", "files", "failures", "failing"))
    good = {str(name): (str(mark), bool(paired)) for name, (mark, paired) in record["good"].items()}
    return Facts(company_id, tried, succeeded, size, files, failures, failing, good)
