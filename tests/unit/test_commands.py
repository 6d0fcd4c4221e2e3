"""`commands`: what undo, explain and settings say, given a world."""

import json

import pytest

from baileys_cleanup.cleanup import World
from baileys_cleanup.commands import explain_files, list_runs, list_settings, undo_run
from baileys_cleanup.config import Loaded, Settings
from baileys_cleanup.errors import LockHeld, UsageProblem
from baileys_cleanup.folder import open_root
from baileys_cleanup.lock import hold_lock
from baileys_cleanup.runs import Run, read_runs, write_run
from baileys_cleanup.toolfolder import open_tool_folder

from .helpers import NOW, OTHER, PN, creds, names, put

RUN = Run("20261122T030000Z-4f1c", NOW, 7)
WORLD = World(NOW, lambda: NOW, lambda: None, lambda: False, lambda: 0.0)
SESSION = f"session-{OTHER}.0.json"


@pytest.fixture
def settings(place):
    """Give settings for the place."""
    return Settings(sessions_root=str(place))


@pytest.fixture
def past(tool, place):
    """Give a company of which a recorded run took one session."""
    put(place / "company_7", "creds.json", creds())
    kept = place / ".baileys-cleanup" / "quarantine" / RUN.run_id / "company_7"
    kept.mkdir(parents=True)
    put(kept, SESSION, b"12345", age=20)
    write_run(tool, RUN)
    return place / "company_7"


def said(command, *args, **how):
    """Run a command; give its status and what it said."""
    texts = []
    return command(*args, texts.append, **how), "".join(texts)


# --- undo ---------------------------------------------------------------------------------------------------


def test_nothing_to_undo_is_said_and_leaves_no_trace(settings, place):
    """Listing where nothing was ever removed makes no folder."""
    status, text = said(list_runs, settings, as_json=False)
    assert (0, f"Nothing to undo under {place}.\n", []) == (status, text, names(place))


def test_runs_are_listed_for_people_and_programs(settings, past):
    """A run is listed with its start, files, bytes and the day it is deleted for good."""
    status, text = said(list_runs, settings, as_json=False)
    row = text.splitlines()[1].split()
    assert (0, [RUN.run_id, "2026-11-22T03:00:00Z", "1", "1", "5", "B", "2026-11-29T03:00:00Z"]) == (status, row)
    document = json.loads(said(list_runs, settings, as_json=True)[1])
    (run,) = document["runs"]
    expected = (RUN.run_id, 7, "2026-11-29T03:00:00Z", 1, 5, {"7": 1})
    assert expected == tuple(
        run[key] for key in ("run_id", "undo_days", "deleted_after", "files", "bytes", "companies")
    )


def test_a_record_that_cannot_be_read_is_told(settings, past, place):
    """A broken record is named beside the others."""
    (place / ".baileys-cleanup" / "runs" / "bad.json").write_text("{")
    assert "bad.json" in said(list_runs, settings, as_json=False)[1]
    assert ["bad.json"] == json.loads(said(list_runs, settings, as_json=True)[1])["unreadable_records"]


def test_an_undo_brings_back_and_says_what_keeps(settings, past, tool, place):
    """The files are back, the run is forgotten, the setting that keeps them and the audit line are there."""
    status, text = said(undo_run, settings, "latest", [], WORLD, as_json=False)
    assert (0, ["creds.json", SESSION]) == (status, names(past))
    assert "retention.session_max_age_days" in text
    assert ([], []) == (read_runs(tool)[0], names(place / ".baileys-cleanup" / "quarantine"))
    assert '"event": "undo"' in (place / ".baileys-cleanup" / "audit.log").read_text()


def test_what_stayed_away_is_named_and_fails(settings, past, tool):
    """With something that had to stay the status is 1, in JSON partial, and the run can be undone again."""
    put(past, SESSION, b"new")
    status, text = said(undo_run, settings, RUN.run_id, ["7"], WORLD, as_json=True)
    document = json.loads(text)
    assert (1, "partial", {"restored": 0, "stayed": 1}) == (status, document["status"], document["totals"])
    assert [SESSION] == [entry["file"] for entry in document["companies"][0]["stayed"]]
    assert [RUN] == read_runs(tool)[0]


def test_an_undo_waits_for_nobody(settings, past, tool):
    """While a run is at work there is no undo."""
    with hold_lock(tool), pytest.raises(LockHeld):
        undo_run(settings, RUN.run_id, [], WORLD, lambda _: None, as_json=False)
    assert ["creds.json"] == names(past)


def test_an_undo_where_nothing_was_removed_makes_nothing(settings, place):
    """Without the tool's folder there is no run, and none is made."""
    with pytest.raises(UsageProblem, match="no run to undo"):
        undo_run(settings, RUN.run_id, [], WORLD, lambda _: None, as_json=False)
    assert [] == names(place)


def test_the_files_come_back_where_the_settings_say(settings, past):
    """A run is looked for under the root of the settings alone."""
    with open_root(settings.sessions_root) as root, open_tool_folder(root, create=False) as tool:
        assert [RUN] == read_runs(tool)[0]


# --- explain ------------------------------------------------------------------------------------------------


@pytest.fixture
def companies(place):
    """Give two companies with an old session each, and one that has an own session."""
    for number in ("7", "8"):
        put(place / f"company_{number}", "creds.json", creds())
        put(place / f"company_{number}", SESSION, age=20)
    put(place / "company_7", f"session-{PN}.0.json", age=20)


def explained(settings, companies=(), files=()):
    """Give what explain says as JSON, by company and file."""
    _, text = said(explain_files, settings, companies, files, WORLD, as_json=True)
    return {
        (company["company_id"], file["file"]): (file["verdict"], file["rule"])
        for company in json.loads(text)["companies"]
        for file in company["files"]
    }


def test_every_file_is_explained(settings, companies):
    """Without a name all files of all companies are explained, with verdict and rule."""
    assert {
        ("7", "creds.json"): ("keep", "protected"),
        ("7", SESSION): ("remove", "session_age"),
        ("7", f"session-{PN}.0.json"): ("keep", "own_session"),
        ("8", "creds.json"): ("keep", "protected"),
        ("8", SESSION): ("remove", "session_age"),
    } == explained(settings)


@pytest.mark.parametrize(
    ("chosen", "files", "found"),
    [
        (["8"], [], {("8", "creds.json"), ("8", SESSION)}),
        ([], ["company_8"], {("8", "creds.json"), ("8", SESSION)}),
        ([], ["company_8/"], {("8", "creds.json"), ("8", SESSION)}),
        ([], ["creds.json"], {("7", "creds.json"), ("8", "creds.json")}),
        ([], [f"company_7/{SESSION}"], {("7", SESSION)}),
        (["7"], [SESSION], {("7", SESSION)}),
    ],
)
def test_companies_and_files_can_be_named(settings, companies, chosen, files, found):
    """A company, a name, or a path that ends in one, limits what is explained."""
    assert found == explained(settings, chosen, files).keys()


@pytest.mark.parametrize(
    ("chosen", "files"),
    [([], ["x.json"]), ([], ["other/x.json"]), ([], [f"/srv/x/company_7/{SESSION}"]), (["9"], []), (["8"], ["x"])],
)
def test_what_is_not_there_cannot_be_explained(settings, companies, chosen, files):
    """A name or company that does not exist ends the command."""
    with pytest.raises(UsageProblem):
        explained(settings, chosen, files)


def test_people_get_meaning_and_consequence(settings, companies):
    """In text, each kind is introduced with what it is and what its loss means."""
    _, text = said(explain_files, settings, ["8"], [], WORLD, as_json=False)
    assert [] == [
        part for part in ("company 8", "would be removed", "stays", "if it goes:", SESSION) if part not in text
    ]


# --- settings -----------------------------------------------------------------------------------------------


def test_every_setting_is_listed_with_its_source():
    """Plain, nested and company settings stand with their values and sources."""
    loaded = Loaded(Settings(companies={"7": {"max_pre_keys": 60}}), {"undo_days": "flag"})
    texts = []
    list_settings(loaded, texts.append, as_json=True)
    found = json.loads("".join(texts))["settings"]
    assert {"value": 7, "source": "flag"} == found["undo_days"]
    assert {"value": None, "source": "default"} == found["max_removals"]
    assert {"value": 14, "source": "default"} == found["retention.session_max_age_days"]
    assert 60 == found["companies.7.retention.max_pre_keys"]["value"]
    assert 14 == len(found)
    texts.clear()
    list_settings(loaded, texts.append, as_json=False)
    rows = {line.split()[0]: line.split()[1:] for line in texts}
    assert (["7", "flag"], ["none", "default"], ["true", "default"]) == (
        rows["undo_days"],
        rows["max_removals"],
        rows["retention.keep_own_sessions"],
    )
