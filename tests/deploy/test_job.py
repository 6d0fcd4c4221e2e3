"""The Indexed Job of the rendered example, played: its very arguments and variables, on a real tree of companies."""

import fcntl
import os
import shutil
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from charts import EXAMPLES, manifests
from controller import Controller, Pod
from watching import company
from web import TIMEOUT

from baileys_cleanup.decision.shards import Shard

pytestmark = pytest.mark.slow
SHARDS = 4
COMPANIES = [str(1_000 + number) for number in range(14)]
Play = Callable[[Path], Controller]


@pytest.fixture
def play(tool: str, tmp_path: Path) -> Play:
    """Give a function that makes a controller for the example on a sessions root."""
    documents = manifests((EXAMPLES / "shared.yaml").read_text())
    return lambda root: Controller(tool, documents, root, tmp_path / "settings")


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    """Make companies with old sessions."""
    root = tmp_path / "sessions"
    for number, company_id in enumerate(COMPANIES):
        company(root, company_id, 30, old=10 + number)
    return root


def left(root: Path) -> set[str]:
    """Give what lies in the companies."""
    return {str(path.relative_to(root)) for path in root.glob("company_*/*")}


def taken(root: Path) -> set[str]:
    """Give what lies in the quarantine, by company and name."""
    return {"/".join(path.parts[-2:]) for path in (root / ".baileys-cleanup" / "quarantine").glob("*/*/*")}


def clean_end(play: Play, sessions: Path, tmp_path: Path) -> tuple[set[str], set[str]]:
    """Return what one undisturbed Job of one index leaves."""
    root = tmp_path / "calm"
    shutil.copytree(sessions, root)
    calm = play(root)
    calm.container["args"] = [arg for arg in calm.container["args"] if not arg.startswith("--shard")]
    pod = calm.start(0)
    assert pod.process.communicate(timeout=TIMEOUT) == ("", "")
    calm.container["args"].append("--shard=$(JOB_COMPLETION_INDEX)/4")
    assert len(taken(root)) == sum(range(10, 24))
    return left(root), taken(root)


def test_a_night(play: Play, sessions: Path, tmp_path: Path) -> None:
    """All indexes at once: each done at its first try, silent, and together they do what one run does."""
    end = clean_end(play, sessions, tmp_path)
    ended = play(sessions).run()
    assert ended.statuses == {index: [0] for index in range(SHARDS)}, ended.said
    assert "".join(ended.said) == ""
    assert end == (left(sessions), taken(sessions))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("after", [0.1, 0.5, 0.8])
def test_pods_that_are_ended_are_tried_again(
    play: Play, sessions: Path, tmp_path: Path, number: signal.Signals, after: float
) -> None:
    """Every first pod is killed, or told to end, at some moment: the tries that follow bring all to its end."""
    end = clean_end(play, sessions, tmp_path)

    def end_it(pod: Pod) -> None:
        if pod.attempt == 0:
            threading.Timer(after + pod.index * 0.02, pod.process.send_signal, [number]).start()

    ended = play(sessions).run(end_it)
    assert ended.failed == set(), ended.said
    assert {statuses[-1] for statuses in ended.statuses.values()} == {0}
    assert {status for statuses in ended.statuses.values() for status in statuses} <= {0, 128 + number}
    assert end == (left(sessions), taken(sessions))


def test_a_drained_node_does_not_count(play: Play, sessions: Path, tmp_path: Path) -> None:
    """More drains than the Job has tries: the index is not given up."""
    end = clean_end(play, sessions, tmp_path)
    controller = play(sessions)
    controller.spec["backoffLimitPerIndex"] = 1

    def drain(pod: Pod) -> None:
        if pod.attempt < 4:
            pod.drain()

    ended = controller.run(drain)
    assert ended.failed == set()
    assert all(len(statuses) == 5 or 0 in statuses[:5] for statuses in ended.statuses.values())
    assert max(map(len, ended.statuses.values())) == 5
    assert end == (left(sessions), taken(sessions))


def test_a_wrong_setting_is_not_tried_again(play: Play, sessions: Path, tmp_path: Path) -> None:
    """Status 2: each index fails at once, and nothing is touched."""
    before = left(sessions)
    controller = play(sessions)
    (tmp_path / "settings" / "settings.toml").write_text("undo_day = 7\n")
    ended = controller.run()
    assert ended.statuses == {index: [2] for index in range(SHARDS)}
    assert ended.failed == set(range(SHARDS))
    assert before == left(sessions)


def test_what_a_guard_refused_is_not_tried_again_and_keeps_no_other_index(play: Play, sessions: Path) -> None:
    """Status 4 for the index with the company above max_removals; all other companies are cleaned, in that index too."""
    company(sessions, "2000", 560, old=550)
    (mine,) = (index for index in range(SHARDS) if Shard(index, SHARDS).has("2000"))
    ended = play(sessions).run()
    assert ended.statuses == {index: [4 if index == mine else 0] for index in range(SHARDS)}, ended.said
    assert ended.failed == {mine}
    assert len(list((sessions / "company_2000").iterdir())) == 560 + 550
    assert len(taken(sessions)) == sum(range(10, 24))


def test_a_run_in_the_way_is_waited_for_by_trying_again(play: Play, sessions: Path, tmp_path: Path) -> None:
    """While an undo, say, has the lock alone, tries end with 3; when it is over the next ones succeed."""
    end = clean_end(play, sessions, tmp_path)
    (sessions / ".baileys-cleanup").mkdir(mode=0o700)
    held = os.open(sessions / ".baileys-cleanup" / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(held, fcntl.LOCK_EX)
    all_there = threading.Barrier(SHARDS, lambda: fcntl.flock(held, fcntl.LOCK_UN), TIMEOUT)

    def let_go(pod: Pod) -> None:
        if pod.attempt == 1:  # each was refused once: no index comes to its last try while it waits for another one
            all_there.wait()

    ended = play(sessions).run(let_go)
    os.close(held)
    assert ended.failed == set()
    assert all(statuses[0] == 3 and statuses[-1] == 0 for statuses in ended.statuses.values()), ended.statuses
    assert end == (left(sessions), taken(sessions))


def test_two_jobs_at_once(play: Play, sessions: Path, tmp_path: Path) -> None:
    """A Job that somebody made by hand while the night's is at work: both end well, and nothing is done twice."""
    end = clean_end(play, sessions, tmp_path)
    controllers = [play(sessions), play(sessions)]
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda controller: controller.run(), controllers))
    for ended in both:
        assert ended.failed == set(), ended.said
        assert {status for statuses in ended.statuses.values() for status in statuses} <= {0, 1}
    assert end == (left(sessions), taken(sessions))


def test_another_number_of_shards_while_the_former_one_is_at_work(play: Play, sessions: Path, tmp_path: Path) -> None:
    """The chart was changed in the middle of a night: 4 and 3 shards at once end where one run would."""
    end = clean_end(play, sessions, tmp_path)
    four, three = play(sessions), play(sessions)
    three.spec["completions"] = three.spec["parallelism"] = 3
    three.container["args"] = [arg.replace("/4", "/3") for arg in three.container["args"]]
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda controller: controller.run(), (four, three)))
    assert all(ended.failed == set() for ended in both)
    assert end == (left(sessions), taken(sessions))


def test_the_next_night_deletes_what_is_due(play: Play, sessions: Path) -> None:
    """Eight days later all indexes share the purge."""
    play(sessions).run()
    assert taken(sessions)
    for record in (sessions / ".baileys-cleanup" / "runs").glob("*.json"):
        text = record.read_text()
        started = int(text.split('"started": ')[1].split(",")[0])
        record.write_text(text.replace(str(started), str(started - 8 * 86_400 * 10**9)))
    ended = play(sessions).run()
    assert ended.statuses == {index: [0] for index in range(SHARDS)}, ended.said
    assert taken(sessions) == set()
