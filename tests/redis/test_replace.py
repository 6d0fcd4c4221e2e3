"""A whole company is replaced in one step, and the former one lies aside and comes back."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from redis_bench import Bench

import redis
import servers
from baileys_cleanup import cli
from baileys_cleanup.store.redis.aside import Asides, Built
from way import Way

CREDS = json.dumps(
    {
        "me": {"id": "15550000001:7@s.whatsapp.net", "lid": "200000000000001:7@lid"},
        "nextPreKeyId": 3,
        "firstUnuploadedPreKeyId": 3,
        "signedIdentityKey": {"public": {"type": "Buffer", "data": "AQID"}},
    }
)
FIELDS = {"creds": CREDS, "session-15550000777.0": '{"a":1}', "pre-key-1": "{}", "app-state-sync-key-AA/b==": "{}"}
STRING = {"BAILEYS_CLEANUP_REDIS__LAYOUT": "string"}


@pytest.fixture
def archives(tmp_path: Path) -> str:
    """Give a folder for archives."""
    (tmp_path / "archives").mkdir(0o700)
    return str(tmp_path / "archives")


def replace(archives: str) -> tuple[str, ...]:
    """Return the command that replaces the company."""
    return (
        "restore",
        "latest",
        "--from",
        archives,
        "--company",
        "1",
        "--everything",
        "--replace",
        "--anyway",
        "--json",
    )


def live(client: "redis.Redis[bytes]") -> dict[str, str]:
    """Return what is live."""
    return {name.decode(): value.decode() for name, value in client.hgetall("1:auth").items()}


def test_replace_sets_the_present_company_aside_and_undo_brings_it_back(bench: Bench, archives: str) -> None:
    """In one step each, back and forth; an end of its own that the hash had neither ends what lies aside nor is lost."""
    bench.client.hset("1:auth", mapping=FIELDS)
    bench.run("backup", "--to", archives)
    bench.client.hdel("1:auth", "pre-key-1")
    bench.client.hset("1:auth", mapping={"session-99.0": "{}"})
    bench.client.expire("1:auth", 10_000)
    before = live(bench.client)
    run_id = bench.run(*replace(archives))["companies"][0]["set_aside"]
    restored = live(bench.client)
    assert FIELDS.keys() <= restored.keys()
    assert -1 == bench.client.ttl("1:auth")
    ((listed),) = bench.run("undo", "--json")["set_aside"]
    assert (run_id, "1", len(before), False) == (
        listed["run_id"],
        listed["company_id"],
        listed["files"]["seen"],
        listed["taken_back"],
    )
    assert -1 == bench.client.ttl(f"baileys-cleanup:aside:{run_id}:{{1:auth}}")
    bench.run("undo", run_id, "--anyway")
    assert before == live(bench.client)
    assert 9_000 < bench.client.ttl("1:auth") <= 10_000
    assert bench.run("undo", "--json")["set_aside"][0]["taken_back"]
    bench.run("undo", run_id, "--anyway")
    assert restored == live(bench.client)
    assert ["1"] == [each["company_id"] for each in bench.run("clean", "--json", "--dry-run")["companies"]]


@pytest.mark.parametrize("lacking", ["persist", "pexpire", "rename"])
def test_who_may_not_do_all_of_a_switch_changes_nothing(bench: Bench, archives: str, lacking: str) -> None:
    """Of either: what was live is live, and what lay aside lies there; with the right to it they change places."""
    bench.client.hset("1:auth", mapping=FIELDS)
    bench.run("backup", "--to", archives)
    bench.client.hdel("1:auth", "pre-key-1")
    bench.client.expire("1:auth", 10_000)
    before = live(bench.client)
    bench.client.execute_command("ACL", "SETUSER", "half", "on", ">pw", "~*", "+@all", f"-{lacking}")
    half = {"BAILEYS_CLEANUP_STORE": bench.url.replace("//", "//half:pw@")}
    assert int(lacking != "pexpire") == bench.call(*replace(archives), **half).returncode
    if lacking != "pexpire":
        assert before == live(bench.client)
        bench.run(*replace(archives))
    restored = live(bench.client)
    assert FIELDS.keys() == restored.keys()
    aside = {key: bench.client.hgetall(key) for key in bench.client.scan_iter("baileys-cleanup:aside*")}
    assert 0 != bench.call("undo", "latest", "--anyway", **half).returncode
    assert aside == {key: bench.client.hgetall(key) for key in bench.client.scan_iter("baileys-cleanup:aside*")}
    assert restored == live(bench.client)
    bench.client.acl_deluser("half")
    bench.run("undo", "latest", "--anyway")
    assert before == live(bench.client)
    assert 9_000 < bench.client.ttl("1:auth") <= 10_000


def test_strings_are_not_replaced(bench: Bench, archives: str) -> None:
    """The sentence says why, and nothing is changed."""
    bench.client.mset({f"1:{field}": value for field, value in FIELDS.items()})
    bench.run("backup", "--to", archives, **STRING)
    bench.client.set("1:session-15550000777.0", "newer")
    done = bench.call(*replace(archives), **STRING)
    assert done.returncode not in {0, 2}
    assert "of strings none is replaced" in done.stdout + done.stderr
    assert b"newer" == bench.client.get("1:session-15550000777.0")
    assert [] == bench.run("undo", "--json", **STRING)["set_aside"]


def test_what_was_copied_and_never_used_is_copied_anew(bench: Bench, tmp_path: Path) -> None:
    """The former copy lies aside; what a bot has written to is refused."""
    folder = tmp_path / "root" / "company_1"
    folder.mkdir(parents=True)

    def write(field: str, value: str) -> None:
        path = folder / (field.replace("/", "__").replace(":", "-") + ".json")
        path.write_text(value)
        os.utime(path, (time.time() - 900,) * 2)

    def migrate(status: int) -> dict:
        command = [sys.executable, "-m", "baileys_cleanup", "migrate", "--from", str(tmp_path / "root"), "--to"]
        done = subprocess.run([*command, bench.url, "--json"], capture_output=True, text=True, check=False)
        assert status == done.returncode, done.stdout + done.stderr
        return json.loads(done.stdout)

    for field, value in FIELDS.items():
        write(field, value)
    migrate(0)
    assert [] == bench.run("undo", "--json")["set_aside"]
    write("pre-key-1", '"newer"')
    assert ["copied"] == [each["status"] for each in migrate(0)["companies"]]
    assert '"newer"' == live(bench.client)["pre-key-1"]
    assert 1 == len(bench.run("undo", "--json")["set_aside"])
    bench.client.hset("1:auth", "pre-key-1", '"of the bot"')
    assert "its bot has written since" in migrate(4)["companies"][0]["errors"][0]["error"]
    assert '"of the bot"' == live(bench.client)["pre-key-1"]


@pytest.mark.parametrize("some", [True, False])
def test_what_is_not_whole_any_more_does_not_go_live(
    bench: Bench, archives: str, monkeypatch: pytest.MonkeyPatch, some: bool
) -> None:
    """A server that is full may drop what has an end: the company stays as it is, and nothing else stays."""
    bench.client.hset("1:auth", mapping=FIELDS)
    bench.run("backup", "--to", archives)
    put = Asides.put

    def dropped(self: Asides, built: Built, *words: object, **more: object) -> int:
        bench.client.hdel(built.key, "creds") if some else bench.client.delete(built.key)
        return put(self, built, *words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Asides, "put", dropped)
    done = CliRunner().invoke(cli.commands, [*replace(archives), "--store", bench.url])
    assert (1, True) == (done.exit_code, "nothing was changed" in str(done.exception))
    assert FIELDS == live(bench.client)
    assert [] == list(bench.client.scan_iter("baileys-cleanup:new*"))
    assert [] == list(bench.client.scan_iter("baileys-cleanup:aside*"))


def test_what_is_refused_leaves_the_dates_as_they_are(bench: Bench, archives: str) -> None:
    """Of strings none is replaced: a key that has lain there for a day is no older for it."""
    bench.client.mset({f"1:{name}": value for name, value in FIELDS.items()})
    bench.run("clean", **STRING)
    bench.age(40)
    bench.run("backup", "--to", archives, **STRING)
    (ledger,) = bench.client.scan_iter("baileys-cleanup:ledger:*")
    bench.age(-39)
    before = bench.client.hgetall(ledger)
    assert 0 != bench.call(*replace(archives), **STRING).returncode
    assert before == bench.client.hgetall(ledger)


def test_strings_are_not_mixed_with_what_is_there_of_the_company(bench: Bench, tmp_path: Path) -> None:
    """Keys without creds are somebody's: status 4, nothing is copied."""
    folder = tmp_path / "root" / "company_1"
    folder.mkdir(parents=True)
    for name, value in {"creds.json": CREDS, "pre-key-1.json": "{}"}.items():
        (folder / name).write_text(value)
        os.utime(folder / name, (time.time() - 900,) * 2)
    bench.client.set("1:session-9.0", "of another")
    said = bench.run("migrate", "--from", str(tmp_path / "root"), "--to", bench.url, status=4, **STRING)
    assert "nothing was copied" in said
    assert [b"1:session-9.0"] == bench.client.keys("1:*")


def test_what_a_bot_adds_in_the_very_moment_is_named(bench: Bench) -> None:
    """It lies aside with the others."""
    from baileys_cleanup.decision.names import kind_of
    from baileys_cleanup.decision.verdict import AuthFile
    from baileys_cleanup.store.open import open_store
    from baileys_cleanup.store.place import Place
    from baileys_cleanup.store.whole_folders import RESTORE

    bench.client.hset("1:auth", mapping=FIELDS)
    with open_store(Place(bench.url)) as store, store.workspace(create=True) as workspace:
        assert workspace is not None
        with store.company("1") as company:
            seen = [AuthFile(name, kind_of(name)) for name in company.names().names]
        folders = workspace.whole_folders()
        aside = folders.begin("1", "now", why=RESTORE, now=time.time_ns())
        with folders.fill(aside) as into:
            into.write("creds.json", [CREDS.encode()], 0)
        bench.client.hset("1:auth", "session-5.0", "of the bot")
        aside = folders.switch(aside)
        assert ["session-5.0.json"] == folders.bring_late(aside, seen, lambda: None).left
    assert {"creds": CREDS} == live(bench.client)
    assert b"of the bot" == bench.client.hget("baileys-cleanup:aside:now:{1:auth}", "session-5.0")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_connection_that_breaks_anywhere_leaves_one_of_the_two(archives: str, after: bool) -> None:
    """Cut at each third message, the answer lost or the question: all of the old is live, or the new, and it aside."""
    newer = {field: value for field, value in FIELDS.items() if field != "pre-key-1"}
    with servers.redis() as server, redis.Redis.from_url(server.url) as client:

        def fill() -> None:
            client.flushall()
            client.hset("1:auth", mapping=newer)

        def run(port: int) -> int:
            words = [*replace(archives), "--store", f"redis://127.0.0.1:{port}/0"]
            return CliRunner().invoke(cli.commands, words).exit_code

        def through(at: int | None, then: Callable[[], object] | None = None) -> tuple[int, int]:
            way = Way(server, at, then, after=after)
            status = run(way.port)
            way.close()
            return way.said, status

        client.hset("1:auth", mapping=FIELDS)
        command = ["backup", "--to", archives, "--store", server.url]
        assert 0 == CliRunner().invoke(cli.commands, command).exit_code
        fill()
        number, status = through(None)
        assert (0, FIELDS) == (status, live(client))
        ends = set()
        for at in range(2, number, 3):
            fill()
            through(at)
            (aside,) = list(client.scan_iter("baileys-cleanup:aside:*")) or [None]
            if aside is None:
                assert newer == live(client)
            else:
                assert (FIELDS, len(newer)) == (live(client), client.hlen(aside))
                assert FIELDS.keys() == {field.decode() for field in client.hkeys("baileys-cleanup:ledger:{1:auth}")}
            assert all(client.ttl(key) > 0 for key in client.scan_iter("baileys-cleanup:new:*")), at
            ends.add(aside is None)
        assert {True, False} == ends


def test_a_key_of_another_type_is_not_replaced(bench: Bench, tmp_path: Path) -> None:
    """Whoever put it there, it is no company: it stays, and nothing lies aside."""
    folder = tmp_path / "company_7"
    folder.mkdir()
    for name, value in {"creds.json": CREDS, "session-1.0.json": "{}"}.items():
        (folder / name).write_text(value)
        os.utime(folder / name, (1_700_000_000,) * 2)
    bench.client.set("7:auth", "x")
    command = [sys.executable, "-m", "baileys_cleanup", "migrate", "--from", str(tmp_path), "--to", bench.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (1, True) == (done.returncode, "it is no hash" in done.stdout)
    assert b"x" == bench.client.get("7:auth")
    assert [] == list(bench.client.scan_iter("baileys-cleanup:[an]*"))
