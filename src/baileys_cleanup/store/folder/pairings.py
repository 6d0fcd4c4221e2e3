"""Which pairing the files belong to that a run took from each company: `runs/<run_id>.pairings`, a line for each."""

import errno
import json
import os
from collections.abc import Iterable, Iterator

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


class NotedPairings:
    """The pairings that runs noted. The notes of a run are read once, and again when there are more."""

    def __init__(self, tool: ToolFolder) -> None:
        self._tool = tool
        self._read: dict[str, tuple[int, dict[str, str]]] = {}

    def of(self, run_id: str, company_id: str) -> str | None:
        """Return the pairing that a run noted for a company, None where it noted none that can be read."""
        try:
            fd = open_to_look(run_id + PAIRINGS, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, self._tool.runs_fd)
        except OSError:
            return None
        with open(fd, encoding="ascii", errors="replace") as lines:
            size, found = self._read.get(run_id, (-1, {}))
            if size != (now := os.fstat(fd).st_size):
                found = dict(_pairings_in(lines))
                self._read[run_id] = now, found
        return found.get(company_id)


def _pairings_in(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        try:
            company, pairing = json.loads(line)
        except (ValueError, TypeError):
            continue  # a torn line
        if isinstance(company, str) and isinstance(pairing, str):
            yield company, pairing
