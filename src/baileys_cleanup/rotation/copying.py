"""Copies auth files into a folder that is being built, so that what is copied is what was there.

Copies and no hard links: Baileys rewrites its files in place, and a link would share what it writes. Nobody locks the
files, so each is looked at before and after it was read, and all of them once more when the folder is built.
"""

import errno
import os
import stat
from collections.abc import Iterable

from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CompanyProblem, in_words
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.folder.company import Stamp
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
            here = os.fstat(writing)
            if (here.st_uid, here.st_gid) != (before.st_uid, before.st_gid):
                os.fchown(writing, before.st_uid, before.st_gid)
            os.fchmod(writing, stat.S_IMODE(before.st_mode))
            os.utime(writing, ns=(before.st_atime_ns, before.st_mtime_ns))
            os.fsync(writing)
        finally:
            os.close(writing)
        return Stamp.of(os.fstat(reading)) == Stamp.of(before)
    finally:
        os.close(reading)


def give_to_owner(folder: int) -> list[str]:
    """Give what root wrote into an open folder to the folder's owner. Returns the names that could not be given.

    A command that pairs as root leaves a pairing that the bot, which is somebody else, cannot write to. For any other
    user there is nothing to do.
    """
    owner = os.fstat(folder)
    if os.geteuid() != 0 or owner.st_uid == 0:
        return []
    left: list[str] = []
    for name in sorted(os.listdir(folder)):
        try:
            fd = open_to_look(name, _READ, folder)
        except OSError:
            continue  # gone, or a link: nothing of the library's
        try:
            status = os.fstat(fd)
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and status.st_uid == 0:
                os.fchown(fd, owner.st_uid, owner.st_gid)
        except OSError:
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


def room_for(folder: int, files: Iterable[AuthFile]) -> bool:
    """Tell whether the file system of an open folder has room for copies of these files."""
    disk = os.statvfs(folder)
    sizes = [file.size for file in files]
    blocks = sum(-(-size // disk.f_frsize) for size in sizes)
    # A file system that has no fixed number of inodes says 0.
    return blocks <= disk.f_bavail and (not disk.f_files or len(sizes) < disk.f_favail)


def _why(error: OSError) -> str:
    return "this user may not give it its owner" if error.errno == errno.EPERM else in_words(error)
