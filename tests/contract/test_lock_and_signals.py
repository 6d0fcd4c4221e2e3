"""One run at a time, and polite ends."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from halting import PATIENCE, await_halt, halting

from .world import DAY, Company, Result, Root, check_output, start

MANY = 300
DONE = 100
"""Files that are moved when a run is met in the middle of its work."""


def test_a_held_lock_is_status_3(root: Root) -> None:
    """While another run holds the lock, cleaning and undoing end with status 3 at once and touch nothing."""
    company = root.company().put("session-1.0.json", age=20 * DAY)
    run_id = root.clean().summary["run_id"]
    company.put("session-2.0.json", age=20 * DAY)
    before, held = root.tree(), root.quarantine()
    with root.locked():
        for args in ([], ["-q"], ["--json"], ["undo", run_id]):
            result = root.run(*args)  # one that waited for the lock would never end
            assert result.status == 3, result
            assert result.err.strip(), "a sentence, even with -q"
    assert (root.tree(), root.quarantine()) == (before, held)
    assert root.clean().only["files"]["removed"] == 1


def test_the_lock_is_there_before_the_first_run(root: Root) -> None:
    """The lock is a flock on the file the contract names."""
    root.company().put("session-1.0.json", age=20 * DAY)
    with root.locked():
        assert root.run().status == 3
    assert root.clean().only["files"]["removed"] == 1


def test_runs_side_by_side(root: Root) -> None:
    """Of runs started together each either works or finds the lock held, and every file is removed once."""
    root.company().put(*(f"session-{n}.0.json" for n in range(300)), age=20 * DAY)
    before = root.files()
    env = root.env
    tools = [start("--json", env=env) for _ in range(4)]
    results = [
        Result((), tool.returncode, out, err) for tool in tools for out, err in [tool.communicate(timeout=PATIENCE)]
    ]
    for result in results:
        check_output(result)
    assert {result.status for result in results} <= {0, 3}
    removed = [result.summary["totals"]["removed"] for result in results if result.status == 0]
    assert sum(removed) == 300
    everything = root.files() | root.quarantine()
    assert len(everything) == len(before)


@pytest.fixture
def crowd(root: Root) -> Company:
    """Give a company with more to remove than is moved when the tool is met at work."""
    return root.company().put(*(f"session-{nth}.0.json" for nth in range(MANY)), age=20 * DAY)


@contextlib.contextmanager
def at_work(root: Root, *args: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start the tool, and go on when it stands still after some moves; killed at the end."""
    tool = start(*args, env=root.env, before=halting(DONE))
    try:
        await_halt(tool)
        yield tool
    finally:
        tool.kill()
        for pipe in (tool.stdout, tool.stderr):
            if pipe is not None:
                pipe.close()
        tool.wait()


def told(tool: subprocess.Popen[bytes], sign: signal.Signals) -> Result:
    """Send a signal to a tool that stands still, let it go on, and wait for its end."""
    tool.send_signal(sign)
    tool.send_signal(signal.SIGCONT)
    out, err = tool.communicate(timeout=PATIENCE)
    result = Result((), tool.returncode, out, err)
    check_output(result)
    return result


def everything(root: Root) -> set[str]:
    """Give the sessions that are in the folder or in the quarantine, each of which may be there once."""
    here = [entry.name for entry in os.scandir(root.path / "company_962302") if entry.name != "creds.json"]
    there = [path.name for path in (root.tool / "quarantine").glob("*/company_*/*")]
    assert len(here) + len(there) == len(set(here) | set(there))
    return set(here) | set(there)


@pytest.mark.slow
@pytest.mark.parametrize(("sign", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_stops_between_two_files_with_the_summary(
    root: Root, crowd: Company, sign: signal.Signals, status: int
) -> None:
    """Stopped in the middle, the tool prints what it did, ends with the signal's status, and the next run finishes."""
    with at_work(root, "--json") as tool:
        result = told(tool, sign)
    assert result.status == status, result
    assert result.summary["status"] == "stopped"
    assert result.only["status"] == "stopped"
    assert result.only["files"]["removed"] == DONE
    assert len(crowd.names()) == MANY + 1 - DONE
    assert len(everything(root)) == MANY
    again = root.clean()
    assert again.only["files"]["removed"] == MANY - DONE
    assert crowd.names() == {b"creds.json"}


@pytest.mark.slow
def test_killed_outright_the_next_run_converges(root: Root, crowd: Company) -> None:
    """After SIGKILL every file is in its folder or in the quarantine, once; the next run finishes; undo brings all back."""
    with at_work(root) as tool:
        tool.kill()
        tool.communicate(timeout=PATIENCE)
    assert tool.returncode == -signal.SIGKILL
    assert len(everything(root)) == MANY
    root.clean()
    assert crowd.names() == {b"creds.json"}
    assert len(everything(root)) == MANY
    for run in sorted(path.name for path in (root.tool / "quarantine").iterdir()):
        assert root.run("undo", run).status == 0
    assert len(crowd.names()) == MANY + 1


@pytest.mark.slow
def test_undo_can_be_stopped_and_taken_up_again(root: Root, crowd: Company) -> None:
    """Undo stopped by a signal leaves every file once, and a second undo finishes."""
    run_id = root.clean().summary["run_id"]
    with at_work(root, "undo", run_id) as tool:
        assert told(tool, signal.SIGTERM).status == 143
    assert len(crowd.names()) == DONE + 1
    assert len(everything(root)) == MANY
    assert root.run("undo", run_id).status == 0
    assert len(crowd.names()) == MANY + 1


def test_a_full_pipe_or_a_closed_one_is_no_traceback(root: Root, tmp_path: Path) -> None:
    """When nobody reads the summary, the run still works and dies quietly."""
    root.company().put(*(f"session-{n}.0.json" for n in range(300)), age=20 * DAY)
    tool = start("-v", env=root.env)
    assert tool.stdout is not None
    tool.stdout.close()
    tool.stdout = None
    _, err = tool.communicate(timeout=PATIENCE)
    assert b"Traceback" not in err
    assert len(root.files()) == 1
