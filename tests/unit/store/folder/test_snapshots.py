"""`snapshot`: a file is in a backup whole, or the backup fails."""

import io
import json
import os

import pytest

from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.store.folder import snapshots
from baileys_cleanup.store.folder.snapshots import TRIES, is_unchanged, take_snapshot
from baileys_cleanup.store.snapshots import IN_MEMORY, MOST_OF_A_FILE, Clock, in_reasons, open_spool

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


def snap(root, wait=None, now=LATER, *, own_only=False):
    """Take a snapshot; gives it with its contents."""
    with root.company("1") as company:
        shot = take_snapshot(company, io.BytesIO(), Clock(now, lambda: now, wait or Waiting()), own_only=own_only)
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
        shot = take_snapshot(company, io.BytesIO(), Clock(now, lambda: clock[0], wait))
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
        shot = take_snapshot(company, io.BytesIO(), Clock(LATER, lambda: LATER, Waiting()))
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


def test_whatever_is_read_again_is_listed_again(root, folder, monkeypatch):
    """The bot uploads pre-keys while creds.json is read: the archive has those that this creds.json speaks of."""
    real = os.read
    uploads = iter(range(40, 43))

    def read(fd, size):
        part = real(fd, size)
        if part and os.fstat(fd).st_ino == (folder / "creds.json").stat().st_ino:
            number = next(uploads, None)
            if number is not None:
                put(folder, f"pre-key-{number}.json", age=1)
                put(folder, "creds.json", creds(nextPreKeyId=number + 1), age=1 - number / 1e6)
        return part

    monkeypatch.setattr(snapshots.os, "read", read)
    shot, _ = snap(root)
    newest = shot.account.next_pre_key - 1
    assert newest == 42
    assert f"pre-key-{newest}.json" in shot.files


def test_what_is_gone_at_the_second_list_is_not_in_it(root, folder):
    """A pre-key that was used up while others were read again is no part of the copy."""
    put(folder, "session-15550000003.0.json", b"")
    put(folder, "pre-key-7.json", age=1)

    def later():
        put(folder, "session-15550000003.0.json", age=1)
        (folder / "pre-key-7.json").unlink(missing_ok=True)

    shot, _ = snap(root, Waiting(later))
    assert "pre-key-7.json" not in shot.files


def test_what_is_too_large_is_left_unread(root, folder, monkeypatch):
    """A sparse file of 20 GB costs nobody's disk: no byte of it is read, it is named, and the rest is taken."""
    put(folder, "sparse.bin")
    os.truncate(folder / "sparse.bin", 20 * 1024**3)
    put(folder, "grown.bin")
    os.truncate(folder / "grown.bin", MOST_OF_A_FILE + 1)
    seen = []
    real = os.read
    monkeypatch.setattr(snapshots.os, "read", lambda fd, size: seen.append(size) or real(fd, size))
    shot, contents = snap(root)
    assert {"sparse.bin", "grown.bin"} == set(shot.left)
    assert "larger than 64 MiB" in in_reasons(shot.left)
    assert {"creds.json", "session-15550000002.0.json"} == set(contents)
    assert sum(seen) < 1024**2
    with root.company("1") as company:
        assert is_unchanged(company, shot)


def test_no_more_is_read_than_was_seen(root, folder, monkeypatch):
    """A file that grows while it is read is read up to what it was, and again."""
    name = "session-15550000002.0.json"
    real = os.read
    sizes = []

    def read(fd, size):
        if os.fstat(fd).st_ino == (folder / name).stat().st_ino and len(sizes) < 2:
            sizes.append(size)
            with (folder / name).open("ab") as file:
                file.write(b" " * 1000)
            os.utime(folder / name, ns=(0, NOW - 10**12 + len(sizes)))
        return real(fd, size)

    monkeypatch.setattr(snapshots.os, "read", read)
    _, contents = snap(root)
    assert sizes == [len(b'{"a":1}'), len(b'{"a":1}') + 1000]
    assert b'{"a":1}' + b" " * 2000 == contents[name]


def test_no_room_for_a_copy_is_said_before_it_is_made(root, folder, monkeypatch):
    """The disk of TMPDIR is everybody's: what does not fit is not begun."""
    monkeypatch.setattr(snapshots, "IN_MEMORY", 3)

    class Full:
        f_bavail, f_frsize = 1, 1

    monkeypatch.setattr(snapshots.os, "statvfs", lambda _: Full)
    with pytest.raises(CompanyProblem, match="has no room for a copy"):
        snap(root)


def test_a_second_name_is_left_out_of_a_backup(root, folder, tmp_path):
    """What has several hard links may be somebody else's file: named, and not read."""
    put(tmp_path, "secret")
    os.link(tmp_path / "secret", folder / "unknown.bin")
    shot, contents = snap(root, own_only=True)
    assert {"unknown.bin": "has several names (hard links)"} == shot.left
    assert "unknown.bin" not in contents
    assert "unknown.bin" in snap(root)[1], "a restore keeps it, as it is"


def test_creds_with_a_second_name_are_no_pairing(root, folder, tmp_path):
    """They do not pass for missing: the reason is said."""
    os.link(folder / "creds.json", tmp_path / "second")
    assert "has several names (hard links)" == snap(root, own_only=True)[0].creds_problem
