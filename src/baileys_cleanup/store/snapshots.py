"""What a company holds at one moment: every value whole, with what tells whether it is still the same."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, NamedTuple, Protocol, cast

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.names import Kind

CHUNK = 1024 * 1024
IN_MEMORY = 32 * CHUNK
"""Bytes that are kept in memory before an unnamed temporary file takes over."""
MOST_VALUE = 64 * 1024**2
"""Bytes of one file. The largest `creds.json` is far below; what is above is nothing that Baileys writes."""
MOST_FILES = 1_000_000
MOST_BYTES = 16 * 1024**3
"""A company is far below both; what is above them is no company."""


class Clock(NamedTuple):
    """The time as a backup meets it: `now` and `clock` in nanoseconds since the epoch; `wait` before it reads again."""

    now: int
    clock: Callable[[], int]
    wait: Callable[[], object]


class Entry(NamedTuple):
    """One file as it was read. `size` is in bytes, `modified` in nanoseconds since the epoch."""

    name: str
    kind: Kind
    size: int
    sha256: str
    modified: int


class Access(NamedTuple):
    """Whom a file belongs to, and what its mode lets others do."""

    owner: int
    group: int
    mode: int


class Source(NamedTuple):
    """One file of a snapshot: its entry, and where its bytes begin in the snapshot's contents.

    `stamp` is whatever the store needs to know this very content again. `whole` is False for one that is empty or no
    JSON although its kind always is. `access` is None where the store knows no owners.
    """

    entry: Entry
    stamp: Any
    offset: int
    whole: bool
    access: "Access | None" = None


@dataclass(slots=True)
class Snapshot:
    """A company at rest: its files with their contents, `creds.json` first, the others by name.

    `foreign` are the files that were not read: with several links, or of neither the folder's nor `creds.json`'s owner.
    `deeper` are those of the strangers that hold a `creds.json` of their own. `account` is None where there is no
    `creds.json` that can be read; `creds_problem` then says why.
    """

    contents: BinaryIO
    files: dict[str, Source] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)
    deeper: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    account: Account | None = None
    creds_problem: str | None = None

    @property
    def broken(self) -> list[str]:
        """The files that are empty or no JSON although their kind always is; they lie there like that."""
        return [name for name, source in self.files.items() if not source.whole]

    def read(self, name: str) -> Iterator[bytes]:
        """Give the bytes of one file."""
        source = self.files[name]
        self.contents.seek(source.offset)
        left = source.entry.size
        while left:
            part = self.contents.read(min(CHUNK, left))
            left -= len(part)
            yield part


@contextmanager
def open_spool() -> Iterator[BinaryIO]:
    """Give a file without a name: in memory, and on the disk of TMPDIR from `IN_MEMORY` bytes on."""
    with SpooledTemporaryFile(IN_MEMORY) as spool:
        yield cast("BinaryIO", spool)


class SnapshotReader(Protocol):
    """Reads companies for backups and restores; writes nothing."""

    def has(self, company_id: str) -> bool:
        """Tell whether there is anything by the name of this company."""

    def take(self, company_id: str, contents: BinaryIO, clock: Clock) -> Snapshot:
        """Read all auth files of a company into `contents`; what vanishes meanwhile is left out.

        Raises CompanyProblem where a file does not hold still, or there is too much to be one company; OSError where
        one cannot be read.
        """

    def is_unchanged(self, company_id: str, shot: Snapshot) -> bool:
        """Tell whether a company still holds the very files that the snapshot was taken of."""
