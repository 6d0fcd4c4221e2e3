"""The locks: one run at a time under a sessions root, and one backup. A lock dies with its process."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from baileys_cleanup.errors import LockHeld, NotWritable, UsageProblem
from baileys_cleanup.store.folder.placed import name_inodes
from baileys_cleanup.store.folder.tool_folder import NOT_WRITABLE, ToolFolder
from baileys_cleanup.store.store import BUSY, RUN_LOCK


@contextmanager
def hold_lock(tool: ToolFolder, name: str = RUN_LOCK) -> Iterator[None]:
    """Hold a lock, without waiting for it. Raises LockHeld when another process has it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(name, flags, 0o600, dir_fd=tool.fd)
    except OSError as error:
        name_inodes(error, tool.fd)
        kind = NotWritable if error.errno in NOT_WRITABLE else UsageProblem
        raise kind(f"the lock {tool.path}/{name} cannot be opened: {error.strerror}") from None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise UsageProblem(f"the lock {tool.path}/{name} is not a regular file")
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(fd, 20, 0).strip().decode("ascii", "replace")
            who = f"process {holder}" if holder.isdigit() else "another process"
            raise LockHeld(
                f"another {BUSY[name]} is at work ({who} holds {tool.path}/{name}); nothing was touched"
            ) from None
        except OSError as error:
            raise UsageProblem(f"the lock {tool.path}/{name} cannot be held: {error.strerror}") from None
        with suppress(OSError):  # who holds it is a courtesy; a full disk must not cost the lock
            os.pwrite(fd, f"{os.getpid():<19}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(fd)
