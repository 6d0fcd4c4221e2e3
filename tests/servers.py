"""Real servers for tests: a PostgreSQL and a Redis of their own, on free ports of the loopback, gone afterwards."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WAIT = 60
"""Seconds until a server is taken for one that will not start."""


@dataclass(frozen=True)
class Server:
    """A server at work: where it answers, and its process, which a test may stop, freeze or kill."""

    url: str
    port: int
    process: subprocess.Popen[bytes]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """While this lasts it answers nobody, and its connections stay open."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


def postgres_programs() -> Path | None:
    """Where the programs of the newest PostgreSQL server lie, None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def postgres(folder: Path, *settings: str) -> Iterator[Server]:
    """Run a PostgreSQL whose files lie in `folder`; everybody is trusted, its user is `postgres`."""
    programs = postgres_programs()
    assert programs is not None, "PostgreSQL is not installed"
    user = pwd.getpwnam("postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name)
    folder.mkdir()
    shutil.chown(folder, user.pw_uid, user.pw_gid)
    for above in folder.parents:
        if above.stat().st_uid == os.geteuid() and str(above).startswith("/tmp/"):
            above.chmod(above.stat().st_mode | 0o011)
    as_user = {"user": user.pw_uid, "group": user.pw_gid} if os.geteuid() == 0 else {}
    initdb = [programs / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run([*initdb, "--locale=C.UTF-8"], check=True, stdout=subprocess.DEVNULL, cwd="/", **as_user)
    port = _free_port()
    options = [
        "listen_addresses=127.0.0.1",
        f"port={port}",
        f"unix_socket_directories={folder}",
        "fsync=off",
        *settings,
    ]
    command = [
        str(programs / "postgres"),
        "-D",
        str(folder / "data"),
        *(word for one in options for word in ("-c", one)),
    ]
    with _running(command, folder / "log", as_user) as process:
        asking = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        _until(lambda: subprocess.run(asking, check=False).returncode == 0)
        yield Server(f"postgresql://postgres@127.0.0.1:{port}/postgres", port, process)


@contextmanager
def redis(folder: Path, *settings: str) -> Iterator[Server]:
    """Run a Redis that keeps nothing on disk."""
    folder.mkdir()
    port = _free_port()
    command = [
        "redis-server",
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        str(folder),
        *settings,
    ]
    with _running(command, folder / "log", {}) as process:
        _until(lambda: _answers(port))
        yield Server(f"redis://127.0.0.1:{port}/0", port, process)


@contextmanager
def _running(command: list[str], log: Path, as_user: dict[str, int]) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd="/", **as_user)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(WAIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(5) == b"+PONG"
    except OSError:
        return False


def _until(ready) -> None:
    end = time.monotonic() + WAIT
    while not ready():
        assert time.monotonic() < end, "the server does not start"
        time.sleep(0.05)
