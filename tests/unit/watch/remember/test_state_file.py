"""`watch.state`, `watch.memory`, `watch.history`: what is kept between processes, and what a torn file costs."""

import errno
import json

import pytest

from baileys_cleanup.decision.levels import Level
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.outcome import CompanyOutcome, CompanyStatus, Problem, RunOutcome
from baileys_cleanup.output.quiet import QuietReport
from baileys_cleanup.store.folder import small_records
from baileys_cleanup.watch.remember.alerts_sent import Company, load_memory, read_memory, still, write_memory
from baileys_cleanup.watch.remember.run_history import History, read_history, record_clean, record_emergency
from baileys_cleanup.watch.remember.standing import remember
from baileys_cleanup.watch.tell.alerts import LastAlert

from ...helpers import NOW
from ..helpers import ended

TORN = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"\xff\xfe",
    b'{"companies": 3, "runs": 3}',
    b'{"companies": [1], "runs": [1]}',
    b'{"companies": {"7": {"counted": "x"}}, "runs": [{}]}',
    b'{"companies": {"7": {"counted": 1, "told": {"level": "high"}}}, "successes": {"": "x"}}',
    b'{"companies": {"7": {"counted": 1e999}}, "successes": {"": 1e999}}',
    b'{"companies": {"7": 5}, "successes": {"": 99999999999999999999999}}',
    b"[" * 100_000,
]
USABLE = {b"[]", b"null", b'"x"'}
"""What is JSON, but no object, is read as an empty record."""


def outcome(**more):
    """Give the outcome of a run."""
    return RunOutcome("20261122T030000Z-4f1c", False, "/root", NOW, 7, **more)


def test_memory_survives(tool):
    """What is remembered comes back as it was, whatever the ids."""
    memory = {"7": Company(5), "\udcff": Company(200, LastAlert(Level.CRITICAL, NOW, ("a", "b"))), "ü\n": Company(0)}
    write_memory(tool, memory)
    assert (memory, None) == read_memory(tool)


@pytest.mark.parametrize("content", TORN)
def test_a_torn_memory_or_history_is_begun_anew(tool, place, content):
    """Whatever lies there is told and does no harm; the next write makes it whole."""
    for name in ("monitor.json", "history.json"):
        (place / ".baileys-cleanup" / name).write_bytes(content)
    memory, problem = read_memory(tool)
    assert ({}, content not in USABLE) == (memory, problem is not None and "monitor.json" in problem)
    history, problem = read_history(tool)
    assert (History(), content not in USABLE) == (history, problem is not None and "history.json" in problem)
    write_memory(tool, {"7": Company(1)})
    record_clean(tool, outcome())
    assert ({"7": Company(1)}, None) == read_memory(tool)
    assert read_history(tool)[0].clean is not None


@pytest.mark.parametrize(
    "wrong", [pytest.param(10**400, id="huge"), -1, 2**63, "nan", float("nan"), float("inf"), None, "x"]
)
@pytest.mark.parametrize(
    "field", ["started", "ended", "seconds", "companies", "failures", "size", "session", "success"]
)
def test_a_number_that_no_run_wrote_is_a_damaged_history(tool, place, field, wrong):
    """Too large, negative or none at all: the history is begun anew, so that no metric and no page has to bear it."""
    record_clean(tool, outcome(seconds=2.0, removed={Kind.SESSION: 3}))
    path = place / ".baileys-cleanup" / "history.json"
    state = json.loads(path.read_text())
    clean = state["cleans"][""]
    for part in (clean, clean["removed"]):
        part.update({field: wrong} if field in part else {})
    if field == "success":
        state["successes"][""] = wrong
    path.write_text(json.dumps(state))
    history, problem = read_history(tool)
    assert (History(), True) == (history, "history.json" in problem)


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("/etc/passwd"), lambda path: path.mkdir()])
def test_a_link_or_a_folder_in_its_place_is_not_read(tool, place, make):
    """What is no file of ours is told, and nothing behind a link is read."""
    make(place / ".baileys-cleanup" / "monitor.json")
    memory, problem = read_memory(tool)
    assert {} == memory
    assert "begun anew" in problem


@pytest.fixture
def unreadable(monkeypatch):
    """Let nothing be read, as on a disk that fails or in a database where another session holds a lock."""

    def read(_folder, _name):
        raise OSError(errno.EIO, "another session holds a lock")

    with monkeypatch.context() as patch:
        patch.setattr(small_records, "read_record", read)
        yield


@pytest.mark.parametrize("name", ["history", "monitor", "standing"])
def test_what_cannot_be_read_now_is_not_written_over(tool, place, name, request):
    """What it holds nobody knows, so it stays as it is, and who wants to write is told why."""
    report = QuietReport(print, "")
    report.company(CompanyOutcome("7", CompanyStatus.FAILED, errors=[Problem(None, "is a link")]))
    write = {
        "history": lambda: record_clean(tool, outcome()),
        "monitor": lambda: load_memory(tool),
        "standing": lambda: remember(tool, report, whole=True),
    }[name]
    record_clean(tool, outcome())
    write_memory(tool, {"7": Company(1)})
    remember(tool, report, whole=True)
    path = place / ".baileys-cleanup" / f"{name}.json"
    before = path.read_bytes()
    request.getfixturevalue("unreadable")
    assert (History(), True) == (read_history(tool)[0], "stays as it is" in read_history(tool)[1])
    with pytest.raises(
        OSError, match=rf"{name}\.json cannot be read, and stays as it is: another session holds a lock"
    ):
        write()
    assert before == path.read_bytes()


def test_nothing_yet_is_no_problem(tool):
    """Before the first look there is nothing to complain of."""
    assert ({}, None) == read_memory(tool)
    assert (History(), None) == read_history(tool)
    assert (History(), None) == read_history(None)


def test_companies_that_went_are_forgotten():
    """Only what is there stays in the memory."""
    assert {"7": Company(1)} == still({"7": Company(1), "8": Company(2)}, ["7", "9"])


def test_a_failed_run_keeps_the_earlier_success(tool):
    """Success is when the last successful run ended; the last run is the failed one."""
    record_clean(tool, outcome(seconds=2.0))
    record_clean(tool, outcome(seconds=9.0, companies_failed=1, companies_refused=1, errors=["x"]))
    history, _ = read_history(tool)
    assert (NOW + 2 * 10**9, NOW + 9 * 10**9) == (history.success, history.clean.ended)
    assert (3, "refused") == (history.clean.failures, history.clean.status)


@pytest.mark.parametrize("more", [{"stopped": True}, {"errors": ["x"]}, {"companies_failed": 1}])
def test_only_a_run_that_is_done_is_a_success(tool, more):
    """Stopped, refused or partial is no success."""
    record_clean(tool, outcome(**more))
    assert read_history(tool)[0].success is None


def test_an_emergency_is_no_nightly_run(tool):
    """It is among the last runs, and neither the last run nor a success of clean."""
    record_emergency(tool, outcome())
    history, _ = read_history(tool)
    assert (None, None, [True]) == (history.success, history.clean, [run.emergency for run in history.runs])


def test_only_the_last_runs_are_kept():
    """The newest come first, and ten stay; the last success does not fall out."""
    history = History()
    for number in range(30):
        history = history.plus(ended(run_id=str(number), emergency=number > 0))
    assert [str(number) for number in range(29, 19, -1)] == [run.run_id for run in history.runs]
    assert ("0", NOW + 10**9) == (history.clean.run_id, history.success)


def test_the_state_is_private(tool, place):
    """The files are for this user alone."""
    write_memory(tool, {})
    record_clean(tool, outcome())
    for name in ("monitor.json", "history.json"):
        path = place / ".baileys-cleanup" / name
        assert 0o600 == path.stat().st_mode & 0o777
        json.loads(path.read_text())


def test_a_history_that_was_torn_is_told_with_the_run(tool, place):
    """The run that begins it anew says so in a note."""
    (place / ".baileys-cleanup" / "history.json").write_text("{")
    run = outcome()
    record_clean(tool, run)
    assert ["history.json" in note for note in run.notes] == [True]


def test_a_success_is_one_of_all_shards(tool):
    """Three of four are none; with the fourth it is the one that is longest ago."""
    for number in range(4):
        assert read_history(tool)[0].success is None
        record_clean(tool, outcome(seconds=float(number), shard=f"{number}/4"))
    history, _ = read_history(tool)
    assert (NOW, 4) == (history.success, history.shards)
    record_clean(tool, outcome(seconds=9.0, shard="2/4", errors=["x"]))
    assert NOW == read_history(tool)[0].success


def test_another_number_of_shards_begins_anew(tool):
    """Shards of four will not come again once there are two: what they did says nothing about tonight."""
    for shard in ("0/4", "1/4", "0/2", "1/2"):
        record_clean(tool, outcome(shard=shard))
    history, _ = read_history(tool)
    assert ({"0/2", "1/2"}, 2) == (set(history.cleans), history.shards)
    record_clean(tool, outcome())
    assert ({""}, 0) == (set(read_history(tool)[0].cleans), read_history(tool)[0].shards)
