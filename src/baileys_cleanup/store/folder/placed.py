"""Errors of the system, with the place where they happened: a bare `Input/output error` helps nobody."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from baileys_cleanup.errors import NO_INODES

_OF_DISKS = {
    errno.EIO,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ESTALE,
    errno.ENOLCK,
    errno.ENOTCONN,
}
"""Errors that say something of a disk; others that name no file may come from a pipe or the network."""


@contextmanager
def placed(path: str, fd: int) -> Iterator[None]:
    """Give an OSError that passes the path of the folder at work, `fd` held open; a bare name lies in it."""
    try:
        yield
    except OSError as error:
        name_inodes(error, fd)
        if error.errno in _OF_DISKS:
            error.filename = _whole(path, error.filename)
        raise


def _whole(path: str, named: object) -> object:
    """Return the path of what an error names: nothing or a descriptor is the folder, a bare name lies in it."""
    if not isinstance(named, str):
        return path
    return named if "/" in named else f"{path}/{named}"


def name_inodes(error: OSError, fd: int) -> None:
    """Let a full disk say that inodes are meant, where an open folder of it has none left."""
    if error.errno != errno.ENOSPC:
        return
    with suppress(OSError):
        disk = os.fstatvfs(fd)
        if disk.f_files and not disk.f_favail and disk.f_bavail:
            error.strerror = NO_INODES
