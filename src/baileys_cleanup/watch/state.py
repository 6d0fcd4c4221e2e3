"""The state of the watch: small JSON files in the tool's own folder, written beside and renamed over.

They hold what makes messages and metrics better, and nothing that a removal hangs on. So one that is torn, or not
ours, is left to the next write, and the reader is told.
"""

import json
import os
import stat
from typing import Any

from baileys_cleanup.toolfolder import ToolFolder

_LARGEST = 64 * 1024 * 1024
_TEMPORARY = ".new"


def read_state(tool: ToolFolder | None, name: str) -> tuple[dict[str, Any], str | None]:
    """Return what a state file holds, and in words what is wrong with it: nothing when it does not exist yet."""
    if tool is None:
        return {}, None
    try:
        state = _read(tool.fd, name)
    except FileNotFoundError:
        return {}, None
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not what this tool writes"
        return {}, f"{tool.path}/{name} cannot be used and is begun anew: {why}"
    return state, None


def _read(folder: int, name: str) -> dict[str, Any]:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with open(os.open(name, flags, dir_fd=folder), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            raise ValueError(name)
        state = json.loads(file.read())
    if not isinstance(state, dict):
        raise ValueError(name)  # noqa: TRY004 - one word for all that is not ours
    return state


def write_state(tool: ToolFolder, name: str, state: dict[str, Any]) -> None:
    """Write a state file. It is not forced to the disk: losing the last one to a power cut costs a message twice."""
    beside = name + _TEMPORARY
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(beside, flags, 0o600, dir_fd=tool.fd), "w", encoding="ascii") as file:
        json.dump(state, file, separators=(",", ":"))
    os.replace(beside, name, src_dir_fd=tool.fd, dst_dir_fd=tool.fd)
