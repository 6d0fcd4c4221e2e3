"""The systemd units, read by systemd's own checkers and run by a real systemd."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from machine import COMMAND, DEPLOY, PATH, PROJECT, SESSIONS_ROOT, missing, needs, quarantined, tree

UNITS = ("baileys-cleanup", "baileys-backup")
ARCHIVES = "/var/backups/baileys"
each_unit = pytest.mark.parametrize("units", UNITS, indirect=True)


def analyze(*args: object) -> subprocess.CompletedProcess[str]:
    """Run systemd's checker."""
    needs("systemd-analyze")
    return subprocess.run(
        ["systemd-analyze", *map(str, args)],
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": PATH},
        check=False,
    )


@pytest.fixture
def units(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, Path]:
    """Copy a service and its timer, with a command in ExecStart= that exists on this machine."""
    service, timer = tmp_path / f"{request.param}.service", tmp_path / f"{request.param}.timer"
    service.write_text((DEPLOY / service.name).read_text().replace(COMMAND, sys.executable))
    timer.write_text((DEPLOY / timer.name).read_text())
    return service, timer


@pytest.mark.parametrize(
    ("unit", "folder"), [(UNITS[0], SESSIONS_ROOT), (UNITS[1], SESSIONS_ROOT), (UNITS[1], ARCHIVES)]
)
def test_a_folder_is_the_same_wherever_it_stands(unit: str, folder: str) -> None:
    """Waiting for the disk, being allowed to write and being told where to work name one folder."""
    text = (DEPLOY / f"{unit}.service").read_text()
    lines = [line for line in text.splitlines() if folder in line and not line.startswith("#")]

    assert [line.split("=")[0] for line in lines] == ["RequiresMountsFor", "ExecStart", "ReadWritePaths"]
    assert all(re.search(rf"[= ]{folder}($| )", line) for line in lines)


@each_unit
@pytest.mark.slow
def test_systemd_understands_every_line(units: tuple[Path, Path]) -> None:
    """Nothing is wrong with the units, and no key is unknown (systemd only warns about those)."""
    done = analyze("verify", *units)

    assert (done.returncode, done.stderr) == (0, "")


@each_unit
@pytest.mark.slow
def test_systemd_would_tell_of_an_unknown_key(units: tuple[Path, Path]) -> None:
    """The silence above means something: a slip of the pen is not silent."""
    service, timer = units
    service.write_text(service.read_text().replace("ProtectClock=", "ProtectClok="))

    assert "ProtectClok" in analyze("verify", service, timer).stderr


@each_unit
@pytest.mark.slow
def test_the_network_comes_back_as_the_comment_says(units: tuple[Path, Path]) -> None:
    """With the three lines for the one in the comment there is a network, and systemd understands the unit."""
    service, timer = units
    opened, number = re.subn(
        r"remove the next three lines, and write instead:\n# (.*)\n(?:.*\n){3}", r"\n\1\n", service.read_text()
    )
    assert number == 1
    kept = [line for line in opened.splitlines() if re.match("PrivateNetwork|IPAddress|RestrictAddress", line)]
    assert kept == ["RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6"]
    service.write_text(opened)
    done = analyze("verify", service, timer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", [UNITS[0], "baileys-cleanup-monitor"])
def test_a_unit_that_leaves_metrics_says_where_their_folder_goes(unit: str) -> None:
    """Right above ReadWritePaths= stands that the folder of metrics.textfile belongs there."""
    text = (DEPLOY / f"{unit}.service").read_text()
    comment = text.partition("\nProtectSystem=strict\nReadWritePaths=")[0].rpartition("\n\n")[2]
    assert "Where metrics.textfile is set, add its folder here" in comment


@each_unit
@pytest.mark.slow
def test_the_service_can_do_next_to_nothing(units: tuple[Path, Path]) -> None:
    """Systemd rates the exposure of the service at 1.0 of 10 or better."""
    done = analyze("security", "--offline=true", "--threshold=10", units[0])

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("unit", "time"), [(UNITS[0], "03:00:00"), (UNITS[1], "02:30:00")])
@pytest.mark.slow
def test_a_timer_comes_every_day_at_its_time(unit: str, time: str) -> None:
    """The next three times of OnCalendar= are three days' 03:00:00, and half an hour before for the backup."""
    (calendar,) = re.findall(r"^OnCalendar=(.*)$", (DEPLOY / f"{unit}.timer").read_text(), re.MULTILINE)

    done = analyze("calendar", "--iterations=3", "--base-time=2026-11-22 12:00:00", calendar)

    assert re.findall(r"(?:Next elapse|Iter(?:ation)?\. #\d): \w+ (\S+ \S+)", done.stdout) == [
        f"2026-11-23 {time}",
        f"2026-11-24 {time}",
        f"2026-11-25 {time}",
    ]


class Computer:
    """A computer that boots a real systemd with nothing but the timer, and switches itself off afterwards.

    It is a copy-on-write image of this one, where the tool was installed as the README says.
    """

    USER = 4321

    def __init__(self, room: Path) -> None:
        needs("systemd-nspawn", "unshare", "mount", "chroot")
        if os.geteuid() != 0:
            missing("needs root")
        self._room = room
        self._over = room / "over"
        self._binds = []
        self._over.mkdir()
        (room / "root").mkdir()
        (room / "work").mkdir()
        base = Path(sys.base_prefix)
        if base.parts[1] in {"root", "home", "tmp"}:  # where the service cannot look
            (self._over / "opt" / "python").mkdir(parents=True)
            self._binds.append((base, "/opt/python"))
            base = Path("/opt/python")
        self._python = base / "bin" / f"python3.{sys.version_info.minor}"
        self._install()
        self._prepare()

    def _mounted(self, script: str) -> None:
        root = self._room / "root"
        binds = [f"mount --bind {source} {root}{target}" for source, target in self._binds]
        overlay = f"lowerdir=/,upperdir={self._over},workdir={self._room / 'work'}"
        done = subprocess.run(
            [
                "unshare",
                "--mount",
                "sh",
                "-euc",
                "\n".join([f"mount -t overlay overlay -o {overlay} {root}", *binds, f"cd {root}", script]),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            env=os.environ | {"PATH": PATH},
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _install(self) -> None:
        source = self._room / "source"
        shutil.copytree(
            PROJECT,
            source,
            ignore=shutil.ignore_patterns(".git", ".*cache", "__pycache__", ".hypothesis", ".venv*", "node_modules"),
        )
        self._mounted(
            "mount --bind /dev dev\n"
            f"chroot . {self._python} -m venv /opt/baileys-cleanup\n"
            f"chroot . /opt/baileys-cleanup/bin/pip install --quiet {source}"
        )

    def _prepare(self) -> None:
        etc = self._over / "etc"
        units = etc / "systemd" / "system"
        units.mkdir(parents=True)
        passwd = Path("/etc/passwd").read_text()
        (etc / "passwd").write_text(f"{passwd}baileys:x:{self.USER}:{self.USER}::/nonexistent:/usr/sbin/nologin\n")
        for unit in UNITS:
            shutil.copy(DEPLOY / f"{unit}.service", units)
            shutil.copy(DEPLOY / f"{unit}.timer", units)

    def _watch(self, unit: str) -> None:
        """Let the next boot start one timer, and report on its service."""
        units = self._over / "etc" / "systemd" / "system"
        (units / "proof.target").write_text(f"[Unit]\nRequires=basic.target\nWants={unit}.timer\n")
        (units / f"{unit}.service.d").mkdir(exist_ok=True)
        (units / f"{unit}.service.d" / "proof.conf").write_text(
            "[Unit]\nOnSuccess=report.service\nOnFailure=report.service\n"
            "[Service]\nExecStartPost=-/bin/sh -c 'touch /var/tmp/escaped /opt/escaped'\n"
            f"ExecStartPost=-{self._python} -c 'import socket; socket.socket()'\n"
        )
        (units / "report.service").write_text(
            "[Service]\nType=oneshot\nExecStart=/bin/sh -c '"
            f"systemctl show {unit}.service -p Result,ExecMainStatus >/report.unit; "
            f"journalctl --sync; journalctl -b -u {unit} -o json --output-fields=MESSAGE,_UID >/report.log'\n"
            "ExecStopPost=/usr/bin/systemctl poweroff --force\n"
        )

    def boot(self, sessions_root: Path, unit: str = UNITS[0]) -> dict[str, str]:
        """Boot, let the timer make up for the missed night, and return how systemd says the service ended."""
        self._watch(unit)
        archives = sessions_root.parent / "archives"
        archives.mkdir(0o700)
        for path in [archives, sessions_root, *sessions_root.rglob("*")]:
            os.lchown(path, self.USER, self.USER)
        # The timer has run before, and missed a night.
        stamp = self._over / "var" / "lib" / "systemd" / "timers" / f"stamp-{unit}.timer"
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
        os.utime(stamp, (1_700_000_000, 1_700_000_000))
        self._mounted(
            f"mkdir -p .{SESSIONS_ROOT} .{ARCHIVES}\n"
            "exec timeout 300 systemd-nspawn --quiet --register=no --keep-unit --private-network --machine=proof"
            f" --directory=. --bind={sessions_root}:{SESSIONS_ROOT} --bind={archives}:{ARCHIVES}"
            + "".join(f" --bind-ro={source}:{target}" for source, target in self._binds)
            + " --boot -- systemd.unit=proof.target"
        )
        return dict(line.split("=", 1) for line in (self._over / "report.unit").read_text().splitlines())

    @property
    def log(self) -> list[dict[str, str]]:
        """What the journal has of the service."""
        return [json.loads(line) for line in (self._over / "report.log").read_text().splitlines()]

    def has(self, path: str) -> bool:
        """Tell whether something was written at a path."""
        return (self._over / path.lstrip("/")).exists()


@pytest.fixture(scope="module")
def computer(tmp_path_factory: pytest.TempPathFactory) -> Computer:
    """Install the tool on a computer of its own."""
    return Computer(tmp_path_factory.mktemp("computer"))


@pytest.mark.slow
def test_a_real_systemd_makes_up_for_a_missed_night(computer: Computer, demo: Path) -> None:
    """Booted after 03:00, the timer starts the sandboxed service, and the demo is cleaned and logged."""
    before = tree(demo)

    ended = computer.boot(demo)

    assert ended == {"Result": "success", "ExecMainStatus": "0"}, computer.log
    removed = before.keys() - tree(demo).keys()
    assert removed
    assert removed == quarantined(demo)
    assert [c.name for c in demo.glob("company_*") if not any(c.name[8:] in e["MESSAGE"] for e in computer.log)] == []


@pytest.mark.slow
def test_the_sandbox_of_the_service_holds(computer: Computer, demo: Path) -> None:
    """What runs in the service as its user can neither write elsewhere nor open a socket."""
    computer.boot(demo)

    said = "\n".join(entry["MESSAGE"] for entry in computer.log if entry["_UID"] == str(computer.USER))
    assert "/var/tmp/escaped" not in said  # its own private one: allowed, and gone
    assert not computer.has("/var/tmp/escaped")
    assert "cannot touch '/opt/escaped': Read-only file system" in said
    assert "Address family not supported" in said


@pytest.mark.slow
def test_a_failed_run_is_a_failed_unit(computer: Computer, demo: Path) -> None:
    """Where the tool ends with a status other than 0, systemd says the unit failed and starts OnFailure=."""
    (demo / ".baileys-cleanup").write_text("in the way")

    ended = computer.boot(demo)

    assert ended == {"Result": "exit-code", "ExecMainStatus": "2"}
    assert any(".baileys-cleanup" in entry["MESSAGE"] for entry in computer.log)


@pytest.mark.slow
def test_a_real_systemd_backs_up(computer: Computer, healthy_demo: Path) -> None:
    """The sandboxed backup service leaves the companies as they are, and a good archive of each in its folder."""
    before = tree(healthy_demo)

    ended = computer.boot(healthy_demo, UNITS[1])

    assert ended == {"Result": "success", "ExecMainStatus": "0"}, computer.log
    assert before == tree(healthy_demo)
    archives = list((healthy_demo.parent / "archives").iterdir())
    assert len(archives) == len(list(healthy_demo.glob("company_*")))
    assert {(0o600, computer.USER)} == {(path.stat().st_mode & 0o777, path.stat().st_uid) for path in archives}
