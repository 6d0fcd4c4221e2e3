"""The file for node_exporter's textfile collector: written beside, readable by all, renamed over.

The collector reads any `*.prom` at any moment, as another user: a file is whole or not there, and the one in the
making has another ending, and a name that nobody can guess: the folder may belong to somebody else. What the rename
would replace must be a file or a link, and never lies in a company's folder.
"""

import os
import stat
from contextlib import suppress

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.place import is_folder
from baileys_cleanup.store.store import OWN_FOLDER

_READABLE = 0o644


def write_textfile(path: str, text: bytes, sessions_root: str) -> None:
    """Write the metrics to a path outside the companies' folders. Raises UsageProblem when it cannot be done."""
    folder, name = os.path.split(os.path.abspath(path))
    beside = f".baileys-cleanup-{os.urandom(8).hex()}.new"
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            problem = _objection(fd, name, sessions_root)
            if problem is None:
                _write(fd, beside, name, text)
        finally:
            os.close(fd)
    except OSError as error:
        problem = f"{error.strerror}; name a file in a folder that exists and that this user may write in"
    if problem is not None:
        raise UsageProblem(f"the metrics cannot be written to {shown(path)}: {problem}")


def _objection(folder: int, name: str, sessions_root: str) -> str | None:
    """Say in words why this is no place for metrics, None where it is one."""
    if _is_taken(folder, sessions_root):
        return "it lies in a folder of a company or of the tool; name a file elsewhere"
    shared = os.fstat(folder).st_mode
    if shared & stat.S_IWOTH and not shared & stat.S_ISVTX:
        return "everybody may write in its folder, and replace what is told there: chmod o-w, or chmod +t"
    try:
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISREG(mode) or stat.S_ISLNK(mode):
        return None
    return "what is there is no file, and stays; name another path"


def _is_taken(folder: int, sessions_root: str) -> bool:
    """Tell whether an open folder is, or lies in, a company's or the tool's own, however its path is written."""
    if not is_folder(sessions_root):
        return False
    top = os.stat(sessions_root)
    path, below = ".", None
    while not os.path.samestat(here := os.stat(path, dir_fd=folder), top):
        if below is not None and os.path.samestat(here, below):  # the topmost folder is its own parent
            return False
        path, below = f"{path}/..", here
    with os.scandir(sessions_root) as entries:
        taken = [entry.inode() for entry in entries if entry.name.startswith((COMPANY_PREFIX, OWN_FOLDER))]
    return below is not None and below.st_ino in taken


def _write(folder: int, beside: str, name: str, text: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(beside, flags, _READABLE, dir_fd=folder)
    try:
        with open(fd, "wb") as file:
            os.fchmod(file.fileno(), _READABLE)  # whatever the umask of the service says
            file.write(text)
        os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with suppress(OSError):
            os.unlink(beside, dir_fd=folder)
        raise
