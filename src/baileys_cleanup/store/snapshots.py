"""What a company holds at one moment: every value whole, with what tells whether it is still the same."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple, Protocol, cast

from baileys_cleanup.decision.account import Account, read_account
from baileys_cleanup.decision.names import CREDS_NAME, Kind
from baileys_cleanup.errors import CredsUnreadable
from baileys_cleanup.output.text import few

CHUNK = 1024 * 1024
IN_MEMORY = 32 * CHUNK
"""Bytes that are kept in memory before an unnamed temporary file takes over."""
UNDATED = 120_000_000_000
"""Nanoseconds. What a store has no date for counts as written so long ago: young, and not at this very moment."""
BEYOND_FILES = 1 << 63
"""Nanoseconds from the epoch. A date so far off no file can have, but a column may: it counts as none."""
LONGEST_NAME = 255
NO_NAME = "is the name of no file"
"""Why a key is left out that a database has under a name with a slash in it, say: written, it would lie elsewhere."""
MOST_FILES = 1_000_000
MOST_BYTES = 2 * 1024**3
MOST_OF_A_FILE = 64 * 1024**2
"""A company is far below all three; what is above them is no company, and no auth file."""


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


class Source(NamedTuple):
    """One file of a snapshot: its entry, and where its bytes begin in the snapshot's contents.

    `stamp` is whatever the store needs to know this very content again, `like` what it needs to make a copy that the
    same people may read. `whole` is False for one that is empty or no
    JSON although its kind always is.
    """

    entry: Entry
    stamp: Any
    offset: int
    whole: bool
    like: Any = None


@dataclass(slots=True)
class Snapshot:
    """A company at rest: its files with their contents, `creds.json` first, the others by name.

    `strangers` are no plain files, `deeper` those of them that hold a `creds.json` of their own; `left` are plain files
    that were not read, each with the reason; `doubles` are names that two keys of a database have, so that nobody can
    tell which of them the bot reads. `account` is None where there is no `creds.json` that can be read; `creds_problem`
    then says why.
    """

    contents: BinaryIO
    files: dict[str, Source] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    doubles: list[str] = field(default_factory=list)
    deeper: list[str] = field(default_factory=list)
    account: Account | None = None
    creds_problem: str | None = None

    @property
    def broken(self) -> list[str]:
        """The files that are empty or no JSON although their kind always is; they lie there like that."""
        return [name for name, source in self.files.items() if not source.whole]

    def read_creds(self) -> None:
        """Read the account out of `creds.json`, once the files are there, or say why there is none."""
        if CREDS_NAME not in self.files:
            missing = self.left.get(CREDS_NAME, "is missing")
            self.creds_problem = "is there twice" if CREDS_NAME in self.doubles else missing
            return
        try:
            self.account = read_account(b"".join(self.read(CREDS_NAME)))
        except CredsUnreadable as problem:
            self.creds_problem = str(problem)

    def read(self, name: str) -> Iterator[bytes]:
        """Give the bytes of one file."""
        source = self.files[name]
        self.contents.seek(source.offset)
        left = source.entry.size
        while left:
            part = self.contents.read(min(CHUNK, left))
            left -= len(part)
            yield part


def is_bare(name: str) -> bool:
    """Tell whether a name can only be an entry of the very folder it is used in."""
    return why_not_bare(name) is None


def why_not_bare(name: str) -> str | None:
    """Return in words why a name can be no entry of a folder, None where it can."""
    if name in {"", ".", ".."} or "/" in name:
        return "it is empty, `.` or `..`, or has a slash in it"
    if "\0" in name:
        return "it has a NUL byte in it"
    try:
        length = len(name.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return "it is no text in UTF-8"
    return f"it has {length:,} bytes; allowed: {LONGEST_NAME}" if length > LONGEST_NAME else None


def is_json_text(content: bytes) -> bool:
    """Tell whether a value is whole JSON."""
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True


@contextmanager
def open_spool() -> Iterator[BinaryIO]:
    """Give a file without a name: in memory, and on the disk of TMPDIR from `IN_MEMORY` bytes on."""
    from tempfile import SpooledTemporaryFile  # noqa: PLC0415 - a cleanup reads no snapshot

    with SpooledTemporaryFile(IN_MEMORY) as spool:
        yield cast("BinaryIO", spool)


def in_reasons(left: Mapping[str, str]) -> str:
    """Return in words what was left, by reason."""
    reasons: dict[str, list[str]] = {}
    for name, why in sorted(left.items()):
        reasons.setdefault(why, []).append(name)
    return "; ".join(f"{few(names, 20)} ({why})" for why, names in reasons.items())


class SnapshotReader(Protocol):
    """Reads companies for backups and restores; writes nothing."""

    def has(self, company_id: str) -> bool:
        """Tell whether there is anything by the name of this company. Raises CompanyProblem where none can have it."""

    def take(self, company_id: str, contents: BinaryIO, clock: Clock, *, own_only: bool = False) -> Snapshot:
        """Read all auth files of a company into `contents`; what vanishes meanwhile is left out.

        With `own_only` so is what is not the bot's own. Raises CompanyProblem where a file does not hold still, or
        there is too much to be one company; OSError where one cannot be read.
        """

    def without_place(self, names: Sequence[str]) -> list[str]:
        """Return those names that no company here has a place for."""

    def is_unchanged(self, company_id: str, shot: Snapshot) -> bool:
        """Tell whether a company still holds the very files that the snapshot was taken of."""
