"""Makes files of a company in an open folder that nobody else meets yet: whole, with owner and date, and durable."""

import os
from collections.abc import Iterable
from typing import Any

from baileys_cleanup.errors import ArchiveProblem, CompanyProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.folder.likeness import Neighbours
from baileys_cleanup.store.snapshots import NO_NAME, is_bare

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderWriter:
    """Writes files into an open folder, each as its neighbours in the live one look."""

    def __init__(self, fd: int, neighbours: Neighbours) -> None:
        self._fd = fd
        self._neighbours = neighbours

    def write(self, name: str, content: Iterable[bytes], modified: int, like: Any = None) -> None:  # noqa: ANN401 - opaque
        """Write one file with its date, and on the disk. `like` is how the very file looked that this is a copy of."""
        if not is_bare(name):  # or it could lie anywhere
            raise CompanyProblem(f"{shown(name)} {NO_NAME}")
        fd = os.open(name, _NEW, 0o600, dir_fd=self._fd)
        try:
            for part in content:
                left = memoryview(part)
                while left:
                    left = left[os.write(fd, left) :]
            (like or self._neighbours.like(name)).give(fd, name)
            try:
                os.utime(fd, ns=(modified, modified))
            except OverflowError:
                raise ArchiveProblem(f"{shown(name)} has a date that no file can have") from None
            os.fsync(fd)
        finally:
            os.close(fd)
