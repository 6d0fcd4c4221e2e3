"""The tool's own small records: one JSON object in one file.

A record is written beside its place and renamed over it, so that a reader finds the old one or the new one.
"""

import json
import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from baileys_cleanup.store.folder.opening import open_to_look
from baileys_cleanup.store.folder.tool_folder import ToolFolder

TEMPORARY = ".new"
"""The end of the name of a record that is not whole yet; a killed run may leave one."""


def read_record(folder: int, name: str) -> dict[str, Any]:
    """Return a record of an open folder; empty where it is JSON, but no object.

    Raises FileNotFoundError where there is none, OSError or ValueError where it cannot be read.
    """
    fd = open_to_look(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, folder)
    with open(fd, encoding="utf-8") as file:
        record = json.load(file)
    return record if isinstance(record, dict) else {}


def write_record(folder: int, name: str, record: dict[str, Any], *, durable: bool = True) -> None:
    """Write a record, private and durable before it takes its name. Raises OSError when it cannot be written.

    One that nothing hangs on need not be `durable`: a power cut may then leave it torn.
    """
    beside = name + TEMPORARY
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(beside, flags, 0o600, dir_fd=folder)
    with open(fd, "w", encoding="utf-8") as file:
        json.dump(record, file)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)


class FolderRecords:
    """The records that lie in the tool's own folder, or in a folder of it that is made with the first of them."""

    def __init__(self, tool: ToolFolder, part: str | None) -> None:
        self._tool = tool
        self._part = part

    def names(self) -> list[str]:
        """Return the names of all records, sorted; none where the folder does not exist yet."""
        try:
            with self._open(create=False) as folder:
                return sorted(name for name in os.listdir(folder) if name.endswith(".json"))
        except FileNotFoundError:
            return []

    def read(self, name: str) -> dict[str, Any]:
        """Return a record. Raises FileNotFoundError, or OSError or ValueError where it cannot be read."""
        with self._open(create=False) as folder:
            return read_record(folder, name)

    def write(self, name: str, record: dict[str, Any], *, durable: bool = True) -> None:
        """Write a record beside its place and rename it over. Raises OSError."""
        with self._open(create=True) as folder:
            write_record(folder, name, record, durable=durable)
            if durable and self._part is not None:
                os.fsync(folder)

    def _open(self, *, create: bool) -> AbstractContextManager[int]:
        return nullcontext(self._tool.fd) if self._part is None else self._tool.part(self._part, create=create)
