"""What the tests of `deploy/` share: the programs they need, a demo root, and a machine of their own.

The examples are tested as they stand. Their paths (`/opt/baileys-cleanup`, `/opt/ai-admin/...`) are made true
in a private mount namespace, so nothing on the real machine is touched and nothing in a file is substituted.
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
DEPLOY = PROJECT / "deploy"
SESSIONS_ROOT = "/opt/ai-admin/baileys_sessions"


def missing(reason: str) -> None:
    """Skip on a user's machine; fail where the deep tests are owed."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (tests/deploy/apt-packages.txt lists what CI installs)")
    pytest.skip(reason)


def needs(*programs: str) -> None:
    """Skip, or fail under CI, unless every program is there."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    absent = [program for program in programs if shutil.which(program, path=path) is None]
    if absent:
        missing(f"needs {', '.join(absent)}")


@pytest.fixture(scope="session")
def tool() -> str:
    """The installed command itself, by its absolute path."""
    found = shutil.which("baileys-cleanup", path=sysconfig.get_path("scripts")) or shutil.which("baileys-cleanup")
    if found is None:
        missing("baileys-cleanup is not installed in this environment")
    return os.path.abspath(found)


@pytest.fixture
def run_tool(tool: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the installed command with the settings of nobody else's machine."""

    def run(*args: object, status: int = 0) -> subprocess.CompletedProcess[str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("BAILEYS_CLEANUP_")}
        done = subprocess.run(
            [tool, *map(str, args)], capture_output=True, text=True, env=env, timeout=60, check=False
        )
        assert status == done.returncode, done.stderr
        return done

    return run


@pytest.fixture
def demo(tmp_path: Path, run_tool: Callable[..., subprocess.CompletedProcess[str]]) -> Path:
    """A demo sessions root as anybody gets it."""
    root = tmp_path / "demo"
    run_tool("demo", root)
    return root


@pytest.fixture
def healthy_demo(demo: Path, run_tool: Callable[..., subprocess.CompletedProcess[str]]) -> Path:
    """A demo root without the companies that deserve a warning."""
    planned = json.loads(run_tool("--sessions-root", demo, "--dry-run", "--json").stdout)
    for company in planned["companies"]:
        if company["warnings"] or company["errors"]:
            shutil.rmtree(demo / f"company_{company['company_id']}")
    assert list(demo.glob("company_*"))
    return demo


@pytest.fixture
def machine(tmp_path: Path) -> "Machine":
    """A machine that is like this one, and of which only what a test lays over it can be changed."""
    needs("unshare", "mount")
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        missing("needs root and mount namespaces")
    return Machine(tmp_path / "machine")


class Machine:
    """Shell commands in a mount namespace, after the mounts that were asked for."""

    def __init__(self, room: Path) -> None:
        self.room = room
        room.mkdir()
        self._mounts: list[str] = [f"mount -t tmpfs -o mode=0755 tmpfs {room}"]

    def put(self, source: str | Path, target: str) -> None:
        """Make a file or folder appear at a place that exists."""
        self._mounts.append(f"mount --bind {source} {target}")

    def lay(self, folder: str, *commands: str) -> None:
        """Make a folder writable without a trace, and run commands that prepare it."""
        upper = self.room / folder.strip("/").replace("/", "-")
        self._mounts += [
            f"mkdir -p {upper}/over {upper}/work",
            f"mount -t overlay overlay -o lowerdir={folder},upperdir={upper}/over,workdir={upper}/work {folder}",
            *commands,
        ]

    def empty(self, folder: str, *commands: str) -> None:
        """Put an empty folder of its own over a folder, and run commands that fill it."""
        self._mounts += [f"mount -t tmpfs -o mode=0755 tmpfs {folder}", *commands]

    def install(self, tool: str, sessions_root: Path) -> None:
        """Put the installed tool and a sessions root where the examples expect them."""
        self.lay(
            "/opt",
            f"mkdir -p /opt/baileys-cleanup/bin {SESSIONS_ROOT}",
            f"ln -s {tool} /opt/baileys-cleanup/bin/baileys-cleanup",
            f"mount --bind {sessions_root} {SESSIONS_ROOT}",
        )

    def command(self, script: str) -> list[str]:
        """The command line that runs a script on this machine; its last command may `exec`."""
        return ["unshare", "-m", "sh", "-euc", "\n".join([*self._mounts, script])]

    def run(self, script: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a script on this machine to its end."""
        return subprocess.run(
            self.command(script), capture_output=True, text=True, timeout=timeout, check=False
        )


def library(pattern: str) -> str:
    """The one library that fits a pattern of paths."""
    found = glob.glob(pattern)
    if not found:
        missing(f"needs {pattern}")
    return found[0]


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every auth file under a sessions root, with its date and content."""
    return {
        str(path.relative_to(root)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(root.glob("company_*/*"))
        if path.is_file() and not path.is_symlink()
    }


def quarantined(root: Path) -> set[str]:
    """The names of what lies in the quarantine, as `company_<id>/<file>`."""
    return {"/".join(path.parts[-2:]) for path in root.glob(".baileys-cleanup/quarantine/*/company_*/*")}


def python() -> str:
    """The Python that runs these tests."""
    return sys.executable
