"""A server that goes, or is full, in the middle: it is told as that, and what was done is told all the same."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from redis_bench import Bench
from test_redis import CREDS, FIELDS, everything

import redis
import servers
from baileys_cleanup import cli
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.store.redis.returning import RedisReturning
from way import Way

MANY = {"creds": CREDS, **{f"session-15550002{number:03}.0": "{}" for number in range(150)}}
OTHER = {"creds": CREDS.replace("AQID", "AQIE").replace(":7@", ":8@"), "session-15550002001.0": "{}"}


def fill(bench: Bench) -> str:
    """Clean two companies of old sessions, and return the run."""
    bench.client.flushall()
    bench.client.hset("1:auth", mapping=MANY)
    bench.client.hset("2:auth", mapping=OTHER)
    bench.run("clean")
    bench.age(20)
    run = bench.run("clean", "--json", "--accept-clock")
    assert 151 == run["totals"]["removed"]
    return str(run["run_id"])


@pytest.mark.parametrize(("what", "why"), [("full", "the server's memory is full"), ("gone", "the server went away")])
def test_an_undo_that_cannot_go_on_tells_what_came_back(monkeypatch: pytest.MonkeyPatch, what: str, why: str) -> None:
    """How many of which company, why the others did not, of which store, and how to go on; then they come back."""
    with servers.redis("--appendonly", "yes") as server, redis.Redis.from_url(server.url) as client:
        bench = Bench(server.url, client)
        run = fill(bench)
        deeds: list[Callable[[], object]] = [lambda: client.config_set("maxmemory", 1), server.stop]
        if what == "full":
            deeds.pop()
        put = RedisReturning._put_back

        def put_back(*arguments: Any) -> set[str]:
            back = put(*arguments)
            if deeds:
                deeds.pop()()
                deeds.clear()
            return back

        monkeypatch.setattr(RedisReturning, "_put_back", put_back)
        done = CliRunner().invoke(cli.commands, ["undo", run, "--anyway", "--store", server.url])
        monkeypatch.undo()
        assert "company 1: 100 files brought back" in done.output
        assert f"Run {run}: it cannot be marked as over, which the next run does: {why}" in done.output
        assert f"in the quarantine of {server.url}, and comes back with: baileys-cleanup undo {run}" in done.output
        if what == "full":
            assert "company 2: 0 files brought back" in done.output
            assert f"cannot be put back: {why}" in done.output
        else:
            assert f"not brought to an end: {why}" in done.output
            assert f"Run {run}: not looked at after that: 2" in done.output
        assert 1 == done.exit_code
        if what == "gone":
            server.start()
            client.delete("baileys-cleanup:lease:{lock}")  # its end has come
        client.config_set("maxmemory", 0)
        assert 51 == bench.run("undo", run, "--anyway", "--json")["totals"]["restored"]
        assert {b"1:auth", b"2:auth"} == everything(bench).keys()
        assert (151, 2) == (client.hlen("1:auth"), client.hlen("2:auth"))


def test_an_undo_whose_server_loses_its_data_between_two_messages_says_so(
    monkeypatch: pytest.MonkeyPatch, bench: Bench
) -> None:
    """At whatever message: what is not back is nowhere, and neither told as done nor as lying in the quarantine."""
    carry_out = redis.Redis.execute_command
    number = at = 0

    def lose(client: "redis.Redis[bytes]", *words: Any, **how: Any) -> Any:
        nonlocal number
        number += client is not bench.client
        if client is not bench.client and number == at:
            bench.client.flushall()
        return carry_out(client, *words, **how)

    monkeypatch.setattr(redis.Redis, "execute_command", lose)
    told = set()
    while at <= number:
        bench.client.flushall()
        bench.client.hset("1:auth", mapping=FIELDS)
        assert 0 == CliRunner().invoke(cli.commands, ["clean", "-q", "--store", bench.url]).exit_code
        number, at = 0, at + 3
        done = CliRunner().invoke(cli.commands, ["undo", "latest", "--anyway", "--store", bench.url])
        told.add(done.exit_code)
        assert (0 == done.exit_code) == ("10 files brought back" in done.output), done.output
        if done.exit_code == 1 and not isinstance(done.exception, UsageProblem):
            assert "has the server lost what it had?" in done.output, done.output
            for wrong in ("None", "by now", "lies in the quarantine of", "stays in"):
                assert wrong not in done.output
    assert {0, 1} == told


@pytest.mark.parametrize("comes_back", [True, False], ids=["comes back", "stays away"])
def test_what_is_deleted_for_good_is_never_told_as_kept(
    monkeypatch: pytest.MonkeyPatch, bench: Bench, comes_back: bool
) -> None:
    """Its answer is lost: it is told as removed, or, where the server does not tell any more, as unknown."""
    carry_out, cut = redis.Redis.execute_command, False

    def lose(client: "redis.Redis[bytes]", *words: Any, **how: Any) -> Any:
        nonlocal cut
        if cut and not comes_back:
            raise redis.ConnectionError("Error 111 connecting")
        told = carry_out(client, *words, **how)
        if not cut and client is not bench.client and words[0] == "EVALSHA" and b"each" in words:
            cut = True
            raise redis.ConnectionError("Connection closed by server.")
        return told

    bench.client.hset("1:auth", mapping=FIELDS)
    monkeypatch.setattr(redis.Redis, "execute_command", lose)
    words = ["clean", "--undo-days", "0", "--json", "--store", bench.url]
    (said,) = json.loads(CliRunner().invoke(cli.commands, words).stdout)["companies"]
    monkeypatch.undo()
    assert len(FIELDS) - 10 == bench.client.hlen("1:auth")
    unknown = [each for each in said["errors"] if "whether it was removed nobody can tell" in each["error"]]
    assert ((10, 0) if comes_back else (0, 10)) == (said["files"]["removed"], len(unknown))


@pytest.mark.parametrize("words", [("clean",), ("undo",), ("check",), ("explain",), ("monitor", "--once")])
def test_a_connection_that_is_cut_is_told_as_that(bench: Bench, words: tuple[str, ...]) -> None:
    """At whatever message: no server that answered before is told as one that cannot be reached."""
    bench.client.hset("1:auth", mapping=FIELDS)
    bench.run("clean")
    server = servers.Server(bench.url, int(bench.url.split(":")[2].removesuffix("/0")), bench, [], lambda: True)
    said = []
    for at in range(7, 40, 4):
        way = Way(server, at, None, after=False)
        done = Bench(f"redis://127.0.0.1:{way.port}/0", bench.client).call(*words)
        way.close()
        said.append(done.stdout + done.stderr)
        for key in bench.client.scan_iter("baileys-cleanup:lease*"):
            bench.client.delete(key)
    assert any("the connection broke: the server ended it, or went away" in each for each in said)
    assert not any("cannot be reached" in each for each in said)
