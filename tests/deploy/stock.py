"""A stock machine: this one's Debian with its own Python, laid over so that nothing real changes, and a clone on it.

Programs find what a Debian has; `sudo` is a stand-in, because everything there is done by root.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from machine import PROJECT, missing, needs

CLONE = "/srv/baileys-cleanup"
HOME = "/srv/home"
OF_DEBIAN = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
USER = 4_323
ADDRESS = "https://github.com/baileys-cleanup/baileys-cleanup"
SUDO = f"""#!/bin/sh
[ "$1" = -u ] || exec env "$@"
shift 2
exec setpriv --reuid={USER} --regid={USER} --clear-groups env HOME=/nonexistent "$@"
"""
NO_NETWORK = ("Temporary failure", "Network is unreachable", "Failed to establish a new connection", "Unable to fetch")


def sections(page: str) -> dict[str, str]:
    """Return what stands under each heading of a page of docs."""
    text = (PROJECT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^## (.+?)$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))


def shell_blocks(text: str) -> list[str]:
    """Return the commands of a text, block by block."""
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def stock_machine(room: Path) -> "Stock":
    """Build such a machine, or skip the test where there can be none."""
    needs("unshare", "git", "setpriv")
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        missing("needs root and mount namespaces")
    if not Path("/usr/bin/apt").exists() or not Path("/usr/bin/python3").exists():
        missing("needs Debian with its own python3")
    return Stock(room)


class Stock:
    """Runs scripts on a machine of its own, in the clone; what one leaves behind the next one finds."""

    def __init__(self, room: Path) -> None:
        for folder in ("over", "work", "root"):
            (room / folder).mkdir(parents=True)
        self._room = room
        self._over = room / "over"
        self._add("/usr/local/bin/sudo", SUDO, 0o755)
        self._add("/etc/apt/apt.conf.d/99tests", 'APT::Get::Assume-Yes "true";\n')
        self._add("/etc/passwd", f"{Path('/etc/passwd').read_text()}baileys:x:{USER}:{USER}::/nonexistent:/bin/false\n")
        self._add(f"{HOME}/.gitconfig", f'[url "file://{CLONE}"]\n\tinsteadOf = {ADDRESS}\n[safe]\n\tdirectory = *\n')
        self._clone()

    def _add(self, path: str, text: str, mode: int = 0o644) -> None:
        target = self._over / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(mode)

    def _clone(self) -> None:
        target = self._over / CLONE.lstrip("/")
        target.mkdir(parents=True)
        git = ["git", "-c", "safe.directory=*", "-c", "user.name=t", "-c", "user.email=t@localhost"]
        listed = subprocess.run(
            [*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in listed.stdout.split("\0"):
            if name and (PROJECT / name).is_file():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT / name, target / name)
        for step in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"], ["tag", "v0.1.0"]):
            subprocess.run([*git, *step], cwd=target, check=True)

    def put(self, source: Path, target: str) -> None:
        """Copy a folder, for the bot's user, to a place on this machine."""
        place = self._over / target.lstrip("/")
        shutil.copytree(source, place, symlinks=True)
        for path in (place, *place.rglob("*")):
            os.chown(path, USER, USER, follow_symlinks=False)

    def run(self, script: str) -> str:
        """Run a script in the clone; give what it said. Whatever ends with a status other than 0 fails the test."""
        root = self._room / "root"
        overlay = f"lowerdir=/,upperdir={self._over},workdir={self._room / 'work'}"
        steps = [
            f"mount -t overlay overlay -o {overlay} {root}",
            *(f"mount --rbind /{folder} {root}/{folder}" for folder in ("dev", "proc", "sys")),
            f"mount -t tmpfs -o mode=1777 tmpfs {root}/tmp",
            f'exec chroot {root} /bin/bash -euc "$1"',
        ]
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("PIPX", "PYTHON", "VIRTUAL"))}
        done = subprocess.run(
            ["unshare", "--mount", "bash", "-euc", "\n".join(steps), "bash", f"cd {CLONE}\n{script}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
            env=ours | {"HOME": HOME, "PATH": OF_DEBIAN, "DEBIAN_FRONTEND": "noninteractive", "LANG": "C.UTF-8"},
        )
        if done.returncode and any(words in done.stdout for words in NO_NETWORK):
            missing(f"needs a network: {done.stdout[-300:]}")
        assert done.returncode == 0, f"{script}\n{done.stdout[-5000:]}"
        return done.stdout

    def has(self, path: str) -> bool:
        """Tell whether something was written at a path."""
        return (self._over / path.lstrip("/")).exists()
