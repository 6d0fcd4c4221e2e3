"""The audit log: one line of JSON for each event, written before it happens."""

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from itertools import islice
from typing import Any, BinaryIO

from baileys_cleanup.decision.policy import SECOND
from baileys_cleanup.errors import LockHeld
from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.store.folder.tool_folder import ToolFolder
from baileys_cleanup.store.waiting import hold_soon

NAME = "audit.log"
_TIMEOUT = 20.0
"""Seconds that another one may need to write its lines."""
_LOOKS = 5
_MOST_LINES = 4_000
"""Lines in one write, about a megabyte: a company has to be very large to need more than one."""


class Audit:
    """Appends lines to `audit.log`; what belongs together is one write, so a crash leaves whole lines.

    Where the log is `shared` with shards on other machines, it is locked for each: NFS knows no common end of a file.
    """

    def __init__(self, fd: int, clock: Callable[[], int], *, shared: bool = False) -> None:
        self._fd = fd
        self._clock = clock
        self._shared = shared
        self._second = -1
        self._timestamp = ""

    def write(self, event: str, **fields: str | int | None) -> None:
        """Write one line. Raises OSError when it could not be written whole: then nothing may follow."""
        self.write_lines(event, {}, [json.dumps(fields)[1:-1]])

    def write_lines(self, event: str, common: Mapping[str, str | int | None], each: Iterable[str]) -> None:
        """Write a line of the `common` fields and its own for `each`; those are JSON without braces, and not empty.

        All is one write; of very many lines each write holds thousands. Raises OSError when they could not be written
        whole, whatever part of them was: then nothing may follow.
        """
        now = self._clock()
        if now // SECOND != self._second:
            self._second, self._timestamp = now // SECOND, timestamp(now)
        head = json.dumps({"time": self._timestamp, "event": event, **common})[:-1]
        lines = iter(each)
        while some := list(islice(lines, _MOST_LINES)):
            self._append("".join([f"{head}, {fields}}}\n" for fields in some]).encode("ascii"))

    def _append(self, lines: bytes) -> None:
        try:
            with hold_soon(self._hold, timeout=_TIMEOUT) if self._shared else nullcontext():
                self._write_whole(lines)
        except LockHeld as held:
            raise OSError(errno.EAGAIN, str(held)) from None

    @contextmanager
    def _hold(self) -> Iterator[None]:
        try:
            # A lock of the process: forked ones share the open file, and with it every other lock.
            fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            raise LockHeld(f"another run writes to {NAME}") from None
        try:
            yield
        finally:
            fcntl.lockf(self._fd, fcntl.LOCK_UN)

    def _write_whole(self, lines: bytes) -> None:
        # Another process may be in the middle of its lines: those are whole a moment later.
        if all(_ends_torn(self._fd, later=each) for each in range(_LOOKS)):
            lines = b"\n" + lines
        if os.write(self._fd, lines) != len(lines):
            raise OSError(errno.ENOSPC, "the audit log has no room")
        os.fsync(self._fd)  # what is on the disk of a removal has its line there


def _ends_torn(fd: int, *, later: int) -> bool:
    """Tell whether the last line has no end, so many milliseconds later: a full disk took the rest of it."""
    if later:
        time.sleep(later / 1000)
    size = os.fstat(fd).st_size
    return size > 0 and os.pread(fd, 1, size - 1) != b"\n"


class Removals:
    """What the log still tells of the removals of one run. It is read once for all companies, and then what came since.

    Remembered is where the lines of each company are: a run may have removed millions of files.
    """

    def __init__(self, tool: ToolFolder, run_id: str) -> None:
        self._tool = tool
        self._run_id = run_id
        self._inode = 0
        self._end = 0
        self._places: dict[str, list[tuple[int, int]]] = {}

    def rules_of(self, company_id: str) -> dict[str, str]:
        """Return by which rule the run removed each file of a company."""
        return dict(self._told_of(company_id, "rule"))

    def dates_of(self, company_id: str) -> dict[str, int]:
        """Return the date of each file of a company when the run removed it (nanoseconds)."""
        return dict(self._told_of(company_id, "modified"))

    def _told_of(self, company_id: str, field: str) -> Iterator[tuple[str, Any]]:
        try:
            fd = os.open(NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._tool.records_fd)
        except OSError:
            return
        with open(fd, "rb") as log:
            self._find(log)
            for begin, end in self._places.get(company_id, ()):
                log.seek(begin)
                for line in log.read(end - begin).splitlines():
                    entry = self._removal_in(line)
                    if entry is not None and entry.get("company") == company_id and field in entry:
                        yield str(entry["file"]), entry[field]

    def _find(self, log: BinaryIO) -> None:
        status = os.fstat(log.fileno())
        if status.st_ino != self._inode or status.st_size < self._end:  # the log was rotated
            self._inode, self._end, self._places = status.st_ino, 0, {}
        log.seek(self._end)
        for line in log:
            begin, self._end = self._end, self._end + len(line)
            entry = self._removal_in(line)
            if entry is not None:
                places = self._places.setdefault(str(entry.get("company")), [])
                if places and places[-1][1] == begin:
                    begin, _ = places.pop()
                places.append((begin, self._end))

    def _removal_in(self, line: bytes) -> dict[str, Any] | None:
        """Return the line as it was written, None where it tells of something else or is torn."""
        if self._run_id.encode() not in line:
            return None
        with suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict) and (entry.get("event"), entry.get("run")) == ("remove", self._run_id):
                return entry if "file" in entry else None
        return None


@contextmanager
def open_audit(tool: ToolFolder, clock: Callable[[], int], *, shared: bool = False) -> Iterator[Audit]:
    """Open the audit log for appending; `clock` gives nanoseconds since the epoch.

    `shared`: others append as well, and may do so from another machine.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with tool.recording():
        fd = os.open(NAME, flags, 0o600, dir_fd=tool.records_fd)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, f"{NAME} is not a regular file")
        yield Audit(fd, clock, shared=shared)
    finally:
        os.close(fd)
