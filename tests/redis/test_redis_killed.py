"""A Redis that is killed at whatever message: each key is in its place or in the quarantine, once."""

import json
import signal
import threading

import pytest
from click.testing import CliRunner

import redis
import servers
from baileys_cleanup import cli
from servers import Server
from way import Way

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a process was killed
CREDS = json.dumps({"me": {"id": "15550000001:7@s.whatsapp.net"}, "nextPreKeyId": 61, "firstUnuploadedPreKeyId": 61})
KEYS = {f"pre-key-{number}": "{}" for number in range(1, 61)}
GOES = {f"pre-key-{number}" for number in range(1, 11)}


def clean(port: int) -> int:
    """Run the tool in this process."""
    words = ["clean", "--store", f"redis://127.0.0.1:{port}/0", "-q"]
    return CliRunner().invoke(cli.commands, words).exit_code


def words(server: Server) -> int:
    """Return how many messages a whole run says."""
    fill(server)
    way = Way(server, None, None, after=False)
    assert 0 == clean(way.port)
    way.close()
    return way.said


def fill(server: Server) -> None:
    """Begin anew with one company, of which ten keys go."""
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
        client.hset("1:auth", mapping={"creds": CREDS, **KEYS})


def test_a_server_that_is_killed_anywhere_loses_nothing() -> None:
    """SIGKILL at every seventh message: what it had written down is there when it comes back, and the next run goes on."""
    with servers.redis("--appendonly", "yes", "--appendfsync", "always") as server:
        for at in range(6, words(server) + 1, 7):
            fill(server)
            way = Way(server, at, lambda: server.stop(signal.SIGKILL), after=at % 2 == 0)
            clean(way.port)
            if not way.close():  # a run that had a little less to say
                server.stop(signal.SIGKILL)
            server.start()
            with redis.Redis.from_url(server.url) as client:
                check(client)
                for key in client.scan_iter("baileys-cleanup:lease:*"):
                    client.delete(key)  # its end has come
                assert 0 == clean(server.port)
                check(client)
                assert KEYS.keys() - GOES == {name.decode() for name in client.hkeys("1:auth")} - {"creds"}


def check(client: redis.Redis) -> None:
    """Require that each key is in one place."""
    there = [name.decode() for name in client.hkeys("1:auth") if name != b"creds"]
    for key in client.scan_iter("baileys-cleanup:quarantine:*"):
        there += [name.decode()[2:] for name in client.hkeys(key) if name.startswith(b"v:")]
    assert sorted(KEYS) == sorted(there)


def undo(port: int) -> tuple[int, str]:
    """Undo the last run in this process."""
    done = CliRunner().invoke(cli.commands, ["undo", "latest", "--anyway", "--store", f"redis://127.0.0.1:{port}/0"])
    return done.exit_code, done.stdout


def undo_while_it_is_killed(server: servers.Server, at: int, back_after: float | None) -> tuple[int, str]:
    """Undo over a way on which the server is killed at a message; it is started again some seconds later, or not."""
    starting = threading.Timer(back_after or 0, server.start)

    def kill() -> None:
        server.stop(signal.SIGKILL)
        if back_after is not None:
            starting.start()

    way = Way(server, at, kill, after=True)
    ended = undo(way.port)
    way.close()
    if back_after is not None:
        starting.join()  # it may look at the server still, whom the next one stops
    return ended


@pytest.mark.parametrize("comes_back", [True, False], ids=["comes back", "stays away"])
def test_an_undo_waits_for_its_server_and_says_how_far_it_came(comes_back: bool) -> None:
    """One that is back in a moment costs that moment; else the run is named, and the same command goes on."""
    with servers.redis("--appendonly", "yes", "--appendfsync", "always") as server:
        fill(server)
        assert 0 == clean(server.port)
        status, said = undo_while_it_is_killed(server, 30, 1.5 if comes_back else None)
        if not comes_back:
            assert 1 == status
            assert "not brought to an end" in said
            assert "and comes back with: baileys-cleanup undo 2" in said
            server.start()
            with redis.Redis.from_url(server.url) as client:
                client.delete(*client.scan_iter("baileys-cleanup:lease:*"))  # its end has come
            status, said = undo(server.port)
        assert (0, True) == (status, "0 could not be" in said), said
        with redis.Redis.from_url(server.url) as client:
            assert KEYS.keys() | {"creds"} == {name.decode() for name in client.hkeys("1:auth")}


@pytest.mark.parametrize("at", [30, 41])
def test_an_undo_whose_server_comes_back_without_its_data_says_what_is_lost(at: int) -> None:
    """What it had brought back, and what lay in the quarantine, is nowhere: never told as back."""
    with servers.redis("--appendonly", "no", "--save", "") as server:
        fill(server)
        assert 0 == clean(server.port)
        status, said = undo_while_it_is_killed(server, at, 1.0)
        with redis.Redis.from_url(server.url) as client:
            assert 0 == client.hlen("1:auth")
        assert (1, True) == (status, ": 0 files brought back" in said), said
        assert "has the server lost what it had?" in said
