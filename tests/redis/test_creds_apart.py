"""Keys in Redis and creds in PostgreSQL, as Evolution API has them: without its creds no company is cleaned."""

import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from redis_bench import Bench

import servers
from servers import Server

PN, OTHER = "15550000001", "15550000777"
CREDS = {
    "me": {"id": f"{PN}:7@s.whatsapp.net"},
    "nextPreKeyId": 61,
    "firstUnuploadedPreKeyId": 61,
    "signedIdentityKey": {"public": {"type": "Buffer", "data": "AQID"}},
}
FIELDS = {f"session-{OTHER}.0": "{}", f"session-{PN}.0": "{}", **{f"pre-key-{number}": "{}" for number in range(1, 61)}}
KEY = {"BAILEYS_CLEANUP_REDIS__KEY": "evolution:instance:{company_id}"}


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    """Start a PostgreSQL with Evolution's table."""
    with servers.postgres() as server, psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(
            'create table "Session" (id text primary key, "sessionId" text unique not null, creds text,'
            ' "createdAt" timestamp not null default now())'
        )
        wrapped = json.dumps(json.dumps(CREDS))  # a JSON string inside a JSON string
        connection.execute('insert into "Session" values (%s, %s, %s)', ["1", "one", wrapped])
        yield server


def test_keys_without_creds_in_sight_are_left_alone(bench: Bench) -> None:
    """The guards would be blind: nothing goes, not even by number, and the sentence names the setting."""
    bench.client.hset("evolution:instance:one", mapping=FIELDS)
    for words in (["clean", "-n"], ["clean"]):
        said = bench.run(*words, "--json", status=1, **KEY)
        assert ["failed"] == [each["status"] for each in said["companies"]]
        assert "redis.creds" in said["companies"][0]["errors"][0]["error"]
    assert len(FIELDS) == bench.client.hlen("evolution:instance:one")


def test_creds_in_postgresql_guard_the_keys_in_redis(bench: Bench, database: Server, tmp_path: Path) -> None:
    """What belongs to this account stays, what is over the cap goes; a company without a row there is left alone."""
    bench.client.hset("evolution:instance:one", mapping=FIELDS)
    bench.client.hset("evolution:instance:two", mapping=FIELDS)
    variables = KEY | {"BAILEYS_CLEANUP_REDIS__CREDS": database.url}
    bench.run("clean", status=1, **variables)
    bench.age(100)
    said = bench.run("clean", "--json", "--accept-clock", status=1, **variables)
    assert [("one", "cleaned"), ("two", "failed")] == [
        (each["company_id"], each["status"]) for each in said["companies"]
    ]
    assert 1 == said["totals"]["removed"]
    left = {name.decode() for name in bench.client.hkeys("evolution:instance:one")}
    assert left == {f"session-{PN}.0", *(f"pre-key-{number}" for number in range(11, 61))}
    (tmp_path / "archives").mkdir(0o700)
    made = bench.run("backup", "--to", str(tmp_path / "archives"), "--company", "one", "--json", **variables)
    assert 1 == len(made["companies"])
    assert {"archived": 52} == made["companies"][0]["files"]


def test_keys_are_copied_only_to_where_their_creds_are(bench: Bench, database: Server, tmp_path: Path) -> None:
    """That database is only read: without them there the company could not live; with them only keys are written."""
    for company, creds in (("one", CREDS), ("two", CREDS)):
        folder = tmp_path / "root" / f"company_{company}"
        folder.mkdir(parents=True)
        for name, value in {**FIELDS, "creds": json.dumps(creds)}.items():
            (folder / f"{name}.json").write_text(value)
            os.utime(folder / f"{name}.json", (1.7e9, 1.7e9))
    variables = KEY | {"BAILEYS_CLEANUP_REDIS__CREDS": database.url}
    said = bench.call("migrate", "--from", str(tmp_path / "root"), "--to", bench.url, "--json", **variables)
    assert said.returncode == 1, said.stdout + said.stderr
    one, two = json.loads(said.stdout)["companies"]
    assert ("copied", []) == (one["status"], one["warnings"])
    assert ("failed", True) == (
        two["status"],
        "which is only read, and they are not there" in two["errors"][0]["error"],
    )
    assert set(FIELDS) == {field.decode() for field in bench.client.hkeys("evolution:instance:one")}
    assert not bench.client.exists("evolution:instance:two")


def test_a_database_without_the_table_is_refused(bench: Bench, database: Server) -> None:
    """Before anything, in a sentence, and without the password."""
    bench.client.hset("evolution:instance:one", mapping=FIELDS)
    url = database.database("template1").replace("postgres@", "postgres:s3cret@")
    said = bench.call("clean", **KEY, BAILEYS_CLEANUP_REDIS__CREDS=url)
    assert (2, True) == (said.returncode, "redis.creds" in said.stderr)
    assert "s3cret" not in said.stderr + said.stdout


def test_a_hash_that_went_with_its_last_key_comes_back_with_its_end(bench: Bench, database: Server) -> None:
    """The end is the bot's: it is not taken from it. A hash that is there keeps the one that it has."""
    variables = KEY | {"BAILEYS_CLEANUP_REDIS__CREDS": database.url}
    key = "evolution:instance:one"
    bench.client.hset(key, f"session-{OTHER}.0", "{}")
    bench.client.expire(key, 9_000)
    bench.run("clean", **variables)
    bench.age(100)
    run_id = bench.run("clean", "--json", "--accept-clock", **variables)["run_id"]
    assert not bench.client.exists(key)
    bench.run("undo", run_id, "--anyway", **variables)
    assert 8_900 < bench.client.ttl(key) <= 9_000
    bench.age(100)
    bench.client.hset(key, f"session-{OTHER}.1", "{}")
    run_id = bench.run("clean", "--json", "--accept-clock", **variables)["run_id"]
    assert 1 == bench.client.hlen(key)
    bench.client.persist(key)
    bench.run("undo", run_id, "--anyway", **variables)
    assert (2, -1) == (bench.client.hlen(key), bench.client.ttl(key))


def test_what_is_called_creds_beside_keys_whose_creds_lie_elsewhere_is_none(
    bench: Bench, database: Server, tmp_path: Path
) -> None:
    """The archive has those that guard the keys, and a restore is not held up by the others."""
    variables = KEY | {"BAILEYS_CLEANUP_REDIS__CREDS": database.url}
    stray = json.dumps(CREDS | {"me": {"id": "15559999999:1@s.whatsapp.net"}})
    bench.client.hset("evolution:instance:one", mapping=FIELDS | {"creds": stray})
    (tmp_path / "archives").mkdir(0o700)
    bench.run("backup", "--to", str(tmp_path / "archives"), "--company", "one", **variables)
    (archive,) = (tmp_path / "archives").rglob("*.tar.gz")
    with tarfile.open(archive) as opened:
        held = next(opened.extractfile(each) for each in opened.getmembers() if each.name.endswith("creds.json"))
        assert held is not None
        assert CREDS["me"] == json.loads(held.read())["me"]
    bench.client.hdel("evolution:instance:one", "pre-key-1")
    bench.age(1)
    words = ("restore", "latest", "--from", str(tmp_path / "archives"), "--company", "one", "--anyway")
    bench.run(*words, **variables)
    assert bench.client.hexists("evolution:instance:one", "pre-key-1")
    assert stray.encode() == bench.client.hget("evolution:instance:one", "creds")
