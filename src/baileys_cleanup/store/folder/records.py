"""The tool's own small records: one JSON object in one file.

A record is written beside its place and renamed over it, so that a reader finds the old one or the new one.
"""

import errno
import json
import os
import stat
from typing import Any

from baileys_cleanup.store.folder.opening import open_to_look

TEMPORARY = ".new"
"""The end of the name of a record that is not whole yet; a killed run may leave one."""


def read_record(folder: int, name: str) -> dict[str, Any]:
    """Return a record of an open folder; empty where it is JSON, but no object.

    Raises FileNotFoundError where there is none, OSError where it cannot be read, ValueError where what lies there is
    no record: torn, or no file at all.
    """
    fd = _open(folder, name)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ValueError(name)
        with open(fd, encoding="utf-8", closefd=False) as file:
            record = json.load(file)
    finally:
        os.close(fd)
    return record if isinstance(record, dict) else {}


def _open(folder: int, name: str) -> int:
    try:
        return open_to_look(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, folder)
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link
            raise ValueError(name) from None
        raise


def write_record(folder: int, name: str, record: dict[str, Any], *, durable: bool = True) -> None:
    """Write a record, private and durable, and so is its name. Raises OSError when it cannot be written.

    One that nothing hangs on need not be `durable`: a power cut may then leave it torn.
    """
    beside = name + TEMPORARY
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(beside, flags, 0o600, dir_fd=folder)
    try:
        text = memoryview(json.dumps(record).encode("ascii"))
        while text:
            text = text[os.write(fd, text) :]
        if durable:
            os.fsync(fd)
    finally:
        os.close(fd)
    os.replace(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    if durable:
        os.fsync(folder)
