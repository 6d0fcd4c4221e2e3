"""Copies auth files into a folder that is being built, so that what is copied is what was there.

Copies and no hard links: Baileys rewrites its files in place, and a link would share what it writes. Nobody locks the
files, so each is looked at before and after it was read, and all of them once more when the folder is built.
"""

import errno
import os
import stat
from collections.abc import Iterable

from baileys_cleanup.decision.names import Kind, kind_of
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CompanyProblem, MayNotGive, in_words
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.folder.company import Stamp
from baileys_cleanup.store.folder.likeness import Likeness, Neighbours
from baileys_cleanup.store.folder.opening import open_to_look

_PART = 1024 * 1024
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def copy_files(source: int, target: int, files: Iterable[AuthFile]) -> bool:
    """Copy files between two open folders, with owner, mode and date, and flush them to the disk.

    Returns False when one of them changed or vanished while it was read: then the copy is of no use. Raises
    CompanyProblem when one cannot be read or written.
    """
    for file in files:
        try:
            if not _copy(file.name, source, target):
                return False
        except FileNotFoundError:
            return False
        except OSError as error:
            raise CompanyProblem(f"{shown(file.name)} cannot be copied: {_why(error)}") from None
    os.fsync(target)
    return True


def _copy(name: str, source: int, target: int) -> bool:
    reading = open_to_look(name, _READ, source)
    try:
        before = os.fstat(reading)
        if not stat.S_ISREG(before.st_mode):
            return False
        writing = os.open(name, _MAKE, 0o600, dir_fd=target)
        try:
            while part := os.read(reading, _PART):
                while part:
                    part = part[os.write(writing, part) :]
            Likeness.of(reading, before).give(writing, name)
            os.utime(writing, ns=(before.st_atime_ns, before.st_mtime_ns))
            os.fsync(writing)
        finally:
            os.close(writing)
        return Stamp.of(os.fstat(reading)) == Stamp.of(before)
    finally:
        os.close(reading)


def give_to_bot(folder: int, neighbours: Neighbours, since: int) -> list[str]:
    """Let what root wrote into an open folder look like its neighbours. Returns the names that could not be given.

    A command that pairs as root leaves a pairing that the bot, which is somebody else, cannot read or write to. Only
    auth files that were written `since` a moment (nanoseconds) are given: whoever may write in the folder may move
    a file of root's into it, and must not get to read that. For any other user than root there is nothing to do.
    """
    if os.geteuid() != 0:
        return []
    left: list[str] = []
    for name in sorted(os.listdir(folder)):
        try:
            fd = open_to_look(name, _READ, folder)
        except OSError:
            continue  # gone, or a link: nothing of the library's
        try:
            status = os.fstat(fd)
            if stat.S_ISREG(status.st_mode) and status.st_uid == 0 and neighbours.like(name).uid != 0:
                if status.st_nlink > 1 or status.st_mtime_ns < since or kind_of(name) is Kind.UNKNOWN:
                    left.append(name)
                else:
                    neighbours.like(name).give(fd, name)
        except (OSError, MayNotGive):
            left.append(name)
        finally:
            os.close(fd)
    return left


def differences(files: Iterable[AuthFile], folder: int) -> list[str]:
    """Return the names by which an open folder is not the copy of these files, by name, size and date.

    Without differences, nothing was written to any of them since it was copied.
    """
    expected = {file.name: (file.size, file.modified) for file in files}
    there: dict[str, tuple[int, int]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            there[entry.name] = (status.st_size, status.st_mtime_ns)
    return sorted(name for name in {*expected, *there} if expected.get(name) != there.get(name))


def _why(error: OSError) -> str:
    return "this user may not give it its owner" if error.errno == errno.EPERM else in_words(error)
