"""`maker`: a good archive or none, and nothing good goes because of something bad."""

import io

import pytest

from baileys_cleanup.backups.archive import check_archive
from baileys_cleanup.backups.made import Status
from baileys_cleanup.backups.make import BackupMaker
from baileys_cleanup.backups.naming import archive_name
from baileys_cleanup.backups.record import BackupRecords
from baileys_cleanup.errors import StoreProblem
from baileys_cleanup.store.folder.small_records import FolderRecords
from baileys_cleanup.store.folder.snapshots import FolderSnapshots
from baileys_cleanup.store.snapshots import Clock

from ..helpers import DAY, NOW, creds, put
from .helpers import KEEP, Drawer, archive

LATER = NOW + DAY


@pytest.fixture
def drawer():
    """Give an empty store."""
    return Drawer()


@pytest.fixture
def folder(place):
    """Give a company's folder."""
    put(place / "company_1", "creds.json", creds())
    put(place / "company_1", "pre-key-7.json")
    return place / "company_1"


def back_up(root, tool, drawer, *, now=NOW, policy=KEEP, company_id="1", reader=FolderSnapshots):
    """Back one company up."""
    return BackupMaker(
        reader(root),
        drawer,
        policy,
        BackupRecords(FolderRecords(tool)),
        Clock(now, lambda: LATER, lambda: None),
    ).back_up(company_id)


def old(age, company_id="1", **more):
    """Give the name and bytes of an archive made some days ago."""
    return archive_name(company_id, NOW - age * DAY), archive({"creds.json": creds(**more)}, company_id)


def test_a_company_becomes_one_archive(root, tool, drawer, folder):
    """It holds every file, can be read to its end, and is taken down."""
    outcome = back_up(root, tool, drawer)
    assert (Status.BACKED_UP, [], [], False) == (outcome.status, outcome.errors, outcome.warnings, outcome.failed)
    assert [outcome.archive] == list(drawer.listed) == [archive_name("1", NOW)]
    checked = check_archive(io.BytesIO(drawer.listed[outcome.archive]))
    assert {"creds.json", "pre-key-7.json"} == {entry.name for entry in checked.manifest.files}
    facts = BackupRecords(FolderRecords(tool)).read("1")
    assert (NOW, NOW, outcome.archive_bytes, 2, 0, 0) == facts[1:7]
    assert {outcome.archive} == set(facts.good)


class Doubled(FolderSnapshots):
    """Companies in which two keys have the name of one file, as a database may have them."""

    double = "session-1-2.0.json"

    def take(self, *args, **options):
        """Take the folder, but for what is double."""
        shot = super().take(*args, **options)
        shot.doubles = [self.double]
        shot.files.pop(self.double, None)
        shot.account = None
        shot.read_creds()
        return shot


class DoubledCreds(Doubled):
    """Likewise, with creds."""

    double = "creds.json"


@pytest.mark.parametrize("nights", [1, 2])
def test_two_keys_of_one_name_are_an_error_each_night(root, tool, drawer, folder, nights):
    """Nobody can tell which of them the bot reads: all else is archived, and nobody may think that these are."""
    for night in range(nights):
        outcome = back_up(root, tool, drawer, now=NOW + night * DAY, reader=Doubled)
    assert outcome.failed
    assert ["two keys of one name, and nobody can tell which"] == [text[:47] for text in outcome.errors]
    assert "session-1-2.0.json" in outcome.errors[0]
    checked = check_archive(io.BytesIO(drawer.listed[outcome.archive]))
    assert {"creds.json", "pre-key-7.json"} == {entry.name for entry in checked.manifest.files}


def test_creds_that_are_there_twice_are_not_said_to_be_missing(root, tool, drawer, folder):
    """Also where nothing else is there: that is no empty folder."""
    (folder / "pre-key-7.json").unlink()
    outcome = back_up(root, tool, drawer, reader=DoubledCreds)
    assert (Status.FAILED, {}) == (outcome.status, drawer.listed)
    assert "creds.json is there twice" in outcome.errors[-1]


@pytest.mark.parametrize("content", [b"", b"{", creds()[:-5], b"[1]", None])
def test_a_bad_creds_fails_the_company_and_replaces_nothing(root, tool, drawer, folder, content):
    """Empty, truncated, no object, missing: no archive, the good one stays, the way on is named, it is counted."""
    name, data = old(1)
    drawer.listed[name] = data
    (folder / "creds.json").unlink() if content is None else put(folder, "creds.json", content)
    outcome = back_up(root, tool, drawer)
    assert (Status.FAILED, None, {name: data}) == (outcome.status, outcome.archive, drawer.listed)
    assert "restore latest --replace --company 1" in outcome.errors[0]
    back_up(root, tool, drawer)
    facts = BackupRecords(FolderRecords(tool)).read("1")
    assert (NOW, None, 2, 2) == (facts.tried, facts.succeeded, facts.failures, facts.failing)


def test_an_empty_folder_is_passed_over_unless_there_was_something(root, tool, drawer, place):
    """Nothing to back up is no failure; a folder that was emptied is one."""
    (place / "company_1").mkdir()
    outcome = back_up(root, tool, drawer)
    assert (Status.SKIPPED, False, {}) == (outcome.status, outcome.failed, drawer.listed)
    drawer.listed.update([old(1)])
    assert "its folder is empty, and there are archives of it" in back_up(root, tool, drawer).errors[0]


def test_a_folder_that_began_anew_is_said_loudly(root, tool, drawer, folder):
    """Creds without an account after archives with one: an error, and the copies of the pairing stay."""
    drawer.listed.update([old(1)])
    put(folder, "creds.json", b'{"nextPreKeyId": 1, "firstUnuploadedPreKeyId": 1}')
    outcome = back_up(root, tool, drawer)
    assert Status.BACKED_UP is outcome.status
    assert "did Baileys begin anew" in outcome.errors[0]
    assert 2 == len(drawer.listed)


def test_a_folder_that_was_never_paired_is_a_note(root, tool, drawer, folder):
    """No account, and none before: nothing to worry about."""
    put(folder, "creds.json", b'{"nextPreKeyId": 1, "firstUnuploadedPreKeyId": 1}')
    outcome = back_up(root, tool, drawer)
    assert ([], ["creds.json names no account: not paired yet"]) == (outcome.errors, outcome.notes)


def test_older_archives_go_by_the_rules(root, tool, drawer, folder):
    """What no rule keeps goes after the new one lies there, and other companies' and foreign files stay."""
    drawer.listed.update([old(1), old(2), old(1, "2")])
    outcome = back_up(root, tool, drawer)
    assert {archive_name("1", NOW), archive_name("2", NOW - DAY)} == set(drawer.listed)
    assert [True, False, False] == [decision.keep for decision in outcome.decisions]


@pytest.mark.parametrize("bad", [b"", b"no archive", old(1)[1][:-20], old(1)[1].replace(b"\x1f", b"\x1e")])
def test_a_bad_archive_makes_no_good_one_go(root, tool, drawer, folder, bad):
    """With one to be kept, a bad newer one is not counted: it is named, and stays where it lies."""
    drawer.listed.update([(old(1)[0], bad), old(2), old(3)])
    two = type(KEEP)(keep_last=2, keep_daily=0, keep_weekly=0)
    outcome = back_up(root, tool, drawer, policy=two)
    assert {archive_name("1", NOW), old(1)[0], old(2)[0]} == set(drawer.listed)
    assert "bad archives, not counted" in outcome.errors[0]


def test_an_archive_that_rotted_is_not_taken_for_good(root, tool, drawer, folder):
    """One that was found good is read again when its bytes are others, whatever was taken down of it."""
    first = back_up(root, tool, drawer, now=NOW - 2 * DAY)
    drawer.listed[first.archive] = drawer.listed[first.archive][:-9] + b"rot of it"
    outcome = back_up(root, tool, drawer)
    assert first.archive in drawer.listed
    assert "bad archives" in outcome.errors[0]


def test_what_was_found_good_is_not_unpacked_again(root, tool, drawer, folder, monkeypatch):
    """Its fingerprint is enough."""
    from baileys_cleanup.backups import make as maker

    back_up(root, tool, drawer, now=NOW - DAY)
    checks = []
    monkeypatch.setattr(maker, "check_archive", lambda file: checks.append(file) or check_archive(file))
    assert [] == back_up(root, tool, drawer, policy=type(KEEP)()).errors
    assert 1 == len(checks), "only the new one"


@pytest.mark.parametrize("step", ["list", "draft", "publish"])
def test_a_store_that_fails_fails_the_company(root, tool, drawer, folder, step):
    """Its sentence is the error, nothing is deleted, and it is counted."""
    drawer.listed.update([old(1), old(2)])
    drawer.broken[step] = StoreProblem("drawer: jammed")
    outcome = back_up(root, tool, drawer)
    assert (Status.FAILED, ["drawer: jammed"], 2) == (outcome.status, outcome.errors, len(drawer.listed))
    assert 1 == BackupRecords(FolderRecords(tool)).read("1").failures


@pytest.mark.parametrize("step", ["fetch", "delete"])
def test_trouble_with_older_archives_costs_none(root, tool, drawer, folder, step):
    """The new one is made and taken down; what cannot be judged is not deleted; it is an error all the same."""
    drawer.listed.update([old(1), old(2)])
    drawer.broken[step] = StoreProblem("drawer: jammed")
    outcome = back_up(root, tool, drawer)
    assert (Status.BACKED_UP, True, 3) == (outcome.status, outcome.failed, len(drawer.listed))
    assert NOW == BackupRecords(FolderRecords(tool)).read("1").succeeded


@pytest.mark.parametrize(
    ("company_id", "said"),
    [
        ("x" * 256, "it has 256 bytes; allowed: 255"),
        ("ü" * 128, "it has 256 bytes"),
        ("\ud800", "no text in UTF-8"),
        ("a\0b", "it has a NUL byte in it"),
        ("..", "it is empty, `.` or `..`"),
    ],
)
def test_an_id_that_no_manifest_could_name_is_told_before_anything_is_made(root, drawer, company_id, said):
    """An archive that could not say whose it is would not be read back."""

    class OfAServer:
        def read(self, _part, _name):
            raise FileNotFoundError

        def write(self, part, name, record):
            pass

    clock = Clock(NOW, lambda: LATER, lambda: None)
    outcome = BackupMaker(FolderSnapshots(root), drawer, KEEP, BackupRecords(OfAServer()), clock).back_up(company_id)
    assert (Status.FAILED, 0) == (outcome.status, len(drawer.listed))
    assert 1 == len(outcome.errors)
    assert said in outcome.errors[0]


def test_a_store_that_stays_broken_is_not_asked_for_ever(root, tool, drawer, place):
    """After three failures in a row the other companies fail at once."""
    asked = []
    drawer.broken["draft"] = StoreProblem("jammed")
    fail = drawer._fail
    drawer._fail = lambda what: asked.append(what) or fail(what)
    maker = BackupMaker(
        FolderSnapshots(root), drawer, KEEP, BackupRecords(FolderRecords(tool)), Clock(NOW, lambda: LATER, lambda: None)
    )
    for number in range(5):
        put(place / f"company_{number}", "creds.json", creds())
        outcome = maker.back_up(str(number))
    assert 3 == asked.count("draft")
    assert ["not tried any more: jammed"] == outcome.errors


def test_an_archive_that_cannot_be_read_back_gets_no_name(root, tool, drawer, folder, monkeypatch):
    """What is written is read as a restore would before it counts: a fault in the writing leaves nothing."""
    from baileys_cleanup.backups import make as maker

    real = maker.write_archive

    def write(out, manifest, shot):
        real(out, manifest, shot)
        out.seek(-30, io.SEEK_END)
        out.write(b"a fault of the disk, say")
        out.seek(0, io.SEEK_END)

    monkeypatch.setattr(maker, "write_archive", write)
    outcome = back_up(root, tool, drawer)
    assert (Status.FAILED, {}) == (outcome.status, drawer.listed)
    assert "read back, and not kept" in outcome.errors[0]


def test_two_in_one_second_have_two_names(root, tool, drawer, folder):
    """The second takes the next second that is free; the first is not replaced."""
    back_up(root, tool, drawer)
    first = dict(drawer.listed)
    back_up(root, tool, drawer, policy=type(KEEP)())
    assert {archive_name("1", NOW), archive_name("1", NOW + 10**9)} == set(drawer.listed)
    assert first.items() <= drawer.listed.items()


def test_a_company_that_is_gone_or_a_link_is_an_error_of_its_own(root, tool, drawer, place):
    """One company's trouble is a sentence in its outcome."""
    assert "cannot be opened" in back_up(root, tool, drawer).errors[0]
    (place / "company_1").symlink_to("/etc")
    assert "no longer a folder" in back_up(root, tool, drawer).errors[0]


def test_what_lies_broken_is_a_warning(root, tool, drawer, folder):
    """Empty files are in the archive as they lie, strangers are not; both are named."""
    put(folder, "session-1.0.json", b"")
    (folder / "link").symlink_to("/etc")
    outcome = back_up(root, tool, drawer)
    assert Status.BACKED_UP is outcome.status
    assert ["no regular files, so not in the archive: link", "empty or no JSON"] == [
        text[: len("empty or no JSON")] if "empty" in text else text for text in outcome.warnings
    ]


def test_what_cannot_be_written_down_is_an_error(root, tool, drawer, folder, place):
    """The archive lies there; that nobody will know of it is said."""
    (place / ".baileys-cleanup" / "backups").write_text("in the way")
    outcome = back_up(root, tool, drawer)
    assert (Status.BACKED_UP, 1) == (outcome.status, len(drawer.listed))
    assert "cannot be written down" in outcome.errors[0]


def test_a_second_folder_of_one_device_is_told(root, tool, drawer, place):
    """Both are backed up, and the second says which company has its device as well."""
    for number in ("1", "2"):
        put(place / f"company_{number}", "creds.json", creds())
    maker = BackupMaker(
        root.snapshots(), drawer, KEEP, BackupRecords(tool.records()), Clock(NOW, lambda: NOW + DAY, lambda: None)
    )
    first, second = (maker.back_up(number) for number in ("1", "2"))
    assert ([], 1) == (first.warnings, len(second.warnings))
    assert "is also in company 1" in second.warnings[0]
