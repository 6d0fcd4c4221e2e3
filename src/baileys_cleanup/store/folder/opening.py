"""Opening to look: without following a link where that was asked for, and without leaving a date behind."""

import errno
import os


def open_to_look(name: str, flags: int, dir_fd: int | None = None) -> int:
    """Open a file or folder so that reading it moves no access date, where the kernel lets this user ask for that.

    Only the owner may ask (`O_NOATIME`); for anybody else the date moves as with every program.
    """
    try:
        return os.open(name, flags | os.O_NOATIME | os.O_CLOEXEC, dir_fd=dir_fd)
    except OSError as error:
        if error.errno != errno.EPERM:
            raise
    return os.open(name, flags | os.O_CLOEXEC, dir_fd=dir_fd)
