"""Reads a company folder for a backup: every file whole, or not at all.

Baileys truncates a file and writes it anew, in place (`src/Utils/use-multi-file-auth-state.ts`; the same in 6.7.24
and 7.0.0-rc14). So each file is looked at before and after it is read, and read again when it was just written, when
it changed meanwhile, or when it is not the JSON that its kind always is.

Who owns the folder may put anything into it. So nothing is read beyond what was seen before reading, and a backup
takes only what is the bot's own.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from baileys_cleanup.decision.names import COMPANY_PREFIX, CREDS_LIMIT, CREDS_NAME, Kind, kind_of
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.output.text import few, size
from baileys_cleanup.store.folder.company import Company, Stamp
from baileys_cleanup.store.folder.likeness import Likeness, user_name
from baileys_cleanup.store.folder.opening import open_to_look
from baileys_cleanup.store.folder.root import Root
from baileys_cleanup.store.snapshots import (
    CHUNK,
    IN_MEMORY,
    MOST_BYTES,
    MOST_FILES,
    MOST_OF_A_FILE,
    Clock,
    Entry,
    Snapshot,
    Source,
    is_json_text,
    why_not_bare,
)

TRIES = 5
"""How often a file is read that does not hold still."""
JUST_NOW = 50_000_000
"""Nanoseconds. Within one tick of the file system's clock a second write leaves the date of the first."""
IN_WRITING = 10_000_000_000
"""Nanoseconds. What is no JSON and was not touched for so long is not being written: it lies there like that."""
_JSON_LIMIT = 4 * 1024**2
"""Bytes. Up to here a file's JSON is read to see that it is whole; parsed, it takes twenty times as much memory."""
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


class FolderSnapshots:
    """Reads the company folders of a sessions root, on whatever mount they lie."""

    def __init__(self, root: Root) -> None:
        self._root = root

    def has(self, company_id: str) -> bool:
        """Tell whether there is anything by the name of this company's folder.

        Raises CompanyProblem where no folder can have it: other stores have ids that no file system takes.
        """
        why = why_not_bare(COMPANY_PREFIX + company_id)
        if why is not None:
            raise CompanyProblem(f"no folder can be called company_<id>: {why}")
        return self._root.has(company_id)

    def take(self, company_id: str, contents: BinaryIO, clock: Clock, *, own_only: bool = False) -> Snapshot:
        """Read all auth files of a company into `contents`."""
        with self._root.company(company_id, anywhere=True) as company:
            return take_snapshot(company, contents, clock, own_only=own_only)

    def without_place(self, names: Sequence[str]) -> list[str]:  # noqa: ARG002 - a folder holds any
        """Return none."""
        return []

    def is_unchanged(self, company_id: str, shot: Snapshot) -> bool:
        """Tell whether the folder still holds the very files that the snapshot was taken of."""
        with self._root.company(company_id, anywhere=True) as company:
            return is_unchanged(company, shot)


def take_snapshot(company: Company, contents: BinaryIO, clock: Clock, *, own_only: bool = False) -> Snapshot:
    """Read all auth files of a company into `contents`; what vanishes meanwhile is left out.

    With `own_only` so is what is not the bot's own: what has several names, or belongs neither to the owner of
    `creds.json` nor to the folder's. Raises CompanyProblem where a file does not hold still, or there is too much to
    be one company; OSError where one cannot be read.
    """
    shot = Snapshot(contents)
    reading = _Reading(company, shot, clock, own_only=own_only)
    moving: set[str] = set()
    for round_number in range(TRIES):
        if round_number:
            clock.wait()
        moving = reading.read(moving, lying=round_number > 0)
        if not moving:
            break
    else:
        names = sorted(moving)
        raise CompanyProblem(f"files kept changing while they were read: {few(names)}; stop the bot, or try later")
    shot.files = {name: reading.found[name] for name in _in_order(reading.found)}
    shot.deeper = company.deeper(shot.strangers)
    shot.read_creds()
    return shot


class _Reading:
    """One company on its way into a snapshot."""

    def __init__(self, company: Company, shot: Snapshot, clock: Clock, *, own_only: bool) -> None:
        self.found: dict[str, Source] = {}
        self._company = company
        self._shot = shot
        self._clock = clock
        self._own_only = own_only

    def read(self, moving: set[str], *, lying: bool) -> set[str]:
        """Read what is new, and again what did not hold still; return what does not now.

        `creds.json` comes before the list: so the pre-keys that it speaks of are in that. `lying`: a broken file that
        holds still is taken as it lies.
        """
        again: set[str] = set()
        if CREDS_NAME in moving or CREDS_NAME not in self.found:
            again |= self._take(CREDS_NAME, lying=lying)
        for name in self._list():
            if name != CREDS_NAME and (name in moving or name not in self.found):
                again |= self._take(name, lying=lying)
        return again

    def _list(self) -> list[str]:
        """List the folder anew, forget what is gone, and refuse what is too much before any of it is read."""
        listing = self._company.names()
        names = {file.name for file in listing.files}
        if len(names) > MOST_FILES:
            raise CompanyProblem(f"it holds more than {MOST_FILES:,} files: that is no company folder")
        for gone in self.found.keys() - names:
            del self.found[gone]
        self._shot.strangers = sorted(listing.strangers)
        sizes = [self._size_of(name) for name in names]
        total = sum(each for each in sizes if each <= MOST_OF_A_FILE)
        if total > MOST_BYTES:
            raise CompanyProblem(f"it holds more than {MOST_BYTES // 1024**3} GiB: that is no company folder")
        _check_room(total)
        return _in_order(names)

    def _size_of(self, name: str) -> int:
        try:
            return os.stat(name, dir_fd=self._company.fd, follow_symlinks=False).st_size
        except FileNotFoundError:
            return 0

    def _take(self, name: str, *, lying: bool) -> set[str]:
        """Read one file; return it where it has to be read again."""
        self.found.pop(name, None)
        self._shot.left.pop(name, None)
        try:
            fd = open_to_look(name, _OPEN, self._company.fd)
        except FileNotFoundError:
            return set()  # cleaned or used up meanwhile
        except OSError as error:
            if error.errno == errno.ELOOP:
                return set()  # a link by now: none of ours
            raise
        try:
            before = os.fstat(fd)
            if not stat.S_ISREG(before.st_mode):
                return set()
            why = self._why_left(name, before)
            if why is not None:
                self._shot.left[name] = why
                return set()
            source, still = self._read(fd, name, before)
        finally:
            os.close(fd)
        self.found[name] = source
        at_rest = lying or abs(self._clock.clock() - source.stamp.modified) > IN_WRITING
        return set() if still and (source.whole or at_rest) else {name}

    def _why_left(self, name: str, status: os.stat_result) -> str | None:
        limit = CREDS_LIMIT if name == CREDS_NAME else MOST_OF_A_FILE
        if status.st_size > limit:
            return f"is larger than {limit // 1024**2} MiB"
        if self._own_only and status.st_nlink > 1:
            return "has several names (hard links)"
        if self._own_only and status.st_uid not in self._owners():
            return f"belongs to {user_name(status.st_uid)}"
        return None

    def _owners(self) -> set[int]:
        owners = {os.fstat(self._company.fd).st_uid}
        try:
            creds = os.stat(CREDS_NAME, dir_fd=self._company.fd, follow_symlinks=False)
        except FileNotFoundError:
            return owners
        return {*owners, creds.st_uid} if stat.S_ISREG(creds.st_mode) else owners

    def _read(self, fd: int, name: str, before: os.stat_result) -> tuple[Source, bool]:
        """Read no more than was seen; what grew meanwhile does not hold still."""
        contents = self._shot.contents
        offset = contents.seek(0, os.SEEK_END)
        digest = hashlib.sha256()
        kind = kind_of(name)
        parts: list[bytes] | None = [] if kind is not Kind.UNKNOWN and before.st_size <= _JSON_LIMIT else None
        left = before.st_size
        while left and (part := os.read(fd, min(CHUNK, left))):
            left -= len(part)
            digest.update(part)
            contents.write(part)
            if parts is not None:
                parts.append(part)
        stamp = Stamp.of(os.fstat(fd))
        still = Stamp.of(before) == stamp and not left and abs(self._clock.clock() - stamp.modified) > JUST_NOW
        entry = Entry(name, kind, before.st_size - left, digest.hexdigest(), stamp.modified)
        return Source(
            entry, stamp, offset, parts is None or is_json_text(b"".join(parts)), Likeness.of(fd, before)
        ), still


def _in_order(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (name != CREDS_NAME, name))


def _check_room(total: int) -> None:
    """Raise CompanyProblem where the disk for temporary files cannot hold so many bytes."""
    if total <= IN_MEMORY:
        return
    from tempfile import gettempdir  # noqa: PLC0415 - seldom needed

    place = gettempdir()
    disk = os.statvfs(place)
    if total > disk.f_bavail * disk.f_frsize:
        raise CompanyProblem(f"{place} has no room for a copy of it ({size(total)}); TMPDIR may name another folder")


def is_unchanged(company: Company, shot: Snapshot) -> bool:
    """Tell whether the folder still holds the very files that the snapshot was taken of."""
    files = company.names().files
    if {file.name for file in files} != {*shot.files, *shot.left}:
        return False
    try:
        return all(
            Stamp.of(os.stat(name, dir_fd=company.fd, follow_symlinks=False)) == source.stamp
            for name, source in shot.files.items()
        )
    except FileNotFoundError:
        return False
