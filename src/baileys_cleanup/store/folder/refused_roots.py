"""Folders that are no sessions root: told by device and inode, not by spelling."""

import os
import pwd

_FIRST_PERSON = 1000
"""User ids below belong to services, whose home may well be the sessions root."""


def why_refused(fd: int) -> str | None:
    """Return in words why this folder is no sessions root, None when it may be one."""
    status = os.fstat(fd)
    here = _place(status)
    if here == _place(os.stat("/")):
        return "the root of the file system"
    homes = [os.environ.get("HOME"), _home_of(os.geteuid())]
    if status.st_uid == 0 or status.st_uid >= _FIRST_PERSON:
        homes.append(_home_of(status.st_uid))
    return "a home folder" if any(home and _place_at(home) == here for home in homes) else None


def _home_of(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_dir
    except KeyError:
        return None


def _place_at(path: str) -> tuple[int, int] | None:
    try:
        return _place(os.stat(path))
    except OSError:
        return None


def _place(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
