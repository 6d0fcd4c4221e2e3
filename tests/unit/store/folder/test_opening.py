"""`opening`: looking leaves no access date, and links are followed only where that was asked for."""

import errno
import os

import pytest

from baileys_cleanup.store.folder.opening import open_to_look


def test_reading_moves_no_date(tmp_path):
    """A file that was read is as it was, its access date too."""
    path = tmp_path / "creds.json"
    path.write_text("{}")
    os.utime(path, ns=(1, 2))
    fd = open_to_look(str(path), os.O_RDONLY)
    os.read(fd, 10)
    os.close(fd)
    assert (1, 2) == (path.stat().st_atime_ns, path.stat().st_mtime_ns)


def test_who_may_not_ask_reads_all_the_same(tmp_path, monkeypatch):
    """Where the kernel refuses the wish, the file is opened without it."""
    (tmp_path / "x").write_text("x")
    really = os.open

    def refuse(name, flags, mode=0o777, *, dir_fd=None):
        if flags & os.O_NOATIME:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        return really(name, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", refuse)
    os.close(open_to_look(str(tmp_path / "x"), os.O_RDONLY))


def test_what_is_not_there_is_not_there(tmp_path):
    """Any other refusal is passed on."""
    with pytest.raises(FileNotFoundError):
        open_to_look(str(tmp_path / "x"), os.O_RDONLY)
