"""The audit log: one line of JSON per removal, written before it happens."""

import errno
import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from baileys_cleanup.retention import SECOND
from baileys_cleanup.runs import timestamp
from baileys_cleanup.toolfolder import ToolFolder

NAME = "audit.log"


class Audit:
    """Appends lines to `audit.log`; each line is one write, so a crash leaves whole lines."""

    def __init__(self, fd: int, clock: Callable[[], int]) -> None:
        self._fd = fd
        self._clock = clock
        self._second = -1
        self._timestamp = ""

    def write(self, event: str, **fields: str | int | None) -> None:
        """Write one line. Raises OSError when it could not be written whole: then nothing may follow."""
        now = self._clock()
        if now // SECOND != self._second:
            self._second, self._timestamp = now // SECOND, timestamp(now)
        line = json.dumps({"time": self._timestamp, "event": event, **fields}).encode("ascii") + b"\n"
        if os.write(self._fd, line) != len(line):
            raise OSError(errno.ENOSPC, "the audit log has no room")


@contextmanager
def open_audit(tool: ToolFolder, clock: Callable[[], int]) -> Iterator[Audit]:
    """Open the audit log for appending; `clock` gives nanoseconds since the epoch."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    fd = os.open(NAME, flags, 0o600, dir_fd=tool.fd)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, f"{NAME} is not a regular file")
        yield Audit(fd, clock)
    finally:
        os.close(fd)
