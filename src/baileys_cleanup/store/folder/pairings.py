"""Which pairing the files belong to that a run took from each company: `runs/<run_id>.pairings`, a line for each."""

import errno
import json
import os

from baileys_cleanup.store.folder.opening import open_to_look
from baileys_cleanup.store.folder.tool_folder import ToolFolder

PAIRINGS = ".pairings"


def open_pairings(tool: ToolFolder, run_id: str) -> int:
    """Open the notes of a run for lines to come. Raises OSError: then nothing may go."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    with tool.recording():
        fd = os.open(run_id + PAIRINGS, flags, 0o600, dir_fd=tool.runs_fd)
        try:
            os.fsync(tool.runs_fd)
        except BaseException:
            os.close(fd)
            raise
        return fd


def add_pairing(fd: int, company_id: str, pairing: str) -> None:
    """Add the line of a company before anything of it is moved. Raises OSError: then nothing may go."""
    line = json.dumps([company_id, pairing]).encode("ascii") + b"\n"
    if os.write(fd, line) != len(line):
        raise OSError(errno.ENOSPC, "there is no room to note the pairing")
    os.fsync(fd)


def read_pairing(tool: ToolFolder, run_id: str, company_id: str) -> str | None:
    """Return the pairing that a run noted for a company, None where it noted none that can be read."""
    found: str | None = None
    try:
        fd = open_to_look(run_id + PAIRINGS, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, tool.runs_fd)
    except OSError:
        return None
    with open(fd, encoding="ascii", errors="replace") as lines:
        for line in lines:
            try:
                company, pairing = json.loads(line)
            except (ValueError, TypeError):
                continue  # a torn line
            if company == company_id and isinstance(pairing, str):
                found = pairing
    return found
