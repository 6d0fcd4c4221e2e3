"""`shelf`: a folder of archives; what takes a name there is whole, and what has another name is not touched."""

import contextlib
import fcntl
import os

import pytest

from baileys_cleanup.backups.places.open import open_place
from baileys_cleanup.backups.places.place import DryRunPlace, Stored, fingerprint
from baileys_cleanup.errors import CompanyProblem, StoreProblem, UsageProblem

from ...helpers import names

NAME = "company_1-20261122T030000Z.tar.gz"


@pytest.fixture
def folder(tmp_path):
    """Give an empty folder for archives."""
    path = tmp_path / "archives"
    path.mkdir(0o700)
    return path


@pytest.fixture
def shelf(folder):
    """Open it."""
    with open_place(str(folder)) as opened:
        yield opened


def lay(shelf, name=NAME, data=b"whole"):
    """Put an archive there."""
    with shelf.draft() as draft:
        draft.file.write(data)
        return draft.publish(name)


def test_what_is_published_lies_there_alone_and_private(shelf, folder):
    """One file of mode 0600 with its bytes; nothing else is left."""
    assert Stored(NAME, 5) == lay(shelf)
    assert [Stored(NAME, 5)] == shelf.list()
    assert (b"whole", 0o600) == ((folder / NAME).read_bytes(), (folder / NAME).stat().st_mode & 0o777)
    assert [NAME] == names(folder)
    with shelf.fetch(NAME) as file:
        assert b"whole" == file.read()


def test_what_is_not_published_leaves_nothing(shelf, folder):
    """An archive in the making has no archive's name, and is gone when it is given up."""
    with contextlib.suppress(OSError), shelf.draft() as draft:
        draft.file.write(b"half")
        draft.file.flush()
        assert [] == shelf.list()
        assert [".baileys-cleanup-"] == [name[:17] for name in names(folder)]
        raise OSError("the disk is full")
    assert [] == names(folder)


def test_an_id_that_no_name_could_hold_fails_its_company(shelf, folder):
    """It says how long one may be; the place is none the worse for it, and the next company has its turn."""
    for ending, most in ((".tar.gz", 223), (".tar.gz.age", 219)):
        longest = f"company_{'x' * most}-20261122T030000Z{ending}"
        lay(shelf, longest)
        with pytest.raises(CompanyProblem, match=f"it has {most + 1} bytes; allowed: {most}$"):
            lay(shelf, longest.replace("_", "_x"))
    assert 2 == len(names(folder))


def test_an_archive_is_never_replaced(shelf, folder):
    """The second of one name is refused, and the first stays."""
    lay(shelf)
    with pytest.raises(StoreProblem, match="already; it was not replaced"):
        lay(shelf, data=b"other")
    assert b"whole" == (folder / NAME).read_bytes()


def test_what_a_killed_backup_left_goes_and_what_another_holds_stays(shelf, folder):
    """Told by its lock, whatever the clock says."""
    left, held = (folder / f".baileys-cleanup-{digit * 16}.part" for digit in "ab")
    left.write_bytes(b"left")
    with held.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        (folder / "notes.part").write_bytes(b"not ours")
        lay(shelf)
        assert [held.name, NAME, "notes.part"] == names(folder)


def test_only_archives_are_listed_and_deleted(shelf, folder):
    """A foreign name, a link and a folder are none, and deleting one is refused."""
    for name in ("notes.txt", "company_1.tar.gz"):
        (folder / name).write_bytes(b"")
    (folder / NAME.replace("_1", "_2")).symlink_to("/etc/passwd")
    (folder / NAME.replace("_1", "_3")).mkdir()
    assert [] == shelf.list()
    with pytest.raises(StoreProblem, match="no archive's name"):
        shelf.delete("notes.txt")
    assert "notes.txt" in names(folder)


def test_deleting_twice_is_once(shelf, folder):
    """One that is gone already is gone."""
    lay(shelf)
    shelf.delete(NAME)
    shelf.delete(NAME)
    assert [] == names(folder)


def test_a_link_is_not_fetched(shelf, folder, tmp_path):
    """An archive is a plain file, and no link to one."""
    (tmp_path / "elsewhere").write_bytes(b"x")
    (folder / NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreProblem), shelf.fetch(NAME):
        pass


def test_a_rehearsal_leaves_no_trace(shelf, folder):
    """It lists and fetches what lies there, takes nothing in and deletes nothing."""
    lay(shelf)
    rehearsal = DryRunPlace(shelf)
    with rehearsal.draft() as draft:
        draft.file.write(b"other")
        assert Stored("x", 5) == draft.publish("x")
    rehearsal.delete(NAME)
    with rehearsal.fetch(NAME) as file:
        assert b"whole" == file.read()
    assert ([NAME], [Stored(NAME, 5)], shelf.where) == (names(folder), rehearsal.list(), rehearsal.where)


def test_a_fingerprint_is_of_the_content(shelf, folder):
    """Another content, another fingerprint, though size and date are the same; a store's own word goes before."""
    stored = lay(shelf)
    before = fingerprint(shelf, stored)
    status = (folder / NAME).stat()
    (folder / NAME).write_bytes(b"Whole")
    os.utime(folder / NAME, ns=(status.st_mtime_ns,) * 2)
    assert before != fingerprint(shelf, stored)
    assert "etag" == fingerprint(shelf, stored._replace(version="etag"))


@pytest.mark.parametrize("where", ["", "/", "/nonexistent/x", "\0"])
def test_a_place_that_cannot_be_one_is_refused(where):
    """Missing, or the root of the file system: a sentence, before anything."""
    with pytest.raises(UsageProblem), open_place(where):
        pass


def test_a_file_is_no_place(tmp_path):
    """Archives go into a folder."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageProblem, match="Not a directory"), open_place(str(tmp_path / "file")):
        pass


def test_a_place_that_everybody_may_write_in_is_refused(folder):
    """Somebody could put an archive there."""
    folder.chmod(0o777)
    with pytest.raises(UsageProblem, match="everybody may write"), open_place(str(folder)):
        pass


@pytest.mark.parametrize("inside", ["", "company_1", ".baileys-cleanup"])
def test_the_sessions_root_is_no_place(root, place, inside, tmp_path):
    """The root itself or anything in it, by whatever way it is spelled."""
    (place / inside).mkdir(exist_ok=True)
    (tmp_path / "way").symlink_to(place / inside)
    for path in (place / inside, tmp_path / "way"):
        with pytest.raises(UsageProblem, match="sessions root or under it"), open_place(str(path), root.contains):
            pass


def test_a_folder_above_the_root_is_a_place(root, place):
    """The folder that holds the sessions root may hold archives beside it."""
    with open_place(f"file://{place.parent}", root.contains) as shelf:
        assert [] == shelf.list()


@pytest.mark.parametrize("url", ["s3://key:secret@bucket/x", "sftp://me:secret@host/x"])
def test_a_password_in_a_url_is_refused(url):
    """Settings are shown, so no secret may stand in one; it is not repeated."""
    with pytest.raises(UsageProblem) as problem, open_place(url):
        pass
    assert "secret" not in str(problem.value)
