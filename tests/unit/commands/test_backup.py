"""`commands.backup`: what making, listing and verifying say, and `clean` with a backup before it."""

import json
from dataclasses import replace

import pytest

from baileys_cleanup.backups.record import read_backup_records
from baileys_cleanup.cleaning.request import Request, Told
from baileys_cleanup.cleaning.run import clean
from baileys_cleanup.commands import backup as backups
from baileys_cleanup.commands.backup import alarms, back_up
from baileys_cleanup.commands.backup_list import list_all, verify_all
from baileys_cleanup.commands.backup_say import Say
from baileys_cleanup.commands.stop import Stop
from baileys_cleanup.decision.outcome import CompanyStatus
from baileys_cleanup.errors import CleanupError, LockHeld, StoreProblem, UsageProblem
from baileys_cleanup.settings.values import Alerts, Backup
from baileys_cleanup.store.folder.small_records import FolderRecords
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.store import BACKUP_LOCK

from ..helpers import creds, names, put
from .helpers import SESSION, WORLD


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    """Read a broken creds.json again at once."""
    monkeypatch.setattr("baileys_cleanup.commands.options.time.sleep", lambda _: None)


@pytest.fixture
def shelf(tmp_path):
    """Give a folder for archives."""
    (tmp_path / "archives").mkdir()
    return tmp_path / "archives"


@pytest.fixture
def ours(settings, shelf, place):
    """Give settings with a place for archives, and three companies: one good, one broken, one empty."""
    put(place / "company_1", "creds.json", creds(), age=1)
    put(place / "company_1", SESSION, age=99)
    put(place / "company_2", "creds.json", b"", age=1)
    put(place / "company_2", SESSION, age=99)
    (place / "company_3").mkdir()
    return replace(settings, backup=Backup(to=str(shelf), before_clean=True))


def said(function, settings, *args, as_json=True, quiet=False, **how):
    """Run one of the command's functions; give its status and what it said on stdout."""
    texts = []
    status = function(settings, *args, Say(texts.append, as_json=as_json, quiet=quiet), **how)
    text = "".join(texts)
    return status, json.loads(text) if as_json else text


def test_each_company_has_its_own_fate(ours, shelf, place):
    """One archive, one failure, one that is passed over: status 1, and the numbers add up."""
    status, document = said(back_up, ours, Selection(), Stop(), dry_run=False)
    assert (1, "partial") == (status, document["status"])
    assert ["backed_up", "failed", "skipped"] == [company["status"] for company in document["companies"]]
    assert (3, 1, 1, 0) == tuple(
        document["totals"][key] for key in ("companies", "companies_failed", "archives", "archives_deleted")
    )
    assert [document["companies"][0]["archive"]] == names(shelf)


def test_facts_are_there_for_metrics_and_alerts(ours, tool):
    """Each company's last success, bytes and failures, and one sentence for each that wants somebody."""
    done = list(backups.back_up_all(ours, Selection(), backups.Clock(*WORLD[:3]), Stop(), rehearse=False))
    one, two = read_backup_records(FolderRecords(tool))[:2]
    assert (True, 0, None, 1) == (one.succeeded is not None, one.failures, two.succeeded, two.failures)
    (alarm,) = alarms(done)
    assert alarm.startswith("company 2: creds.json is empty")


def test_a_dry_run_changes_nothing(ours, shelf, place):
    """Not a file, not a lock, not a record; it says what the real run then does."""
    status, told = said(back_up, ours, Selection(), Stop(), dry_run=True)
    assert ([], ["company_1", "company_2", "company_3"]) == (names(shelf), names(place))
    _, done = said(back_up, ours, Selection(), Stop(), dry_run=False)
    assert told["companies"][0]["files"] == done["companies"][0]["files"] == {"archived": 2}
    assert {**told["totals"], "archive_bytes": 0} == {**done["totals"], "archive_bytes": 0}
    assert (1, 1) == (status, len(names(shelf)))


def test_a_stop_ends_it_between_two_companies(ours, shelf):
    """What was made is made; the document says that it was stopped."""
    stop = Stop()
    stop.signal = 15
    _, document = said(back_up, ours, Selection(), stop, dry_run=False)
    assert ("stopped", []) == (document["status"], document["companies"])


def test_without_a_place_nothing_is_done(settings, place):
    """Nobody said where archives go: a sentence with the way on."""
    with pytest.raises(UsageProblem, match=r"set backup\.to, or give --to"):
        said(back_up, settings, Selection(), Stop(), dry_run=False)
    assert [] == names(place)


def test_two_backups_do_not_overlap_and_a_cleaning_is_not_waited_for(ours, tool):
    """One backup at a time; a running cleaning is no reason to miss a backup."""
    with tool.hold(BACKUP_LOCK), pytest.raises(LockHeld, match="another backup"):
        said(back_up, ours, Selection(["1"]), Stop(), dry_run=False)
    with tool.hold():
        assert 0 == said(back_up, ours, Selection(["1"]), Stop(), dry_run=False)[0]


def test_the_text_is_for_people(ours, shelf):
    """A line for each company, what is wrong below it, and a sum."""
    _, text = said(back_up, ours, Selection(), Stop(), dry_run=False, as_json=False)
    assert f"company 1: wrote {names(shelf)[0]}: 2 files" in text
    assert "company 2: FAILED, no archive was made\n  error: creds.json is empty" in text
    assert "company 3: nothing to do\n  note: its folder is empty" in text
    assert "1 archive written" in text
    assert "" == said(back_up, ours, Selection(["1"]), Stop(), dry_run=False, as_json=False, quiet=True)[1]
    assert "stays: " in said(back_up, ours, Selection(["1"]), Stop(), dry_run=True, as_json=False)[1]


def test_trouble_is_on_stderr_where_nobody_reads_stdout(ours, capsys):
    """Quiet or in JSON it is a line for people: a mail is no place for JSON, and says everything once."""
    said(back_up, ours, Selection(), Stop(), dry_run=False, as_json=False)
    assert "" == capsys.readouterr().err
    for how in ({"as_json": False, "quiet": True}, {"as_json": True}):
        said(back_up, ours, Selection(), Stop(), dry_run=False, **how)
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("baileys-cleanup: error: company 2: creds.json is empty")


def test_trouble_is_an_event_of_the_log_of_a_service(ours, capsys, monkeypatch):
    """Where a service manager takes down stderr, each is an event, quiet or not."""
    monkeypatch.setenv("INVOCATION_ID", "1")
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    said(back_up, ours, Selection(), Stop(), dry_run=False, as_json=False, quiet=True)
    event = json.loads(capsys.readouterr().err)
    assert ("backup_failed", "2") == (event["event"], event["company_id"])


def test_archives_are_listed(ours, shelf):
    """By company, with time and size; foreign files are none."""
    said(back_up, ours, Selection(["1"]), Stop(), dry_run=False)
    (shelf / "notes.txt").touch()
    status, document = said(list_all, ours, [])
    (archive,) = document["archives"]
    assert (0, "1", (shelf / archive["archive"]).stat().st_size) == (status, archive["company_id"], archive["bytes"])
    assert archive["archive"] in said(list_all, ours, [], as_json=False)[1]
    assert [] == said(list_all, ours, ["2"])[1]["archives"]


def test_verifying_reads_every_archive(ours, shelf, tool):
    """Good ones are good; a flipped byte is found, status 1, and the archive is no longer counted."""
    said(back_up, ours, Selection(["1"]), Stop(), dry_run=False)
    status, document = said(verify_all, ours, [], Stop())
    assert (0, "good", [True]) == (status, document["status"], [each["good"] for each in document["archives"]])
    (name,) = names(shelf)
    data = bytearray((shelf / name).read_bytes())
    data[len(data) // 2] ^= 1
    (shelf / name).write_bytes(data)
    status, document = said(verify_all, ours, [], Stop())
    assert (1, "bad") == (status, document["status"])
    assert document["archives"][0]["errors"]
    assert {} == read_backup_records(FolderRecords(tool))[0].good
    assert "BAD:  " in said(verify_all, ours, [], Stop(), as_json=False)[1]


def test_verifying_nothing_is_no_success(ours, capsys):
    """No archive at all, or none of a company that was named: status 1."""
    status, document = said(verify_all, ours, [], Stop())
    assert (1, "bad") == (status, document["status"])
    assert ["9"] == said(verify_all, ours, ["company_9"], Stop())[1]["companies_without"]
    assert "there is no archive of company 9" in said(verify_all, ours, ["9"], Stop(), as_json=False)[1]
    err = capsys.readouterr().err
    assert "there is no archive of any company in" in err
    assert '"company_id": ""' not in err


def test_archives_can_be_looked_at_without_a_sessions_root(ours, shelf):
    """On a new machine there is none yet."""
    said(back_up, ours, Selection(["1"]), Stop(), dry_run=False)
    elsewhere = replace(ours, sessions_root="/nonexistent")
    assert 1 == len(said(list_all, elsewhere, [])[1]["archives"])
    assert 0 == said(verify_all, elsewhere, [], Stop())[0]


# --- clean with backup.before_clean -------------------------------------------------------------------------


class Ran:
    """A report that keeps what it hears."""

    def __init__(self):
        self.companies = {}

    def __call__(self, run):
        """Hear the beginning."""
        self.run = run
        return self

    def company(self, outcome):
        """Hear of one company."""
        self.companies[outcome.company_id] = outcome

    def close(self, run):
        """Hear the end."""


def cleaned(settings, dry_run=False):
    """Clean; give the report."""
    ran = Ran()
    clean(Request(settings, Selection(), dry_run), WORLD, Told(ran))
    return ran


def test_clean_makes_an_archive_before_it_removes(ours, shelf, place):
    """The archive holds what was then removed; where it failed, the company is left alone and the run partial."""
    ran = cleaned(ours)
    assert (1, 1) == (ran.companies["1"].total.removed, len(names(shelf)))
    assert [CompanyStatus.CLEANED, CompanyStatus.FAILED] == [ran.companies[each].status for each in "12"]
    assert "left alone, because its backup failed: creds.json is empty" in ran.companies["2"].errors[0].error
    assert SESSION in names(place / "company_2")
    assert 1 == ran.run.exit_status
    assert {"archived": 2} == said(verify_all, ours, [], Stop())[1]["archives"][0]["files"]


def test_clean_without_the_setting_makes_none(ours, shelf):
    """Only where it is asked for."""
    cleaned(replace(ours, backup=replace(ours.backup, before_clean=False)))
    assert [] == names(shelf)


def test_a_dry_run_of_clean_makes_none_and_says_so(ours, shelf, place):
    """It only says that a real run would."""
    ran = cleaned(ours, dry_run=True)
    assert ([], ["company_1", "company_2", "company_3"]) == (names(shelf), names(place))
    assert "would first make an archive of each company, and leave those alone" in " ".join(ran.run.notes)


def test_clean_waits_for_no_backup(ours, tool, place):
    """While a backup is at work nothing is cleaned: status 3."""
    with tool.hold(BACKUP_LOCK), pytest.raises(LockHeld):
        cleaned(ours)
    assert SESSION in names(place / "company_1")


def test_a_missing_place_stops_clean_before_anything(ours, place):
    """A disk that is not mounted: a sentence, and nothing removed."""
    with pytest.raises(UsageProblem, match="mount its disk"):
        cleaned(replace(ours, backup=replace(ours.backup, to="/nonexistent/x")))
    assert SESSION in names(place / "company_1")


def test_trouble_with_older_archives_is_a_warning_of_the_run(ours, shelf, monkeypatch):
    """The new archive is there, so the company is cleaned; the trouble is not silent."""
    from baileys_cleanup.backups.places.folder import FolderPlace

    cleaned(ours)

    def broken(self, name):
        raise StoreProblem("jammed")

    monkeypatch.setattr(FolderPlace, "fetch", broken)
    ran = cleaned(replace(ours, backup=replace(ours.backup, keep_last=1)))
    assert CompanyStatus.CLEANED is ran.companies["1"].status
    assert "its backup: older archives cannot be judged" in " ".join(ran.companies["1"].warnings)


@pytest.mark.parametrize("taken", [True, False])
def test_failed_backups_reach_the_alert_services(ours, monkeypatch, capsys, taken):
    """One message for all of them; where it is not taken that is logged, and the status is as it was."""
    heard = []

    class Messengers:
        def __init__(self, urls, _stopping):
            assert ("json://127.0.0.1",) == urls

        def send(self, title, text, *, kind):
            heard.append((title, text, kind))
            if not taken:
                raise CleanupError("alerts.urls, number 1: it did not take the message")

    monkeypatch.setattr("baileys_cleanup.watch.tell.apprise_services.Messenger", Messengers)
    alerted = replace(ours, alerts=Alerts(urls=("json://127.0.0.1",)))
    status, _ = said(back_up, alerted, Selection(), Stop(), dry_run=False)
    ((title, text, kind),) = heard
    assert (1, "failure", True) == (status, kind, title.startswith("Backup: 1 problem on "))
    assert "company 2: creds.json is empty" in text
    assert taken != ("did not take the message" in capsys.readouterr().err)
    assert said(back_up, alerted, Selection(["1"]), Stop(), dry_run=False)[0] == 0
    said(back_up, alerted, Selection(["2"]), Stop(), dry_run=True)
    assert 1 == len(heard)


@pytest.mark.parametrize("quiet", [False, True])
def test_a_root_without_companies_is_a_warning(settings, shelf, place, capsys, quiet):
    """Perhaps a disk that is not mounted: status 0, and even a quiet backup says so."""
    empty = replace(settings, backup=Backup(to=str(shelf)))
    status, document = said(back_up, empty, Selection(), Stop(), dry_run=False, quiet=quiet)
    (warning,) = document["warnings"]
    assert (0, True) == (status, "is the right disk mounted?" in warning)
    assert "is the right disk mounted?" in capsys.readouterr().err


def test_the_way_back_leads_to_the_same_place(ours, shelf, place):
    """The restore that is named has the options of this backup, and an id is safe to paste."""
    put(place / "company_a b", "creds.json", creds(), age=1)
    said(back_up, ours, Selection(["a b"]), Stop(), dry_run=False)
    put(place / "company_a b", "creds.json", b"")
    _, document = said(back_up, ours, Selection(["a b"]), Stop(), dry_run=False, again=" --from /x")
    error = document["companies"][0]["errors"][0]["error"]
    assert "`baileys-cleanup restore latest --replace --company 'a b' --from /x`" in error


def test_what_is_passed_over_is_named(ours, place):
    """A link that looks like a company is not backed up, and that is said."""
    (place / "company_x").symlink_to("company_1")
    _, document = said(back_up, ours, Selection(), Stop(), dry_run=False)
    assert ["passed over: company_x: a link, and links are never followed"] == document["warnings"]


def test_contents_one_level_deeper_fail_a_backup(ours, place):
    """What seems to be an empty folder is none: its bots lie in folders of their own, and have no archive."""
    put(place / "company_3" / "5511", "creds.json", creds())
    status, document = said(back_up, ours, Selection(["3"]), Stop(), dry_run=False)
    assert (1, "failed") == (status, document["companies"][0]["status"])
    assert "one level deeper, in '5511'" in document["companies"][0]["errors"][0]["error"]
