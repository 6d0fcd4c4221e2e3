"""One run at a time, polite ends, and a second run that finds nothing to do."""

import errno
import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from baileys_cleanup.errors import LockHeld
from halting import await_halt, halting

from .faults import Call, watched
from .runner import clean, command, days_ago, environment, in_child, tool, tool_in_child, undo
from .trees import MEMORY, OWN_KEY, TOOL, audited, company, leftovers, quarantined, sessions, snapshot, survivors


@contextmanager
def at_work(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the tool, and go on when it stands still after its first move; killed at the end."""
    program = subprocess.Popen(
        [*halting(1), *command(root)],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    try:
        await_halt(program)
        yield program
    finally:
        program.kill()
        program.wait()


def test_the_second_of_two_goes_away_and_the_next_takes_over_from_a_killed_one(root: Path) -> None:
    """While one is at work the other ends with status 3 and touches nothing; killed, it leaves the lock free."""
    company(root, "1", *sessions(range(5)))
    with at_work(root) as first:
        before = snapshot(root)
        second = tool(root)
        assert second.status == 3, second
        assert f"process {first.pid}" in second.sentence()
        assert tool(root, "undo", "latest").status == 3
        assert before == snapshot(root), "the second touched nothing"
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert clean(root).total.removed > 0
    assert set() == leftovers(root)


def test_a_dry_run_needs_no_lock(root: Path) -> None:
    """A dry run goes ahead while another run is at work, and leaves no trace."""
    company(root, "1", *sessions(range(3)))
    clean(root)
    company(root, "2", *sessions(range(3)))
    with (root / TOOL / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = snapshot(root)
        assert clean(root, dry_run=True).total.removed == 3
        assert before == snapshot(root)
        with pytest.raises(LockHeld):
            clean(root)
        assert before == snapshot(root)


def test_the_lock_is_not_inherited(root: Path) -> None:
    """A child that outlives the tool does not keep the lock: it is closed on exec."""
    company(root, "1", *sessions(range(2)))
    started: list[subprocess.Popen[bytes]] = []

    def act(call: Call) -> None:
        if call.name == "rename" and not started:
            started.append(subprocess.Popen(["sleep", "60"], close_fds=False))

    with watched(act):
        clean(root)
    try:
        company(root, "2", *sessions(range(2)))
        assert clean(root).total.removed == 2
    finally:
        started[0].kill()
        started[0].wait()


@pytest.mark.parametrize("arguments", [(), ("--undo-days", "0")])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_run_between_two_files(
    root: Path, number: signal.Signals, status: int, arguments: tuple[str, ...]
) -> None:
    """The file in hand is finished, the next is not begun, the summary is whole, and the next run finishes."""
    company(root, "1", *sessions(range(5)))
    company(root, "2", *sessions(range(5)))
    moved: list[Call] = []

    def act(call: Call) -> None:
        if call.name == "rename" and str(call.args[0]).startswith("session-"):
            moved.append(call)
            if len(moved) == 3:
                os.kill(os.getpid(), number)

    said = tool_in_child(root, "--json", *arguments, around=lambda: watched(act))
    assert said.status == status, said
    (outcome,) = said.json["companies"]
    assert ("stopped", "stopped") == (said.json["status"], outcome["status"])
    assert {"seen": 6, "removed": 3, "kept": 3, "failed": 0, "changed": 0} == outcome["files"]
    assert len(survivors(root)) == 12 - 3
    told = [line["event"] for line in audited(root)]
    assert ["remove"] * 5 + ["not_removed"] * 2 == told, "what was announced and not begun has a line of its own"
    assert set() == leftovers(root)
    assert clean(root).total.removed == 7
    assert set() == leftovers(root)


def test_a_signal_while_undoing(root: Path) -> None:
    """An undo that is stopped says what came back; the next brings the rest."""
    company(root, "1", MEMORY, OWN_KEY, *sessions(range(4)))
    before = snapshot(root)
    clean(root)
    returned: list[Call] = []

    def act(call: Call) -> None:
        if call.name == "renameat2":
            returned.append(call)
            if len(returned) == 2:
                os.kill(os.getpid(), signal.SIGTERM)

    said = tool_in_child(root, "undo", "latest", "--json", around=lambda: watched(act))
    assert said.status == 143, said
    assert ("stopped", 2) == (said.json["status"], said.json["totals"]["restored"])
    assert ("company_1", MEMORY) not in survivors(root), "the memory comes last"
    assert undo(root)["totals"] == {"restored": 3, "stayed": 0}
    after = snapshot(root, without=TOOL)
    assert {name: fact for name, fact in before.items() if "/" in name} == {
        name: fact for name, fact in after.items() if "/" in name
    }


def test_a_second_run_does_nothing(root: Path) -> None:
    """Run again, the tool removes nothing, moves nothing and writes no audit line."""
    for number in range(3):
        company(root, str(number), MEMORY, OWN_KEY, *sessions(range(4)), *(f"pre-key-{n}.json" for n in range(1, 9)))
    for now, removed in ((days_ago(0), 3 * (6 + 5)), (days_ago(-0.3), 3 * 1)):  # the own key goes in a later run
        assert clean(root, now=now).total.removed == removed
        before, held, lines = snapshot(root, without=TOOL), quarantined(root), len(audited(root))
        again = clean(root, now=now)
        assert (0, 0, 0) == (again.total.removed, again.total.failed, again.total.changed)
        assert (before, held, lines) == (snapshot(root, without=TOOL), quarantined(root), len(audited(root)))


def test_a_child_that_is_killed_holds_nothing(root: Path) -> None:
    """Killed by SIGKILL at its first move, a run leaves a lock that the next one gets at once."""
    company(root, "1", *sessions(range(3)))

    def act(call: Call) -> None:
        if call.name == "rename":
            os.kill(os.getpid(), signal.SIGKILL)

    def child() -> None:
        with watched(act):
            clean(root)

    assert in_child(child)[0] == -signal.SIGKILL
    assert clean(root).total.removed == 3


def test_a_lock_that_takes_no_number_is_no_traceback(root: Path) -> None:
    """On a disk so full that the lock cannot hold a number: the run goes on, or ends by status 2 and a sentence."""
    company(root, "1", *sessions(range(3)))
    before = survivors(root)

    def act(call: Call) -> None:
        if call.name == "pwrite":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    said = tool_in_child(root, "--json", around=lambda: watched(act))
    assert said.status in {0, 2}, said
    if said.status == 2:
        assert before == survivors(root)
