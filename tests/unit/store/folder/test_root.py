"""`folder`: what is seen of a root and its companies, and what is refused."""

import errno
import os
import pwd

import pytest

from baileys_cleanup.decision.account import ABSENT
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CompanyProblem, UsageProblem
from baileys_cleanup.store.folder.company import Company, Stamp
from baileys_cleanup.store.folder.root import open_root

from ...helpers import NOW, OWN, creds, put


@pytest.fixture
def company(root, place):
    """Give an open company folder."""
    (place / "company_7").mkdir()
    with root.company("7") as opened:
        yield opened


def never():
    """Be the wait that nobody should need."""
    pytest.fail("waited")


# --- one company ------------------------------------------------------------------------------------------


def test_only_regular_files_are_auth_files(company, place):
    """Links, pipes and folders are strangers, whatever their names; files are known by their names."""
    folder = place / company.folder_name
    put(folder, "session-1.0.json")
    put(folder, "notes.txt")
    (folder / "session-2.0.json").symlink_to(folder / "session-1.0.json")
    (folder / "session-3.0.json").mkdir()
    os.mkfifo(folder / "session-4.0.json")
    listing = company.names()
    assert [AuthFile("notes.txt", Kind.UNKNOWN), AuthFile("session-1.0.json", Kind.SESSION)] == sorted(listing.files)
    assert [f"session-{number}.0.json" for number in (2, 3, 4)] == sorted(listing.strangers)


def test_only_the_wanted_files_are_looked_at(company, place):
    """A wanted file gets date, size, links and stamp; the others are passed on as they were."""
    folder = place / company.folder_name
    path = put(folder, "session-1.0.json", b"12345", age=3)
    put(folder, "session-2.0.json")
    os.link(path, place / "other name")
    files = sorted(company.names().files)
    look = company.look(files, files[:1])
    status = path.stat()
    stamp = Stamp(status.st_dev, status.st_ino, 5, status.st_mtime_ns)
    expected = [AuthFile("session-1.0.json", Kind.SESSION, status.st_mtime_ns, 5, False, stamp), files[1]]
    assert (expected, [], {}) == look[:3]


def test_what_vanished_or_became_something_else_is_told_apart(company, place):
    """A file that is gone, or is no regular file any more, is vanished and not among the files."""
    folder = place / company.folder_name
    put(folder, "session-1.0.json")
    put(folder, "session-2.0.json")
    files = sorted(company.names().files)
    (folder / "session-1.0.json").unlink()
    (folder / "session-2.0.json").unlink()
    (folder / "session-2.0.json").symlink_to("/etc/passwd")
    assert ([], files, {}) == company.look(files, files)[:3]


def test_a_file_that_cannot_be_looked_at_stays_undated(company, place, monkeypatch):
    """An error at one file is told with its name, and the file stays without a date."""
    put(place / company.folder_name, "session-1.0.json")
    files = company.names().files

    def fail(*_args, **_how):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "stat", fail)
    look = company.look(files, files)
    assert (files, [], ["session-1.0.json"]) == (look.files, look.vanished, list(look.errors))
    assert "Input/output error" in look.errors["session-1.0.json"]


# --- creds.json, on a file system of its own ---------------------------------------------------------------


@pytest.fixture
def paper(fs):
    """Give a company on a file system in memory, and the path of its creds.json."""
    fs.create_dir("/root/company_7")
    fd = os.open("/root/company_7", os.O_RDONLY | os.O_DIRECTORY)
    yield Company("7", fd), "/root/company_7/creds.json"
    os.close(fd)


def test_a_healthy_file_is_read_once(paper, fs):
    """A file that parses is believed at once."""
    company, path = paper
    fs.create_file(path, contents=creds(813))
    account = company.account(never)
    assert (OWN, 813, None) == (account.devices, account.next_pre_key, account.problem)


def test_a_missing_file_is_absent(paper):
    """Nobody waits for a file that is not there."""
    company, _ = paper
    assert ABSENT == company.account(never)


@pytest.mark.parametrize("broken", [b"", b"{", creds()[:40], b"[]"])
def test_a_broken_file_is_read_once_more(paper, fs, broken):
    """Baileys rewrites in place: what does not parse may be whole after a moment."""
    company, path = paper
    file = fs.create_file(path, contents=broken)
    waits = []
    account = company.account(lambda: waits.append(1) or file.set_contents(creds(5)))
    assert ([1], 5, None) == (waits, account.next_pre_key, account.problem)


@pytest.mark.parametrize("broken", [b"", b"{", b"[]"])
def test_a_file_that_stays_broken_is_unreadable(paper, fs, broken):
    """After the second try the account is there and says nothing but what is wrong."""
    company, path = paper
    fs.create_file(path, contents=broken)
    waits = []
    account = company.account(lambda: waits.append(1))
    assert ([1], True, frozenset(), None) == (waits, account.present, account.devices, account.next_pre_key)
    assert account.problem.startswith("creds.json is")


def test_a_file_that_vanished_meanwhile_is_absent(paper, fs):
    """A broken file that is gone at the second look is no file."""
    company, path = paper
    fs.create_file(path, contents=b"{")
    assert ABSENT == company.account(lambda: os.unlink(path))


# --- creds.json, on a real one: what only a kernel knows ----------------------------------------------------


def test_a_link_is_not_followed(company, place, tmp_path):
    """A link in place of creds.json is a problem; nothing is read through it."""
    (tmp_path / "elsewhere").write_bytes(creds(5))
    (place / "company_7" / "creds.json").symlink_to(tmp_path / "elsewhere")
    account = company.account(never)
    assert (True, None) == (account.present, account.next_pre_key)
    assert "is a link" in account.problem


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_not_waited_for(company, place, make):
    """A pipe without a writer blocks nobody, and a folder is no file."""
    make(place / "company_7" / "creds.json")
    account = company.account(never)
    assert (True, None) == (account.present, account.next_pre_key)
    assert "cannot be read" in account.problem


def test_a_giant_is_not_read(company, place):
    """A file of more than 16 MiB is told by its size alone."""
    path = put(place / "company_7", "creds.json", creds())
    os.truncate(path, 64 * 1024 * 1024 + 1)
    assert "larger than 16.0 MiB" in company.account(never).problem


# --- the root -----------------------------------------------------------------------------------------------


def test_companies_are_real_folders_with_the_prefix(root, place):
    """Ids are the rest of the name as is, sorted; links are told, everything else is nothing."""
    for name in ("company_9", "company_10", "company_a b", "company_company_1", "company_", "Company_1", "other"):
        (place / name).mkdir()
    (place / "company_file").write_text("")
    (place / "company_link").symlink_to(place / "company_9")
    assert (["10", "9", "a b", "company_1"], ["company_link"]) == root.company_ids()


def test_wanted_companies_are_taken_once_in_order(root, place):
    """An id may carry the prefix, and counts once."""
    for name in ("company_1", "company_2"):
        (place / name).mkdir()
    assert ["2", "1"] == root.select(["2", "company_1", "company_2", "1"])


@pytest.mark.parametrize(
    "wanted", ["", "company_", ".", "..", "company_..", "a/b", "../x", "/", "a\0b", "3", "link", "file"]
)
def test_a_company_without_a_folder_is_refused(root, place, wanted):
    """Whatever is empty, leads elsewhere or has no real folder ends the command, with its name."""
    (place / "company_1").mkdir()
    (place / "company_link").symlink_to(place / "company_1")
    (place / "company_file").write_text("")
    with pytest.raises(UsageProblem, match="--company"):
        root.select(["1", wanted])


def test_a_folder_that_was_swapped_for_a_link_is_not_entered(root, place, tmp_path):
    """A link, a file or nothing in place of a company is a problem of that company."""
    (place / "company_1").symlink_to(tmp_path)
    (place / "company_2").write_text("")
    for company_id, why in (("1", "no longer a folder"), ("2", "no longer a folder"), ("3", "cannot be opened")):
        with pytest.raises(CompanyProblem, match=why), root.company(company_id):
            pytest.fail("it was entered")


def test_a_company_on_another_mount_is_refused(root, place, monkeypatch):
    """From another mount nothing could be renamed into the quarantine: that is said before anything."""
    (place / "company_1").mkdir()
    monkeypatch.setattr(type(root), "shares_mount", lambda _self, _fd: False)
    with pytest.raises(CompanyProblem, match="another file system or mount"), root.company("1"):
        pytest.fail("it was entered")
    with root.company("1", anywhere=True) as company:
        assert "another file system or mount" in company.doubt()
        with pytest.raises(CompanyProblem, match="folder company_1 inside the mount"):
            company.require_mount()


def test_a_root_that_is_a_link_is_followed_once(place, tmp_path):
    """The root shows where a link led; a plain path leads to itself."""
    link = tmp_path / "link"
    link.symlink_to(place)
    with open_root(str(link)) as root:
        assert (str(place), True) == (root.path, root.was_link)
    with open_root(str(place)) as root:
        assert (str(place), False) == (root.path, root.was_link)


@pytest.mark.parametrize("path", ["/", "//", "/.", "/../", "/proc/../"])
def test_the_root_of_the_file_system_is_refused(path):
    """However it is spelled, `/` is no sessions root."""
    with pytest.raises(UsageProblem, match="root of the file system"), open_root(path):
        pytest.fail("it was opened")


@pytest.mark.parametrize("path", ["", " ", "\t", "/nonexistent/x", "/etc/passwd", "a\0b"])
def test_what_is_no_folder_is_refused(path):
    """Empty, missing and what is no folder end the command."""
    with pytest.raises(UsageProblem, match="sessions root"), open_root(path):
        pytest.fail("it was opened")


def test_a_home_is_refused_by_place_not_by_spelling(tmp_path, monkeypatch):
    """A home folder is refused through a link and a detour as well; a folder in it is not."""
    home = tmp_path / "home"
    (home / "sessions").mkdir(parents=True)
    (tmp_path / "link").symlink_to(home)
    monkeypatch.setenv("HOME", str(home))
    for path in (home, tmp_path / "link", f"{home}/sessions/.."):
        with pytest.raises(UsageProblem, match="home folder"), open_root(str(path)):
            pytest.fail("it was opened")
    with open_root(f"{home}/sessions") as root:
        assert f"{home}/sessions" == root.path


def test_the_home_of_its_owner_is_refused(tmp_path, monkeypatch):
    """The home of a person who owns the folder is refused although nobody set HOME; a service's is not."""
    entry = pwd.getpwuid(os.geteuid())
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: pwd.struct_passwd([*entry[:5], str(tmp_path), entry[6]]))
    with pytest.raises(UsageProblem, match="home folder"), open_root(str(tmp_path)):
        pytest.fail("it was opened")


def test_a_stamp_tells_what_a_rename_leaves_alone(tmp_path):
    """A rename keeps the stamp; a rewrite, another date or another file changes it."""
    path = put(tmp_path, "a", b"1", now=NOW)
    stamp = Stamp.of(path.stat())
    moved = path.rename(tmp_path / "b")
    assert stamp == Stamp.of(moved.stat())
    os.utime(moved, ns=(NOW, NOW + 1))
    assert stamp != Stamp.of(moved.stat())
    assert stamp != Stamp.of(put(tmp_path, "b", b"12", now=NOW).stat())
    assert stamp != Stamp.of(put(tmp_path, "c", b"1", now=NOW).stat())


def test_the_space_is_that_of_the_roots_disk(root, place):
    """Bytes and inodes are the file system's own numbers."""
    status = os.statvfs(place)
    space = root.space()
    assert status.f_files == space.inodes
    assert 0 < space.free_bytes <= status.f_blocks * status.f_frsize


def test_there_is_room_for_copies_or_there_is_not(root, place, monkeypatch):
    """Whole blocks and inodes are counted; of a file system without a number of inodes only blocks are."""
    files = [AuthFile(name, Kind.UNKNOWN, size=9) for name in "abc"]
    for free, inodes, all_inodes, room in ((3, 4, 100, True), (2, 4, 100, False), (3, 3, 100, False), (3, 0, 0, True)):

        class Disk:
            f_frsize, f_bavail, f_files, f_favail = 4096, free, all_inodes, inodes

        monkeypatch.setattr(os, "statvfs", lambda fd, disk=Disk: disk)
        assert room == root.has_room(files)
