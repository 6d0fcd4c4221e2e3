"""The tool's own small records: one JSON object in one file.

A record is written beside its place and renamed over it, so that a reader finds the old one or the new one.
"""

import json
import os
from typing import Any, TypeVar

from baileys_cleanup.store.folder.opening import open_to_look

Number = TypeVar("Number", int, float)
_BOUND = 2**63
"""Nothing that is counted here comes near: as nanoseconds it is in the year 2262, and no disk has so many bytes."""
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


def bounded(number: Number) -> Number:
    """Return a number out of a record that later arithmetic can bear. Raises ValueError for any other, NaN among it."""
    if not 0 <= number < _BOUND:
        raise ValueError(number)
    return number


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
