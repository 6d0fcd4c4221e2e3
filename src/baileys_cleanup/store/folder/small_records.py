"""The small records of a sessions root: `<part>/<name>.json` in the tool's own folder."""

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from baileys_cleanup.store.folder.records import read_record, write_record
from baileys_cleanup.store.folder.tool_folder import ToolFolder

_END = ".json"


class FolderRecords:
    """Records in the tool's own folder; without such a folder there are none, and writing does nothing."""

    def __init__(self, tool: ToolFolder | None) -> None:
        self._tool = tool

    def where(self, part: str = "", name: str = "") -> str:
        """Return where the records of a part lie, or one of them, for people."""
        if self._tool is None:
            return "nowhere"
        return "/".join(filter(None, [self._tool.home_of(part).path, part, name and f"{name}.json"]))

    def names(self, part: str) -> list[str]:
        """Return the names of all records of a part, sorted; none where nothing was recorded yet."""
        if self._tool is None:
            return []
        try:
            with self._part(part, create=False) as folder:
                return sorted(name.removesuffix(_END) for name in os.listdir(folder) if name.endswith(_END))
        except FileNotFoundError:
            return []

    def read(self, part: str, name: str) -> dict[str, Any]:
        """Return a record; raises FileNotFoundError where there is none, OSError or ValueError where it cannot be."""
        if self._tool is None:
            raise FileNotFoundError(name)
        with self._part(part, create=False) as folder:
            return read_record(folder, name + _END)

    def write(self, part: str, name: str, record: dict[str, Any], *, durable: bool = True) -> None:
        """Write a record in one step, and to the disk where it is to be `durable`."""
        if self._tool is None:
            return
        with self._tool.recording(part), self._part(part, create=True) as folder:
            write_record(folder, name + _END, record, durable=durable)

    def _part(self, part: str, *, create: bool) -> AbstractContextManager[int]:
        assert self._tool is not None, "who asks has looked"
        return self._tool.part(part, create=create) if part else nullcontext(self._tool.records_fd)
