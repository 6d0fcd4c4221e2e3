"""`archive`: what is written can be read, and what was not written by a backup is refused, however it is made."""

import gzip
import io
import tarfile
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baileys_cleanup.backups import archive as archives
from baileys_cleanup.backups.archive import check_archive, open_archive
from baileys_cleanup.errors import ArchiveProblem

from ..helpers import creds
from .helpers import COMPANY, FILES, MODIFIED, ODD, archive, as_archived, hostile, manifest

WHOLE = archive()


def contents(data):
    """Read an archive to its end."""
    with open_archive(io.BytesIO(data)) as opened:
        return {entry.name: b"".join(content) for entry, content in opened.files()}


def refused(data):
    """Give the sentence with which an archive is refused."""
    with pytest.raises(ArchiveProblem) as problem:
        check_archive(io.BytesIO(data))
    return str(problem.value)


def test_what_was_written_comes_back():
    """Every file with its bytes, whatever its name is; the account is the one of creds.json."""
    assert FILES == contents(WHOLE)
    checked = check_archive(io.BytesIO(WHOLE))
    assert manifest() == checked.manifest
    assert checked.account.devices


def test_the_same_folder_makes_the_same_archive():
    """No clock and no chance is in it."""
    assert WHOLE == archive()


def test_a_plain_tar_unpacks_it_with_its_dates():
    """Without this tool as well: names, contents, and dates to the nanosecond in the headers."""
    with tarfile.open(fileobj=io.BytesIO(WHOLE), errors="surrogateescape") as tar:
        members = {member.name: member for member in tar.getmembers()}
        assert ["manifest.json", *(f"company_{COMPANY}/{name}" for name in FILES)] == list(members)
        odd = members[f"company_{COMPANY}/{ODD}"]
        assert b"\0\1" == tar.extractfile(odd).read()
        assert f"{MODIFIED // 10**9}.{MODIFIED % 10**9:09}" == odd.pax_headers["mtime"]
        assert {0o600} == {member.mode for member in members.values()}


def test_it_is_read_whole_even_if_nobody_takes_the_contents():
    """The hash of a file that is passed over is checked as well."""
    bad = hostile([(name, content.replace(b"{}", b"[]")) for name, content in as_archived()])
    assert "SHA-256" in refused(bad)


# --- what is refused --------------------------------------------------------------------------------------


def member(name, kind=tarfile.REGTYPE, size=0, **more):
    """Give a header."""
    found = tarfile.TarInfo(name)
    found.type, found.size = kind, size
    for field, value in more.items():
        setattr(found, field, value)
    return found


ONE = {"creds.json": creds()}
PLACE = f"company_{COMPANY}/creds.json"


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_only_plain_files_are_taken(kind):
    """A link, a pipe, a device or a folder under a file's name is refused."""
    assert "plain file" in refused(hostile([(member(PLACE, kind, linkname="/etc/passwd"), b"")], ONE))


@pytest.mark.parametrize(
    "name",
    ["/etc/cron.d/x", "../creds.json", f"company_{COMPANY}/../../creds.json", "creds.json", "company_1/creds.json"],
)
def test_a_path_that_leads_elsewhere_is_refused(name):
    """Absolute, upwards, without its folder, or into another company's."""
    assert "where company_962302/creds.json has to be" in refused(hostile([(name, creds())], ONE))


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ([], "ends before creds.json"),
        ([(PLACE, creds()), (PLACE, creds())], "of which its manifest says nothing"),
        ([(PLACE, creds()), ("x", b"")], "of which its manifest says nothing"),
        ([(PLACE, creds()[:-1])], "bytes in it, and its manifest says"),
        ([(PLACE, creds() + b" ")], "bytes in it, and its manifest says"),
        ([(PLACE, creds(32))], "SHA-256"),
    ],
)
def test_what_the_manifest_does_not_say_is_refused(members, says):
    """A file too few, twice, too many, of another size or content."""
    assert says in refused(hostile(members, ONE))


def test_without_a_manifest_at_its_head_it_is_none():
    """An archive of another program is not guessed at."""
    assert "manifest.json has to be" in refused(hostile(as_archived(), None))
    assert "not valid JSON" in refused(hostile(as_archived(), b"{"))


@pytest.mark.parametrize("tail", [b"x", b"\0" * 4096 + b"x", b"\1" * 512])
def test_what_follows_the_end_is_refused(tail):
    """Something hidden behind the end of the tar is not passed over."""
    assert "follows its end" in refused(hostile(as_archived(), tail=tail))


def test_what_follows_the_gzip_is_refused():
    """Something hidden behind the end of the gzip is not passed over."""
    assert "damaged" in refused(WHOLE + b"x")


@pytest.mark.parametrize("cut", [0, 1, 10, 100, len(WHOLE) // 2, len(WHOLE) - 9, len(WHOLE) - 1])
def test_a_cut_archive_is_refused(cut):
    """Wherever it ends too early."""
    assert refused(WHOLE[:cut])


def test_an_archive_without_a_pairing_is_no_good_copy():
    """No creds.json, or one that is no JSON: nothing to restore from."""
    assert "no creds.json" in refused(archive({"pre-key-1.json": b"{}"}))
    assert "creds.json is empty" in refused(archive({"creds.json": b""}))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_no_damage_goes_unseen(data):
    """Any byte changed, cut out or put in: refused with a sentence, never taken and never another error."""
    at = data.draw(st.integers(0, len(WHOLE) - 1))
    what = data.draw(st.sampled_from(["flip", "cut", "put"]))
    byte = data.draw(st.integers(1, 255))
    if what == "flip":
        damaged = WHOLE[:at] + bytes([WHOLE[at] ^ byte]) + WHOLE[at + 1 :]
    elif what == "cut":
        damaged = WHOLE[:at] + WHOLE[at + 1 + byte :]
    else:
        damaged = WHOLE[:at] + bytes([byte]) + WHOLE[at:]
    try:
        found = contents(damaged)
    except ArchiveProblem:
        return
    assert FILES == found  # a byte of gzip's own header says nothing of the contents


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 20_000), st.binary(min_size=1, max_size=40))
def test_no_damage_inside_goes_unseen(at, junk):
    """The same below the gzip, whose own sum is made right again: headers, sizes, names."""
    plain = gzip.decompress(WHOLE)
    at %= len(plain)
    damaged = gzip.compress(plain[:at] + junk + plain[at + len(junk) :])
    try:
        found = contents(damaged)
    except ArchiveProblem:
        return
    assert FILES == found  # an owner, a mode: nobody takes them from the headers


# --- bombs ------------------------------------------------------------------------------------------------


def peak_of(data):
    """Give how much memory refusing an archive takes."""
    tracemalloc.start()
    try:
        refused(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_more_than_the_manifest_promises_is_not_unpacked():
    """A small promise and a large member: refused at the header."""
    big = b"\0" * 20_000_000
    data = hostile([(PLACE, big)], ONE)
    assert "bytes in it" in refused(data)
    assert peak_of(data) < 5_000_000


def test_a_bomb_that_promises_its_size_is_refused(monkeypatch):
    """What unpacks to hundreds of times its size is no backup, though every hash is right."""
    monkeypatch.setattr(archives, "_FREE", 1_000_000)
    assert "times its size" in refused(archive(ONE | {"zeros": b"\0" * 20_000_000}))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_bomb_in_a_header_is_refused(kind):
    """A header that says it is huge is not read into memory."""
    data = hostile([(member(PLACE, kind, size=20_000_000), b"\0" * 20_000_000)], ONE)
    assert "header" in refused(data)
    assert peak_of(data) < 5_000_000


def test_a_manifest_that_never_ends_is_refused():
    """A manifest beyond all measure is not read."""
    head = member("manifest.json", size=archives.manifests.MOST_MANIFEST + 1)
    assert "no manifest" in refused(gzip.compress(head.tobuf() + b"\0" * 1024))


def test_no_end_of_headers_is_refused():
    """One header that announces the next, without end."""
    endless = (member("x", tarfile.GNUTYPE_LONGNAME, size=1), b"x")
    assert refused(hostile([endless] * 3000, ONE))
