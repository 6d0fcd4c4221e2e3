"""The image of `deploy/Dockerfile`, built by buildah, and containers of it: namespaces, a read-only root, PID 1.

No registry of images is needed: the base is a Debian that mmdebstrap makes. What the Dockerfile says is all that is
tested here; that it says it of `debian:bookworm-slim` is not.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from machine import DEPLOY, PATH, PROJECT, missing, needs
from web import TIMEOUT

_DEBIAN = "bookworm"
_MIRROR = "http://deb.debian.org/debian"
_CERTIFICATES = "/etc/ssl/certs"


class Image(NamedTuple):
    """An image: its files, and what it says of itself (User, Env, Entrypoint, Cmd, Healthcheck)."""

    files: Path
    config: dict[str, Any]

    @property
    def entrypoint(self) -> list[str]:
        """What every container begins with."""
        return list(self.config["Entrypoint"])


@contextmanager
def build_image(room: Path) -> Iterator[Image]:
    """Build the image, and give it while inside."""
    needs("buildah", "mmdebstrap", "unshare", "setpriv")
    if os.geteuid():
        missing("needs root")
    store = ["--root", str(room / "store"), "--runroot", str(room / "run"), "--storage-driver", "vfs"]

    def buildah(command: str, *args: object) -> str:
        line = ["buildah", *store, command, *map(str, args)]
        done = subprocess.run(line, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=1200)
        assert done.returncode == 0, f"{line}: {done.stdout[-2000:]} {done.stderr[-2000:]}"
        return done.stdout.strip()

    base = room / "base.tar"
    debootstrap = ["mmdebstrap", "--quiet", "--variant=minbase", _DEBIAN, base, _MIRROR]
    made = subprocess.run(debootstrap, capture_output=True, text=True, check=False, timeout=1200)
    if made.returncode:
        missing(f"mmdebstrap made no Debian: {made.stderr[-500:]}")
    scratch = buildah("from", "scratch")
    buildah("add", "--quiet", scratch, base, "/")
    buildah("commit", "--quiet", scratch, "localhost/base")
    # pip in the image trusts what this machine trusts; the certificates themselves are not part of the image.
    (room / "pip.conf").write_text(f"[global]\ncert = /of-the-host{_CERTIFICATES}/ca-certificates.crt\n")
    trust = [f"--volume={room}/pip.conf:/etc/pip.conf:ro", f"--volume={_CERTIFICATES}:/of-the-host{_CERTIFICATES}:ro"]
    buildah(
        *("bud", "--quiet", "--isolation=chroot", "--format=docker", *trust, "--build-arg=BASE=localhost/base"),
        *("-f", DEPLOY / "Dockerfile", "-t", "localhost/baileys-cleanup", "."),
    )
    config = json.loads(buildah("inspect", "--type=image", "localhost/baileys-cleanup"))["Docker"]["config"]
    files = buildah("mount", buildah("from", "localhost/baileys-cleanup"))
    try:
        yield Image(Path(files), config)
    finally:
        buildah("umount", "--all")


class Container:
    """One container: processes of their own, a network of their own, a root that is read-only, no capabilities."""

    def __init__(
        self,
        image: Image,
        mounts: Mapping[str, Path],
        args: Sequence[str] | None = None,
        *,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        uid, gid = (user or image.config["User"]).split(":")
        self._drop = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs"]
        self._drop += ["--inh-caps=-all", "--bounding-set=-all"]
        variables = [*image.config["Env"], *(f"{name}={value}" for name, value in (env or {}).items())]
        self._env = ["env", "-i", "HOSTNAME=container", *variables]
        self._root = image.files
        inside = [*image.entrypoint, *(image.config["Cmd"] if args is None else args)]
        steps = [
            "mount --make-rprivate /",
            f"mount --bind {self._root} {self._root}",
            f"mount -o remount,bind,ro {self._root}",
            f"mount -t proc proc {self._root}/proc",
            f"mount -t tmpfs -o mode=1777 tmpfs {self._root}/tmp",
            f"mount -t tmpfs -o mode=0755 tmpfs {self._root}/opt/ai-admin",
            f"mount -t tmpfs -o mode=0755 tmpfs {self._root}/etc/baileys-cleanup",
            *(
                f"mkdir -p {self._root}{path} && mount --bind {folder} {self._root}{path}"
                for path, folder in mounts.items()
            ),
            "ip link set lo up",
            'exec "$@"',
        ]
        # Where images have no such folder, a container engine makes the place of a mount.
        for place in ("opt/ai-admin", "etc/baileys-cleanup"):
            (self._root / place).mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [
                *("unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork"),
                *("sh", "-euc", "\n".join(steps), "sh", "chroot", str(self._root), *self._drop, *self._env, *inside),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": PATH},
        )

    @property
    def first(self) -> int:
        """The process that is PID 1 inside, by its number outside."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            for child in children.read_text().split():
                if Path(f"/proc/{child}/comm").read_text().strip() == "tini" and self._children(int(child)):
                    return int(child)
            time.sleep(0.01)
        raise AssertionError(f"no tini in the container: {self.process.poll()}")

    @staticmethod
    def _children(pid: int) -> str:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text()

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside what runs in the container, as its user."""
        enter = ["nsenter", f"--target={self.first}", "--mount", "--pid", "--net", "chroot", str(self._root)]
        return subprocess.run(
            [*enter, *self._drop, *self._env, *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
            env={"PATH": PATH},
        )

    def signal(self, number: int) -> None:
        """Send a signal to PID 1, as an engine does."""
        os.kill(self.first, number)

    def wait(self, timeout: float = TIMEOUT) -> tuple[int, str, str]:
        """Wait for its end; give status, stdout and stderr."""
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, out, err

    def end(self) -> None:
        """End it, whatever it does: with PID 1 all the others go."""
        if self.process.poll() is None:
            for child in self._children(self.process.pid).split():
                os.kill(int(child), signal.SIGKILL)
        self.process.wait(TIMEOUT)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
