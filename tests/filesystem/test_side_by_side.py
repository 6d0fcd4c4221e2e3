"""Companies side by side: the same run as one after the other, also when it is stopped or a worker is killed."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from baileys_cleanup.decision.shards import Shard
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.place import Place
from baileys_cleanup.store.store import company_lock
from halting import PATIENCE, await_halts, await_signal, halting, until

from .trees import audited, company, leftovers, quarantined, sessions, survivors

TOOL = Path(sys.executable).with_name("baileys-cleanup")
COMPANIES = 24
FILES = 40
MANY = 200
"""Files of a company in the middle of which a worker is met."""


def plant(root: Path) -> None:
    """Make companies with old sessions, one with a broken `creds.json`, and one that is the copy of a device."""
    for number in range(COMPANIES):
        company(root, str(number), *sessions(range(FILES)))
    (root / "company_3" / "creds.json").write_bytes(b"{")


def tool(root: Path, *options: str) -> list[str]:
    """Give the command."""
    return [str(TOOL), "--json", *options, "--sessions-root", str(root)]


def summary(root: Path, *options: str) -> tuple[int, dict[str, object]]:
    """Run to the end; give status and summary without what differs between any two runs."""
    said = subprocess.run(tool(root, *options), capture_output=True, check=False)
    document = json.loads(said.stdout)
    for field in ("run_id", "started_at", "duration_seconds", "store", "sessions_root"):
        document.pop(field)
    return said.returncode, document


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--undo-days", "0"), ("--verbose",)])
def test_the_same_as_one_after_the_other(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Summary, order, statuses, what stays, what lies in the quarantine and the audit log are the same."""
    (tmp_path / "1").mkdir()
    plant(tmp_path / "1")
    subprocess.run(["cp", "-a", tmp_path / "1", tmp_path / "4"], check=True)
    seen = []
    for jobs in ("1", "4"):
        root = tmp_path / jobs
        found = summary(root, "--jobs", jobs, *options)
        text = re.sub(r'"age_seconds": \d+', "", json.dumps(found).replace(str(root), "ROOT"))
        lines = sorted((str(line["company"]), str(line["file"])) for line in audited(root)) if not options else []
        seen.append((text, survivors(root), sorted(map(str, quarantined(root))), lines))
    assert seen[0][:2] == seen[1][:2]
    assert len(seen[0][2]) == len(seen[1][2])
    assert seen[0][3] == seen[1][3]


def test_two_shards_beside_each_other_each_with_companies_side_by_side(tmp_path: Path) -> None:
    """Each cleans its own companies with workers of its own; the log has a whole line for every file."""
    plant(tmp_path)
    runs = [
        subprocess.Popen(tool(tmp_path, "--jobs", "4", "--shard", f"{n}/2"), stdout=subprocess.PIPE) for n in (0, 1)
    ]
    documents = [json.loads(run.communicate(timeout=PATIENCE)[0]) for run in runs]
    assert [0, 0] == [run.returncode for run in runs], documents
    ids = {str(number) for number in range(COMPANIES)}
    for n, document in enumerate(documents):
        assert {each["company_id"] for each in document["companies"]} == set(filter(Shard(n, 2).has, ids))
    gone = quarantined(tmp_path)
    assert len(gone) == sum(document["totals"]["removed"] for document in documents) == (COMPANIES - 1) * FILES
    assert gone == {(f"company_{line['company']}", line["file"]) for line in audited(tmp_path)}
    assert set() == leftovers(tmp_path)


def test_a_shard_with_workers_leaves_the_company_alone_that_another_run_holds(tmp_path: Path) -> None:
    """A worker takes the lock of each company: one that is taken is failed and untouched, the others are cleaned."""
    plant(tmp_path)
    taken, *others = [str(number) for number in range(COMPANIES) if number != 3 and Shard(0, 2).has(str(number))]
    with open_store(Place(str(tmp_path))) as store, store.workspace(create=True) as workspace:
        assert workspace is not None
        with workspace.hold(company_lock(taken)):
            status, document = summary(tmp_path, "--jobs", "4", "--shard", "0/2")
    companies = {each["company_id"]: each for each in document["companies"]}
    assert (1, "failed") == (status, companies[taken]["status"])
    assert "another run is cleaning it" in companies[taken]["errors"][0]["error"]
    assert {f"company_{company_id}" for company_id in others} == {name for name, _ in quarantined(tmp_path)}


def children(pid: int) -> list[int]:
    """Give the processes that a process has forked."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as numbers:
        return [int(number) for number in numbers.read().split()]


def begin(root: Path) -> tuple[subprocess.Popen[bytes], list[int]]:
    """Begin a run over four companies; give it and its two workers once both stand still in the middle of one."""
    for number in range(4):
        company(root, str(number), *sessions(range(MANY)))
    command = [sys.executable, "-m", "baileys_cleanup", *tool(root, "--jobs", "2")[1:]]
    run = subprocess.Popen([*halting(MANY // 2), *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until(lambda: run.poll() is not None or len(children(run.pid)) == 2, "two workers")
    workers = children(run.pid)
    await_halts(workers)
    return run, workers


def go_on(workers: list[int]) -> None:
    """Let workers that stand still go on."""
    for worker in workers:
        os.kill(worker, signal.SIGCONT)


@pytest.mark.slow
def test_told_to_stop_all_of_them_stop_between_two_files(tmp_path: Path) -> None:
    """SIGTERM ends every worker between two files: the summary is printed, the status is 143, no file is lost."""
    root = tmp_path / "root"
    root.mkdir()
    run, workers = begin(root)
    run.send_signal(signal.SIGTERM)
    await_signal(workers, signal.SIGTERM)
    go_on(workers)
    said, _ = run.communicate(timeout=PATIENCE)
    document = json.loads(said)
    assert (143, "stopped") == (run.returncode, document["status"])
    totals = document["totals"]
    assert totals["seen"] == totals["removed"] + totals["kept"]
    assert totals["removed"] == len(workers) * MANY // 2
    assert 4 * MANY == len([name for _, name in survivors(root) if name.startswith("session-")]) + totals["removed"]
    assert totals["removed"] == len(quarantined(root))
    assert all(not os.path.exists(f"/proc/{worker}") for worker in workers)


@pytest.mark.slow
def test_a_worker_that_is_killed_fails_its_company_and_no_other(tmp_path: Path) -> None:
    """Its company is told as failed, the others are cleaned; the next run finds every file in one place."""
    root = tmp_path / "root"
    root.mkdir()
    run, workers = begin(root)
    os.kill(workers[0], signal.SIGKILL)
    until(lambda: set(children(run.pid)) - set(workers), "a worker for the dead one")
    (fresh,) = set(children(run.pid)) - set(workers)
    await_halts([fresh])
    go_on([workers[1], fresh])
    said, _ = run.communicate(timeout=PATIENCE)
    document = json.loads(said)
    assert (1, "partial") == (run.returncode, document["status"])
    failed = [each for each in document["companies"] if each["status"] != "cleaned"]
    assert [["failed", "by signal 9"]] == [[each["status"], "by signal 9"] for each in failed]
    assert "by signal 9" in failed[0]["errors"][0]["error"]
    assert 4 == len(document["companies"])
    here = {name for place, name in survivors(root) if place == f"company_{failed[0]['company_id']}"}
    there = {name for place, name in quarantined(root) if place == f"company_{failed[0]['company_id']}"}
    assert not here & there
    assert {*sessions(range(MANY))} <= here | there
    assert 0 == subprocess.run(tool(root), capture_output=True, check=False).returncode
