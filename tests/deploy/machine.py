"""A machine of one's own: this one, in a private mount namespace, with some folders laid over.

The examples of `deploy/` are tested as they stand: their paths are made true here, and nothing on the real
machine changes.
"""

import glob
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
DEPLOY = PROJECT / "deploy"
COMMAND = "/opt/baileys-cleanup/bin/baileys-cleanup"
SESSIONS_ROOT = "/opt/ai-admin/baileys_sessions"
RunTool = Callable[..., subprocess.CompletedProcess[str]]
PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"


def missing(reason: str) -> None:
    """Skip on a user's machine; fail where the deep tests are owed."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (tests/deploy/apt-packages.txt lists what CI installs)")
    pytest.skip(reason)


def needs(*programs: str) -> None:
    """Skip, or fail under CI, unless every program is there."""
    absent = [program for program in programs if shutil.which(program, path=PATH) is None]
    if absent:
        missing(f"needs {', '.join(absent)}")


def library(pattern: str) -> str:
    """Return the library that fits a pattern of paths."""
    found = sorted(glob.glob(pattern))
    if not found:
        missing(f"needs {pattern}")
    return found[0]


class Machine:
    """Runs shell commands in a mount namespace, after the mounts that were asked for."""

    def __init__(self, room: Path) -> None:
        self.room = room
        room.mkdir()
        self._mounts = [f"mount -t tmpfs -o mode=0755 tmpfs {room}"]

    def lay(self, folder: str, *commands: str) -> None:
        """Make a folder writable without a trace, and run the commands that prepare it."""
        upper = self.room / folder.strip("/").replace("/", "-")
        self._mounts += [
            f"mkdir -p {upper}/over {upper}/work",
            f"mount -t overlay overlay -o lowerdir={folder},upperdir={upper}/over,workdir={upper}/work {folder}",
            *commands,
        ]

    def empty(self, folder: str, *commands: str) -> None:
        """Put an empty folder over a folder, and run the commands that fill it."""
        self._mounts += [f"mount -t tmpfs -o mode=0755 tmpfs {folder}", *commands]

    def put(self, source: str | Path, target: str) -> None:
        """Make a file or folder appear at a place that exists."""
        self._mounts.append(f"mount --bind {source} {target}")

    def install(self, tool: str, sessions_root: Path) -> None:
        """Put the installed tool and a sessions root where the examples expect them."""
        self.lay(
            "/opt",
            f"mkdir -p {os.path.dirname(COMMAND)} {SESSIONS_ROOT}",
            f"ln -s {tool} {COMMAND}",
        )
        self.put(sessions_root, SESSIONS_ROOT)

    def command(self, script: str) -> list[str]:
        """Return the command line that runs a script on this machine; its last command may `exec`."""
        return ["unshare", "--mount", "sh", "-euc", "\n".join([*self._mounts, script])]

    def run(self, script: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a script on this machine to its end."""
        return subprocess.run(
            self.command(script),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env=os.environ | {"PATH": PATH},
        )


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    """Return every auth file under a sessions root, with its date and content."""
    return {
        str(path.relative_to(root)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(root.glob("company_*/*"))
        if path.is_file() and not path.is_symlink()
    }


def quarantined(root: Path) -> set[str]:
    """Return the names of what lies in the quarantine, as `company_<id>/<file>`."""
    return {"/".join(path.parts[-2:]) for path in root.glob(".baileys-cleanup/quarantine/*/company_*/*")}
