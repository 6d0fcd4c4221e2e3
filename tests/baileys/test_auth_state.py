"""`deploy/node/auth-state.mjs`, as delivered, with the real library, a real PostgreSQL and a real Redis."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import install
import pytest

import servers
from way import Way

NEWEST = install.VERSIONS[0]
NAMES = {
    "session": ["15550000002.0", "15550000003_1.7"],
    "pre-key": ["1", "2"],
    "sender-key": ["120363000000000001@g.us::15550000002::0"],
    "app-state-sync-key": ["AAAAAB/+x"],
    "lid-mapping": ["15550000002"],
}


@pytest.fixture(autouse=True)
def _empty(postgres):
    yield
    sql(postgres, "drop table if exists whatsapp_auth, whatsapp_keys cascade")


def sql(server: servers.Server, statement: str) -> list[list[str]]:
    """Ask the database in psql."""
    command = ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", server.url, "-c", statement]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return [line.split("\t") for line in ran.stdout.splitlines()]


def cached(server: servers.Server, *command: str) -> str:
    """Ask Redis."""
    ran = subprocess.run(["redis-cli", "-u", server.url, *command], check=True, capture_output=True, text=True)
    return ran.stdout.strip()


class Bot:
    """A bot's process: the delivered file beside the library, driven line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def __call__(self, *call: Any) -> Any:
        self.process.stdin.write(json.dumps(call) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer
        return answer["value"]


@pytest.fixture(params=[NEWEST, "6.7.24"])
def version(request):
    return request.param


@pytest.fixture
def bots(installed, version, tmp_path):
    """A starter of bots' processes. Each has its own; they end with the test."""
    place = tmp_path / "bot"
    install.beside(place, version)
    shutil.copy(Path(__file__).parent / "store" / "drive.mjs", place)

    @contextmanager
    def start(postgres: servers.Server, redis: servers.Server | None = None, **options: Any) -> Iterator[Bot]:
        job = {"postgres": postgres.url, "redis": redis and redis.url, **options}
        command = ["node", "drive.mjs", json.dumps(job)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, cwd=place, env={**os.environ, "PGOPTIONS": ""}, **pipes) as process:
            try:
                yield Bot(process)
            finally:
                process.kill()

    return start


def buffer(content: bytes) -> dict[str, str]:
    """A value as the library writes bytes."""
    return {"type": "Buffer", "data": base64.b64encode(content).decode()}


def folder_with(path: Path, company: dict[str, Any]) -> Path:
    """A folder as `useMultiFileAuthState` writes it."""
    path.mkdir()
    for name, value in company.items():
        (path / f"{name.replace('/', '__').replace(':', '-')}.json").write_text(json.dumps(value))
    return path


@pytest.mark.parametrize("version", install.VERSIONS)
def test_it_gives_what_a_folder_gives(bots, postgres, tmp_path):
    """Every kind of key, and the class of those that have one."""
    values = {
        "creds": {
            "nextPreKeyId": 31,
            "noiseKey": {"private": buffer(b"n")},
            "me": {"id": "15550000001:7@s.whatsapp.net"},
        },
        "session-15550000002.0": {"_sessions": {"a": {"registrationId": 7}}, "version": "v1"},
        "pre-key-1": {"public": buffer(b"public"), "private": buffer(b"private")},
        "sender-key-120363000000000001@g.us::15550000002::0": buffer(b"[{}]"),
        "app-state-sync-key-AAAAAB/+x": {"keyData": buffer(b"k"), "timestamp": "1"},
        "lid-mapping-15550000002": "99990000002",
    }
    folder = str(folder_with(tmp_path / "folder", values))
    with bots(postgres) as first:
        first("copy", folder, "1", NAMES)
    with bots(postgres) as bot:
        assert bot("folderCreds", folder).items() <= bot("creds", "1").items()
        for kind, ids in NAMES.items():
            found = bot("get", "1", kind, ids)
            expected = bot("folder", folder, kind, ids)
            assert {key: value for key, value in found.items() if value} == {
                key: value for key, value in expected.items() if value
            }
            assert any(found.values()), kind
        assert bot("classOf", "1", "app-state-sync-key", "AAAAAB/+x") == bot(
            "folderClassOf", folder, "app-state-sync-key", "AAAAAB/+x"
        )


def test_companies_and_ids_are_kept_apart(bots, postgres):
    """An id is a value, never a part of a statement, and one company's keys are no other's."""
    odd = "o'x\"; drop table whatsapp_keys; --%_"
    with bots(postgres) as bot:
        bot("set", "1", {"session": {odd: buffer(b"1"), "a.0": buffer(b"a")}})
        bot("set", odd, {"session": {odd: buffer(b"2")}})
        assert bot("get", "1", "session", [odd]) == {odd: buffer(b"1")}
        bot("clear", odd)
        assert bot("get", odd, "session", [odd]) == {odd: None}
        assert bot("get", "1", "session", ["a.0"]) == {"a.0": buffer(b"a")}


def test_the_last_write_stays(bots, postgres):
    """However many are on their way at once, of creds and of a key."""
    with bots(postgres) as bot:
        bot("count", "1", 300)
        assert bot("race", "1", 300) == {"1.0": buffer(b"300")}
        assert json.loads(sql(postgres, "select creds from whatsapp_auth")[0][0])["nextPreKeyId"] == 300


def test_a_set_is_written_whole_or_not_at_all(bots, postgres):
    """As the library's transactions want it: one value that cannot be written, and none is."""
    with bots(postgres) as bot:
        bot("set", "1", {"session": {"a.0": buffer(b"old"), "gone.0": buffer(b"old")}})
        sql(postgres, "alter table whatsapp_keys add constraint no_z check (key_id <> 'z.0')")
        with pytest.raises(AssertionError, match="no_z"):
            bot("set", "1", {"session": {"a.0": buffer(b"new"), "gone.0": None, "z.0": buffer(b"new")}})
        found = bot("get", "1", "session", ["a.0", "gone.0", "z.0"])
        assert found == {"a.0": buffer(b"old"), "gone.0": buffer(b"old"), "z.0": None}


def test_the_database_dates_every_write_and_only_writes(bots, postgres):
    """A value that is written anew with equal bytes is young; one that is read is not."""
    old = "2020-01-01 00:00:00+00"
    with bots(postgres) as bot:
        bot("set", "1", {"session": {"read.0": buffer(b"1"), "again.0": buffer(b"1")}})
        sql(postgres, "alter table whatsapp_keys disable trigger user")
        sql(postgres, f"update whatsapp_keys set updated_at = '{old}'")
        sql(postgres, "alter table whatsapp_keys enable trigger user")
        bot("get", "1", "session", ["read.0"])
        bot("set", "1", {"session": {"again.0": buffer(b"1")}})
        query = "select key_id, updated_at > now() - interval '1 hour' from whatsapp_keys order by key_id"
        assert sql(postgres, query) == [["again.0", "t"], ["read.0", "f"]]


def test_a_plan_reads_the_primary_key(bots, postgres):
    """Names and times of one company come by the index that is there."""
    with bots(postgres) as bot:
        bot("creds", "1")
    sql(
        postgres,
        "insert into whatsapp_keys select c::text, 'session', i::text, 'v' from generate_series(1, 50) c,"
        " generate_series(1, 200) i; analyze whatsapp_keys",
    )
    query = "explain select key_type, key_id, updated_at from whatsapp_keys where company_id = '7' order by 1, 2"
    assert "whatsapp_keys_pkey" in str(sql(postgres, query))


def test_many_bots_start_at_once(bots, postgres):
    """They make the tables together, and each gets its own."""
    with bots(postgres) as a, bots(postgres) as b, bots(postgres) as c:
        for bot in (a, b, c):
            bot("set", "1", {"session": {"1.0": buffer(b"x")}})


def test_what_is_used_is_read_from_the_cache(bots, postgres, redis):
    """Once it is trusted; and each entry has an end."""
    with bots(postgres, redis, cacheSeconds=600) as bot:
        bot("set", "1", {"session": {"1.0": buffer(b"1")}})
        trust(bot, redis)
        assert bot("get", "1", "session", ["1.0"]) == {"1.0": buffer(b"1")}
        assert 0 < int(cached(redis, "PTTL", "baileys:1:session-1.0")) <= 600_000
        sql(postgres, "delete from whatsapp_keys")
        assert bot("get", "1", "session", ["1.0"]) == {"1.0": buffer(b"1")}


def test_a_key_that_is_gone_stays_gone(bots, postgres, redis):
    """No earlier read brings it back from the cache."""
    with bots(postgres, redis, cacheSeconds=600) as bot:
        trust(bot, redis)
        bot("set", "1", {"session": {"1.0": buffer(b"1")}})
        bot("set", "1", {"session": {"1.0": None}})
        assert bot("get", "1", "session", ["1.0"]) == {"1.0": None}


def test_an_old_ratchet_never_comes_out_of_the_cache(bots, postgres, redis):
    """What another process left there, before a crash or beside it, is not read after a start."""
    with bots(postgres, redis, cacheSeconds=600) as bot:
        bot("set", "1", {"session": {"1.0": buffer(b"old")}})
    sql(postgres, "update whatsapp_keys set value = replace(value, 'b2xk', 'bmV3')")
    with bots(postgres, redis, cacheSeconds=600) as bot:
        assert bot("get", "1", "session", ["1.0"]) == {"1.0": buffer(b"new")}


def test_a_cache_that_fails_holds_no_bot_up(bots, postgres, redis):
    """Frozen, it is told once and passed by."""
    with bots(postgres, redis) as bot:
        bot("set", "1", {"session": {"1.0": buffer(b"1")}})
        with redis.frozen():
            bot("set", "1", {"session": {"1.0": buffer(b"2")}})
            assert bot("get", "1", "session", ["1.0"]) == {"1.0": buffer(b"2")}
        assert len(bot("troubles")) == 1


def test_what_a_cache_missed_is_not_read_from_it(bots, postgres, redis):
    """It takes a write, refuses the next, and works again: what it still holds is old."""
    with bots(postgres, redis, cacheSeconds=600) as bot:
        trust(bot, redis)
        bot("set", "1", {"session": {"1.0": buffer(b"old")}})
        cached(redis, "ACL", "SETUSER", "default", "-set")
        bot("set", "1", {"session": {"1.0": buffer(b"new")}})
        cached(redis, "ACL", "SETUSER", "default", "+set")
        assert "b2xk" in cached(redis, "GET", "baileys:1:session-1.0")
        assert bot("get", "1", "session", ["1.0"]) == {"1.0": buffer(b"new")}


def test_a_write_whose_answer_is_lost_is_not_read_old(bots, postgres, redis):
    """The database has the new ratchet and the bot heard of an error: the cache still has the old one."""
    way = Way(postgres, None, None, after=True)
    with bots(
        replace(postgres, url=postgres.url.replace(str(postgres.port), str(way.port))), redis, cacheSeconds=600
    ) as bot:
        trust(bot, redis)
        bot("set", "1", {"session": {"1.0": buffer(b"old")}})
        way.cut_next()
        with pytest.raises(AssertionError, match="terminated"):
            bot("set", "1", {"session": {"1.0": buffer(b"new")}})
        end = time.monotonic() + servers.WAIT
        while "bmV3" not in sql(postgres, "select value from whatsapp_keys where company_id = '1'")[0][0]:
            assert time.monotonic() < end
        assert "b2xk" in cached(redis, "GET", "baileys:1:session-1.0")
        assert bot("get", "1", "session", ["1.0"]) == {"1.0": buffer(b"new")}
    way.close()


def test_what_is_added_while_a_set_is_written_is_written_too(bots, postgres, redis):
    """Older versions add to a commit that is under way, and forget it when that is done: a ratchet would go back."""
    with bots(postgres, redis, cacheSeconds=600) as bot:
        trust(bot, redis)
        first = {"session": {"1.0": buffer(b"old"), "2.0": buffer(b"stays")}}
        bot("grow", "1", first, {"session": {"1.0": buffer(b"new")}, "sender-key": {"g::1::0": buffer(b"more")}})
        expected = {"1.0": buffer(b"new"), "2.0": buffer(b"stays")}
        assert bot("get", "1", "session", ["1.0", "2.0"]) == expected
        assert bot("get", "1", "sender-key", ["g::1::0"]) == {"g::1::0": buffer(b"more")}
        assert sql(postgres, "select count(*) from whatsapp_keys where company_id = '1'")[0] == ["3"]
        assert "bmV3" in cached(redis, "GET", "baileys:1:session-1.0")


def test_reads_are_answered_in_their_order(bots, postgres, redis):
    """What the cache has does not come before what was asked for earlier: messages would overtake each other."""
    with bots(postgres, redis, cacheSeconds=600) as bot:
        trust(bot, redis)
        bot("set", "1", {"session": {"1.0": buffer(b"1"), "2.0": buffer(b"2")}})
        cached(redis, "DEL", "baileys:1:session-1.0")
        assert bot("answered", "1", "session", ["1.0", "2.0"]) == ["1.0", "2.0"]


def test_no_id_is_mistaken_for_what_every_object_has(bots, postgres):
    """An id comes from whoever writes to the bot."""
    with bots(postgres) as bot:
        assert bot("get", "1", "session", ["constructor", "toString"]) == {"constructor": None, "toString": None}
        bot("set", "1", {"session": {"constructor": buffer(b"1")}})
        assert bot("get", "1", "session", ["constructor"]) == {"constructor": buffer(b"1")}


def test_without_a_cache_server_the_bot_works(bots, postgres, redis, tmp_path):
    """It is told once, and everything is in the database."""
    nobody = replace(redis, url="redis://127.0.0.1:1/0")
    with bots(postgres, nobody) as bot:
        bot("set", "1", {"session": {"1.0": buffer(b"1")}})
        assert bot("get", "1", "session", ["1.0"]) == {"1.0": buffer(b"1")}
        assert len(bot("troubles")) == 1


def trust(bot: Bot, redis: servers.Server) -> None:
    """A cache is trusted after twice the life of its entries: once it is connected, the bot's clock goes so far ahead."""
    end = time.monotonic() + servers.WAIT
    while cached(redis, "EXISTS", "baileys:other:session-1.0") != "1":
        assert time.monotonic() < end
        bot("set", "other", {"session": {"1.0": buffer(b"x")}})
    bot("later", 2 * 600 + 1)
