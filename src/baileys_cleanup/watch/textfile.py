"""The file for node_exporter's textfile collector: written beside, readable by all, renamed over.

The collector reads any `*.prom` at any moment, as another user: a file is whole or not there, and the one in the
making has another ending.
"""

import os
from contextlib import suppress

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.text import shown

_READABLE = 0o644


def write_textfile(path: str, text: bytes) -> None:
    """Write the metrics to a path. Raises UsageProblem when it cannot be done."""
    folder, name = os.path.split(os.path.abspath(path))
    beside = f".{name}.{os.getpid()}.new"
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _write(fd, beside, name, text)
        finally:
            os.close(fd)
    except OSError as error:
        raise UsageProblem(
            f"the metrics cannot be written to {shown(path)}: {error.strerror}; name a file in a folder that exists and"
            " that this user may write in"
        ) from None


def _write(folder: int, beside: str, name: str, text: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with open(os.open(beside, flags, _READABLE, dir_fd=folder), "wb") as file:
            os.fchmod(file.fileno(), _READABLE)  # whatever the umask of the service says
            file.write(text)
        os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with suppress(OSError):
            os.unlink(beside, dir_fd=folder)
        raise
