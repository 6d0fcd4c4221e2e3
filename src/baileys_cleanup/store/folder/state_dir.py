"""Where the tool's own records lie when a setting says so: `state_dir/<name of the root>-<hash of its path>`.

What guards the root itself, or can only be a rename away from it, stays with the root: the locks of runs and companies,
the quarantine, folders set aside, files on their way in, and the journals of rotations, which say how far a switch of
folders is. What is remembered goes elsewhere: records of runs, the audit log, the history, the monitor's memory, what
is known of backups and of waiting keys, and the locks of those who write these.
"""

import os
import stat
from contextlib import ExitStack, suppress
from hashlib import sha256

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import argument, shown
from baileys_cleanup.store.folder.opening import open_to_look
from baileys_cleanup.store.folder.root import Root
from baileys_cleanup.store.store import BACKUP_LOCK, DAILY_LOCK, MONITOR_LOCK, ROTATIONS, backup_of

STAYS_WITH_THE_ROOT = frozenset({"aside", "restoring", ROTATIONS})
"""Parts of the tool's folder that are no records to be kept elsewhere."""
_LOCKS_OF_RECORDS = frozenset({MONITOR_LOCK, DAILY_LOCK, BACKUP_LOCK})
_LONGEST = 40
"""Characters of a root's name: a hash and this are a name on every file system."""


def is_lock_of_records(name: str) -> bool:
    """Tell whether a lock keeps others from records, and not from the companies."""
    return name in _LOCKS_OF_RECORDS or name.startswith(backup_of(""))


def name_of(root: Root) -> str:
    """Return the name of the folder that holds the records of a root, so that one place can serve several."""
    path = os.fsencode(root.path)
    return f"{os.path.basename(root.path)[:_LONGEST]}-{sha256(path).hexdigest()[:12]}"


def open_state_dir(root: Root, path: str, *, create: bool) -> int:
    """Open the folder that the setting names, made where it is missing and its parent is there.

    Raises OSError where it cannot be opened, UsageProblem where others could change what lies in it, or it is in the
    way of the companies.
    """
    if create:
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)
    fd = open_to_look(path, os.O_RDONLY | os.O_DIRECTORY)
    with ExitStack() as undone:
        undone.callback(os.close, fd)
        objection = _objection(root, path, os.fstat(fd))
        if objection:
            raise UsageProblem(f"state_dir {shown(path)} {objection}")
        undone.pop_all()
    return fd


def _objection(root: Root, path: str, status: os.stat_result) -> str | None:
    """Say why records may not lie there, and what helps; None where they may."""
    if root.contains(os.path.realpath(path)):
        return "lies in the sessions root; name a folder elsewhere"
    if status.st_uid not in {0, os.geteuid()}:
        return (
            f"belongs to uid {status.st_uid}, neither to root nor to the user who runs this:"
            f" chown {os.geteuid()} {argument(path)}"
        )
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX:
        return f"may be written by others: chmod go-w {argument(path)}"
    return None
