"""The installed monitor under faults: a root that goes, companies that go, signals, kills, a full port; and its memory."""

import os
import random
import shutil
import signal
import socket
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from machine import RunTool
from watching import company, monitor
from web import fetch, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give an empty sessions root."""
    path = tmp_path / "root"
    path.mkdir()
    return path


def test_a_root_that_goes_and_comes_back(tool: str, root: Path) -> None:
    """It is told once per look, the page and the metrics say so, and then all is as before, without a second alert."""
    company(root, "962302", 160)
    with monitor(tool, root, "--interval", "1", "--listen", "127.0.0.1:0") as watch:
        watch.wait_for("company_alert")
        wait_until(lambda: fetch(f"{watch.address}healthz")[0] == 200, "a look")
        root.rename(root.with_name("gone"))
        watch.wait_for("look_failed")
        wait_until(lambda: fetch(f"{watch.address}metrics")[0] == 503, "the end of the metrics")
        assert "cannot be opened" in fetch(watch.address)[1]
        root.with_name("gone").rename(root)
        wait_until(lambda: fetch(f"{watch.address}healthz")[0] == 200, "a look")
        assert len(watch.events("company_alert")) == 1
        assert watch.end() == 143
    assert "Traceback" not in "".join(watch.lines)


def test_an_empty_mount_point_forgets_nobody(tool: str, root: Path) -> None:
    """Where the disk is not mounted the root is empty: a warning, and no second alert when it is back."""
    company(root, "962302", 160)
    with monitor(tool, root, "--interval", "1", "--listen", "127.0.0.1:0") as watch:

        def told() -> bool:
            return "962302" in fetch(f"{watch.address}metrics")[1]

        watch.wait_for("company_alert")
        (root / "company_962302").rename(root.parent / "unmounted")
        watch.wait_for("look_warning", 2)
        wait_until(lambda: not told(), "the company's end")
        (root.parent / "unmounted").rename(root / "company_962302")
        wait_until(told, "a look at the company")
        back = datetime.now(UTC)
        time.sleep(3)
        assert watch.end() == 143
    assert [] == [each for each in watch.events("look_warning") if datetime.fromisoformat(each["timestamp"]) > back]
    assert len(watch.events("company_alert")) == 1


def test_companies_that_come_and_go_all_the_time(tool: str, root: Path) -> None:
    """While one hand makes and removes folders, no look fails and none is unreadable."""
    company(root, "steady", 160)
    end = time.monotonic() + 6
    with monitor(tool, root, "--interval", "1", "--listen", "127.0.0.1:0") as watch:
        address = watch.address
        while time.monotonic() < end:
            for number in range(20):
                company(root, f"fleeting{number}", 30)
            for number in range(20):
                shutil.rmtree(root / f"company_fleeting{number}")
        wait_until(lambda: "steady" in fetch(f"{address}metrics")[1], "a look")
        wait_until(lambda: "fleeting" not in fetch(f"{address}metrics")[1], "a look after the last one went")
        assert watch.end() == 143
    assert watch.events("look_failed") == watch.events("company_unreadable") == []
    assert "Traceback" not in "".join(watch.lines)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_at_any_moment_is_polite(tool: str, root: Path, number: signal.Signals, status: int) -> None:
    """In the first look, between two, in an emergency cleanup: the status tells, and every file is somewhere, once."""
    for name in range(5):
        company(root, str(name), 90, old=110)
    whole = 5 * 200
    rng = random.Random(number)
    for _ in range(4):
        with monitor(tool, root, "--interval", "1") as watch:
            watch.wait_for("watching")
            time.sleep(rng.random() / 3)
            assert watch.end(number) == status, watch.lines
        assert "Traceback" not in "".join(watch.lines)
        assert files_of(root) == whole


def files_of(root: Path) -> int:
    """Count the auth files in the companies and in the quarantine."""
    places = [*root.glob("company_*"), *root.glob(".baileys-cleanup/quarantine/*/company_*")]
    return sum(len(os.listdir(place)) for place in places)


def test_killed_at_any_moment_the_next_look_goes_on(tool: str, run_tool: RunTool, root: Path) -> None:
    """SIGKILL at random moments: every file is somewhere, once, and a last look ends what was begun and tells."""
    for name in range(5):
        company(root, str(name), 90, old=110)
    rng = random.Random(9)
    for _ in range(6):
        with monitor(tool, root, "--interval", "1") as watch:
            watch.wait_for("watching")
            time.sleep(rng.random() / 4)
            watch.end(signal.SIGKILL)
        assert files_of(root) == 5 * 200
    run_tool("monitor", "--once", "--sessions-root", root)
    assert [len(os.listdir(place)) for place in root.glob("company_*")] == [90] * 5
    assert files_of(root) == 5 * 200


def test_a_port_in_use_ends_it_with_a_sentence(run_tool: RunTool, root: Path) -> None:
    """Status 2 before the first look."""
    company(root, "962302", 160)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run_tool("monitor", "--listen", address, "--sessions-root", root, status=2)
    assert f"--listen {address}: Address already in use" in done.stderr
    assert not (root / ".baileys-cleanup").exists()


def test_memory_does_not_grow_from_look_to_look(tool: str, root: Path) -> None:
    """Over 200 looks at 20 companies, with scrapes in between, the last hundred add less than 2 MiB."""
    for name in range(20):
        company(root, str(name), 160)
    script = (
        "import sys, time; from baileys_cleanup.watch import monitor; from baileys_cleanup import cli\n"
        "from pathlib import Path\nfrom baileys_cleanup.watch.show.asked import Asked\n"
        "real, looks = monitor.Watch.try_once, []\n"
        "def resident(): return int(Path('/proc/self/statm').read_text().split()[1]) * 4096\n"
        "def look(self):\n"
        "    real(self); snapshot, _ = self.latest.read(); snapshot.metrics; snapshot.page(Asked())\n"
        "    looks.append(resident())\n"
        "    if len(looks) == 200: print(looks[99], looks[199]); sys.stdout.flush(); sys.exit(0)\n"
        "monitor.Watch.try_once = look\n"
        "import baileys_cleanup.commands.monitor as room\n"
        "room.sleep_until = lambda *_: None\n"
        f"sys.argv = ['baileys-cleanup', 'monitor', '--listen', '127.0.0.1:0', '--sessions-root', {str(root)!r}]\n"
        "cli.main()\n"
    )
    half, whole = map(int, _run(script).split())
    assert whole - half < 2 * 1024 * 1024


def _run(script: str) -> str:
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
