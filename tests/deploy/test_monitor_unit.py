"""The monitor's unit, read by systemd's own checkers, and its command line run as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from machine import COMMAND, DEPLOY, PATH, SESSIONS_ROOT, Machine, needs
from watching import Monitor, company
from web import fetch, wait_until

UNIT = DEPLOY / "baileys-cleanup-monitor.service"
TEXT = UNIT.read_text()
(EXEC,) = re.findall(r"^ExecStart=(.*)$", TEXT, re.MULTILINE)


def analyze(*args: object) -> subprocess.CompletedProcess[str]:
    """Run systemd's checker."""
    needs("systemd-analyze")
    command = ["systemd-analyze", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PATH": PATH}, check=False)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Copy the unit, with a command that exists on this machine."""
    path = tmp_path / UNIT.name
    path.write_text(TEXT.replace(COMMAND, sys.executable))
    return path


def test_the_sessions_root_is_the_same_wherever_it_stands() -> None:
    """Waiting for the disk, being told where to look and being allowed to write name one folder."""
    lines = [line for line in TEXT.splitlines() if SESSIONS_ROOT in line]
    assert [line.split("=")[0] for line in lines] == ["RequiresMountsFor", "ExecStart", "ReadWritePaths"]
    assert all(re.search(rf"[= ]{SESSIONS_ROOT}$", line) for line in lines)


def test_told_to_stop_is_well() -> None:
    """The status after SIGTERM is no failure of the unit."""
    assert "\nSuccessExitStatus=143\n" in TEXT


@pytest.mark.slow
def test_systemd_understands_every_line(unit: Path) -> None:
    """Nothing is wrong with the unit, and no key is unknown; a slip of the pen would not be silent."""
    done = analyze("verify", unit)
    assert (done.returncode, done.stderr) == (0, "")
    unit.write_text(unit.read_text().replace("ProtectClock=", "ProtectClok="))
    assert "ProtectClok" in analyze("verify", unit).stderr


@pytest.mark.slow
def test_the_service_can_do_little(unit: Path) -> None:
    """Systemd rates the exposure of the service, which needs the network, at 2.0 of 10 or better."""
    done = analyze("security", "--offline=true", "--threshold=20", unit)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_its_command_watches(machine: Machine, tool: str, tmp_path: Path) -> None:
    """The very line of ExecStart= looks at the companies, serves all three paths, and ends with 143."""
    root = tmp_path / "root"
    company(root, "962302", 100, old=100)
    machine.install(tool, root)
    assert "--listen 127.0.0.1:9108" in EXEC  # here: any port that is free
    command = machine.command(f"exec {EXEC.replace(':9108', ':0')}")
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=os.environ | {"PATH": PATH}
    ) as process:
        watch = Monitor(process)
        try:
            watch.wait_for("emergency_cleanup")
            wait_until(lambda: fetch(f"{watch.address}healthz")[0] == 200, "a look")
            assert '"962302"' in fetch(f"{watch.address}metrics")[1]
            assert "962302" in fetch(watch.address)[1]
            assert watch.end() == 143
        finally:
            process.kill()
    assert len(list((root / "company_962302").iterdir())) == 100
