"""A Redis whose connection is cut at whatever message: what was said is true, nothing is lost, and it can be repeated."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import redis
import servers
from baileys_cleanup.commands import options
from cut import Said, check_restore_in_part, cut_anywhere, run
from servers import Server

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
CREDS = json.dumps({"me": {"id": "15550000001:7@s.whatsapp.net"}, "nextPreKeyId": 61, "firstUnuploadedPreKeyId": 61})
SESSIONS = {f"session-15550000777.{device}" for device in range(3)}
KEYS = {"creds", "lid-mapping-1", "pre-key-60", *SESSIONS}
STEP = 3
Client = "redis.Redis[Any]"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Start a server for all of them."""
    with servers.redis() as started:
        yield started


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no server that does not come back."""
    monkeypatch.setattr(options, "SECOND_LOOK", 0.0)


def keys(client: Client) -> set[str]:
    """Return what the company holds."""
    return set(client.hkeys("1:auth"))


def again(client: Client, *words: str) -> Said:
    """Repeat a command; who was cut off left its lease, which would end by itself."""
    for lease in client.scan_iter("baileys-cleanup:lease:*"):
        client.delete(lease)
    return run(*words)


@contextmanager
def filled(server: Server) -> Iterator[Client]:
    """Begin anew with one company, of which nothing goes."""
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        client.flushall()
        client.hset("1:auth", mapping=dict.fromkeys(KEYS, "{}") | {"creds": CREDS})
        yield client


def cut(
    server: Server,
    make: Callable[[Client], object],
    words: Callable[[str], list[str]],
    check: Callable[[Client, Said], None],
) -> None:
    """Cut the connection of a command on a company at some messages."""

    def words_for(_: Client, port: int) -> list[str]:
        return words(f"redis://127.0.0.1:{port}/0")

    cut_anywhere(server, lambda: filled(server), make, words_for, check, step=STEP)


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "single keys"])
def test_a_restore_that_is_cut_can_be_repeated(server: Server, tmp_path: Path, whole: bool) -> None:
    """Whole companies change places in one step; single keys come one by one, and it is said how many did."""
    archives, newer = tmp_path / "archives", "session-15550000777.7"
    gone = {"lid-mapping-1", "session-15550000777.0", "session-15550000777.1"}
    words = ["restore", "latest", "--company", "1", "--from", str(archives), "--everything", "--anyway"]
    words += ["--replace"] if whole else []
    before, after = (KEYS - gone) | {newer}, KEYS | {newer}

    def make(client: Client) -> None:
        shutil.rmtree(archives, ignore_errors=True)
        archives.mkdir()
        assert 0 == run("backup", "--to", str(archives), "--store", server.url).status
        client.hdel("1:auth", *gone)
        client.hset("1:auth", newer, "{}")

    def check(client: Client, said: Said) -> None:
        there = keys(client)
        assert before <= there <= after
        assert there in (before, after) or not whole
        assert said.status != 0 or there == after, said.text
        check_restore_in_part(said, before, there)
        if there != after:
            second = again(client, *words, "--store", server.url)
            assert 0 == second.status, (said, second)
        assert after == keys(client)

    cut(server, make, lambda url: [*words, "--store", url], check)


def test_a_rotation_that_is_cut_while_it_is_taken_back_can_be_taken_back(server: Server) -> None:
    """It counts as taken back when its keys are back; until then the same command goes on."""
    words = ["rotate", "--company", "1", "--yes", "--rollback"]

    def make(client: Client) -> None:
        assert 0 == run("rotate", "--company", "1", "--yes", "--store", server.url).status
        assert KEYS - SESSIONS == keys(client)

    def check(client: Client, said: Said) -> None:
        assert said.status in {0, 1, 2}, said.text
        assert said.status != 0 or KEYS == keys(client), said.text
        assert "has no rotation" not in said.text
        if KEYS != keys(client):
            second = again(client, *words, "--store", server.url)
            assert 0 == second.status, (said, second)
        assert KEYS == keys(client)

    cut(server, make, lambda url: [*words, "--store", url], check)


def test_a_cleanup_that_is_cut_before_any_company_is_an_environment_problem(server: Server) -> None:
    """Nothing was removed then, so there is no summary, and it is said why; with one the run has failed in part."""

    def check(client: Client, said: Said) -> None:
        assert said.status in {0, 1, 2}, said.text
        assert ("Root: " in said.text) == (said.status < 2), said.text
        assert said.status < 2 or ": the connection broke: " in said.text or "cannot be opened" in said.text
        assert said.status < 2 or KEYS <= keys(client)

    cut(server, lambda _: None, lambda url: ["clean", "--store", url], check)


@pytest.mark.parametrize("layout", ["hash", "string"])
def test_a_company_on_its_way_into_redis_is_told_as_what_it_is(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    """All of it is there or nothing, and whoever reads that it was not copied finds it there not even in part."""
    monkeypatch.setenv("BAILEYS_CLEANUP_REDIS__LAYOUT", layout)
    folder = tmp_path / "root" / "company_1"
    folder.mkdir(parents=True)
    for name in KEYS:
        (folder / f"{name}.json").write_text(CREDS if name == "creds" else "{}")
        os.utime(folder / f"{name}.json", (time.time() - 86_400,) * 2)
    words = ["migrate", "--from", str(tmp_path / "root"), "--to"]

    def there(client: Client) -> set[str]:
        return keys(client) if layout == "hash" else {key.removeprefix("1:") for key in client.scan_iter("1:*")}

    def check(client: Client, said: Said) -> None:
        found = there(client)
        assert found in (set(), KEYS)
        assert found or said.status != 0, said.text
        assert not found or "1 not copied" not in said.text, said.text
        assert said.status != 1 or not found or "a second call" in said.text, said.text
        second = again(client, *words, server.url)
        assert 0 == second.status, (said, second)
        assert KEYS == there(client)

    cut(server, lambda client: client.flushall(), lambda url: [*words, url], check)
