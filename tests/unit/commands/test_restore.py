"""`commands.restore`: from an archive back into a folder, given a world."""

import json
import os
from functools import partial

import pytest
from click.testing import CliRunner

from baileys_cleanup import cli
from baileys_cleanup.backups import restore as restores
from baileys_cleanup.backups.naming import archive_name
from baileys_cleanup.commands.restore import How, NotRestored, restore, restore_several
from baileys_cleanup.commands.undo import undo_run
from baileys_cleanup.commands.undo_list import list_runs
from baileys_cleanup.decision.policy import HOUR
from baileys_cleanup.errors import LockHeld, Refused, StoreProblem, UsageProblem
from baileys_cleanup.store.folder import staging
from baileys_cleanup.store.folder.pairings import add_pairing, open_pairings
from baileys_cleanup.store.folder.runs import write_run
from baileys_cleanup.store.folder.set_aside import read_asides
from baileys_cleanup.store.folder.whole_folders import FolderSwitches
from baileys_cleanup.store.runs import Run
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.store import BACKUP_LOCK, RUN_LOCK

from ..backups.helpers import archive
from ..helpers import DAY, NOW, PN, creds, names, put
from .helpers import SESSION, said
from .helpers import WORLD as AT_ONCE

KEY = "app-state-sync-key-AACpMw==.json"
FILES = {"creds.json": creds(), KEY: b'{"k":1}', "pre-key-7.json": b"{}", SESSION: b'{"old":1}'}
WORLD = AT_ONCE._replace(now=NOW + HOUR)
LATER = WORLD._replace(clock=lambda: NOW + DAY)


@pytest.fixture
def shelf(tmp_path):
    """Give a folder with one archive of company 7."""
    folder = tmp_path / "archives"
    folder.mkdir()
    (folder / archive_name("7", NOW - DAY)).write_bytes(archive(FILES, "7"))
    return folder


@pytest.fixture
def folder(place):
    """Give company 7's folder as it was archived, one session newer."""
    for name, content in FILES.items():
        put(place / "company_7", name, content, age=2)
    put(place / "company_7", SESSION, b'{"new":1}', age=0.5)
    return place / "company_7"


def _identity(data):
    return {"signedIdentityKey": {"public": {"type": "Buffer", "data": data}}}


def back(settings, shelf, what="latest", **how):
    """Restore company 7; gives the status and the document."""
    company = how.pop("company", "7")
    status, text = said(restore, settings, what, company, LATER, how=How(str(shelf), as_json=True)._replace(**how))
    document = json.loads(text)
    (company,) = document.pop("companies")
    return status, document | company


def contents(folder):
    """Give what lies in a folder."""
    return {name: (folder / name).read_bytes() for name in names(folder)}


def refused(error, settings, shelf, **how):
    """Give the sentence with which a restore ends before anything is touched."""
    with pytest.raises(error) as problem:
        back(settings, shelf, **how)
    return str(problem.value)


# --- into a folder that is there --------------------------------------------------------------------------


def test_what_is_missing_is_put_in_and_nothing_else_changes(settings, shelf, folder, tool):
    """With its date, like its neighbours; the session that is newer stays, and the older one is not even looked for."""
    (folder / KEY).unlink()
    for file in folder.iterdir():
        file.chmod(0o640)
    before = contents(folder)
    status, document = back(settings, shelf)
    assert (0, "done", None) == (status, document["status"], document["set_aside"])
    assert before | {KEY: b'{"k":1}'} == contents(folder)
    status = (folder / KEY).stat()
    assert (0o640, NOW - 123_456_789) == (status.st_mode & 0o777, status.st_mtime_ns)
    assert {"restored": 1, "kept": 3, "left_out": 0, "set_aside": 0} == document["files"]


@pytest.mark.parametrize("everything", [False, True])
def test_a_wiped_folder_comes_back_without_its_ratchets(settings, shelf, place, tool, everything):
    """Where there is no folder one is made; the session only when everything is asked for, with a warning."""
    status, document = back(settings, shelf, everything=everything)
    expected = FILES if everything else {name: FILES[name] for name in FILES if name != SESSION}
    assert (0, dict(sorted(expected.items()))) == (status, contents(place / "company_7"))
    assert everything == ("lost for good" in " ".join(document["warnings"]))
    assert 0o700 == (place / "company_7").stat().st_mode & 0o777


@pytest.mark.parametrize("content", [b"", b"{", b'{"me": null}'])
def test_a_broken_creds_stays_and_the_way_on_is_named(settings, shelf, folder, tool, content):
    """It exists, so it is not overwritten: status 1, and --replace is named."""
    put(folder, "creds.json", content)
    status, document = back(settings, shelf)
    assert (1, content) == (status, (folder / "creds.json").read_bytes())
    (open_,) = [file for file in document["decisions"] if file["open"]]
    assert "creds.json" == open_["file"]
    assert "--replace" in open_["reason"]


def test_another_accounts_folder_is_refused(settings, shelf, folder, tool):
    """Two identities are never mixed: nothing is put in, and the sentence names the way on."""
    put(folder, "creds.json", creds(me={"id": "15559999999:1@s.whatsapp.net"}))
    (folder / KEY).unlink()
    before = contents(folder)
    sentence = refused(Refused, settings, shelf)
    assert [] == [part for part in ("another account", "15559999999:1", f"{PN}:7") if part not in sentence]
    assert before == contents(folder)


@pytest.mark.parametrize("replace", [False, True])
def test_the_same_device_paired_anew_is_another_pairing(settings, shelf, folder, tool, replace):
    """The number and the device are the archive's, the identity key is not: its keys are worth nothing here."""
    old = {"creds.json": creds(**_identity("BA==")), KEY: b'{"k":1}', "pre-key-7.json": b"{}"}
    (shelf / archive_name("7", NOW - DAY)).write_bytes(archive(old, "7"))
    put(folder, "creds.json", creds(**_identity("BQ==")), age=2)
    put(folder, "pre-key-31.json", age=2)
    before = contents(folder)
    if not replace:
        assert "paired anew" in refused(Refused, settings, shelf, anyway=True)
        assert before == contents(folder)
        return
    status, document = back(settings, shelf, replace=True)
    assert (0, sorted(old)) == (status, names(folder))
    assert "nothing of it comes along" in " ".join(document["warnings"])


def test_a_pairing_that_nobody_can_compare_is_asked_about(settings, shelf, folder, tool):
    """One side has no public identity key: status 4, and --anyway takes the two for one."""
    put(folder, "creds.json", creds(**_identity("BQ==")), age=2)
    (folder / KEY).unlink()
    assert "--anyway" in refused(Refused, settings, shelf)
    assert 0 == back(settings, shelf, anyway=True)[0]
    assert KEY in names(folder)


def test_where_creds_are_gone_the_last_noted_pairing_tells(settings, shelf, folder, tool):
    """The folder was paired anew and cleaned since the archive, and then lost its creds.json: nothing is mixed."""
    run = Run("20261121T030000Z-4f1c", NOW - DAY, 7)
    write_run(tool, run)
    add_pairing(open_pairings(tool, run.run_id), "7", "15559999999:1")
    (folder / "creds.json").unlink()
    before = contents(folder)
    assert "15559999999:1" in refused(Refused, settings, shelf)
    assert before == contents(folder)
    assert 0 == back(settings, shelf, anyway=True)[0]


def test_a_folder_begun_anew_gets_no_pre_key_of_the_archive(settings, shelf, folder, tool):
    """Its creds.json names no account yet: pre-keys of the former pairing stay in the archive."""
    put(folder, "creds.json", creds(me=None), age=2)
    (folder / "pre-key-7.json").unlink()
    assert 1 == back(settings, shelf)[0]
    assert "pre-key-7.json" not in names(folder)


@pytest.mark.parametrize("replace", [False, True])
def test_the_folder_of_a_bot_that_just_wrote_is_refused(settings, shelf, folder, tool, replace):
    """A bot that is silent right now cannot be seen, one that wrote in the last minute can; --anyway goes on."""
    (folder / KEY).unlink()
    put(folder, SESSION, b'{"new":1}', age=-1 / 24)
    before = contents(folder)
    assert "stop it first" in refused(Refused, settings, shelf, replace=replace)
    assert before == contents(folder)
    (warning,) = [
        text for text in back(settings, shelf, replace=replace, dry_run=True)[1]["warnings"] if "stop" in text
    ]
    assert "a real run would restore nothing now" in warning
    assert 0 == back(settings, shelf, replace=replace, anyway=True)[0]
    assert KEY in names(folder)


def test_a_creds_that_was_just_broken_keeps_nobody_from_the_way_back(settings, shelf, folder, tool):
    """An empty creds.json of this minute may be the bot's end: it can be replaced at once."""
    put(folder, "creds.json", b"", age=-1 / 24)
    assert 0 == back(settings, shelf, replace=True)[0]
    assert FILES["creds.json"] == (folder / "creds.json").read_bytes()


def test_a_file_that_appears_meanwhile_wins(settings, shelf, folder, tool, monkeypatch):
    """Between the plan and the rename the bot writes it: its file stays, and is named."""
    (folder / KEY).unlink()
    real = staging.put_back

    def late(name, source, target):
        put(folder, name, b"newer")
        real(name, source, target)

    monkeypatch.setattr(staging, "put_back", late)
    status, document = back(settings, shelf)
    assert (1, b"newer") == (status, (folder / KEY).read_bytes())
    assert "never overwritten" in document["errors"][0]["error"]
    assert [] == names(folder.parent / ".baileys-cleanup" / "restoring")


def test_creds_go_in_last(settings, shelf, place, tool, monkeypatch):
    """A bot that starts in the middle must not find a pairing without its keys."""
    (place / "company_7").mkdir()
    order = []
    real = staging.put_back
    monkeypatch.setattr(staging, "put_back", lambda name, *fds: order.append(name) or real(name, *fds))
    back(settings, shelf, everything=True)
    assert "creds.json" == order[-1]
    assert len(FILES) == len(order)


# --- a folder built anew ----------------------------------------------------------------------------------


def test_replace_sets_the_present_folder_aside_and_undo_brings_it_back(settings, shelf, folder, tool):
    """The archive's creds, the present session; the former folder whole; undo, and undo again."""
    put(folder, "creds.json", b"")
    put(folder, "pre-key-99.json", b'{"made":"since"}')
    folder.chmod(0o750)
    before = contents(folder)
    status, document = back(settings, shelf, replace=True)
    built = before | {"creds.json": creds()}
    assert (0, built) == (status, contents(folder))
    assert 0o750 == folder.stat().st_mode & 0o777
    (listed,) = json.loads(said(list_runs, settings, as_json=True)[1])["set_aside"]
    assert ("7", "restore", document["set_aside"], {"seen": 5}) == tuple(
        listed[key] for key in ("company_id", "why", "run_id", "files")
    )
    status, text = said(undo_run, settings, "latest", Selection(), WORLD, as_json=False)
    assert (0, before) == (status, contents(folder))
    assert "lies aside" in text
    assert "restore, taken back" in said(list_runs, settings, as_json=False)[1]
    said(undo_run, settings, document["set_aside"], Selection(["company_7"]), WORLD, as_json=True)
    assert built == contents(folder)


def test_a_copy_keeps_the_mode_of_the_file_that_is_there(settings, shelf, folder, tool):
    """What comes along is readable by whom it was readable by before: no more and no less."""
    (folder / SESSION).chmod(0o640)
    back(settings, shelf, replace=True)
    assert 0o640 == (folder / SESSION).stat().st_mode & 0o777


def test_a_copy_keeps_the_owner_of_its_file(settings, shelf, folder, tool, tmp_path):
    """What somebody linked in comes along as a file of its own, whose owner and mode are those of what was read."""
    put(folder, "session-2.0.json", b"{}", age=2)
    os.link(folder / "session-2.0.json", tmp_path / "elsewhere")
    (folder / "session-2.0.json").chmod(0o400)
    back(settings, shelf, replace=True)
    status = (folder / "session-2.0.json").stat()
    assert (1, 0o400) == (status.st_nlink, status.st_mode & 0o777)


def test_an_archive_of_the_future_is_not_the_latest(settings, shelf, folder, tool):
    """A clock that was wrong once does not win for ever: the older one comes back, and the other is named."""
    wrong = archive_name("7", NOW + 400 * DAY)
    (shelf / wrong).write_bytes(archive(FILES | {KEY: b'{"k":9}'}, "7"))
    (folder / KEY).unlink()
    status, document = back(settings, shelf)
    assert (0, FILES[KEY]) == (status, (folder / KEY).read_bytes())
    assert any(wrong in text and "future" in text for text in document["warnings"])


def _late(monkeypatch, write):
    switch = FolderSwitches.switch

    def late(self, aside):
        write()
        return switch(self, aside)

    monkeypatch.setattr(FolderSwitches, "switch", late)


def test_what_is_written_after_the_last_look_comes_along(settings, shelf, folder, tool, monkeypatch):
    """A session that came along and was written once more before the switch is live as it was written last."""
    _late(monkeypatch, lambda: put(folder, SESSION, b'{"newest":1}', age=0))
    status, document = back(settings, shelf, replace=True)
    assert (0, b'{"newest":1}') == (status, (folder / SESSION).read_bytes())
    assert any("brought over: " + SESSION in warning for warning in document["warnings"])


def test_what_cannot_come_along_late_is_named_with_status_1(settings, shelf, folder, tool, monkeypatch):
    """The archive's file stays what was asked for; the late one is named, and lies aside."""
    _late(monkeypatch, lambda: put(folder, KEY, b'{"late":1}', age=0))
    status, document = back(settings, shelf, replace=True)
    assert (1, FILES[KEY]) == (status, (folder / KEY).read_bytes())
    assert KEY in str(document["errors"])


def test_replace_with_everything_puts_the_old_ratchet_back(settings, shelf, folder, tool):
    """As archived, with the warning that names the cost; what the archive does not have comes along."""
    put(folder, "pre-key-99.json", b"{}")
    status, document = back(settings, shelf, replace=True, everything=True)
    assert FILES | {"pre-key-99.json": b"{}"} == contents(folder)
    assert (0, True) == (status, "lost for good" in document["warnings"][0])


def test_another_account_is_put_aside_whole(settings, shelf, folder, tool):
    """Nothing of it comes along, and a warning says so."""
    put(folder, "creds.json", creds(me={"id": "15559999999:1@s.whatsapp.net"}))
    _, document = back(settings, shelf, replace=True)
    assert {name: FILES[name] for name in FILES if name != SESSION} == contents(folder)
    assert "of another account" in document["warnings"][0]


def test_a_counter_that_goes_back_is_told(settings, shelf, folder, tool):
    """Pre-key numbers are made anew: the cost is named."""
    put(folder, "creds.json", creds(next_pre_key=90))
    _, document = back(settings, shelf, replace=True)
    assert "goes back from pre-key 90 to 31" in document["warnings"][0]


def test_a_bot_at_work_is_refused(settings, shelf, folder, tool, monkeypatch):
    """The folder moved on while the new one was built: nothing is switched, nothing left, and it is said."""
    real = restores._fill

    def fill(fd, plan):
        real(fd, plan)
        put(folder, SESSION, b'{"newest":1}')

    monkeypatch.setattr(restores, "_fill", fill)
    put(folder, "creds.json", b"")
    assert "stop it first" in refused(Refused, settings, shelf, replace=True)
    assert b'{"newest":1}' == (folder / SESSION).read_bytes()
    assert [] == read_asides(tool)


def test_a_disk_that_fills_up_leaves_the_folder_as_it_was(settings, shelf, folder, tool, monkeypatch):
    """While building or while staging: a sentence, status 1, and nothing half done."""
    real = os.write

    def write(fd, data):
        if bytes(data) == b'{"k":1}':
            raise OSError(28, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr(os, "write", write)
    (folder / KEY).unlink()
    before = contents(folder)
    for replace in (False, True):
        assert "No space left" in refused(NotRestored, settings, shelf, replace=replace)
        assert before == contents(folder)
    assert [] == read_asides(tool)
    assert [] == names(folder.parent / ".baileys-cleanup" / "restoring")


# --- what is restored -------------------------------------------------------------------------------------


def test_a_dry_run_changes_nothing_and_says_what_would_happen(settings, shelf, folder, place):
    """Every file with its step and reason, the same as the real run's; no trace."""
    (folder / KEY).unlink()
    before = contents(folder)
    for how in ({}, {"replace": True}, {"everything": True}):
        _, told = back(settings, shelf, dry_run=True, **how)
        assert before == contents(folder)
        assert ["company_7"] == names(place)
    _, told = back(settings, shelf, dry_run=True)
    _, done = back(settings, shelf)
    assert told["decisions"] == done["decisions"]


def test_latest_passes_bad_archives_over(settings, shelf, place, tool):
    """A newer one that is cut short or holds no pairing is named, and the good one is taken."""
    (shelf / archive_name("7", NOW - DAY // 2)).write_bytes(archive(FILES, "7")[:-20])
    (shelf / archive_name("7", NOW - DAY // 3)).write_bytes(archive({"creds.json": b"{}"}, "7"))
    status, document = back(settings, shelf)
    assert (0, archive_name("7", NOW - DAY)) == (status, document["archive"])
    assert "passed over" in document["warnings"][0]
    assert creds() == (place / "company_7" / "creds.json").read_bytes()


def test_the_latest_may_have_no_pairing_where_none_has(settings, shelf, tool):
    """Then it is taken, with a warning."""
    for old in names(shelf):
        (shelf / old).unlink()
    (shelf / archive_name("7", NOW)).write_bytes(archive({"creds.json": b"{}"}, "7"))
    assert "holds no pairing" in " ".join(back(settings, shelf)[1]["warnings"])


@pytest.mark.parametrize("form", ["name", "path", "url", "file url"])
def test_an_archive_can_be_named_in_every_way(settings, shelf, place, tool, form):
    """By its name in the store, its path, or its URL; the company is then the archive's own."""
    name = archive_name("7", NOW - DAY)
    what = {"name": name, "path": f"{shelf}/{name}", "url": f"file://{shelf}/{name}"}.get(
        form, f"file://{shelf}/{name}"
    )
    back(settings, shelf if form == "name" else None, what, company=None)
    assert creds() == (place / "company_7" / "creds.json").read_bytes()


def test_into_another_company_is_a_warning(settings, shelf, place, tool):
    """A moved or renamed company; two bots with one pairing log each other out."""
    _, document = back(settings, shelf, archive_name("7", NOW - DAY), company="8")
    assert "log each other out" in document["warnings"][0]
    assert "creds.json" in names(place / "company_8")


def test_a_bad_archive_restores_nothing(settings, shelf, place, tool):
    """Refused with what is wrong, before anything is touched."""
    name = archive_name("7", NOW - DAY)
    (shelf / name).write_bytes((shelf / name).read_bytes()[:-20])
    with pytest.raises(UsageProblem, match="is refused"):
        back(settings, shelf, name)
    with pytest.raises(UsageProblem, match="has no good archive of company 7"):
        back(settings, shelf)
    assert [".baileys-cleanup"] == names(place)


@pytest.mark.parametrize(
    ("what", "how", "error"),
    [
        ("latest", {"place": None}, UsageProblem),
        ("latest", {"company": None}, UsageProblem),
        ("latest", {"company": "9"}, UsageProblem),
        ("latest", {"company": "../7"}, UsageProblem),
        ("latest", {"company": ""}, UsageProblem),
        ("latest", {"company": "x" * 255}, UsageProblem),
        ("/nonexistent/a.tar.gz", {}, UsageProblem),
        ("/", {}, UsageProblem),
        ("nothing", {}, UsageProblem),
        (archive_name("9", NOW), {}, StoreProblem),
        ("s4://x/y", {}, UsageProblem),
        ("s3://x", {}, UsageProblem),
    ],
)
@pytest.mark.usefixtures("tool")
def test_what_cannot_be_found_is_said(settings, shelf, what, how, error):
    """No place, no company, no archive: one sentence."""
    with pytest.raises(error):
        back(settings, shelf, what, **how)


@pytest.mark.parametrize("name", [RUN_LOCK, BACKUP_LOCK])
def test_nothing_is_restored_while_another_is_at_work(settings, shelf, folder, tool, name):
    """Neither during a cleaning nor during a backup."""
    with tool.hold(name), pytest.raises(LockHeld):
        back(settings, shelf)


def test_a_stop_before_it_begins_restores_nothing(settings, shelf, folder, tool):
    """A signal while the archive was read: refused, nothing touched."""
    (folder / KEY).unlink()
    with pytest.raises(Refused, match="stopped"):
        restore(settings, "latest", "7", LATER._replace(stopping=lambda: True), print, how=How(str(shelf)))
    assert KEY not in names(folder)


def test_the_text_names_what_matters(settings, shelf, folder, tool):
    """Counts by kind, what is not well, and how to take it back."""
    put(folder, "creds.json", b"")

    def say(**how):
        return said(restore, settings, "latest", "7", LATER, how=How(str(shelf), **how))[1]

    assert "error: the folder is not whole" in say()
    text = say(replace=True)
    assert "3 files restored: 1 creds, 1 app_state_sync_key, 1 pre_key" in text
    assert "baileys-cleanup undo 2026" in text
    assert PN not in text


# --- set-aside folders and undo ---------------------------------------------------------------------------


def test_undo_of_an_older_restore_is_refused_while_a_newer_one_is_live(settings, shelf, folder, tool):
    """The newest is taken back first; what is live stays live."""
    _, first = back(settings, shelf, replace=True)
    _, second = back(settings, shelf, replace=True)
    before = contents(folder)
    status, text = said(undo_run, settings, first["set_aside"], Selection(), WORLD, as_json=False)
    assert (1, before) == (status, contents(folder))
    assert "take back what was done since" in text
    for run in (second, first):
        assert 0 == said(undo_run, settings, run["set_aside"], Selection(), WORLD, as_json=True)[0]


def test_undo_of_a_company_that_was_not_set_aside_is_an_error(settings, shelf, folder, tool):
    """The run is known, the company is not in it."""
    _, done = back(settings, shelf, replace=True)
    with pytest.raises(UsageProblem, match="set no folder of company 8 aside"):
        undo_run(settings, done["set_aside"], Selection(["8"]), WORLD, print, as_json=False)


def test_what_a_killed_restore_built_is_discarded_by_the_next(settings, shelf, folder, tool, monkeypatch):
    """A folder that never went live is not offered by undo, and goes."""
    monkeypatch.setattr(FolderSwitches, "discard", lambda *_: None)
    monkeypatch.setattr(restores, "_check_at_rest", lambda *_: (_ for _ in ()).throw(OSError(5, "killed, say")))
    with pytest.raises(NotRestored):
        back(settings, shelf, replace=True)
    assert 1 == len(read_asides(tool))
    assert [] == json.loads(said(list_runs, settings, as_json=True)[1])["set_aside"]
    monkeypatch.undo()
    back(settings, shelf)
    assert [] == read_asides(tool)


def test_a_former_folder_is_offered_though_its_switch_was_never_recorded(settings, shelf, folder, tool, place):
    """Killed right behind the switch: what lies aside was live, and undo lists it and brings it back."""
    _, document = back(settings, shelf, replace=True)
    run_id = document["set_aside"]
    record = place / ".baileys-cleanup" / "aside" / run_id / "records" / "company_7.json"
    record.write_text(record.read_text().replace("true", "false"))
    (listed,) = json.loads(said(list_runs, settings, as_json=True)[1])["set_aside"]
    assert (run_id, False) == (listed["run_id"], listed["taken_back"])
    assert 0 == said(undo_run, settings, run_id, Selection(), WORLD, as_json=True)[0]
    assert b'{"new":1}' == (folder / SESSION).read_bytes()


def test_a_folder_that_was_paired_anew_since_is_not_switched_back(settings, shelf, folder):
    """What lies aside is of a login that is no more: status 4 with both, and `--anyway` switches and says so."""
    creds = folder / "creds.json"
    creds.write_text(json.dumps({"me": {"id": "15550000001:7@s.whatsapp.net"}}))
    _, document = back(settings, shelf, replace=True)
    paired_anew = json.dumps({"me": {"id": "15550000001:8@s.whatsapp.net"}})
    creds.write_text(paired_anew)
    status, text = said(undo_run, settings, document["set_aside"], Selection(), LATER, as_json=False)
    assert (4, paired_anew) == (status, creds.read_text())
    assert all(each in text for each in ("15550000001:7", "15550000001:8", "--anyway")), text
    undo = partial(undo_run, anyway=True)
    status, text = said(undo, settings, document["set_aside"], Selection(), LATER, as_json=False)
    assert (0, "15550000001:7") == (status, json.loads(creds.read_text())["me"]["id"].split("@")[0])
    assert "15550000001:8" in text


@pytest.mark.usefixtures("folder", "tool")
def test_what_cannot_be_settled_is_a_warning_and_stops_nobody(settings, shelf, monkeypatch, capsys):
    """Trouble of another company: the restore goes on, so does the undo, and both say so."""
    monkeypatch.setattr(FolderSwitches, "settle_all", lambda _: ["company 9: no way"])
    status, document = back(settings, shelf, replace=True)
    assert (0, True) == (status, "company 9: no way" in document["warnings"])
    assert 0 == said(undo_run, settings, document["set_aside"], Selection(), WORLD, as_json=True)[0]
    assert "warning: company 9: no way\n" == capsys.readouterr().err


def test_a_folder_that_is_switched_names_the_whole_way_back(settings, shelf, folder, tool):
    """The command that is printed leads to the same sessions root."""
    _, document = back(settings, shelf, replace=True)
    here = WORLD._replace(again=" --config '/etc/my own.toml'")
    _, text = said(undo_run, settings, document["set_aside"], Selection(), here, as_json=False)
    assert f"baileys-cleanup undo {document['set_aside']} --config '/etc/my own.toml'\n" in text


# --- several companies ------------------------------------------------------------------------------------


@pytest.fixture
def shelf_of_three(shelf):
    """Give a folder with a good archive of companies 7 and 8, and a bad one of 9."""
    (shelf / archive_name("8", NOW - DAY)).write_bytes(archive(FILES, "8"))
    (shelf / archive_name("9", NOW - DAY)).write_bytes(b"not what it was")
    return shelf


def several(settings, shelf, *wanted, world=LATER, **how):
    """Restore several companies; gives the status and the document."""
    asked = How(str(shelf), as_json=True)._replace(**how)
    status, text = said(lambda *args: restore_several(*args, asked), settings, wanted, world)
    return status, json.loads(text) if asked.as_json else text


def test_after_a_lost_disk_everybody_comes_back_and_each_is_an_island(settings, shelf_of_three, place, tool):
    """Every company that has an archive; a bad archive is that company's own trouble, and the worst status wins."""
    status, document = several(settings, shelf_of_three)
    told = {each["company_id"]: each["status"] for each in document["companies"]}
    assert (1, "partial", {"7": "done", "8": "done", "9": "failed"}) == (status, document["status"], told)
    assert "creds.json" in names(place / "company_8")
    assert not (place / "company_9").exists()
    assert "no good archive of company 9" in document["companies"][2]["errors"][0]["error"]


def test_only_the_wanted_ones_come_back(settings, shelf_of_three, place, tool):
    """Those that were named, once each."""
    status, document = several(settings, shelf_of_three, "8")
    assert (0, "done", ["8"]) == (status, document["status"], [each["company_id"] for each in document["companies"]])
    assert not (place / "company_7").exists()


def test_a_refused_one_stops_no_other_and_is_status_4(settings, shelf_of_three, place, tool):
    """Another account's pairing in one folder is left alone, the next company is restored, and 4 is worse than 1."""
    put(place / "company_7", "creds.json", creds(me={"id": "15559999999:3@s.whatsapp.net"}))
    status, document = several(settings, shelf_of_three)
    assert (4, "refused") == (status, document["status"])
    assert ["refused", "done", "failed"] == [each["status"] for each in document["companies"]]
    assert "of another account" in document["companies"][0]["errors"][0]["error"]


def test_several_are_a_table_and_the_same_warning_is_said_once(settings, shelf_of_three, place, tool):
    """A line for each company, what is to be said of many once, and how many came back."""
    status, text = several(settings, shelf_of_three, as_json=False, everything=True)
    lines = text.splitlines()
    assert 1 == status
    assert ["COMPANY", "7", "8", "9"] == [line.split()[0] for line in lines[:4]]
    assert 1 == sum(line.startswith("warning: company 7, 8: sessions and sender keys") for line in lines)
    assert "2 of 3 companies restored." == lines[-1]


def test_several_that_are_replaced_come_back_by_one_undo(settings, shelf_of_three, folder, place, tool):
    """One run set both folders aside, and undoing it switches both."""
    (folder / KEY).unlink()
    put(place / "company_8", "creds.json", creds())
    _, document = several(settings, shelf_of_three, "7", "8", replace=True)
    (run_id,) = {each["set_aside"] for each in document["companies"]}
    assert KEY in names(folder)
    said(undo_run, settings, run_id, Selection(), WORLD, as_json=False)
    assert KEY not in names(folder)
    assert ["creds.json"] == names(place / "company_8")


def test_several_rehearsed_change_nothing(settings, shelf_of_three, place):
    """The same table, and no folder."""
    _, text = several(settings, shelf_of_three, as_json=False, dry_run=True)
    assert "WOULD RESTORE" in text
    assert [] == names(place)


def test_a_stop_between_two_companies_is_told(settings, shelf_of_three, place, tool):
    """What was restored is in the document, the rest was not tried."""
    asked = iter([False, False, True, True])
    _, document = several(settings, shelf_of_three, world=LATER._replace(stopping=lambda: next(asked)))
    assert ("stopped", ["7"]) == (document["status"], [each["company_id"] for each in document["companies"]])


def test_a_place_without_archives_is_told(settings, tmp_path, tool):
    """`--all` where there is nothing at all is the wrong place."""
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UsageProblem, match="has no archive of any company"):
        several(settings, empty)


@pytest.mark.parametrize(
    "args",
    [
        [archive_name("7", NOW - DAY), "--company", "7", "--company", "8"],
        [archive_name("7", NOW - DAY), "--all"],
        ["latest", "--all", "--company", "7"],
        ["latest", "--company", "a/b"],
        ["latest", "--company", ".."],
    ],
)
def test_what_cannot_be_asked_is_refused(place, shelf, args):
    """One archive goes into one company, all is all, and an id is a bare name."""
    result = CliRunner().invoke(cli.commands, ["restore", *args, "--from", str(shelf), "--sessions-root", str(place)])
    assert isinstance(result.exception, UsageProblem)
    assert [] == names(place)


def test_an_id_may_be_said_with_its_prefix_and_twice(place, shelf):
    """`company_7` and `7` are one company."""
    args = ["restore", "latest", "--company", "company_7", "--company", "7", "--from", str(shelf)]
    assert 0 == CliRunner().invoke(cli.commands, [*args, "--sessions-root", str(place)]).exit_code
    assert "creds.json" in names(place / "company_7")
