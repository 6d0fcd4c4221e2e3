"""No error of the system is told without a place."""

import errno
import os
from types import SimpleNamespace

import pytest

from baileys_cleanup.errors import NO_INODES, UsageProblem, in_words
from baileys_cleanup.store.folder.folder_store import open_store
from baileys_cleanup.store.folder.placed import placed


def failing(filename=None):
    """Give a call that fails as on a share whose server is gone; errors name a path, a bare name, a descriptor or nothing."""

    def fail(*_args, **_how):
        raise OSError(errno.EIO, os.strerror(errno.EIO), filename)

    return fail


def told(error):
    """Give what the command line would say of an error."""
    return f"{error.strerror}: {error.filename}" if isinstance(error, OSError) else str(error)


WORKS = {
    "names": lambda store, company, tool: company.names(),
    "deeper": lambda store, company, tool: company.deeper(["x"]),
    "runs": lambda store, company, tool: tool.runs(),
    "tidy_up": lambda store, company, tool: tool.tidy_up(),
    "hold": lambda store, company, tool: tool.hold().__enter__(),
    "space": lambda store, company, tool: store.space(),
    "company_ids": lambda store, company, tool: store.company_ids(),
    "has": lambda store, company, tool: store.has("1"),
}


@pytest.mark.parametrize("filename", [None, 7, "creds.json"])
@pytest.mark.parametrize("call", ["fstat", "stat", "open", "mkdir", "scandir", "listdir", "fstatvfs"])
@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_no_error_comes_without_a_place(tmp_path, monkeypatch, work, call, filename):
    """Whichever call fails in whichever of the three folders: the sentence has the path of the root at least."""
    (tmp_path / "company_1").mkdir()
    error = None
    try:
        with (
            open_store(str(tmp_path)) as store,
            store.company("1") as company,
            store.workspace(create=True) as tool,
            monkeypatch.context() as broken,
        ):
            broken.setattr(os, call, failing(filename))
            work(store, company, tool)
    except (OSError, UsageProblem) as caught:
        error = caught
    assert error is None or str(tmp_path) in told(error)


@pytest.mark.parametrize("work", ["names", "runs", "company_ids", "space"])
def test_these_do_fail(tmp_path, monkeypatch, work):
    """What the test before this one is about does happen."""
    (tmp_path / "company_1").mkdir()
    with (
        open_store(str(tmp_path)) as store,
        store.company("1") as company,
        store.workspace(create=True) as tool,
        monkeypatch.context() as broken,
    ):
        for call in ("scandir", "listdir", "fstatvfs"):
            broken.setattr(os, call, failing())
        with pytest.raises((OSError, UsageProblem), match="Input/output error"):
            WORKS[work](store, company, tool)


def test_a_lock_that_a_share_has_lost_names_its_file(tmp_path, monkeypatch):
    """On NFS without locks a run ends with the path of the lock, not with a bare error."""
    monkeypatch.setattr("fcntl.flock", failing())
    with (
        open_store(str(tmp_path)) as store,
        store.workspace(create=True) as tool,
        pytest.raises(UsageProblem, match=f"{tmp_path}.*/lock cannot be held: Input/output error"),
        tool.hold(),
    ):
        pytest.fail("it was held")


@pytest.mark.parametrize(
    ("free", "blocks", "said"), [(0, 9, NO_INODES), (9, 0, "the disk is full"), (0, 0, "the disk is full")]
)
def test_a_full_disk_says_what_is_full(tmp_path, monkeypatch, free, blocks, said):
    """Inodes where inodes are meant, room where room is meant."""
    fd = os.open(tmp_path, os.O_RDONLY)
    monkeypatch.setattr(os, "fstatvfs", lambda _fd: SimpleNamespace(f_files=99, f_favail=free, f_bavail=blocks))
    with pytest.raises(OSError) as caught, placed("/there", fd):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.close(fd)
    assert (said, "/there") == (in_words(caught.value), caught.value.filename)


def test_what_is_of_no_disk_keeps_its_own_words(tmp_path):
    """A pipe that broke and a file that is named already are told as they are."""
    fd = os.open(tmp_path, os.O_RDONLY)
    for error in (BrokenPipeError(errno.EPIPE, "gone"), OSError(errno.EIO, "bad", "/other")):
        before = error.filename
        with pytest.raises(OSError) as caught, placed("/there", fd):
            raise error
        assert before == caught.value.filename
    os.close(fd)
