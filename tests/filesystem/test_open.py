"""What the tool opens, and what a dry run does: told by the interpreter's own audit hook."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from baileys_cleanup import cli

from .runner import clean, days_ago, in_child, undo
from .trees import MEMORY, OWN_KEY, TOOL, company, sessions, snapshot, write

WRITES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.utime")
RIGHTS = ("os.chmod", "os.chown", "os.setxattr", "os.removexattr", "shutil.", "subprocess.", "os.exec", "socket.")
OWN = {TOOL, "lock", "audit.log", "last-run.json", "last-run.json.new", "runs", "quarantine", ".way-back"}
OWN |= {"history.json", "history.json.new"}
OWN |= {"aside", "restoring", "waiting-keys"}
REMEMBERED = {f"company_{number}.json{end}" for number in (1, 2) for end in ("", ".new")}
"""What is remembered of companies, in `waiting-keys`; no company folder has such a name in it."""


def spied(work: Callable[[], object]) -> list[tuple[str, tuple[Any, ...]]]:
    """Do some work in a child under the interpreter's audit hook, and return the events."""

    def child() -> list[tuple[str, tuple[Any, ...]]]:
        events: list[tuple[str, tuple[Any, ...]]] = []
        listening = [True]

        def hear(event: str, arguments: tuple[Any, ...]) -> None:
            if listening[0] and event.startswith(("open", "os.", "shutil.", "subprocess.", "socket.")):
                plain = tuple(each if isinstance(each, (int, str, bytes)) else repr(each) for each in arguments)
                events.append((event, plain))

        sys.addaudithook(hear)
        work()
        listening[0] = False
        return events

    _, events = in_child(child)
    return list(events)


@pytest.fixture
def full(root: Path) -> Path:
    """Give a root with files of every kind, an earlier run that is due, and one that can be undone."""
    company(root, "1", *sessions(range(100, 103)), age=60)
    clean(root, now=days_ago(20))
    for name in sessions(range(2)):
        write(root / "company_1" / name, 20)
    clean(root, now=days_ago(3))
    others = ["lid-mapping-15551000000.json", "app-state-sync-key-AAAA.json", "device-list-1.json", "strange.txt"]
    company(root, "2", MEMORY, OWN_KEY, *others, *sessions(range(3)), *(f"pre-key-{n}.json" for n in range(1, 9)))
    (root / "company_2" / "session-link.0.json").symlink_to("/etc/passwd")
    return root


def opened(events: list[tuple[str, tuple[Any, ...]]], root: Path) -> set[str]:
    """Give the names that were opened, but for the interpreter's own and /proc."""
    names = {str(arguments[0]) for event, arguments in events if event == "open"}
    return {
        name.removeprefix(f"{root}/")
        for name in names
        if not name.isdigit()
        and not name.startswith(("/proc/self/fdinfo/", "/etc/", "/usr/", sys.prefix, sys.base_prefix))
    }


@pytest.mark.parametrize("undo_days", [7, 0])
def test_of_the_companies_only_creds_json_is_opened(full: Path, undo_days: int) -> None:
    """No auth file is ever opened, to read or to delete it: only `creds.json` and the tool's own files."""
    names = opened(spied(lambda: clean(full, undo_days=undo_days)), full)
    assert "creds.json" in names
    folders = {str(full), "company_1", "company_2"}
    rest = names - OWN - folders - REMEMBERED - {"creds.json"}
    assert names & REMEMBERED == {"company_2.json.new"}, "written for the company with a key that waits, before it goes"
    assert all(name.partition(".")[0].count("Z-") == 1 for name in rest), "runs and their records are named by time"
    assert not any("session" in name or "key" in name or "mapping" in name for name in rest)


def test_undo_opens_no_auth_file_either(full: Path) -> None:
    """Nor does undo."""
    names = opened(spied(lambda: undo(full)), full)
    assert not any(word in name for name in names for word in ("session-", "key-", "mapping-"))


def test_a_dry_run_is_no_write(full: Path) -> None:
    """A dry run, and the commands that only look, do nothing of which a disk would hear."""
    before = snapshot(full)

    def work() -> None:
        clean(full, dry_run=True)
        for name in ("clean --dry-run", "explain", "undo", "settings"):
            done = CliRunner().invoke(cli.commands, [*name.split(), "--sessions-root", str(full)])
            assert done.exit_code == 0, done.output

    events = spied(work)
    assert events
    for event, arguments in events:
        assert not event.startswith((*WRITES, *RIGHTS)), (event, arguments)
        if event == "open" and str(arguments[0]).startswith((str(full), *OWN, "company_", "creds", "2")):
            flags = int(arguments[2])
            assert not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND), arguments
    assert before == snapshot(full)


def test_a_dry_run_makes_no_tool_folder(root: Path) -> None:
    """On a root that was never cleaned, a dry run leaves no folder of its own."""
    company(root, "1", *sessions(range(3)))
    before = snapshot(root)
    assert clean(root, dry_run=True).total.removed == 3
    assert before == snapshot(root)


@pytest.mark.parametrize("undo_days", [7, 0])
def test_permissions_and_dates_are_never_touched(full: Path, undo_days: int) -> None:
    """A real run never changes a mode, an owner or a date, starts no program and opens no connection."""
    events = spied(lambda: clean(full, undo_days=undo_days))
    assert not [each for each in events if each[0].startswith((*RIGHTS, "os.utime", "os.symlink", "os.truncate"))]
