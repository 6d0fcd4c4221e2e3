"""Makes files of a company in an open folder that nobody else meets yet: whole, with owner and date, and durable."""

import os
from collections.abc import Iterable

from baileys_cleanup.errors import ArchiveProblem, CompanyProblem, in_words
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.snapshots import Access

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderWriter:
    """Writes files into an open folder, for the owner of the company's folder."""

    def __init__(self, fd: int, owner: os.stat_result) -> None:
        self._fd = fd
        self._owner = owner

    def write(self, name: str, content: Iterable[bytes], modified: int, access: Access | None = None) -> None:
        """Write one file with its date, and on the disk: private, for the folder's owner, or with the given access."""
        fd = os.open(name, _NEW, 0o600, dir_fd=self._fd)
        try:
            for part in content:
                left = memoryview(part)
                while left:
                    left = left[os.write(fd, left) :]
            if access is None:
                give(fd, self._owner)
            else:
                _give_access(fd, name, access)
            try:
                os.utime(fd, ns=(modified, modified))
            except OverflowError:
                raise ArchiveProblem(f"{shown(name)} has a date that no file can have") from None
            os.fsync(fd)
        finally:
            os.close(fd)


def _give_access(fd: int, name: str, access: Access) -> None:
    here = os.fstat(fd)
    try:
        if (here.st_uid, here.st_gid) != (access.owner, access.group):
            os.fchown(fd, access.owner, access.group)
        os.fchmod(fd, access.mode)
    except OSError as error:
        raise CompanyProblem(
            f"a copy of {shown(name)} cannot be given to that file's owner"
            f" ({access.owner}:{access.group}): {in_words(error)}"
        ) from None


def give(fd: int, owner: os.stat_result) -> None:
    """Let a file belong to whom the company's folder belongs: only root can, and only root has to."""
    here = os.fstat(fd)
    if os.geteuid() == 0 and (here.st_uid, here.st_gid) != (owner.st_uid, owner.st_gid):
        try:
            os.fchown(fd, owner.st_uid, owner.st_gid)
        except OSError as error:
            raise CompanyProblem(f"a file cannot be given to the folder's owner: {in_words(error)}") from None
