"""Servers that cannot take a removal: a replica, and one whose disk is full. One sentence, and nothing lost."""

import json
import os
import pwd
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pg_bench import OTHER, SPLIT, Database, creds, database

import servers
from servers import Server


@pytest.fixture(scope="module")
def primary() -> Iterator[Server]:
    """Start a server of its own."""
    with servers.postgres() as server:
        yield server


@pytest.fixture
def filled(primary: Server) -> Iterator[Database]:
    """Give a database with one session that goes."""
    with database(primary) as db:
        db.execute(SPLIT)
        db.split("1", {f"session|{OTHER}.0": 20, f"session|{OTHER}.1": 1}, creds())
        yield db


def test_a_replica_shows_everything_and_takes_nothing(filled: Database) -> None:
    """A dry run and a check work there; a real run is refused in one sentence that names the way on."""
    server = filled.server
    copy = server.folder / "copy"
    words = ["-D", str(copy), "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-R", "-c", "fast"]
    program = str(Path(server.command[0]).with_name("pg_basebackup"))
    subprocess.run([program, *words], check=True, capture_output=True, **servers.as_postgres())
    port = servers.free_port()
    command = [str(copy) if word == f"{server.folder}/data" else word for word in server.command]
    command[command.index("-p") + 1] = str(port)
    asking = [str(Path(server.command[0]).with_name("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(port)]
    replica = replace(
        server,
        port=port,
        command=command,
        process=None,
        answers=lambda: subprocess.run(asking, check=False).returncode == 0,
    )
    replica.start()
    try:
        url = replica.database(filled.name)
        dry = filled.call("clean", "--dry-run", "--json", url=url)
        assert 0 == dry.returncode, dry.stderr
        company = json.loads(dry.stdout)["companies"][0]
        assert 1 == company["files"]["removed"]
        assert any("replica" in warning for warning in company["warnings"])
        assert filled.call("check", url=url).stdout.startswith("OK")
        real = filled.call("clean", url=url)
        assert 2 == real.returncode
        assert "is a replica, and takes no writes: name the primary" in real.stderr
    finally:
        replica.stop()
    assert 2 == len(filled.keys("1"))


@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system is made by root")
def test_a_full_disk_of_the_server_loses_nothing(filled: Database) -> None:
    """The tool's own tables lie where nothing has room: the company has failed; with room the next run goes on."""
    small = filled.server.folder / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(small)], check=False)
    if mounted.returncode:
        pytest.skip("no file system may be mounted here")
    try:
        (small / "of").mkdir()
        os.chmod(small, 0o755)
        os.chown(small / "of", *servers_user())
        filled.execute(f"create tablespace small location '{small}/of'")
        filled.execute(f"alter database {filled.name} set default_tablespace = small")
        filled.run("clean", "--company", "1", "--undo-days", "1")
        filled.split("1", {f"session|{OTHER}.{device}": 20 for device in range(2, 400)})
        (small / "filler").write_bytes(b"\0" * free(small))
        said = filled.run("clean", "--json", status=1)
        assert "the server's disk is full" in said["companies"][0]["errors"][0]["error"]
        assert 399 == len(filled.keys("1"))
        (small / "filler").unlink()
        assert 398 == filled.run("clean", "--json")["totals"]["removed"]
    finally:
        filled.execute("drop schema if exists baileys_cleanup cascade")
        filled.execute(f"alter database {filled.name} reset default_tablespace")
        filled.execute("drop tablespace if exists small")
        subprocess.run(["umount", "--lazy", str(small)], check=True)  # a process may have it open for a moment


def servers_user() -> tuple[int, int]:
    """Return whom the server runs as."""
    found = pwd.getpwnam("postgres")
    return found.pw_uid, found.pw_gid


def free(place: Path) -> int:
    """Return how many bytes there is room for."""
    told = os.statvfs(place)
    return told.f_bavail * told.f_frsize
