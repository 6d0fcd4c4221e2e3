"""`cleaning.waiting_keys`: what is remembered between the run of a memory and the run of its key."""

import pytest

from baileys_cleanup.cleaning.company import clean_company
from baileys_cleanup.cleaning.look import Terms
from baileys_cleanup.cleaning.waiting_keys import waiting_keys
from baileys_cleanup.decision.levels import Levels
from baileys_cleanup.decision.outcome import Reasons
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import MemoryGone
from baileys_cleanup.store.remover import DryRun
from baileys_cleanup.store.runs import Run

from ..helpers import GROUP, LID, NOW, creds, names, put

HOUR = 3_600 * 10**9
KEY, MEMORY = f"sender-key-{GROUP}--{LID}_1--7.json", f"sender-key-memory-{GROUP}.json"


@pytest.fixture
def folder(place):
    """Give a company with an own sender key and its memory, both ten days old."""
    path = place / "company_7"
    put(path, "creds.json", creds())
    put(path, KEY, age=10)
    put(path, MEMORY, age=10)
    return path


def night(root, tool, now, undo_days=7, lasting=0):
    """Clean the company in a run that began at a moment, `lasting` nanoseconds after that."""
    waiting = waiting_keys(tool, lambda: now + lasting)
    terms = Terms(now, Levels(), None, lambda: None, lambda: False, waiting=waiting)
    with tool.remover(Run(f"run-{now}", now, undo_days), lambda: now) as remover:
        return clean_company(root, "7", Policy(), terms, remover, detail=Reasons.ALL)


@pytest.mark.parametrize("undo_days", [7, 0])
@pytest.mark.parametrize("pause", [0, 60 * 10**9, 6 * HOUR - 1, 6 * HOUR])
def test_memory_and_key_never_go_within_six_hours(root, tool, folder, undo_days, pause):
    """The memory goes in the first run, the key in one that comes six hours later: not a moment sooner."""
    night(root, tool, NOW, undo_days)
    assert ["creds.json", KEY] == names(folder)
    night(root, tool, NOW + pause, undo_days)
    assert (["creds.json"] if pause >= 6 * HOUR else ["creds.json", KEY]) == names(folder)


def test_a_key_waits_from_when_its_memory_goes(root, tool, folder):
    """In a run that has made archives for two hours before, that is two hours after it began."""
    night(root, tool, NOW, lasting=2 * HOUR)
    night(root, tool, NOW + 8 * HOUR - 1)
    assert ["creds.json", KEY] == names(folder)
    night(root, tool, NOW + 8 * HOUR)
    assert ["creds.json"] == names(folder)


def test_it_is_remembered_before_the_memory_goes(root, tool, folder, monkeypatch):
    """Where nothing can be remembered nothing goes, and the company has failed."""

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("baileys_cleanup.store.folder.small_records.FolderRecords.write", full)
    assert "failed" == night(root, tool, NOW).status
    assert ["creds.json", KEY, MEMORY] == names(folder)


def test_what_cannot_be_remembered_names_its_place(root, tool, folder, monkeypatch):
    """The sentence has the folder of the record, not that of the company, which is well."""

    def broken(*_args, **_more):
        raise OSError(5, "Input/output error", "company_7.json.new")

    monkeypatch.setattr("baileys_cleanup.store.folder.small_records.write_record", broken)
    (problem,) = night(root, tool, NOW).errors
    assert f"cannot be written in {tool.path}/waiting-keys: Input/output error" in problem.error
    assert str(folder) not in problem.error


def test_a_dry_run_remembers_nothing(root, tool, folder):
    """Looking does not let a key wait."""
    terms = Terms(NOW, Levels(), None, lambda: None, lambda: False, waiting=waiting_keys(tool))
    clean_company(root, "7", Policy(), terms, DryRun(), detail=Reasons.ALL)
    assert {} == waiting_keys(tool).read("7")


def test_a_company_without_such_keys_leaves_no_record(root, tool, folder):
    """Nothing is written for a company that has nothing to wait for."""
    (folder / KEY).unlink()
    night(root, tool, NOW)
    assert [] == tool.records().names("waiting-keys")


def test_what_was_remembered_is_read(tool):
    """A record gives back what was written; one that is damaged lets its keys wait anew."""
    waiting_keys(tool, lambda: NOW).write("7", {KEY: MemoryGone(NOW, True)})
    assert {KEY: MemoryGone(NOW, True)} == waiting_keys(tool).read("7")
    tool.records().write("waiting-keys", "company_7", {"keys": {KEY: "soon"}})
    assert {} == waiting_keys(tool).read("7")
