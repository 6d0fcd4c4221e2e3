"""A sessions root of a test's own, and one that other users can reach."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Give an empty sessions root, in memory where there is such a place: these tests flush thousands of records."""
    if os.access("/dev/shm", os.W_OK):
        room = Path(tempfile.mkdtemp(prefix="baileys-cleanup-", dir="/dev/shm"))
        (room / "root").mkdir()
        yield room / "root"
        shutil.rmtree(room)
    else:
        (tmp_path / "root").mkdir()
        yield tmp_path / "root"


@pytest.fixture
def disk_root(tmp_path: Path) -> Path:
    """Give an empty sessions root on the disk."""
    path = tmp_path / "root"
    path.mkdir()
    return path


@pytest.fixture
def open_room() -> Iterator[Path]:
    """Give a folder that every user can enter: pytest's own are private."""
    room = Path(tempfile.mkdtemp(prefix="baileys-cleanup-"))
    room.chmod(0o755)
    try:
        yield room
    finally:
        shutil.rmtree(room)


@pytest.fixture(autouse=True)
def no_leaked_descriptors() -> Iterator[None]:
    """Fail a test after which the tool still holds a folder open."""
    before = set(os.listdir("/proc/self/fd"))
    yield
    after = set(os.listdir("/proc/self/fd"))
    assert len(after) <= len(before), f"left open: {sorted(after - before)}"
