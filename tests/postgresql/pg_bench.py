"""Databases with the bots' tables on a real PostgreSQL server, and the tool against them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg

from servers import WAIT, Server

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


@dataclass
class Database:
    """One database of a server."""

    server: Server
    name: str

    @property
    def url(self) -> str:
        """Its URL."""
        return self.server.database(self.name)

    def execute(self, query: str, values: Any = None) -> list[tuple[Any, ...]]:
        """Carry out one statement, or several, and return the rows."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            done = connection.execute(query, values)
            return done.fetchall() if done.description else []

    def split(self, company: str, keys: dict[str, float], creds: dict[str, Any] | None = None) -> None:
        """Fill a company of the layout split: `type|id` to an age in days. Its creds are at rest: an hour old."""
        if creds is not None:
            written = (
                "insert into whatsapp_auth (company_id, creds, updated_at) values (%s, %s, now() - interval '1 hour')"
            )
            self.execute(written, [company, json.dumps(creds)])
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
def database(server: Server, options: str = "") -> Iterator[Database]:
    """Give an empty database, made with these options, and drop it in the end."""
    name = f"t{time.monotonic_ns()}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"create database {name} {options}")
    try:
        yield Database(server, name)
    finally:
        end = time.monotonic() + WAIT
        with suppress(psycopg.Error), psycopg.connect(server.url, autocommit=True) as connection:
            while time.monotonic() < end:
                with suppress(psycopg.errors.ObjectInUse):  # the server waits five seconds for those that it ends
                    connection.execute(f"drop database if exists {name} with (force)")
                    break


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
