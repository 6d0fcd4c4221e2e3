"""The crontab example, read as a text and run by the real cron."""

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from machine import COMMAND, DEPLOY, PATH, SESSIONS_ROOT, Machine, library, needs, quarantined, tree
from web import TIMEOUT

EXAMPLE = DEPLOY / "crontab.example"
TEXT = EXAMPLE.read_text()
SCHEDULE = "0 3 * * * "
JOB = next(line for line in TEXT.splitlines() if line.startswith(SCHEDULE))
LOGGED_JOB = next(line[1:] for line in TEXT.splitlines() if line.startswith(f"#{SCHEDULE}"))
BACKUP_SCHEDULE = "30 2 * * * "
BACKUP_JOB = next(line[1:] for line in TEXT.splitlines() if line.startswith(f"#{BACKUP_SCHEDULE}"))
ARCHIVES = "/var/backups/baileys"


def test_every_line_has_a_comment_right_above() -> None:
    """No active line stands without its explanation."""
    lines = TEXT.splitlines()
    active = [number for number, line in enumerate(lines) if line and not line.startswith("#")]

    assert [lines[number] for number in active if not lines[number - 1].startswith("# ")] == []
    assert [re.split("=|/usr", lines[number])[0] for number in active] == [
        "SHELL",
        "PATH",
        "MAILTO",
        "0 3 * * * ",
    ]


@pytest.mark.parametrize("job", [JOB, LOGGED_JOB, BACKUP_JOB])
def test_job_spells_every_path_and_limits_its_time(job: str) -> None:
    """Cron's PATH is no help in the job, it cannot run for ever, and no percent sign cuts it short."""
    words = shlex.split(job.removeprefix(SCHEDULE).removeprefix(BACKUP_SCHEDULE))

    assert [words[0], words[3]] == ["/usr/bin/timeout", COMMAND]
    assert f"--sessions-root {SESSIONS_ROOT}" in job
    assert not re.search(r"(?<!\\)%", job)


@pytest.mark.slow
def test_crontab_accepts_the_example() -> None:
    """Debian's own parser finds nothing wrong with the file."""
    needs("crontab")

    done = subprocess.run(["crontab", "-n", EXAMPLE], capture_output=True, text=True, check=False)

    assert (done.returncode, "".join(re.findall(r".*error.*", done.stderr))) == (0, "")


@pytest.mark.slow
def test_crontab_would_refuse_a_broken_line(tmp_path: Path) -> None:
    """The parser that accepts the example is one that can refuse."""
    needs("crontab")
    broken = tmp_path / "crontab"
    broken.write_text(TEXT.replace(SCHEDULE, "0 33 * * * "))

    assert subprocess.run(["crontab", "-n", broken], capture_output=True, check=False).returncode


class Cron:
    """A machine whose cron has one crontab, a mailbox and a system log."""

    def __init__(self, machine: Machine, room: Path) -> None:
        needs("cron")
        self._machine = machine
        self._mail = room / "mail"
        self._log = room / "log"
        self._spool = room / "spool"
        self._before = room / "before"
        self._faketime = library("/usr/lib/*/faketime/libfaketime.so.1")
        (self._spool / "crontabs").mkdir(parents=True)
        (room / "sendmail").write_text(f"#!/bin/sh\ncat >> {self._mail}\n")
        (room / "logger").write_text(f'#!/bin/sh\necho "$*" >> {self._log}\ncat >> {self._log}\n')
        for program in ("sendmail", "logger"):
            (room / program).chmod(0o755)
        nothing = room / "nothing"
        nothing.touch()
        machine.lay("/usr/sbin", f"rm -f /usr/sbin/sendmail; cp {room}/sendmail /usr/sbin/sendmail")
        machine.put(room / "logger", "/usr/bin/logger")
        machine.put(self._spool, "/var/spool/cron")
        machine.put(nothing, "/etc/crontab")
        machine.empty("/etc/cron.d")
        machine.empty("/run")

    @contextmanager
    def _running(self, crontab: str) -> Iterator[int]:
        table = self._spool / "crontabs" / "root"
        table.write_text(crontab)
        table.chmod(0o600)
        clock = f"LD_PRELOAD={self._faketime} FAKETIME='@2026-11-22 02:59:55'"
        script = f'read -r before </proc/$$/stat; echo "$before" >{self._before}; exec env {clock} cron -f'
        with subprocess.Popen(self._machine.command(script), env=os.environ | {"PATH": PATH}) as cron:
            try:
                yield cron.pid
            finally:
                cron.send_signal(signal.SIGTERM)

    def run(self, crontab: str) -> None:
        """Let three o'clock come, and wait until the jobs and their mails are done."""
        with self._running(crontab) as cron:
            _wait(lambda: self._is_done(cron), "cron started no job, or it did not end")

    def _is_done(self, cron: int) -> bool:
        """Tell whether a job of cron has ended: it has buried a child since it took its place, and has none now."""
        return (
            Path(f"/proc/{cron}/comm").read_text().strip() == "cron"
            and _faults_of_the_buried(Path(f"/proc/{cron}/stat")) > _faults_of_the_buried(self._before)
            and not Path(f"/proc/{cron}/task/{cron}/children").read_text()
        )

    @property
    def mail(self) -> str:
        """What cron mailed."""
        return self._mail.read_text() if self._mail.exists() else ""

    @property
    def log(self) -> str:
        """What reached the system log."""
        return self._log.read_text() if self._log.exists() else ""


def _faults_of_the_buried(stat: Path) -> int:
    """Give the page faults that the children had that a process has waited for: each had some."""
    return int(stat.read_text().rpartition(")")[2].split()[8])


def _wait(done: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + TIMEOUT
    while not done():
        assert time.monotonic() < end, otherwise
        time.sleep(0.01)


@pytest.fixture
def cron(machine: Machine, tmp_path: Path) -> Cron:
    """Build a machine with cron."""
    room = tmp_path / "cron"
    room.mkdir()
    return Cron(machine, room)


@pytest.mark.slow
def test_the_example_as_it_stands_cleans_at_three_and_is_silent(
    cron: Cron, machine: Machine, tool: str, healthy_demo: Path
) -> None:
    """At 03:00 the unchanged file runs the installed tool; all is well, so nobody is mailed."""
    machine.install(tool, healthy_demo)
    before = tree(healthy_demo)

    cron.run(TEXT)

    removed = before.keys() - tree(healthy_demo).keys()
    assert removed
    assert removed == quarantined(healthy_demo)
    assert cron.mail == ""


@pytest.mark.slow
def test_every_minute_as_well(cron: Cron, machine: Machine, tool: str, demo: Path) -> None:
    """With the schedule set to every minute the same line cleans, and mails the demo's broken company."""
    machine.install(tool, demo)
    before = tree(demo)

    cron.run(TEXT.replace(SCHEDULE, "* * * * * "))

    removed = before.keys() - tree(demo).keys()
    assert removed
    assert removed == quarantined(demo)
    assert "creds.json" in cron.mail


@pytest.mark.slow
def test_an_unhappy_run_is_mailed_to_the_operator(cron: Cron, machine: Machine, tool: str, tmp_path: Path) -> None:
    """An empty folder where the sessions should be (an unmounted disk) is worth a mail, quiet or not."""
    unmounted = tmp_path / "unmounted"
    unmounted.mkdir()
    machine.install(tool, unmounted)

    cron.run(TEXT)

    assert re.search(r"^To: root$", cron.mail, re.MULTILINE)
    assert SESSIONS_ROOT in cron.mail.split("\n\n", 1)[1]


@pytest.mark.slow
def test_a_run_that_overlaps_is_mailed_and_changes_nothing(
    cron: Cron, machine: Machine, tool: str, demo: Path, run_tool: Callable[..., object]
) -> None:
    """While another run holds the lock, cron's run ends with a sentence about it."""
    machine.install(tool, demo)
    run_tool("--sessions-root", demo, "--company", next(demo.glob("company_*")).name)
    before = tree(demo)

    with subprocess.Popen(["flock", demo / ".baileys-cleanup" / "lock", "cat"], stdin=subprocess.PIPE) as other:
        _wait(lambda: bool(Path(f"/proc/{other.pid}/task/{other.pid}/children").read_text()), "no lock")
        cron.run(TEXT)

    assert before == tree(demo)
    assert "lock" in cron.mail.split("\n\n", 1)[1]


@pytest.mark.slow
def test_the_second_form_logs_the_summary(cron: Cron, machine: Machine, tool: str, demo: Path) -> None:
    """Without mail, summary and warnings reach the system log, and nothing is mailed."""
    machine.install(tool, demo)
    before = tree(demo)

    cron.run(TEXT.replace(f"#{SCHEDULE}", SCHEDULE).replace(f"{JOB}\n", "", 1))

    assert before.keys() - tree(demo).keys()
    assert cron.log.startswith("-t baileys-cleanup\n")
    assert "creds.json" in cron.log
    assert [company.name for company in demo.glob("company_*") if company.name[8:] not in cron.log] == []
    assert cron.mail == ""


@pytest.mark.slow
def test_the_backup_job_makes_archives_and_is_silent(
    cron: Cron, machine: Machine, tool: str, healthy_demo: Path, run_tool: Callable[..., object]
) -> None:
    """With its # removed the line backs every company up, removes nothing, and mails nobody; the archives are good."""
    machine.install(tool, healthy_demo)
    archives = healthy_demo.parent / "archives"
    archives.mkdir(0o700)
    machine.lay("/var/backups", f"mkdir -p {ARCHIVES}")
    machine.put(archives, ARCHIVES)
    before = tree(healthy_demo)

    cron.run(TEXT.replace(f"#{BACKUP_SCHEDULE}", SCHEDULE).replace(f"{JOB}\n", "", 1))

    assert before == tree(healthy_demo)
    assert len(list(healthy_demo.glob("company_*"))) == len(list(archives.iterdir()))
    assert cron.mail == ""
    run_tool("backup", "--verify", "--to", archives)
