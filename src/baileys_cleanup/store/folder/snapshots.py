"""Reads a company folder for a backup: every file whole, or not at all.

Baileys truncates a file and writes it anew, in place (`src/Utils/use-multi-file-auth-state.ts`; the same in 6.7.24
and 7.0.0-rc14). So each file is looked at before and after it is read, and read again when it was just written, when
it changed meanwhile, or when it is not the JSON that its kind always is.
"""

import errno
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import BinaryIO

from baileys_cleanup.decision.account import read_account
from baileys_cleanup.decision.names import CREDS_LIMIT, CREDS_NAME, Kind, kind_of
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CompanyProblem, CredsUnreadable
from baileys_cleanup.output.text import few
from baileys_cleanup.store.folder.company import Company, Stamp
from baileys_cleanup.store.folder.opening import open_to_look
from baileys_cleanup.store.folder.root import Root
from baileys_cleanup.store.snapshots import (
    CHUNK,
    MOST_BYTES,
    MOST_FILES,
    MOST_VALUE,
    Access,
    Clock,
    Entry,
    Snapshot,
    Source,
)

TRIES = 5
"""How often a file is read that does not hold still."""
JUST_NOW = 50_000_000
"""Nanoseconds. Within one tick of the file system's clock a second write leaves the date of the first."""
IN_WRITING = 10_000_000_000
"""Nanoseconds. What is no JSON and was not touched for so long is not being written: it lies there like that."""
_JSON_LIMIT = CREDS_LIMIT
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


class FolderSnapshots:
    """Reads the company folders of a sessions root."""

    def __init__(self, root: Root) -> None:
        self._root = root

    def has(self, company_id: str) -> bool:
        """Tell whether there is anything by the name of this company's folder."""
        return self._root.has(company_id)

    def take(self, company_id: str, contents: BinaryIO, clock: Clock) -> Snapshot:
        """Read all auth files of a company into `contents`."""
        with self._root.company(company_id, anywhere=True) as company:
            return take_snapshot(company, contents, clock.clock, clock.wait)

    def is_unchanged(self, company_id: str, shot: Snapshot) -> bool:
        """Tell whether the folder still holds the very files that the snapshot was taken of."""
        with self._root.company(company_id) as company:
            return is_unchanged(company, shot)


def take_snapshot(
    company: Company, contents: BinaryIO, clock: Callable[[], int], wait: Callable[[], object]
) -> Snapshot:
    """Read all auth files of a company into `contents`; what vanishes meanwhile is left out.

    `clock` gives nanoseconds since the epoch, `wait` is called before files are read again. Raises CompanyProblem
    where a file does not hold still, or there is too much to be one company; OSError where one cannot be read.
    """
    listing = company.names()
    if len(listing.files) > MOST_FILES:
        raise CompanyProblem(f"it holds more than {MOST_FILES:,} files: that is no company folder")
    strangers = sorted(listing.strangers)
    shot = Snapshot(contents, strangers=strangers, deeper=company.deeper(strangers))
    shot.foreign = _foreign(company, listing.files)
    files = [file for file in listing.files if file.name not in shot.foreign]
    _check_size(company, files)
    names = sorted((file.name for file in files), key=lambda name: (name != CREDS_NAME, name))
    found: dict[str, Source] = {}
    again = names
    for round_number in range(TRIES):
        if round_number:
            wait()
        again = [name for name in again if not _take(company, name, shot, found, clock, lying=round_number > 0)]
        if not again:
            break
    else:
        raise CompanyProblem(f"files kept changing while they were read: {few(again)}; stop the bot, or try later")
    shot.files = {name: found[name] for name in names if name in found}
    _read_creds(shot)
    return shot


def _foreign(company: Company, files: Iterable[AuthFile]) -> list[str]:
    """Return the files that somebody may have put there who could not read them: no copy is made of them."""
    owners = {os.fstat(company.fd).st_uid}
    found: dict[str, os.stat_result] = {}
    for file in files:
        with suppress(FileNotFoundError):
            found[file.name] = os.stat(file.name, dir_fd=company.fd, follow_symlinks=False)
    if CREDS_NAME in found:
        owners.add(found[CREDS_NAME].st_uid)
    return sorted(name for name, status in found.items() if status.st_nlink > 1 or status.st_uid not in owners)


def _check_size(company: Company, files: Iterable[AuthFile]) -> None:
    """Raise CompanyProblem where there is more than a company has, before anything is read of it."""
    files = list(files)
    sizes = {file.name: file.size for file in company.look(files, files).files}
    large = sorted(name for name, size in sizes.items() if size > MOST_VALUE)
    if large:
        raise CompanyProblem(f"larger than {MOST_VALUE // 1024**2} MiB, so no file of Baileys: {few(large)}")
    if sum(sizes.values()) > MOST_BYTES:
        raise CompanyProblem(f"it holds more than {MOST_BYTES // 1024**3} GiB: that is no company folder")


def _take(
    company: Company,
    name: str,
    shot: Snapshot,
    found: dict[str, Source],
    clock: Callable[[], int],
    *,
    lying: bool,
) -> bool:
    """Read one file; False to read it again. `lying`: a broken one that holds still is taken as it lies."""
    found.pop(name, None)
    try:
        source, still = _read(company, name, shot.contents, clock)
    except FileNotFoundError:
        return True  # cleaned or used up meanwhile
    found[name] = source
    at_rest = lying or abs(clock() - source.stamp.modified) > IN_WRITING
    return still and (source.whole or at_rest)


def _read(company: Company, name: str, contents: BinaryIO, clock: Callable[[], int]) -> tuple[Source, bool]:
    try:
        fd = open_to_look(name, _OPEN, company.fd)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileNotFoundError(name) from None  # a link by now: none of ours
        raise
    try:
        before = os.fstat(fd)
        if not stat.S_ISREG(before.st_mode):
            raise FileNotFoundError(name)
        offset = contents.seek(0, os.SEEK_END)
        digest = hashlib.sha256()
        parts: list[bytes] = []
        size = 0
        kind = kind_of(name)
        # never more than was there at the first look: who makes it grow meanwhile fills nothing
        while size < min(before.st_size, MOST_VALUE) and (part := os.read(fd, min(CHUNK, before.st_size - size))):
            size += len(part)
            if offset + size > MOST_BYTES:
                raise CompanyProblem(f"it holds more than {MOST_BYTES // 1024**3} GiB: that is no company folder")
            digest.update(part)
            contents.write(part)
            if kind is not Kind.UNKNOWN and size <= _JSON_LIMIT:
                parts.append(part)
        after = os.fstat(fd)
    finally:
        os.close(fd)
    stamp = Stamp.of(after)
    still = Stamp.of(before) == stamp and stamp.size == size and abs(clock() - stamp.modified) > JUST_NOW
    whole = kind is Kind.UNKNOWN or is_json(b"".join(parts))
    access = Access(before.st_uid, before.st_gid, stat.S_IMODE(before.st_mode))
    return Source(Entry(name, kind, size, digest.hexdigest(), stamp.modified), stamp, offset, whole, access), still


def is_json(content: bytes) -> bool:
    """Tell whether a file is the JSON that its kind always is."""
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True


def _read_creds(shot: Snapshot) -> None:
    if CREDS_NAME in shot.foreign:
        shot.creds_problem = "has several links"
        return
    if CREDS_NAME not in shot.files:
        shot.creds_problem = "is missing"
        return
    if shot.files[CREDS_NAME].entry.size > CREDS_LIMIT:
        shot.creds_problem = f"is larger than {CREDS_LIMIT // 1024**2} MiB"
        return
    try:
        shot.account = read_account(b"".join(shot.read(CREDS_NAME)))
    except CredsUnreadable as problem:
        shot.creds_problem = str(problem)


def is_unchanged(company: Company, shot: Snapshot) -> bool:
    """Tell whether the folder still holds the very files that the snapshot was taken of."""
    files = company.names().files
    if {file.name for file in files} != {*shot.files, *shot.foreign}:
        return False
    try:
        return all(
            Stamp.of(os.stat(name, dir_fd=company.fd, follow_symlinks=False)) == source.stamp
            for name, source in shot.files.items()
        )
    except FileNotFoundError:
        return False
