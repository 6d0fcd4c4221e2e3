"""The door to a store: with a store made of dictionaries behind it, the commands do what they do with folders."""

import json
import time

import pytest
from click.testing import CliRunner

from baileys_cleanup import cli
from baileys_cleanup.store import open as opening

from .helpers import DAY, LID, OTHER, PN, creds
from .store import memory

OLD = [f"session-{OTHER}.{device}.json" for device in range(3)]
KEPT = ["creds.json", f"session-{OTHER}.9.json", f"session-{PN}.0.json", f"lid-mapping-{LID}.json", "unheard-of.json"]


@pytest.fixture
def companies(monkeypatch):
    """Give two companies in memory: one with three old sessions, one with nothing to remove."""
    monkeypatch.setitem(opening.STORES, "memory", memory.__name__)
    memory.empty()
    now = time.time_ns()
    files = dict.fromkeys([*OLD, *KEPT], (b"{}", now - 20 * DAY))
    files |= {"creds.json": (creds(), now - DAY), KEPT[1]: (b"{}", now - DAY)}
    other = creds(me={"id": "15550000008:7@s.whatsapp.net"})
    memory.COMPANIES.update({"7": files, "8": {"creds.json": (other, now - DAY)}})
    yield memory.COMPANIES
    memory.empty()


def run(*args):
    """Run a command on the store; give its status and what it printed."""
    done = CliRunner().invoke(cli.commands, [*args, "--store", "memory://all"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout


def test_a_dry_run_says_what_would_go_and_changes_nothing(companies):
    """The plan is that of a folder, and the dictionaries stay as they are."""
    before = {company_id: dict(files) for company_id, files in companies.items()}
    status, said = run("clean", "--dry-run", "--json")
    first, second = json.loads(said)["companies"]
    assert (0, 3, 0) == (status, first["files"]["removed"], second["files"]["removed"])
    assert OLD == [removal["file"] for removal in first["removals"]]
    assert before == companies
    assert ({}, []) == (memory.KEPT.runs, memory.KEPT.audit)


@pytest.mark.usefixtures("companies")
def test_a_log_names_the_store_as_a_document_does():
    """Under `store`; a sessions root there is none."""
    words = ["clean", "--dry-run", "--verbose", "--log-format", "json", "--store", "memory://all"]
    started = json.loads(CliRunner().invoke(cli.commands, words).stderr.splitlines()[0])
    assert ("run_started", "memory://all", None) == (started["event"], started["store"], started["sessions_root"])


def test_clean_and_undo_give_back_the_very_files(companies):
    """What went lies in the store's own quarantine, and comes back with its date."""
    before = dict(companies["7"])
    status, said = run("clean", "--json")
    document = json.loads(said)
    assert (0, 3) == (status, document["totals"]["removed"])
    assert sorted(KEPT) == sorted(companies["7"])
    status, said = run("undo", "--json")
    assert [("7", {"removed": 3})] == [
        (company["company_id"], company["files"]) for company in json.loads(said)["runs"][0]["companies"]
    ]
    status, said = run("undo", document["run_id"], "--json")
    assert (0, 3) == (status, json.loads(said)["totals"]["restored"])
    assert before == companies["7"]


def test_a_second_clean_has_nothing_to_do(companies):
    """The run before is known, and nothing more goes."""
    run("clean")
    status, said = run("clean", "--json")
    assert (0, 0) == (status, json.loads(said)["totals"]["removed"])


def test_what_was_written_since_the_look_stays(companies, monkeypatch):
    """The store itself compares before it removes."""
    look = memory.MemoryCompany.look_beyond

    def late(self, kind, names, young):
        seen = look(self, kind, names, young)
        self.files[OLD[0]] = (b"new", time.time_ns())
        return seen

    monkeypatch.setattr(memory.MemoryCompany, "look_beyond", late)
    _, said = run("clean", "--company", "7", "--json")
    assert {"seen": 8, "removed": 2, "kept": 5, "failed": 0, "changed": 1} == json.loads(said)["companies"][0]["files"]
    assert OLD[0] in companies["7"]


def test_check_and_metrics_count_what_is_in_the_store(companies):
    """The watch sees the same companies through the same door."""
    status, said = run("check")
    assert (0, "OK") == (status, said.split()[0])
    status, said = run("metrics")
    assert 0 == status
    assert 'baileys_session_files_count{company_id="7",file_type="session"} 5.0' in said


def test_explain_tells_of_a_file_in_the_store(companies):
    """Words and verdicts need no folder either."""
    status, said = run("explain", OLD[0], "--company", "7", "--json")
    assert (0, "remove") == (status, json.loads(said)["companies"][0]["verdicts"][0]["verdict"])
