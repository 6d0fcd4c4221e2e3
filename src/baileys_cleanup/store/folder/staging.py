"""Files on their way into a live company folder: made whole in the tool's own folder, then moved in one by one."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from baileys_cleanup.decision.names import CREDS_LIMIT
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.store.folder.company import Company
from baileys_cleanup.store.folder.copying import copy_files
from baileys_cleanup.store.folder.likeness import Neighbours
from baileys_cleanup.store.folder.making import FolderWriter
from baileys_cleanup.store.folder.purge import STAGING, forget_staged
from baileys_cleanup.store.folder.put_back import put_back, swap_in
from baileys_cleanup.store.folder.tool_folder import ToolFolder
from baileys_cleanup.store.snapshots import is_json_text


class StagedFiles:
    """Files that are made here, and go into one company's folder, never over another."""

    def __init__(self, staging: int, company: Company) -> None:
        self._staging = staging
        self._company = company
        self._writer = FolderWriter(staging, Neighbours.of(company.fd))

    def write(self, name: str, content: Iterable[bytes], modified: int, like: Any = None) -> None:  # noqa: ANN401 - opaque
        """Write one file with its date, whole and on the disk."""
        self._writer.write(name, content, modified, like)

    def copy(self, source: int, file: AuthFile) -> bool:
        """Copy a JSON file out of an open folder; False where it is not whole, or does not hold still."""
        if not copy_files(source, self._staging, [file]):
            return False
        fd = os.open(file.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._staging)
        with open(fd, "rb") as copy:
            return is_json_text(copy.read(CREDS_LIMIT))

    def replace(self, name: str, expected: AuthFile) -> bool:
        """Put a file in the place of the live one; False, with nothing done, where that is not the expected one."""
        return swap_in(name, self._staging, self._company.fd, (expected.size, expected.modified))

    def insert(self, name: str) -> None:
        """Let a written file appear in the company's folder. Raises FileExistsError where one of that name is."""
        put_back(name, self._staging, self._company.fd)


def try_owners(tool: ToolFolder, neighbours: Neighbours) -> None:
    """Make a file for each owner that there is, and forget it. Raises MayNotGive where that cannot be done."""
    forget_staged(tool)
    with tool.part(STAGING) as staging:
        try:
            for likeness, name in neighbours.owners().items():
                writer = FolderWriter(staging, neighbours)
                writer.write(name, (), 0, likeness)
        finally:
            forget_staged(tool)


@contextmanager
def open_staging(tool: ToolFolder, company: Company) -> Iterator[StagedFiles]:
    """Begin to put files into a company's folder; what went in is durable when this is left, the rest is forgotten."""
    forget_staged(tool)
    with tool.part(STAGING) as staging:
        try:
            yield StagedFiles(staging, company)
            os.fsync(company.fd)
        finally:
            with suppress(OSError):  # what stays there goes with the next run
                forget_staged(tool)
