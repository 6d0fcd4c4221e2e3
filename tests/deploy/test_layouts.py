"""docs/layouts.md and docs/old-cleanups.md: their commands on a stock machine that has what they speak of."""

import shutil
from pathlib import Path

import pytest
from machine import SESSIONS_ROOT
from stock import USER, Stock, sections, shell_blocks, stock_machine

pytestmark = pytest.mark.slow

LAYOUTS = sections("layouts")
OLD = sections("old-cleanups")
BOTS = "/srv/bots"
COUNT = f"find -L {BOTS}/{{}}/ -maxdepth 1 -type f | wc -l"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """Give a machine with the tool, as docs/install.md puts it there."""
    machine = stock_machine(tmp_path_factory.mktemp("stock"))
    machine.run(shell_blocks(sections("install")["A venv"])[0])
    return machine


@pytest.fixture
def bots(installed: Stock, healthy_demo: Path, tmp_path: Path) -> Stock:
    """Give the machine a sessions root, and bots that keep their folders under names of their own."""
    one = healthy_demo / "company_962302"
    tree = tmp_path / "bots"
    for place in ("sessions/962302", "sessions/123456", "shop/auth_info_baileys"):
        shutil.copytree(one, tree / place)
    installed.run(f"rm -rf {BOTS} {SESSIONS_ROOT}")
    installed.put(tree, BOTS)
    installed.put(healthy_demo, SESSIONS_ROOT)
    return installed


def test_a_folder_per_bot_gets_the_name_of_a_company(bots: Stock) -> None:
    """After the commands the tool cleans each bot's folder, and the bot finds the same files under its own name."""
    before = bots.run(COUNT.format("sessions/962302"))
    several, one = shell_blocks(LAYOUTS["A folder per bot, under other names"])
    said = bots.run(several)
    assert "2 companies: " in said
    assert "2 companies: " in bots.run(f"sudo -u baileys baileys-cleanup --sessions-root {BOTS}/sessions")
    assert int(bots.run(COUNT.format("sessions/962302"))) < int(before)
    assert "3 companies: " in bots.run(one)
    assert before == bots.run(COUNT.format("shop/auth_info_baileys"))


def test_the_root_may_be_a_link(bots: Stock) -> None:
    """The default path as a link to where the folders are: the tool goes there without an option."""
    bots.run(f"rm -r {SESSIONS_ROOT}")
    bots.run(shell_blocks(LAYOUTS["A folder per bot, under other names"])[0])
    bots.run(shell_blocks(LAYOUTS["The root is elsewhere"])[0])
    assert "2 companies: " in bots.run("sudo -u baileys baileys-cleanup")


def test_a_company_that_is_a_mount_or_a_link_is_left_alone(bots: Stock) -> None:
    """A bound company is status 1 with a sentence, a linked one a warning; a root that is bound itself is cleaned."""
    ours = (
        f"mkdir -p /tmp/r/company_1 /tmp/m; mount -t tmpfs tmpfs /tmp/m; cp -a {BOTS}/sessions/962302 /tmp/m/company_1"
    )
    dry = "baileys-cleanup --dry-run --sessions-root {} 2>&1 || echo status $?"
    bound = f"{ours}; mount --bind {BOTS}/sessions/962302 /tmp/r/company_1"
    said = bots.run(f"{bound}; {dry.format('/tmp/r')}")
    assert "a real run would remove nothing here" in said
    said = bots.run(f"{bound}; {dry.format('/tmp/r').replace(' --dry-run', '')}")
    assert "give that mount a sessions root of its own" in said
    assert "status 1" in said
    said = bots.run(
        f"{ours}; rmdir /tmp/r/company_1; ln -s {BOTS}/sessions/962302 /tmp/r/company_1; {dry.format('/tmp/r')}"
    )
    assert "company_1" in said
    assert "0 companies: " in said
    assert "1 company: " in bots.run(f"{ours}; mount --bind /tmp/m /tmp/r; baileys-cleanup --sessions-root /tmp/r")


def test_a_share_is_tried_on_a_demo(bots: Stock) -> None:
    """The four lines make a demo, clean it, bring all back, and leave nothing."""
    (lines,) = shell_blocks(LAYOUTS["Mounts"])
    said = bots.run(
        f"mkdir -p /mnt/share; chown {USER} /mnt/share; cd /; {lines.replace('rm -r', 'true; sudo -u baileys rm -r')}"
    )
    removed = int(said.partition(" files before, ")[2].partition(" removed")[0])
    assert removed > 0
    assert f"{removed} files brought back, 0 could not be." in said
    assert "" == bots.run("ls -A /mnt/share")


OLD_JOB = f"17 3 * * * root find {SESSIONS_ROOT} -mtime +14 -delete"
PLACES = {
    "/etc/cron.d/old": OLD_JOB,
    "/var/spool/cron/crontabs/root": OLD_JOB.replace("root ", ""),
    "/etc/cron.daily/tidy": f"#!/bin/sh\nfind {SESSIONS_ROOT} -name 'session-*' -delete",
    "/etc/systemd/system/tidy.service": f"[Service]\nExecStart=find {SESSIONS_ROOT} -delete",
    "/usr/local/bin/tidy": f"#!/bin/sh\nrm {SESSIONS_ROOT}/*/session-*",
    "/etc/tmpfiles.d/bots.conf": f"e {SESSIONS_ROOT} - - - 14d",
    f"{BOTS}/shop/index.mjs": "setInterval(() => fs.rmSync(path), 86400000)",
}
NOT_HERE = ("systemctl list-timers --all", "sudo auditctl", "sudo ausearch")
"""What needs a running systemd, or a kernel with audit."""


def test_an_old_cleanup_is_found_wherever_it_is(bots: Stock) -> None:
    """Each of the places where such a job may live is named by one of the commands."""
    for path, text in PLACES.items():
        bots.run(f"mkdir -p $(dirname {path}) && cat > {path} <<'END'\n{text}\nEND")
    lines = [line for block in shell_blocks(OLD["Find it"]) for line in block.splitlines()]
    said = "".join(
        bots.run(f"mount -t tmpfs tmpfs /root; {line} || true") for line in lines if not line.startswith(NOT_HERE)
    )
    assert [] == [path for path in PLACES if path not in said]


def test_an_old_cleanup_that_stays_leaves_the_quarantine_alone(bots: Stock) -> None:
    """The find that is shown names old sessions of the companies, and nothing of the tool's own folder."""
    bots.run("sudo -u baileys baileys-cleanup")
    bots.run(f"touch -d '20 days ago' {SESSIONS_ROOT}/company_962302/session-1.0.json")
    (line,) = shell_blocks(OLD["If it has to stay"])
    naive = f"find {SESSIONS_ROOT} -type f -mtime +14 -name 'session-*.json'"
    assert "/.baileys-cleanup/quarantine/" in bots.run(naive), "what lies there is old by its date"
    said = bots.run(line)
    assert "session-1.0.json" in said
    assert ".baileys-cleanup" not in said
