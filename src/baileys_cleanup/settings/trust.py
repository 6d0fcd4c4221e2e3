"""Whom a settings file may come from: it names commands, so who can write it can run them.

Where it matters, every step of the way to the file, links among them, must be in the hands of root or of the user who
runs the tool. Only root and that user can then change what was looked at.
"""

import os
import stat
from collections.abc import Mapping
from typing import Any

from baileys_cleanup.output.text import argument, shown

_MOST_LINKS = 40
"""As many as the kernel follows."""
_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_COMMANDS = ("stop_command", "start_command", "qr_command")


def names_commands(document: Mapping[str, Any]) -> bool:
    """Tell whether settings, as written, name a command that the tool would run."""
    rotate = document.get("rotate")
    return isinstance(rotate, dict) and any(name in rotate for name in _COMMANDS)


def why_distrusted(path: str, fd: int, user: int) -> str | None:
    """Return why this user (a uid) should not follow a settings file, with the command that helps; None where he may.

    `fd` is the file held open: what has no place of its own, a pipe of the shell say, is judged by its owner alone.
    """
    held = os.fstat(fd)
    trusted = {0, user}
    try:
        last, problem = _walk(os.path.join(os.getcwd(), path), trusted)
        same = last is not None and os.path.samestat(last, held)
    except OSError as error:
        return f"the way to it cannot be looked at: {error.strerror}"
    if problem is None and (same or not stat.S_ISREG(held.st_mode)):
        problem = _objection(held, path, trusted, read_only=_is_read_only(fd))
    elif problem is None:
        problem = "it was replaced while it was read"
    return problem


def _walk(path: str, trusted: set[int]) -> tuple[os.stat_result | None, str | None]:
    """Go the way to a file step by step; return what lies at its end, and the first objection to a step."""
    here, ahead = "/", _parts(path)
    status = os.lstat(here)
    links = 0
    while ahead:
        problem = _objection(status, here, trusted, read_only=_is_read_only(here))
        if problem is not None:
            return status, problem
        part = ahead.pop(0)
        if part == "..":
            here = os.path.dirname(here)
            status = os.lstat(here)
            continue
        step = os.path.join(here, part)
        status = os.lstat(step)
        if not stat.S_ISLNK(status.st_mode):
            here = step
            continue
        if status.st_uid not in trusted:
            return status, _of_somebody_else(status, step, "link")
        links += 1
        if links > _MOST_LINKS or here.startswith("/proc/"):  # a link of /proc leads to what is open, not to a path
            return os.stat(step), None
        target = os.readlink(step)
        here = "/" if target.startswith("/") else here
        status = os.lstat(here)
        ahead = _parts(target) + ahead
    return status, None


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]


def _objection(status: os.stat_result, path: str, trusted: set[int], *, read_only: bool) -> str | None:
    """Say why others could change what this file says, or which file lies in this folder; None where they cannot."""
    is_folder = stat.S_ISDIR(status.st_mode)
    if status.st_uid not in trusted:
        return _of_somebody_else(status, path, "folder" if is_folder else "file")
    if not status.st_mode & _BY_OTHERS or read_only or (is_folder and status.st_mode & stat.S_ISVTX):
        return None
    what = f"the folder {shown(path)} on the way to it" if is_folder else "it"
    return f"{what} may be written by others: chmod go-w {argument(path)}"


def _of_somebody_else(status: os.stat_result, path: str, what: str) -> str:
    name = "it" if what == "file" else f"the {what} {shown(path)} on the way to it"
    way_on = f"chown {'-h ' if what == 'link' else ''}root {argument(path)}"
    return f"{name} belongs to uid {status.st_uid}, neither to root nor to the user who runs this: {way_on}"


def _is_read_only(place: str | int) -> bool:
    """Tell whether a place cannot be written by anybody: a Kubernetes ConfigMap is mounted so, with mode 0777."""
    return bool(os.statvfs(place).f_flag & os.ST_RDONLY)
