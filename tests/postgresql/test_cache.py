"""A Redis in front of the database is cleared of what was removed, after the commit, and later of what came back."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pg_bench import OTHER, SPLIT, Database, creds

import redis
import servers

GONE, ANEW, YOUNG = (f"baileys:1:session-{OTHER}.{device}" for device in (0, 1, 9))
ELSEWHERE = f"baileys:2:session-{OTHER}.0"

AT_ONCE = {"BAILEYS_CLEANUP_REDIS__CACHE_AGAIN_SECONDS": "0"}
"""Nobody waits for what a bot may put into a cache again."""


@pytest.fixture
def cache() -> Iterator["redis.Redis"]:
    """Give a cache with three keys of company 1 and one of another."""
    with servers.redis() as server, redis.Redis.from_url(server.url) as client:
        client.mset({GONE: "a", ANEW: "a", YOUNG: "b", ELSEWHERE: "c"})
        client.url = server.url
        yield client


@pytest.fixture
def split(db: Database) -> Database:
    """Give a company with two old sessions and a young one."""
    db.execute(SPLIT)
    db.split("1", {f"session|{OTHER}.0": 20, f"session|{OTHER}.1": 20, f"session|{OTHER}.9": 1}, creds())
    return db


def settings(cache: "redis.Redis", seconds: int) -> dict[str, str]:
    """Name the cache, and how long later it is looked at again."""
    return {"BAILEYS_CLEANUP_REDIS__CACHE": cache.url, "BAILEYS_CLEANUP_REDIS__CACHE_AGAIN_SECONDS": str(seconds)}


@contextmanager
def waiting(db: Database, cache: "redis.Redis", seconds: int) -> Iterator["subprocess.Popen[str]"]:
    """Begin a run, and give it when it has removed what it removes and waits for its last look at the cache."""
    command = [sys.executable, "-m", "baileys_cleanup", "clean", "--json", "--store", db.url]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=settings(cache, seconds)
    ) as run:
        end = time.monotonic() + 60
        while cache.exists(GONE) or "settled" not in states(db):
            assert time.monotonic() < end
            time.sleep(0.05)
        yield run


def states(db: Database) -> list[str]:
    """Return the states of the recorded runs."""
    return [row[0] for row in db.execute("select state from baileys_cleanup.runs")]


def test_what_was_removed_goes_from_the_cache_and_nothing_else(split: Database, cache: "redis.Redis") -> None:
    """By the names that the settings give."""
    variables = settings(cache, 0)
    split.run("clean", "--dry-run", **variables)
    assert 4 == cache.dbsize()
    split.run("clean", **variables)
    assert {YOUNG.encode(), ELSEWHERE.encode()} == set(cache.keys())


@pytest.mark.parametrize("column", ["jsonb", "text", "bytea"])
def test_what_came_back_as_it_was_goes_once_more(split: Database, cache: "redis.Redis", column: str) -> None:
    """A slow reader's copy goes, a key that a bot wrote anew stays; a signal ends the waiting, and not the look."""
    if column != "jsonb":
        how = "convert_to(value::text, 'UTF8')" if column == "bytea" else "value::text"
        split.execute(f"alter table whatsapp_keys alter value type {column} using {how}")
    with waiting(split, cache, 600) as run:
        assert 0 == split.call("clean", "--company", "1", "--dry-run").returncode
        assert 0 == split.call("clean", "--company", "1").returncode, "no lock is held meanwhile"
        same = json.dumps({"of": f"session|{OTHER}.0"})
        # The server has no order of fields and no spaces in jsonb; a text is what was written.
        cache.set(GONE, same.replace(" ", "") if column == "jsonb" else same)
        cache.set(ANEW, json.dumps({"of": f"session|{OTHER}.1", "used": 1}))
        run.send_signal(signal.SIGTERM)
        out, err = run.communicate(timeout=60)
    assert 143 == run.returncode, err
    assert (2, "done") == (json.loads(out)["totals"]["removed"], json.loads(out)["status"])
    assert {ANEW.encode(), YOUNG.encode(), ELSEWHERE.encode()} == set(cache.keys())


def test_the_last_look_comes_by_itself(split: Database, cache: "redis.Redis") -> None:
    """After the seconds that the settings say, and no sooner; the summary comes then."""
    with waiting(split, cache, 10) as run:
        cache.set(GONE, json.dumps({"of": f"session|{OTHER}.0"}))
        assert run.poll() is None
        out, _ = run.communicate(timeout=60)
    assert (0, "done") == (run.returncode, json.loads(out)["status"])
    assert not cache.exists(GONE)


@pytest.mark.parametrize("column", ["jsonb", "json", "text", "bytea"])
def test_a_run_that_was_killed_after_its_commit_leaves_the_cache_to_the_next(
    split: Database, cache: "redis.Redis", column: str
) -> None:
    """What it had removed goes by then, also what a slow reader put there; as long as that cannot be done it is told."""
    if column != "jsonb":
        how = "convert_to(value::text, 'UTF8')" if column == "bytea" else f"value::text::{column}"
        split.execute(f"alter table whatsapp_keys alter value type {column} using {how}")
    if column == "json":  # which nobody can read
        split.execute(r"""update whatsapp_keys set value = '{"half": "\ud83d"}'""")
    split.run("clean")
    split.execute("update baileys_cleanup.runs set state = 'running'")
    said = split.run("clean", "--json", status=1, BAILEYS_CLEANUP_REDIS__CACHE="redis://127.0.0.1:1/0")
    assert "could not be cleared of 2 removed keys" in said["errors"][0]["error"]
    assert 4 == cache.dbsize()
    split.run("clean", **settings(cache, 600))
    assert {YOUNG.encode(), ELSEWHERE.encode()} == set(cache.keys())
    assert ["settled"] == states(split)


def test_nothing_removed_is_nothing_to_wait_for(split: Database, cache: "redis.Redis") -> None:
    """A night without removals ends at once."""
    split.execute("update whatsapp_keys set updated_at = now()")
    split.run("clean", **settings(cache, 600))
    assert 4 == cache.dbsize()


def test_a_cache_that_is_not_there_is_a_warning(split: Database) -> None:
    """The removal is done all the same, nobody waits, no password is shown, and what stays in it is counted.

    A dry run says so before.
    """
    nowhere = {"BAILEYS_CLEANUP_REDIS__CACHE": "redis://:s3cret@127.0.0.1:1/0"}
    dry = split.run("clean", "--json", "--dry-run", **nowhere)
    said = split.run("clean", "--json", **nowhere)
    assert dry["companies"][0]["warnings"] == said["companies"][0]["warnings"]
    assert 2 == said["totals"]["removed"]
    assert any(
        "the cache redis://@127.0.0.1:1/0 cannot be reached" in each for each in said["companies"][0]["warnings"]
    )
    assert any("could not be cleared of 2 removed keys" in each for each in said["warnings"])
    assert "s3cret" not in json.dumps(said)


@pytest.mark.parametrize(
    ("scheme", "rest", "said"),
    [
        ("rediss", "0", "write redis://"),
        ("redis", "99", "no database 99"),
        ("redis://nobody:s3cret@", "0", "the server wants another user or password"),
        ("rediss", "0?ssl_ca_certs=/nonexistent/ca", "(ssl_ca_certs names /nonexistent/ca: No such file or directory)"),
    ],
)
def test_a_cache_whose_url_does_not_fit_is_told_so(
    split: Database, cache: "redis.Redis", scheme: str, rest: str, said: str
) -> None:
    """A wrong setting is no server that is down, and no warning of it leaves out which one it is."""
    url = cache.url.replace("redis://" if "@" in scheme else "redis", scheme).removesuffix("0") + rest
    told = split.run("clean", "--json", BAILEYS_CLEANUP_REDIS__CACHE=url, **AT_ONCE)
    for warning in (told["companies"][0]["warnings"][0], told["warnings"][-1]):
        assert said in warning
        assert "s3cret" not in warning


@pytest.mark.parametrize("rest", ["redis_connect_func=x", "credential_provider=x", "socket_timeout=-4"])
def test_a_cache_whose_url_cannot_be_followed_is_a_warning(split: Database, cache: "redis.Redis", rest: str) -> None:
    """The run cleans, and nothing is called a bug."""
    told = split.run("clean", "--json", BAILEYS_CLEANUP_REDIS__CACHE=f"{cache.url}?{rest}", **AT_ONCE)
    assert 2 == told["totals"]["removed"]
    assert "cannot be reached" in told["companies"][0]["warnings"][0]


@pytest.mark.parametrize("rest", ["ssl_ciphers=foo", "ssl_keyfile=/nonexistent"])
def test_a_cache_whose_tls_cannot_be_set_up_is_a_warning(split: Database, cache: "redis.Redis", rest: str) -> None:
    """Likewise, before a word is spoken."""
    url = cache.url.replace("redis:", "rediss:")
    told = split.run("clean", "--json", BAILEYS_CLEANUP_REDIS__CACHE=f"{url}?{rest}", **AT_ONCE)
    assert 2 == told["totals"]["removed"]
    assert "cannot be reached" in told["companies"][0]["warnings"][0]


def test_a_cache_of_which_no_client_can_be_made_is_refused(split: Database, cache: "redis.Redis") -> None:
    """Status 2 before anything is removed."""
    before = split.keys("1")
    told = split.run("clean", status=2, BAILEYS_CLEANUP_REDIS__CACHE=f"{cache.url}?protocol=7")
    assert "redis.cache" in told
    assert "protocol must be either 2 or 3" in told
    assert before == split.keys("1")


def test_creds_that_are_for_another_kind_of_store_are_noted(split: Database) -> None:
    """A settings file may be for several stores; who believes that they are read from there can read where not."""
    said = split.run("clean", "--json", BAILEYS_CLEANUP_REDIS__CREDS="postgresql://127.0.0.1:1/x")
    assert 2 == said["totals"]["removed"]
    assert "redis.creds is for keys in Redis; with this store it is not used" in said["notes"]


def test_an_undo_needs_no_cache(split: Database) -> None:
    """Of a run that ended, nor the way back of a rotation: what comes back is what the cache may have still."""
    nowhere = {"BAILEYS_CLEANUP_REDIS__CACHE": "redis://127.0.0.1:1/0"}
    before = split.keys("1")
    run = split.run("clean", "--json", **nowhere)["run_id"]
    assert 2 == split.run("undo", run, "--json", **nowhere)["totals"]["restored"]
    split.run("rotate", "--company", "1", "--yes")
    split.run("rotate", "--company", "1", "--yes", "--rollback", **nowhere)
    assert before == split.keys("1")


def test_a_rotation_needs_its_cache(split: Database, cache: "redis.Redis") -> None:
    """An old memory out of a cache would speak of a key that is gone: without the cache nothing goes."""
    words = ("rotate", "--company", "1", "--yes")
    said = split.run(*words, status=1, BAILEYS_CLEANUP_REDIS__CACHE="redis://127.0.0.1:1/0")
    assert "cannot be reached" in said
    assert 3 == len(split.keys("1"))
    split.run(*words, **settings(cache, 600))
    assert {ELSEWHERE.encode()} == set(cache.keys())


ASIDE = f"baileys:1:sender-key-1@g.us::{OTHER}::0"


def archive_and_lose_one(db: Database, folder: Path) -> tuple[str, ...]:
    """Make an archive of the company, let it lose a session, and return the command that restores it."""
    folder.chmod(0o700)
    db.run("backup", "--to", str(folder))
    db.execute("delete from whatsapp_keys where key_id = %s", [f"{OTHER}.0"])
    return ("restore", "latest", "--from", str(folder), "--company", "1", "--everything")


def test_companies_that_change_places_go_from_the_cache_both_of_them(
    split: Database, cache: "redis.Redis", tmp_path: Path
) -> None:
    """By `restore --replace`, and by the undo that switches them back: a bot would read the keys of the other one."""
    words = (*archive_and_lose_one(split, tmp_path), "--replace", "--json")
    split.execute("insert into whatsapp_keys values ('1', 'sender-key', %s, '{}')", [f"1@g.us::{OTHER}::0"])
    split.execute("update whatsapp_keys set updated_at = now() - interval '1 hour'")
    cache.set(ASIDE, "of what goes aside")
    nowhere = split.run(*words, status=1, BAILEYS_CLEANUP_REDIS__CACHE="redis://127.0.0.1:1/0")
    assert "cannot be reached (Error 111 connecting" in json.dumps(nowhere)
    assert f"session|{OTHER}.0" not in split.keys("1"), "nothing was changed"
    run_id = split.run(*words, **settings(cache, 0))["companies"][0]["set_aside"]
    assert {ELSEWHERE.encode()} == set(cache.keys())
    cache.mset({GONE: "a", ASIDE: "b"})
    split.run("undo", run_id, "--anyway", **settings(cache, 0))
    assert {ELSEWHERE.encode()} == set(cache.keys())


def test_what_a_restore_puts_in_goes_from_the_cache_and_nothing_else(
    split: Database, cache: "redis.Redis", tmp_path: Path
) -> None:
    """What a bot has there of a key that was missing in the table is of another time."""
    split.run(*archive_and_lose_one(split, tmp_path), **settings(cache, 0))
    assert {ANEW.encode(), YOUNG.encode(), ELSEWHERE.encode()} == set(cache.keys())


def test_what_is_copied_into_the_table_goes_from_the_cache(
    split: Database, cache: "redis.Redis", tmp_path: Path
) -> None:
    """What was there of the company before it was copied anew was read by nobody since, but by a bot that is stopped."""
    (tmp_path / "root").mkdir(0o700)
    words = ("migrate", "--from", split.url, "--to", str(tmp_path / "root"))
    assert 0 == split.call(*words, url="").returncode
    split.execute("delete from whatsapp_keys; delete from whatsapp_auth")
    back = ("migrate", "--from", str(tmp_path / "root"), "--to", split.url)
    done = split.call(*back, url="", **settings(cache, 0))
    assert (0, {ELSEWHERE.encode()}) == (done.returncode, set(cache.keys())), done.stdout
