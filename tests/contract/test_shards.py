"""`--shard I/N`: shards share the companies, run beside each other, and together do what one run does."""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from halting import PATIENCE, await_halt, halting

from .world import DAY, GROUP, MEMORY, OTHER, OWN_KEY, Result, Root, start

HOURS = 3_600
FIXED = {
    # company: shard of 2, of 3, of 4, of 1,000
    "962302": (1, 0, 1, 945),
    "123456": (1, 1, 3, 543),
    "1": (1, 0, 3, 619),
    "a b": (0, 2, 0, 184),
    "ünïcode": (1, 2, 3, 759),
}
"""Written down once: a hash that changed would give companies to nobody, or to two."""


def shard_of(company_id: str, number: int) -> int:
    """Compute the shard of a company as docs/kubernetes.md writes it down, with nothing of the tool's."""
    return int(hashlib.sha256(company_id.encode()).hexdigest()[:8], 16) % number


def fill(root: Root, companies: int, files: int = 12) -> None:
    """Make companies with old and new files of several kinds."""
    for number in range(companies):
        company = root.company(str(1_000 + number))
        company.put(*(f"session-{OTHER}.{device}.json" for device in range(files)), age=20 * DAY)
        company.put(f"session-{OTHER}.99.json", MEMORY.replace(GROUP, "1@g.us"), age=DAY)
        company.put(MEMORY, OWN_KEY, age=9 * DAY).pre_keys(range(1, 61))


def twin(root: Root, path: Path) -> Root:
    """Copy a root, dates and all."""
    shutil.copytree(root.path, path / "twin", symlinks=True)
    other = Root.__new__(Root)
    other.path = path / "twin"
    return other


def all_shards(root: Root, number: int, *args: str) -> list[Result]:
    """Run all shards at once."""
    with ThreadPoolExecutor(number) as pool:
        runs = [pool.submit(root.run, "--json", f"--shard={index}/{number}", *args) for index in range(number)]
        return [each.result() for each in runs]


def removed(root: Root) -> set[bytes]:
    """Give all that lies in the quarantine, by company and name."""
    return {name for name, what in root.quarantine().items() if not what[0].startswith("0o4")}


@pytest.mark.parametrize("company_id", FIXED)
def test_the_shard_of_a_company_never_changes(root: Root, company_id: str) -> None:
    """The first 8 hex digits of the SHA-256 of the id, modulo N: fixed values, and the tool agrees."""
    numbers = (2, 3, 4, 1_000)
    assert FIXED[company_id] == tuple(shard_of(company_id, number) for number in numbers)
    root.company(company_id)
    for number, index in zip(numbers, FIXED[company_id], strict=True):
        assert list(root.dry(f"--shard={index}/{number}").companies) == [company_id]
        assert root.dry(f"--shard={(index + 1) % number}/{number}").companies == {}


@pytest.mark.parametrize("number", [1, 2, 5])
def test_all_shards_together_do_what_one_run_does(root: Root, tmp_path: Path, number: int) -> None:
    """At once, on the same tree: every company once, the same files gone, the same files left, and nobody in the way."""
    fill(root, 13)
    one = twin(root, tmp_path)
    summary = one.clean().summary
    shards = all_shards(root, number)
    assert [result.status for result in shards] == [0] * number
    assert [result.summary["shard"] for result in shards] == [f"{index}/{number}" for index in range(number)]
    assert sorted(one.clean("--dry-run").companies) == sorted(name for result in shards for name in result.companies)
    for name in ("seen", "removed", "kept", "companies", "bytes_removed"):
        assert summary["totals"][name] == sum(result.summary["totals"][name] for result in shards), name
    assert root.files() == one.files()
    assert removed(root) == removed(one) != set()
    lines = [json.loads(line) for line in (root.tool / "audit.log").read_text().splitlines()]
    assert summary["totals"]["removed"] == sum(line["event"] == "remove" for line in lines)


@pytest.mark.parametrize(
    ("text", "also"),
    [
        *(("3/3", ()), ("x", ()), ("-1/2", ()), ("0/0", ()), ("1", ()), ("0/1001", ()), ("1/2/3", ()), ("٠/٢", ())),
        *(("$(JOB_COMPLETION_INDEX)/4", ()), ("0/2", ("--company", "962302"))),
    ],
)
def test_what_is_no_shard_is_refused(root: Root, text: str, also: tuple[str, ...]) -> None:
    """Status 2, one sentence, nothing touched; nor may a shard be asked for with single companies."""
    root.company().put(f"session-{OTHER}.1.json", age=20 * DAY)
    before = root.tree()
    result = root.run(f"--shard={text}", *also)
    assert (result.status, result.out, len(result.err.decode().strip().splitlines())) == (2, b"", 1), result
    assert before == root.tree()
    assert not root.tool.exists()


def test_a_run_without_a_shard_has_the_root_for_itself(root: Root) -> None:
    """While a shard is at work a whole run, an undo and a restore end with status 3; while a run is, a shard does."""
    fill(root, 2)
    first = root.clean().summary["run_id"]
    with (root.tool / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        before = root.tree()
        for args in ((), ("--company", "1000"), ("undo", first), ("rotate", "--company", "1000", "--yes")):
            result = root.run(*args)
            assert result.status == 3, result
        assert before == root.tree()
        assert all_shards(root, 2)[0].status == 0
    with (root.tool / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert [result.status for result in all_shards(root, 2)] == [3, 3]


def test_a_whole_run_is_told_of_the_shards_at_work(root: Root) -> None:
    """Who is refused reads that it is shards."""
    fill(root, 6)
    with stopped(root, "--shard=0/1"):
        result = root.run()
        assert (result.status, b"shards hold" in result.err) == (3, True), result


class stopped:  # noqa: N801 - read as a state
    """A shard that is held still in the middle of its work, after some moves; killed at the end."""

    first = "--json"

    def __init__(self, root: Root, *args: str, after: int = 1) -> None:
        self.root, self.args, self.after = root, args, after

    def __enter__(self) -> subprocess.Popen[bytes]:
        self.process = start(self.first, *self.args, env=self.root.env, before=halting(self.after))
        await_halt(self.process)
        return self.process

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)


@pytest.mark.parametrize("after", [1, 20, 100])
def test_a_shard_killed_anywhere_and_repeated_converges(root: Root, tmp_path: Path, after: int) -> None:
    """After SIGKILL and another try, with the others beside it, the tree is the one that one run leaves."""
    fill(root, 20)
    one = twin(root, tmp_path)
    one.clean()
    with stopped(root, "--shard=0/2", after=after) as first:
        beside = start("--json", "--shard=1/2", env=root.env)
        first.kill()
        first.wait()
        again = root.run("--json", "--shard=0/2")
        beside.communicate(timeout=PATIENCE)
    assert (again.status, beside.returncode) == (0, 0), again
    assert again.summary["warnings"] == []
    assert root.files() == one.files()
    assert removed(root) == removed(one)
    states = [json.loads(path.read_text())["state"] for path in (root.tool / "runs").glob("*.json")]
    assert (len(states), set(states) - {"ended", "settled"}) == (3, set()), states


def test_two_divisions_at_once_do_no_harm(root: Root, tmp_path: Path) -> None:
    """Shards of 2, of 3 and the same one twice, all at once: statuses 0 or 1; repeated, the tree is that of one run."""
    fill(root, 20)
    one = twin(root, tmp_path)
    one.clean()
    texts = ["0/2", "1/2", "0/3", "1/3", "2/3", "0/2"]
    with ThreadPoolExecutor(len(texts)) as pool:
        runs = [pool.submit(root.run, "--json", f"--shard={text}") for text in texts]
        results = [each.result() for each in runs]
    for result in results:
        assert result.status in {0, 1}, result
        errors = [each["error"] for company in result.companies.values() for each in company["errors"]]
        assert set(errors) <= {"another run is cleaning it at this moment; left alone"}
        assert result.summary["totals"]["failed"] == 0
    all_shards(root, 2)
    assert root.files() == one.files()
    assert removed(root) == removed(one)


@contextmanager
def held(root: Root, name: bytes) -> Iterator[None]:
    """Hold one of the locks that are a byte each."""
    place = int.from_bytes(hashlib.sha256(name).digest()[:8], "big") >> 2
    root.tool.mkdir(mode=0o700, exist_ok=True)
    with (root.tool / "bytes.lock").open("w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX, 1, place)
        yield


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_shard_that_is_told_to_end_while_it_waits_for_another_says_so(root: Root, number: signal.Signals) -> None:
    """It ends at once, stopped by the signal and not by the other one; nothing was touched."""
    fill(root, 2)
    before = root.files()
    with held(root, b"records"):
        process = start("clean", "--shard=0/1", "--json", "--sessions-root", str(root.path))
        lock = root.tool / "lock"
        while not (lock.exists() and lock.read_text().startswith("shards")):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + number
    assert f"stopped by {number.name}: another run holds records" in err.decode()
    assert json.loads(out)["exit_status"] == 128 + number
    assert before == root.files()


def test_a_company_that_another_run_holds_is_left_alone(root: Root) -> None:
    """It comes last, once more; then it is named, its files stay, the others are cleaned: status 1, worth a retry."""
    fill(root, 3)
    with held(root, b"company 1001"):
        result = root.clean("--shard=0/1", status=1)
    assert {name: company["status"] for name, company in result.companies.items()} == {
        "1000": "cleaned",
        "1001": "failed",
        "1002": "cleaned",
    }
    assert list(result.companies) == ["1000", "1002", "1001"]
    assert root.clean("--shard=0/1").companies["1001"]["files"]["removed"] > 0


def age_runs(root: Root, days: int) -> None:
    """Let some days pass over all that was removed."""
    for path in (root.tool / "runs").glob("*.json"):
        record = json.loads(path.read_text())
        record["started"] -= days * DAY * 10**9
        path.write_text(json.dumps(record))


def test_a_purge_in_shards_deletes_each_file_once(root: Root) -> None:
    """What is due goes with the next night's shards, at once; the sum of what they say is what was there."""
    fill(root, 12)
    root.clean("--undo-days=3")
    there = len(removed(root))
    age_runs(root, 4)
    results = all_shards(root, 4)
    assert [result.status for result in results] == [0] * 4, results
    said = [note for result in results for note in result.summary["notes"] if note.startswith("deleted for good")]
    assert there == sum(int(note.split(": ")[1].split(" file")[0]) for note in said)
    assert removed(root) == set()
    assert list((root.tool / "runs").iterdir()) == []
    assert all(result.summary["warnings"] == result.summary["errors"] == [] for result in results)


def test_a_purge_by_shards_of_two_divisions_is_harmless(root: Root) -> None:
    """Both delete the same: no error, and all that was due is gone."""
    fill(root, 12)
    root.clean("--undo-days=3")
    age_runs(root, 4)
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(root.run, "--json", f"--shard={text}") for text in ("0/1", "0/2", "1/2", "0/1")]
        results = [each.result() for each in runs]
    assert all(result.status in {0, 1} and result.summary["errors"] == [] for result in results), results
    assert removed(root) == set()


def test_each_shard_is_a_run_that_undo_knows(root: Root) -> None:
    """`undo` lists the shards of a night, brings back each one by its id, or all in one command."""
    fill(root, 12)
    before = root.files()
    all_shards(root, 3)
    listed = json.loads(root.run("undo", "--json").out)["runs"]
    assert sorted(run["shard"] for run in listed) == ["0/3", "1/3", "2/3"]
    assert b"SHARD" in root.run("undo").out
    ids = [run["run_id"] for run in listed]
    told = root.run("undo", ids[0], "--anyway")
    assert told.status == 0
    assert all(run_id.encode() in told.out for run_id in ids[1:]), "the others of that night are named"
    assert root.run("undo", *ids[1:], "--anyway").status == 0
    assert before == root.files()


def test_the_clock_is_checked_by_every_shard(root: Root) -> None:
    """A clock that left no trace is refused by each shard, also by one whose companies are few; none opens the door."""
    fill(root, 8)
    all_shards(root, 4)
    last = root.tool / "last-run.json"
    for days, status in ((400, 4), (-3, 4)):
        record = {"started": time.time_ns() - days * DAY * 10**9}
        last.write_text(json.dumps(record))
        assert [result.status for result in all_shards(root, 4)] == [status] * 4
        assert json.loads(last.read_text()) == record
    for path in root.path.glob("company_*/*"):
        os.utime(path, (time.time() - 9 * DAY,) * 2)
    last.write_text(json.dumps({"started": time.time_ns() - 5 * DAY * 10**9}))
    assert [result.status for result in all_shards(root, 4)] == [4] * 4, "five days, and not one file newer"
    root.company("0").put("creds.json", age=DAY)
    assert [result.status for result in all_shards(root, 4)] == [0] * 4, "one company's trace is enough for all"


def test_the_history_has_every_shard(root: Root) -> None:
    """Metrics tell when each shard last succeeded, though all of them end at once; nobody writes over another."""
    fill(root, 16)
    all_shards(root, 8)
    history = json.loads((root.tool / "history.json").read_text())
    assert sorted(history["successes"]) == [f"{index}/8" for index in range(8)]
    exposition = root.run("metrics").out.decode()
    assert "baileys_cleanup_shards 8.0" in exposition
    for index in range(8):
        assert f'baileys_cleanup_last_success_timestamp_seconds{{shard="{index}/8"}}' in exposition
