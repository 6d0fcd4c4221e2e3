"""`snapshot`: a file is in a backup whole, or the backup fails."""

import io
import json
import os

import pytest

from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.store.folder import snapshots
from baileys_cleanup.store.folder.snapshots import TRIES, is_unchanged, take_snapshot
from baileys_cleanup.store.snapshots import IN_MEMORY, open_spool

from ...helpers import NOW, creds, put

LATER = NOW + 10**9


@pytest.fixture
def folder(place):
    """Give a company's folder."""
    put(place / "company_1", "creds.json", creds())
    put(place / "company_1", "session-15550000002.0.json", b'{"a":1}', age=3)
    return place / "company_1"


class Waiting:
    """Counts the waits, and does something in each."""

    def __init__(self, act=lambda: None):
        self.times = 0
        self._act = act

    def __call__(self):
        """Wait."""
        self.times += 1
        self._act()


def snap(root, wait=None, now=LATER):
    """Take a snapshot; gives it with its contents."""
    with root.company("1") as company:
        shot = take_snapshot(company, io.BytesIO(), lambda: now, wait or Waiting())
        return shot, {name: b"".join(shot.read(name)) for name in shot.files}


def test_every_plain_file_is_in_it(root, folder):
    """With size, hash and date; creds.json first; what is no plain file is named."""
    (folder / "link.json").symlink_to("/etc/passwd")
    (folder / "strange").mkdir()
    put(folder, "odd\nname", b"\0")
    wait = Waiting()
    shot, contents = snap(root, wait)
    assert ["creds.json", "odd\nname", "session-15550000002.0.json"] == list(contents)
    assert {name: (folder / name).read_bytes() for name in contents} == contents
    assert [(folder / name).stat().st_mtime_ns for name in contents] == [
        source.entry.modified for source in shot.files.values()
    ]
    assert (["link.json", "strange"], 0) == (shot.strangers, wait.times)
    assert shot.account.devices


def test_a_file_that_changes_while_it_is_read_is_read_again(root, folder, monkeypatch):
    """Rewritten in the middle of a read: the second reading is what counts, and no half of either."""
    name = "session-15550000002.0.json"
    real, torn = os.read, []

    def read(fd, size):
        part = real(fd, size)
        if part == b'{"a":1}' and not torn:
            torn.append(part)
            put(folder, name, b'{"a":2, "b":2}', age=1)
        return part

    monkeypatch.setattr(snapshots.os, "read", read)
    _, contents = snap(root)
    assert b'{"a":2, "b":2}' == contents[name]
    assert torn


def test_a_file_that_never_holds_still_fails_the_company(root, folder, monkeypatch):
    """After so many tries nothing is made of it, and the sentence says what to do."""
    real = os.fstat
    ticks = iter(range(10**6))

    def fstat(fd):
        status = real(fd)
        if status.st_ino == (folder / "creds.json").stat().st_ino:
            os.utime(folder / "creds.json", ns=(0, next(ticks)))
        return status

    monkeypatch.setattr(snapshots.os, "fstat", fstat)
    wait = Waiting()
    with pytest.raises(CompanyProblem, match=r"kept changing while they were read: creds\.json; stop the bot"):
        snap(root, wait)
    assert TRIES - 1 == wait.times


def test_what_was_written_a_moment_ago_is_read_again(root, folder):
    """Within one tick of the clock a rewritten file has the same date: it is looked at when the tick is over."""
    now = (folder / "creds.json").stat().st_mtime_ns + 1_000_000
    clock = [now]

    def later():
        clock[0] += 10**9

    wait = Waiting(later)
    with root.company("1") as company:
        shot = take_snapshot(company, io.BytesIO(), lambda: clock[0], wait)
    assert (1, 2) == (wait.times, len(shot.files))


def test_an_empty_file_may_be_in_the_middle_of_being_written(root, folder):
    """Baileys truncates before it writes: what is no JSON is read again, and then it is whole."""
    name = "session-15550000002.0.json"
    put(folder, name, b"")
    wait = Waiting(lambda: put(folder, name, b'{"whole":1}', age=1))
    shot, contents = snap(root, wait)
    assert (b'{"whole":1}', []) == (contents[name], shot.broken)


def test_what_lies_broken_is_taken_as_it_lies(root, folder):
    """A file that a full disk left empty is in the backup like that, and named; an old one is not waited for."""
    put(folder, "session-15550000002.0.json", b"", age=2)
    put(folder, "notes.txt", b"no JSON, and nobody said it was")
    wait = Waiting()
    shot, _ = snap(root, wait)
    assert (["session-15550000002.0.json"], 0) == (shot.broken, wait.times)


@pytest.mark.parametrize("content", [b"", b"{", b'{"me": ', b"null", b"[]", b"\0" * 300])
def test_creds_that_say_nothing_are_told(root, folder, content):
    """Empty, truncated, no object: no account, and the reason."""
    put(folder, "creds.json", content)
    shot, _ = snap(root)
    assert shot.account is None
    assert shot.creds_problem


def test_missing_creds_are_told(root, folder):
    """A folder without creds.json has no account."""
    (folder / "creds.json").unlink()
    shot, _ = snap(root)
    assert (None, "is missing") == (shot.account, shot.creds_problem)


def test_what_vanishes_or_becomes_a_link_is_left_out(root, folder, monkeypatch):
    """Between the listing and the reading: cleaned, used up, or swapped; no link is followed."""
    real = os.open

    def opening(name, flags, *args, **how):
        if name == "session-15550000002.0.json":
            (folder / name).unlink()
        if name == "pre-key-1.json":
            (folder / name).unlink()
            (folder / name).symlink_to("/etc/passwd")
        return real(name, flags, *args, **how)

    put(folder, "pre-key-1.json")
    monkeypatch.setattr(snapshots.os, "open", opening)
    shot, _ = snap(root)
    assert ["creds.json"] == list(shot.files)


def test_too_much_is_no_company(root, folder, monkeypatch):
    """Bounds in bytes and in files, with a sentence."""
    monkeypatch.setattr(snapshots, "MOST_BYTES", 10)
    with pytest.raises(CompanyProblem, match="GiB"):
        snap(root)
    monkeypatch.setattr(snapshots, "MOST_FILES", 1)
    with pytest.raises(CompanyProblem, match="more than 1 files"):
        snap(root)


def test_a_pipe_does_not_block(root, folder, monkeypatch):
    """A pipe in the place of a file is none of ours, and nobody waits for it."""
    real = os.open

    def opening(name, flags, *args, **how):
        if name == "session-15550000002.0.json" and (folder / name).is_file():
            (folder / name).unlink()
            os.mkfifo(folder / name)
        return real(name, flags, *args, **how)

    monkeypatch.setattr(snapshots.os, "open", opening)
    shot, _ = snap(root)
    assert ["creds.json"] == list(shot.files)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: put(folder, "new.json"),
        lambda folder: (folder / "creds.json").unlink(),
        lambda folder: put(folder, "creds.json", creds(), age=1),
    ],
)
def test_a_folder_that_moved_on_is_noticed(root, folder, change):
    """A new file, one gone, one rewritten: the snapshot is not of what lies there now."""
    with root.company("1") as company:
        shot = take_snapshot(company, io.BytesIO(), lambda: LATER, Waiting())
        assert is_unchanged(company, shot)
        change(folder)
        assert not is_unchanged(company, shot)


def test_a_spool_has_no_name(tmp_path, monkeypatch):
    """What is too large for memory lies in a file that nobody can open."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with open_spool() as spool:
        spool.write(json.dumps("x" * IN_MEMORY).encode())
        assert [] == list(tmp_path.iterdir())


def test_a_huge_sparse_file_is_named_before_anything_is_read(root, folder):
    """It costs who made it nothing, and must not cost the others their disk."""
    with (folder / "session-1.0.json").open("wb") as file:
        file.truncate(20 * 1024**3)
    contents = io.BytesIO()
    with root.company("1") as company, pytest.raises(CompanyProblem, match=r"larger than 64 MiB.*session-1\.0\.json"):
        take_snapshot(company, contents, lambda: LATER, Waiting())
    assert not contents.getvalue()


def test_what_grows_while_it_is_read_fills_nothing(root, folder, monkeypatch):
    """No more is read than was there at the first look; the file is read again, and never taken half."""
    path, read, most = folder / "session-15550000002.0.json", os.read, []

    def growing(fd, size):
        part = read(fd, size)
        with path.open("ab") as file:
            file.write(b" " * 10_000)
        most.append(len(part))
        return part

    monkeypatch.setattr(snapshots.os, "read", growing)
    monkeypatch.setattr(snapshots, "MOST_VALUE", 1_000_000)
    with pytest.raises(CompanyProblem, match="kept changing"):
        snap(root)
    assert 1 + TRIES == len(most)


def test_a_file_with_two_links_is_not_read(root, folder, place):
    """It is named as foreign, and the folder still counts as unchanged."""
    put(folder, "session-2.0.json", b"{}", age=3)
    os.link(folder / "session-2.0.json", place / "elsewhere")
    shot, contents = snap(root)
    assert (["session-2.0.json"], False) == (shot.foreign, "session-2.0.json" in contents)
    with root.company("1") as company:
        assert is_unchanged(company, shot)


def test_a_creds_json_with_two_links_is_no_pairing(root, folder, place):
    """It does not pass for missing: whose it is cannot be told."""
    os.link(folder / "creds.json", place / "elsewhere")
    assert "has several links" == snap(root)[0].creds_problem
