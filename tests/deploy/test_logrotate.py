"""The logrotate example: the audit log is moved aside between two runs, and nothing in it is lost."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from machine import DEPLOY, SESSIONS_ROOT, Machine, RunTool, needs

EXAMPLE = DEPLOY / "logrotate.example"
USER = 4321


@pytest.fixture
def host(machine: Machine, tmp_path: Path, tool: str, demo: Path) -> Machine:
    """Build a machine with the demo in its place and with the user that owns it there."""
    needs("logrotate")
    machine.install(tool, demo)
    for table, entry in [
        ("passwd", f"baileys:x:{USER}:{USER}::/nonexistent:/bin/false"),
        ("group", f"baileys:x:{USER}:"),
    ]:
        copy = tmp_path / table
        copy.write_text(f"{Path('/etc', table).read_text()}{entry}\n")
        machine.put(copy, f"/etc/{table}")
    return machine


def rotate(host: Machine, state: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Let logrotate work as Debian's timer does: as root, with the example as its configuration."""
    config = state.with_name("logrotate.conf")
    config.write_bytes(EXAMPLE.read_bytes())
    config.chmod(0o644)
    return host.run(f"exec logrotate {' '.join(options)} --state {state} {config}")


def give(folder: Path, user: int) -> None:
    """Make a user the owner of the tool's folder."""
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, user, user)


@pytest.mark.slow
def test_logrotate_understands_the_example(host: Machine, tmp_path: Path) -> None:
    """Logrotate's own check has nothing to say, also before there is a log."""
    done = rotate(host, tmp_path / "state", "--debug")

    assert done.returncode == 0
    assert "error" not in done.stderr.lower()
    assert f"{SESSIONS_ROOT}/.baileys-cleanup/audit.log" in done.stderr


@pytest.mark.slow
def test_no_line_is_lost_when_the_log_is_rotated(host: Machine, demo: Path, tmp_path: Path, run_tool: RunTool) -> None:
    """A run under way ends its lines in the moved log, the next run writes to a new one, and undo still works."""
    clean = ["--sessions-root", demo, "--json"]
    one, *others = sorted(folder.name for folder in demo.glob("company_*"))
    first = json.loads(run_tool(*clean, "--company", one).stdout)
    folder = demo / ".baileys-cleanup"
    lines = (folder / "audit.log").read_text()
    under_way = os.open(folder / "audit.log", os.O_WRONLY | os.O_APPEND)

    give(folder, USER)
    done = rotate(host, tmp_path / "state", "--force")
    os.write(under_way, b"a line of the run under way\n")
    os.close(under_way)

    assert (done.returncode, done.stderr) == (0, "")
    (moved,) = folder.glob("audit.log-*")
    assert f"{lines}a line of the run under way\n" == moved.read_text()
    assert [(path.stat().st_mode, path.stat().st_uid, path.read_bytes()) for path in [folder / "audit.log"]] == [
        (0o100600, USER, b"")
    ]

    give(folder, 0)
    second = json.loads(run_tool(*clean, *[word for other in others for word in ("--company", other)]).stdout)
    assert second["totals"]["removed"] == len((folder / "audit.log").read_text().splitlines())
    assert first["totals"]["removed"] == len(lines.splitlines())
    run_tool("undo", first["run_id"], "--sessions-root", demo)
    assert not list(folder.glob(f"quarantine/{first['run_id']}/company_*/*"))
