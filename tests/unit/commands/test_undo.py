"""`commands.undo`: what listing and undoing say, given a world."""

import errno
import json
import os
from dataclasses import fields, replace

import pytest

from baileys_cleanup.commands import undo
from baileys_cleanup.commands.undo import undo_run
from baileys_cleanup.commands.undo_list import list_runs
from baileys_cleanup.decision.policy import HOUR, Policy
from baileys_cleanup.decision.verdict import Rule
from baileys_cleanup.errors import LockHeld, UsageProblem
from baileys_cleanup.store.folder.folder_store import FolderWorkspace, open_store
from baileys_cleanup.store.folder.lock import hold_lock
from baileys_cleanup.store.folder.pairings import add_pairing, open_pairings
from baileys_cleanup.store.folder.runs import read_runs, write_run
from baileys_cleanup.store.runs import Run
from baileys_cleanup.store.selection import Selection

from ..helpers import NOW, PN, creds, names, put
from .helpers import SESSION, said
from .helpers import WORLD as AT_ONCE

WORLD = AT_ONCE._replace(now=NOW + HOUR)
RUN = Run("20261122T030000Z-4f1c", NOW, 7)


@pytest.fixture
def past(tool, place):
    """Give a company of which a recorded run took one session."""
    put(place / "company_7", "creds.json", creds())
    kept = place / ".baileys-cleanup" / "quarantine" / RUN.run_id / "company_7"
    kept.mkdir(parents=True)
    put(kept, SESSION, b"12345", age=20)
    write_run(tool, RUN)
    add_pairing(open_pairings(tool, RUN.run_id), "7", f"{PN}:7")
    return place / "company_7"


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
    companies = [{"company_id": "7", "files": {"removed": 1}, "bytes": 5}]
    expected = (RUN.run_id, 7, "2026-11-29T03:00:00Z", {"removed": 1}, 5, companies)
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
    status, text = said(undo_run, settings, "latest", Selection(), WORLD, as_json=False)
    assert (0, ["creds.json", SESSION]) == (status, names(past))
    assert "retention.session_max_age_days" in text
    assert ([], []) == (read_runs(tool)[0], names(place / ".baileys-cleanup" / "quarantine"))
    assert '"event": "undo"' in (place / ".baileys-cleanup" / "audit.log").read_text()


def test_the_hint_is_what_the_next_run_would_do(settings, past):
    """What the settings keep by now is not called lost again, and a guard that is off is named."""
    kept = replace(settings, retention=Policy(session_max_age_days=30))
    assert "The next run would keep them" in said(undo_run, kept, "latest", Selection(), WORLD, as_json=False)[1]


def test_a_disk_without_room_ends_an_undo_before_it_begins(settings, past, monkeypatch):
    """Nothing is touched, and the sentence says where there was no room."""

    def fail(*_args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(FolderWorkspace, "record_run", fail)
    with pytest.raises(UsageProblem, match=r"\.baileys-cleanup: the disk is full"):
        undo_run(settings, RUN.run_id, Selection(), WORLD, lambda _: None, as_json=False)
    assert ["creds.json"] == names(past)


def test_what_stayed_away_is_named_and_fails(settings, past, tool):
    """With something that had to stay the status is 1, in JSON partial, and the run can be undone again."""
    put(past, SESSION, b"new")
    status, text = said(undo_run, settings, RUN.run_id, Selection(["7"]), WORLD, as_json=True)
    document = json.loads(text)
    assert (1, "partial", {"restored": 0, "stayed": 1}) == (status, document["status"], document["totals"])
    assert [SESSION] == [entry["file"] for entry in document["companies"][0]["stayed"]]
    assert [RUN] == read_runs(tool)[0]


def test_an_undo_waits_for_nobody(settings, past, tool):
    """While a run is at work there is no undo."""
    with hold_lock(tool), pytest.raises(LockHeld):
        undo_run(settings, RUN.run_id, Selection(), WORLD, lambda _: None, as_json=False)
    assert ["creds.json"] == names(past)


def test_an_undo_where_nothing_was_removed_makes_nothing(settings, place):
    """Without the tool's folder there is no run, and none is made."""
    with pytest.raises(UsageProblem, match="no run to undo"):
        undo_run(settings, RUN.run_id, Selection(), WORLD, lambda _: None, as_json=False)
    assert [] == names(place)


def test_the_files_come_back_where_the_settings_say(settings, past):
    """A run is looked for under the root of the settings alone."""
    with open_store(settings.sessions_root) as root, root.workspace(create=False) as tool:
        assert [RUN] == read_runs(tool)[0]


def test_every_rule_that_removes_has_the_setting_that_lets_its_files_stay():
    """What comes back would go again the next night: whoever takes it back hears what to set.

    A copy goes by its file's, and by a rotation nothing goes in a night.
    """
    removing = list(Rule)[: list(Rule).index(Rule.PROTECTED)]
    assert undo._KEEPING.keys() == {*removing} - {Rule.SECOND_NAME, Rule.ROTATED}
    assert set(undo._KEEPING.values()) <= {f"retention.{field.name}" for field in fields(Policy)}
