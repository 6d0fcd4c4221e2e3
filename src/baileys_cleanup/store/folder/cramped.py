"""Deletes a few files on a disk without a free inode, so that a run has room for its folders and records.

Here nothing is made: a file is renamed to a name of its own directly under the root, looked at again, and deleted; what
is not as planned goes back, never over a newer one. One at a time: where that is cut short, the next run puts it back.
"""

import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.decision.verdict import Verdict
from baileys_cleanup.errors import CompanyProblem, LockHeld
from baileys_cleanup.store.folder.company import Company, stamp_of
from baileys_cleanup.store.folder.put_back import put_back
from baileys_cleanup.store.folder.root import Root
from baileys_cleanup.store.remover import refuse_protected
from baileys_cleanup.store.store import OWN_FOLDER

ENOUGH = 24
"""Free inodes that a run can begin with: its folders, its records, and a company's folder in the quarantine."""
_GOING = f"{OWN_FOLDER}-going-"
_LONGEST = 255
_SETTLES = 0.01
"""Seconds for whoever found the file before it was renamed: then he has written, and the last look sees it."""


class FolderRoom:
    """Makes room under a root; `missing` is how many inodes a run lacks to begin with."""

    def __init__(self, root: Root, missing: int) -> None:
        self._root = root
        self.missing = missing

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep others of this kind away where no lock can be made: by the root itself. Raises LockHeld."""
        fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._root.fd)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LockHeld(f"another run makes room under {self._root.path}; nothing was touched") from None
            yield
        finally:
            os.close(fd)

    def delete(self, company: Company, verdict: Verdict, announce: Callable[[], object]) -> bool:
        """Delete one file as planned, `announce` being called before; False where it is no longer as planned.

        Raises OSError where it cannot be moved, or `announce` cannot tell: it is where it was then.
        """
        name, planned = verdict.file.name, verdict.file.stamp
        refuse_protected(name)
        going = f"{_GOING}{len(company.folder_name)}-{company.folder_name}{name}"
        if len(os.fsencode(going)) > _LONGEST or not self._root.shares_mount(company.fd):
            return False
        try:
            status = os.stat(name, dir_fd=company.fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        if stamp_of(status) != planned or status.st_nlink != 1 or not stat.S_ISREG(status.st_mode):
            return False
        announce()
        os.rename(name, going, src_dir_fd=company.fd, dst_dir_fd=self._root.fd)
        time.sleep(_SETTLES)
        if stamp_of(os.stat(going, dir_fd=self._root.fd, follow_symlinks=False)) != planned:
            _return(self._root, going, name, company.fd)
            return False
        os.unlink(going, dir_fd=self._root.fd)
        return True


def room_of(root: Root) -> FolderRoom | None:
    """Return what makes room under a root, None where there is enough, or inodes are made as needed."""
    space = root.space()
    missing = ENOUGH - space.free_inodes
    return FolderRoom(root, missing) if space.inodes and missing > 0 else None


def settle_going(root: Root) -> None:
    """Put back what a run that was cut short left on its way; where a newer one is there, the older one goes."""
    for going in os.listdir(root.fd):
        length, mark, rest = going.removeprefix(_GOING).partition("-")
        if not going.startswith(_GOING) or not mark or not length.isdecimal():
            continue
        folder, name = rest[: int(length)], rest[int(length) :]
        with suppress(CompanyProblem, OSError), root.company(folder.removeprefix(COMPANY_PREFIX)) as company:
            _return(root, going, name, company.fd)


def _return(root: Root, going: str, name: str, folder: int) -> None:
    try:
        put_back(going, root.fd, folder, name)
    except FileExistsError:
        os.unlink(going, dir_fd=root.fd)
