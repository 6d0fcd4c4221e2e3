"""Makes files of a company in an open folder that nobody else meets yet: whole, with owner and date, and durable."""

import os
from collections.abc import Iterable

from baileys_cleanup.errors import ArchiveProblem, CompanyProblem, in_words
from baileys_cleanup.output.text import shown

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderWriter:
    """Writes files into an open folder, for the owner of the company's folder."""

    def __init__(self, fd: int, owner: os.stat_result) -> None:
        self._fd = fd
        self._owner = owner

    def write(self, name: str, content: Iterable[bytes], modified: int) -> None:
        """Write one file: private, with its date, for the owner of the company's folder, and on the disk."""
        fd = os.open(name, _NEW, 0o600, dir_fd=self._fd)
        try:
            for part in content:
                left = memoryview(part)
                while left:
                    left = left[os.write(fd, left) :]
            give(fd, self._owner)
            try:
                os.utime(fd, ns=(modified, modified))
            except OverflowError:
                raise ArchiveProblem(f"{shown(name)} has a date that no file can have") from None
            os.fsync(fd)
        finally:
            os.close(fd)


def give(fd: int, owner: os.stat_result) -> None:
    """Let a file belong to whom the company's folder belongs: only root can, and only root has to."""
    here = os.fstat(fd)
    if os.geteuid() == 0 and (here.st_uid, here.st_gid) != (owner.st_uid, owner.st_gid):
        try:
            os.fchown(fd, owner.st_uid, owner.st_gid)
        except OSError as error:
            raise CompanyProblem(f"a file cannot be given to the folder's owner: {in_words(error)}") from None
