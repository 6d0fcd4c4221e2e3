"""A real PostgreSQL server on the loopback, databases with the bots' tables in it, and the tool against them."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

DAY = 86_400
PN, LID, OTHER = "15550000001", "200000000000001", "15550000777"
SPLIT = """
create table whatsapp_auth (company_id text primary key, creds jsonb not null, updated_at timestamptz not null default now());
create table whatsapp_keys (company_id text, key_type text, key_id text, value jsonb not null,
    updated_at timestamptz not null default now(), primary key (company_id, key_type, key_id));
"""
PRISMA = """
create table "Session" ("pkId" serial primary key, "sessionId" varchar(128) not null, id varchar(255) not null, data text not null,
    constraint unique_id_per_session_id_session unique ("sessionId", id));
"""
JOINED = "create table auth_data (session_key varchar(255) primary key, data text not null);"


def missing(reason: str) -> None:
    """Skip on a user's machine; fail where CI owes the test."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str) -> str:
    """Return the path of one of the server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        missing(f"needs PostgreSQL's {name} (apt install postgresql)")
    return str(path)


def as_postgres() -> dict[str, Any]:
    """Return what lets a process not run as root, which the server refuses."""
    return {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": "/"} if os.geteuid() == 0 else {}


def children(parent: int) -> list[int]:
    """Return the processes that a process has begun."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if path.read_text().rpartition(")")[2].split()[1] == str(parent):
                found.append(int(path.parent.name))
    return found


@dataclass
class Server:
    """A server at a port, and what it was started with."""

    folder: Path
    port: int
    options: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [program("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        command += ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}"]
        for option in ["fsync=off", "max_connections=60", *self.options]:
            command += ["-c", option]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **as_postgres())
        for _ in range(300):
            with suppress(psycopg.Error), psycopg.connect(self.url("postgres"), connect_timeout=2):
                return
            time.sleep(0.05)
        pytest.fail((self.folder / "log").read_text(errors="replace")[-2000:])

    def stop(self, how: int = signal.SIGINT) -> None:
        """Stop it; SIGKILL takes the whole server down at once."""
        if self.process is None:
            return
        family = [self.process.pid, *children(self.process.pid)] if how == signal.SIGKILL else [self.process.pid]
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, how)
        self.process.wait(60)
        self.process = None

    def url(self, name: str, user: str = "postgres") -> str:
        """Return the URL of a database."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{name}"


@contextmanager
def serving(*options: str) -> Iterator[Server]:
    """Make a cluster and serve it at a free port. It lies where another user comes by: root may not run a server."""
    initdb = program("initdb")
    place = Path(tempfile.mkdtemp(prefix="postgresql-test-"))
    if os.geteuid() == 0:
        shutil.chown(place, "postgres")
    command = [
        initdb,
        "-D",
        str(place / "data"),
        "-U",
        "postgres",
        "--auth=trust",
        "-N",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
    ]
    server = Server(place, free_port(), list(options))
    try:
        subprocess.run(command, check=True, capture_output=True, **as_postgres())
        server.start()
        yield server
    finally:
        server.stop(signal.SIGKILL)
        shutil.rmtree(place)


@dataclass
class Database:
    """One database of a server."""

    server: Server
    name: str

    @property
    def url(self) -> str:
        """Its URL."""
        return self.server.url(self.name)

    def execute(self, query: str, values: Any = None) -> list[tuple[Any, ...]]:
        """Carry out one statement, or several, and return the rows."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            done = connection.execute(query, values)
            return done.fetchall() if done.description else []

    def split(self, company: str, keys: dict[str, float], creds: dict[str, Any] | None = None) -> None:
        """Fill a company of the layout split: `type|id` to an age in days."""
        if creds is not None:
            query = "insert into whatsapp_auth values (%s, %s, now() - interval '1 day')"  # its bot is at rest
            self.execute(query, [company, json.dumps(creds)])
        with psycopg.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.executemany(
                "insert into whatsapp_keys values (%s, %s, %s, %s, now() - make_interval(secs => %s))",
                [(company, *name.split("|"), json.dumps({"of": name}), age * DAY) for name, age in keys.items()],
            )

    def keys(self, company: str) -> set[str]:
        """Return what a company of the layout split holds."""
        query = "select key_type || '|' || key_id from whatsapp_keys where company_id = %s"
        return {row[0] for row in self.execute(query, [company])}

    def run(self, *words: str, status: int | None = 0, **variables: str) -> Any:
        """Run the tool on this database; return its JSON, or its text."""
        done = self.call(*words, **variables)
        if status is not None:
            assert done.returncode == status, done.stdout + done.stderr
        return json.loads(done.stdout) if "--json" in words else done.stdout + done.stderr

    def call(
        self, *words: str, url: str | None = None, before: tuple[str, ...] = (), **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the tool on this database."""
        command = [sys.executable, "-m", "baileys_cleanup", *words]
        command = [*before, *command, *([] if url == "" else ["--store", url or self.url])]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("BAILEYS_", "PG"))}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=300, env=environment | variables
        )


@contextmanager
def database(server: Server) -> Iterator[Database]:
    """Give an empty database, and drop it in the end."""
    name = f"t{time.monotonic_ns()}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name}")
    try:
        yield Database(server, name)
    finally:
        with suppress(psycopg.Error), psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(f"drop database if exists {name} with (force)")


def creds(**more: Any) -> dict[str, Any]:
    """Return the creds of a paired account, private keys and all."""
    return {
        "me": {"id": f"{PN}:7@s.whatsapp.net", "lid": f"{LID}:7@lid", "name": "secret-name"},
        "nextPreKeyId": 61,
        "firstUnuploadedPreKeyId": 61,
        "signedIdentityKey": {
            "private": {"type": "Buffer", "data": "c2VjcmV0"},
            "public": {"type": "Buffer", "data": "AQID"},
        },
        "noiseKey": {"private": {"type": "Buffer", "data": "c2VjcmV0LW5vaXNl"}},
        **more,
    }
