"""Leases in Redis over a connection that breaks: nobody is in his own way, and nothing is held that nobody holds."""

from collections.abc import Iterator
from typing import Any

import pytest
from redis_bench import Bench
from test_redis import FIELDS

import redis
from baileys_cleanup.errors import LockHeld, NotWritable
from baileys_cleanup.store.redis.lease import Leases
from baileys_cleanup.store.redis.server import Server


class Broken:
    """A server whose scripts are broken off, each in turn as told: `before` it was heard, `after` it, or not at all."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.turns: list[str] = []

    def script(self, *how: Any) -> Any:
        """Run a script, and lose its answer where it is its turn."""
        turn = self.turns.pop(0) if self.turns else "whole"
        if turn == "before":
            raise redis.ConnectionError("Connection closed by server.")
        told = self.server.script(*how)
        if turn == "after":
            raise redis.ConnectionError("Connection closed by server.")
        return told


@pytest.fixture
def broken(bench: Bench) -> Iterator[Broken]:
    """Give a server that can be broken off."""
    server = Server(bench.url)
    yield Broken(server)
    server.client.close()


def leases(bench: Bench) -> list[bytes]:
    """Return what is held."""
    return list(bench.client.scan_iter("baileys-cleanup:lease*"))


@pytest.mark.parametrize("turn", ["before", "after"])
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "alone"])
def test_who_takes_a_lease_and_loses_the_answer_has_it(bench: Bench, broken: Broken, turn: str, shared: bool) -> None:
    """It is asked for once more, and is not another's."""
    broken.turns = [turn]
    with Leases(broken).hold("company 7", shared=shared):  # type: ignore[arg-type]
        assert 1 == len(leases(bench))
        with pytest.raises(LockHeld), Leases(broken).hold("company 7"):  # type: ignore[arg-type]
            pass
    assert [] == leases(bench)


def test_what_could_not_be_heard_of_is_held_by_nobody(bench: Bench, broken: Broken) -> None:
    """It was taken, and no answer came: it is given back as soon as the server hears of it."""
    broken.turns = ["after", "before", "before"]
    with pytest.raises(NotWritable), Leases(broken).hold("records"):  # type: ignore[arg-type]
        pass
    assert [] == leases(bench)


def test_a_lease_that_is_over_is_given_back_over_another_connection(bench: Bench, broken: Broken) -> None:
    """Else a shard would wait for itself."""
    with Leases(broken).hold("records"):  # type: ignore[arg-type]
        broken.turns = ["before"]
    assert [] == leases(bench)


@pytest.mark.parametrize(("lacking", "words"), [("-del -unlink", ["clean"]), ("-zrem", ["clean", "--shard", "0/2"])])
def test_who_may_give_no_lease_back_takes_none(bench: Bench, lacking: str, words: list[str]) -> None:
    """Status 2 before anything: the next command has nobody to wait for."""
    bench.client.hset("1:auth", mapping=FIELDS)
    bench.client.execute_command("ACL", "SETUSER", "half", "on", ">pw", "~*", "+@all", *lacking.split())
    half = {"BAILEYS_CLEANUP_STORE": bench.url.replace("//", "//half:pw@")}
    assert "the lock of the store cannot be taken: this user may not" in bench.run(*words, status=2, **half)
    bench.client.acl_deluser("half")
    assert [] == leases(bench)
    bench.run(*words)


def test_a_server_that_is_full_shares_no_lease(bench: Bench, broken: Broken) -> None:
    """It is told before anything, and not by whatever is written next."""
    bench.client.config_set("maxmemory", 1)
    try:
        with pytest.raises(NotWritable, match="memory is full"), Leases(broken).hold("lock", shared=True):  # type: ignore[arg-type]
            pass
    finally:
        bench.client.config_set("maxmemory", 0)
    assert [] == leases(bench)
