"""`store.folder.copying`: copies that are what was there, and the look that finds what is not."""

import os

import pytest

from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.store.folder.company import Company, Stamp
from baileys_cleanup.store.folder.copying import copy_files, differences

from ...helpers import names, put

NAMES = ["creds.json", "session-1.0.json", "odd\udcff"]


@pytest.fixture
def two(place):
    """Give an open source with some files, looked at, and an open empty target."""
    (place / "to").mkdir()
    for name in NAMES:
        put(place / "from", name, name.encode("utf-8", "surrogateescape") * 9, age=3)
    fds = [os.open(place / name, os.O_RDONLY) for name in ("from", "to")]
    company = Company("7", fds[0])
    files = company.names().files
    yield *fds, company.look(files, files).files
    for fd in fds:
        os.close(fd)


def test_a_copy_has_content_date_and_mode(two, place):
    """Bytes, date to the nanosecond and mode are the original's; the inode is not."""
    source, target, files = two
    (place / "from" / "creds.json").chmod(0o640)
    assert copy_files(source, target, files)
    assert sorted(NAMES) == names(place / "to")
    for name in NAMES:
        old, new = os.stat(place / "from" / name), os.stat(place / "to" / name)
        assert (place / "from" / name).read_bytes() == (place / "to" / name).read_bytes()
        assert (old.st_mtime_ns, old.st_mode) == (new.st_mtime_ns, new.st_mode)
        assert (old.st_dev, old.st_ino) != (new.st_dev, new.st_ino)
    assert [] == differences(files, target)


def test_copying_leaves_no_access_date(two, place):
    """What is read looks as if nobody had read it."""
    source, target, files = two
    path = place / "from" / "creds.json"
    os.utime(path, ns=(1, path.stat().st_mtime_ns))
    assert copy_files(source, target, files)
    assert 1 == path.stat().st_atime_ns


def test_a_file_that_vanished_is_no_copy(two, place):
    """What is not there any more makes the copy useless."""
    source, target, files = two
    (place / "from" / "creds.json").unlink()
    assert not copy_files(source, target, files)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_nothing_but_a_regular_file_is_read(two, place, make):
    """A pipe does not hang, a folder is not entered."""
    source, target, files = two
    (place / "from" / "creds.json").unlink()
    make(place / "from" / "creds.json")
    assert not copy_files(source, target, files)


def test_a_link_is_not_followed(two, place):
    """A file that is a link by now ends the copying with a sentence."""
    source, target, files = two
    (place / "from" / "creds.json").unlink()
    (place / "from" / "creds.json").symlink_to("/etc/hostname")
    with pytest.raises(CompanyProblem, match=r"creds\.json cannot be copied"):
        copy_files(source, target, files)


def test_what_is_written_while_it_is_read_is_no_copy(two, place, monkeypatch):
    """A file whose stamp is another after it was read makes the copy useless."""
    source, target, files = two
    stamps = iter(range(100))
    monkeypatch.setattr(Stamp, "of", classmethod(lambda cls, status: next(stamps)))
    assert not copy_files(source, target, files)


@pytest.mark.parametrize(
    "change",
    [
        lambda place: put(place / "from", "creds.json", b"newer", age=1),
        lambda place: os.utime(place / "from" / "creds.json"),
        lambda place: put(place / "from", "pre-key-9.json"),
        lambda place: (place / "from" / "session-1.0.json").unlink(),
        lambda place: put(place / "to", "creds.json", b"x"),
        lambda place: (place / "to" / "creds.json").unlink(),
        lambda place: put(place / "to", "stray"),
    ],
)
def test_every_difference_is_found(two, place, change):
    """Rewritten, touched, new, gone, on either side: each is named."""
    source, target, files = two
    assert copy_files(source, target, files)
    change(place)
    company = Company("7", source)
    now = company.names().files
    assert 1 == len(differences(company.look(now, now).files, target))
