"""`undo --shard I/N`: what a night removed is brought back by shards that work beside each other."""

import fcntl
import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from halting import PATIENCE

from .test_shards import age_runs, all_shards, fill, removed, shard_of, stopped
from .world import Result, Root, start


def undo(root: Root, number: int, *runs: str) -> list[Result]:
    """Undo these runs in shards, all at once."""
    with ThreadPoolExecutor(number) as pool:
        work = [
            pool.submit(root.run, "undo", *runs, "--anyway", f"--shard={index}/{number}") for index in range(number)
        ]
        return [each.result() for each in work]


def night(root: Root) -> list[str]:
    """Return the ids of the runs that can be undone."""
    return [run["run_id"] for run in json.loads(root.run("undo", "--json").out)["runs"]]


@pytest.mark.parametrize("number", [1, 3, 4])
def test_a_night_of_shards_is_undone_by_shards(root: Root, number: int) -> None:
    """By as many as cleaned, or by others: at once, each its companies; the tree is what it was, and again is no error."""
    fill(root, 12)
    before = root.files()
    all_shards(root, 3)
    runs = night(root)
    assert len(runs) == 3
    for attempt in ("the first", "tried again"):
        results = undo(root, number, *runs)
        assert [result.status for result in results] == [0] * number, (attempt, results)
        assert before == root.files()
        assert removed(root) == set()
    assert list((root.tool / "runs").iterdir()) == []
    assert b"Nothing that run" in results[0].out


def test_one_run_is_undone_by_shards(root: Root) -> None:
    """Each brings back its companies and no other; the last one forgets the run."""
    fill(root, 8)
    before = root.files()
    run_id = root.clean().summary["run_id"]
    first = root.run("undo", "latest", "--anyway", "--json", "--shard=0/2")
    document = json.loads(first.out)
    mine = [name for name in map(str, range(1_000, 1_008)) if shard_of(name, 2) == 0]
    assert (run_id, "0/2", mine) == (
        document["run_id"],
        document["shard"],
        [company["company_id"] for company in document["companies"]],
    )
    left = {name.split(b"/")[0].decode() for name in removed(root)}
    assert left == {f"company_{name}" for name in map(str, range(1_000, 1_008)) if shard_of(name, 2) == 1}
    assert night(root) == [run_id]
    assert root.run("undo", run_id, "--anyway", "--shard=1/2").status == 0
    assert before == root.files()
    assert night(root) == []
    nothing = json.loads(root.run("undo", "latest", "--json", "--shard=1/2").out)
    assert (None, "1/2", "done", []) == (
        nothing["run_id"],
        nothing["shard"],
        nothing["status"],
        nothing["companies"],
    )


def test_an_undo_that_was_killed_is_ended_by_the_next(root: Root) -> None:
    """A shard of an undo dies in the middle, another one goes on; the one that comes again brings back the rest."""
    fill(root, 20, files=40)
    before = root.files()
    run_id = root.clean().summary["run_id"]
    with came_back(root, run_id, "--anyway", "--shard=0/2"):
        with pytest.raises(BlockingIOError), held(root, f"run {run_id}", fcntl.LOCK_EX):
            pytest.fail("the run has to be held while it is undone")
        beside = root.run("undo", run_id, "--anyway", "--shard=1/2")
        assert beside.status == 0
        assert json.loads((root.tool / "runs" / f"{run_id}.json").read_text())["state"] == "undoing"
        assert root.run("--json", "--shard=0/1").status in {0, 1}, "1 where it meets the company in the middle"
        assert json.loads((root.tool / "runs" / f"{run_id}.json").read_text())["state"] == "undoing"
    for run in (*night(root), run_id):
        for shard in ("0/2", "1/2"):
            assert root.run("undo", run, "--anyway", f"--shard={shard}").status == 0
    assert night(root) == []
    assert before == root.files()


def test_a_run_is_settled_by_the_last_shard_that_undoes_it(root: Root) -> None:
    """While another one is at work on it, it stays on record as being undone, and no purge takes of it what is due."""
    fill(root, 8)
    before = root.files()
    run_id = root.clean().summary["run_id"]
    record = root.tool / "runs" / f"{run_id}.json"
    with held(root, f"run {run_id}", fcntl.LOCK_SH):
        assert root.run("undo", run_id, "--anyway", "--shard=0/2").status == 0
        assert json.loads(record.read_text())["state"] == "undoing"
        age_runs(root, 9)
        there = removed(root)
        assert root.run("--json", "--shard=1/2", "--accept-clock").status == 0
        assert there <= removed(root)
    for run in (*night(root), run_id):
        assert root.run("undo", run, "--anyway", "--shard=1/2").status == 0
    assert before == root.files()
    assert not record.exists()


@contextmanager
def held(root: Root, name: str, how: int) -> Iterator[None]:
    """Hold a lock of shards as another process does."""
    with (root.tool / "bytes.lock").open("a+") as lock:
        fcntl.lockf(
            lock, how | fcntl.LOCK_NB, 1, int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 2
        )
        yield


class came_back(stopped):  # noqa: N801 - read as a state
    """An undo that is held still when something came back; killed at the end."""

    first = "undo"


def test_who_is_in_the_way_of_whom(root: Root) -> None:
    """A whole run and a whole undo want the root alone; a shard of a clean and of an undo work beside each other."""
    fill(root, 6)
    run_id = root.clean().summary["run_id"]
    with (root.tool / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert root.run("undo", run_id, "--anyway", "--shard=0/2").status == 3
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert root.run("undo", run_id).status == 3
        assert root.run("undo", run_id, "--anyway", "--shard=0/2").status == 0


def test_a_run_that_is_still_at_work_is_not_undone(root: Root) -> None:
    """Status 3, nothing touched: the shard goes on."""
    fill(root, 6)
    with stopped(root, "--shard=0/1"):
        (run_id,) = night(root)
        held = removed(root)
        result = root.run("undo", run_id, "--anyway", "--shard=0/2")
        assert (result.status, held) == (3, removed(root)), result


def test_a_company_that_another_one_holds_is_left_for_the_next_try(root: Root) -> None:
    """It is named, what it lost stays in the quarantine, the others come back: status 1."""
    fill(root, 3)
    run_id = root.clean().summary["run_id"]
    with held(root, "company 1001", fcntl.LOCK_EX):
        result = root.run("undo", run_id, "--anyway", "--shard=0/1")
    assert (result.status, b"at work on it" in result.out) == (1, True), result
    assert {b"company_1001"} == {name.split(b"/")[0] for name in removed(root)}
    assert root.run("undo", run_id, "--anyway", "--shard=0/1").status == 0
    assert removed(root) == set()


@pytest.mark.parametrize(
    "args",
    [("latest", "--shard=2/2"), ("latest", "--shard=0/2", "--company=1"), ("--shard=0/2",), ("x", "--shard=0/2")],
)
def test_what_is_no_shard_of_an_undo_is_refused(root: Root, args: tuple[str, ...]) -> None:
    """Status 2, one sentence, nothing touched; a word that is no run is no run of another shard."""
    fill(root, 1)
    root.clean()
    before = root.tree()
    result = root.run("undo", *args)
    assert (result.status, result.out, len(result.err.decode().strip().splitlines())) == (2, b"", 1), result
    assert before == root.tree()


def test_a_whole_folder_has_no_shards(root: Root, tmp_path: Path) -> None:
    """What a restore set aside is switched by an undo without a shard."""
    fill(root, 1)
    (tmp_path / "archives").mkdir()
    archives = str(tmp_path / "archives")
    assert root.run("backup", "--to", archives).status == 0
    restored = root.run("restore", "latest", "--company=1000", "--replace", "--anyway", "--from", archives)
    assert restored.status == 0, restored
    aside = json.loads(root.run("undo", "--json").out)["set_aside"][0]["run_id"]
    result = root.run("undo", aside, "--shard=0/1")
    assert (result.status, b"without --shard" in result.err) == (2, True), result


def test_an_undo_and_a_clean_in_shards_at_once(root: Root) -> None:
    """Of one night the undo, of the next the cleaning, all at once: no file is lost, and none is in two places."""
    fill(root, 12)
    before = root.files()
    run_id = root.clean().summary["run_id"]
    cleans = [start("--json", f"--shard={index}/2", env=root.env) for index in range(2)]
    results = undo(root, 2, run_id)
    for each in cleans:
        each.communicate(timeout=PATIENCE)
    assert {result.status for result in results} <= {0, 1}, results
    assert {each.returncode for each in cleans} <= {0, 1}
    undo(root, 2, *reversed(night(root)))
    for run in night(root):
        assert root.run("undo", run, "--anyway").status == 0
    assert before == root.files()
    assert removed(root) == set()
