"""The audit log: one line of JSON for each event, written before it happens."""

import errno
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from baileys_cleanup.decision.policy import SECOND
from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.store.folder.tool_folder import ToolFolder

NAME = "audit.log"

_Field = str | int | None


class Audit:
    """Appends lines to `audit.log`; what belongs together is one write, so a crash leaves whole lines."""

    def __init__(self, fd: int, clock: Callable[[], int]) -> None:
        self._fd = fd
        self._clock = clock
        self._torn = _ends_torn(fd)
        self._second = -1
        self._timestamp = ""

    def write(self, event: str, **fields: _Field) -> None:
        """Write one line. Raises OSError when it could not be written whole: then nothing may follow."""
        self.write_all(event, {}, [fields])

    def write_all(self, event: str, common: Mapping[str, _Field], each: Iterable[Mapping[str, _Field]]) -> None:
        """Write a line of the `common` fields and its own (one at least) for `each`, all in one write.

        Raises OSError when they could not be written whole, whatever part of them was: then nothing may follow.
        """
        now = self._clock()
        if now // SECOND != self._second:
            self._second, self._timestamp = now // SECOND, timestamp(now)
        head = json.dumps({"time": self._timestamp, "event": event, **common}).removesuffix("}")
        lines = bytearray(b"\n" if self._torn else b"")
        for fields in each:
            lines += f"{head}, {json.dumps(fields).removeprefix('{')}\n".encode("ascii")
        written = os.write(self._fd, lines)
        self._torn = written != len(lines)
        if self._torn:
            raise OSError(errno.ENOSPC, "the audit log has no room")


def _ends_torn(fd: int) -> bool:
    """Tell whether the last line has no end: a full disk took the rest of it."""
    size = os.fstat(fd).st_size
    return size > 0 and os.pread(fd, 1, size - 1) != b"\n"


def rules_of(tool: ToolFolder, run_id: str, company_id: str) -> dict[str, str]:
    """Return by which rule a run removed each file of a company, as far as the log still tells."""
    found: dict[str, str] = {}
    try:
        fd = os.open(NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=tool.fd)
    except OSError:
        return found
    with open(fd, encoding="ascii", errors="replace") as lines:
        for line in lines:
            if run_id in line:
                with suppress(ValueError, KeyError, TypeError):
                    entry = json.loads(line)
                    if (entry["event"], entry["run"], entry["company"]) == ("remove", run_id, company_id):
                        found[entry["file"]] = entry["rule"]
    return found


@contextmanager
def open_audit(tool: ToolFolder, clock: Callable[[], int]) -> Iterator[Audit]:
    """Open the audit log for appending; `clock` gives nanoseconds since the epoch."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    fd = os.open(NAME, flags, 0o600, dir_fd=tool.fd)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, f"{NAME} is not a regular file")
        yield Audit(fd, clock)
    finally:
        os.close(fd)
