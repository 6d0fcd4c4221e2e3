"""The locks: one run at a time under a sessions root, or many shards; and one backup. A lock dies with its process.

Those with a file of their own (`BUSY`) are taken by flock. All others are a byte each in one file: a hundred thousand
companies need no hundred thousand files. On NFS both are locks of the server.
"""

import errno
import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256

from baileys_cleanup.errors import LockHeld, NotWritable, UsageProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.folder.placed import name_inodes
from baileys_cleanup.store.folder.state_dir import is_lock_of_records
from baileys_cleanup.store.folder.tool_folder import NOT_WRITABLE, Opened, ToolFolder
from baileys_cleanup.store.store import BUSY, RUN_LOCK

BYTES = "bytes.lock"
"""The file whose bytes are locks: its content is never written."""
_SHARDS = "shards"
"""What stands in a lock that many hold, instead of the number of a process."""
_BITS = 62
"""Of the place of a byte: the largest that every kernel and server takes."""
_TAKEN = {errno.EAGAIN, errno.EACCES}


@contextmanager
def hold_lock(tool: ToolFolder, name: str = RUN_LOCK, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock, without waiting for it. Raises LockHeld when another process has it."""
    home = tool.recorded if is_lock_of_records(name) else tool.with_root
    if name not in BUSY:
        with _hold_byte(home, name, shared=shared):
            yield
        return
    fd = _open(home, name)
    try:
        try:
            fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeld(
                f"another {BUSY[name]} is at work ({_holder(fd)} {home.path}/{name}); nothing was touched"
            ) from None
        except OSError as error:
            raise UsageProblem(f"the lock {home.path}/{name} cannot be held: {error.strerror}") from None
        with suppress(OSError):  # who holds it is a courtesy; a full disk must not cost the lock
            os.pwrite(fd, f"{_SHARDS if shared else os.getpid():<19}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(fd)


def _holder(fd: int) -> str:
    written = os.pread(fd, 20, 0).strip().decode("ascii", "replace")
    if written == _SHARDS:
        return "shards hold"
    return f"process {written} holds" if written.isdigit() else "another process holds"


@contextmanager
def _hold_byte(home: Opened, name: str, *, shared: bool) -> Iterator[None]:
    fd = _open(home, BYTES)
    try:
        place = int.from_bytes(sha256(name.encode("utf-8", "surrogateescape")).digest()[:8], "big") >> (64 - _BITS)
        kind = fcntl.F_RDLCK if shared else fcntl.F_WRLCK
        try:
            # Of the open file, not of the process: who opens and closes the file elsewhere lets nothing go.
            fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack("hhqqi", kind, os.SEEK_SET, place, 1, 0))
        except OSError as error:
            if error.errno in _TAKEN:
                raise LockHeld(f"another run holds {shown(name)}; it was left alone") from None
            raise UsageProblem(f"the lock {home.path}/{BYTES} cannot be held: {error.strerror}") from None
        yield
    finally:
        os.close(fd)


def _open(home: Opened, name: str) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with ExitStack() as undone:
        try:
            fd = os.open(name, flags, 0o600, dir_fd=home.own())
            undone.callback(os.close, fd)
            regular = stat.S_ISREG(os.fstat(fd).st_mode)
        except OSError as error:
            if home.fd is not None:
                name_inodes(error, home.fd)
            kind = NotWritable if error.errno in NOT_WRITABLE else UsageProblem
            raise kind(f"the lock {home.path}/{name} cannot be opened: {error.strerror}") from None
        if not regular:
            raise UsageProblem(f"the lock {home.path}/{name} is not a regular file")
        undone.pop_all()
    return fd
