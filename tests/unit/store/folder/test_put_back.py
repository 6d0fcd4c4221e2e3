"""`put_back`: the swap of two files of one name, and the trial of the way back."""

import os
from contextlib import ExitStack

import pytest

from baileys_cleanup.store.folder import put_back as room
from baileys_cleanup.store.folder.put_back import forget_probes, put_back, remove_if_empty, swap_in, try_way_back

from ...helpers import names, put

NAME = "session-1.0.json"


@pytest.fixture
def two(tmp_path):
    """Give two open folders that hold a file of one name: the built one, and the live one."""
    put(tmp_path / "built", NAME, b"built", age=1)
    put(tmp_path / "live", NAME, b"seen!", age=2)
    with ExitStack() as stack:
        folders = []
        for name in ("built", "live"):
            folders.append(os.open(tmp_path / name, os.O_RDONLY))
            stack.callback(os.close, folders[-1])
        yield folders


def read(folder):
    """Give what the file of that name holds in an open folder."""
    fd = os.open(NAME, os.O_RDONLY, dir_fd=folder)
    with open(fd, "rb") as file:
        return file.read()


def stamp(folder):
    """Give its size and date."""
    status = os.stat(NAME, dir_fd=folder, follow_symlinks=False)
    return status.st_size, status.st_mtime_ns


def test_a_file_as_expected_is_swapped(two):
    """The built one goes live, and the former one lies in its place."""
    built, live = two
    assert swap_in(NAME, built, live, stamp(live)) is True
    assert (b"seen!", b"built") == (read(built), read(live))


@pytest.mark.parametrize("what", ["size", "date"])
def test_a_file_that_changed_since_stays_live(two, what):
    """Another size or date than expected: each is where it was."""
    built, live = two
    size, date = stamp(live)
    expected = (size + 1, date) if what == "size" else (size, date - 1)
    assert swap_in(NAME, built, live, expected) is False
    assert (b"built", b"seen!") == (read(built), read(live))


def test_a_link_is_never_what_was_expected(two, tmp_path):
    """Somebody put a link to the very file in its place: it is looked at itself, and stays where it is."""
    built, live = two
    expected = stamp(live)
    os.rename(tmp_path / "live" / NAME, tmp_path / "moved")
    (tmp_path / "live" / NAME).symlink_to(tmp_path / "moved")
    assert swap_in(NAME, built, live, expected) is False
    assert (tmp_path / "live" / NAME).is_symlink()
    assert b"built" == read(built)


def test_where_nothing_can_be_swapped_nothing_is(two, monkeypatch):
    """A kernel or a file system without an exchange says so."""
    built, live = two
    monkeypatch.setattr(room, "exchange", lambda *_: False)
    assert swap_in(NAME, built, live, stamp(live)) is False
    assert (b"built", b"seen!") == (read(built), read(live))


@pytest.mark.parametrize("by_link", [False, True])
def test_the_trial_of_the_way_back_leaves_nothing(tmp_path, monkeypatch, by_link):
    """It tells whether only a hard link can bring files back; what a killed trial left is no obstacle."""
    if by_link:
        monkeypatch.setattr(room, "rename_without_replacing", lambda *_: False)
    ours = put(tmp_path / "ours", ".way-back").parent
    put(ours, ".way-back.returned")
    folder = os.open(ours, os.O_RDONLY)
    try:
        assert try_way_back(folder) is by_link
        assert ([], []) == (names(ours), names("."))
        put(ours, ".way-back.returned")
        forget_probes(folder)
        assert [] == names(ours)
    finally:
        os.close(folder)


def test_the_trial_follows_no_link(tmp_path, monkeypatch):
    """Somebody lays a link in the place of the trial's file: nothing is written where it leads."""
    monkeypatch.setattr(room, "forget_probes", lambda _: None)
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / ".way-back").symlink_to(tmp_path / "elsewhere")
    folder = os.open(tmp_path / "ours", os.O_RDONLY)
    try:
        with pytest.raises(OSError, match="symbolic links"):
            try_way_back(folder)
    finally:
        os.close(folder)
    assert ["ours"] == names(tmp_path)


@pytest.mark.parametrize("by_link", [False, True])
def test_a_link_goes_back_as_it_is(tmp_path, monkeypatch, by_link):
    """Not what it leads to: that belongs to somebody else, and may lie on another disk."""
    if by_link:
        monkeypatch.setattr(room, "rename_without_replacing", lambda *_: False)
    other = put(tmp_path, "other")
    for name in ("from", "to"):
        (tmp_path / name).mkdir()
    (tmp_path / "from" / NAME).symlink_to(other)
    with ExitStack() as stack:
        folders = [os.open(tmp_path / name, os.O_RDONLY) for name in ("from", "to")]
        for folder in folders:
            stack.callback(os.close, folder)
        put_back(NAME, *folders)
    assert (str(other), []) == (os.readlink(tmp_path / "to" / NAME), names(tmp_path / "from"))


def test_only_an_empty_folder_goes(tmp_path):
    """It tells whether the folder is gone."""
    (tmp_path / "empty").mkdir()
    put(tmp_path / "full", "file")
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        assert (True, False) == (remove_if_empty(folder, "empty"), remove_if_empty(folder, "full"))
    finally:
        os.close(folder)
    assert ["full"] == names(tmp_path)
