"""A Redis in front of the database is cleared of what was removed, after the commit."""

from collections.abc import Iterator

import pytest
from pg_bench import OTHER, SPLIT, Database, creds

import redis
import servers

GONE, YOUNG = f"baileys:1:session-{OTHER}.0", f"baileys:1:session-{OTHER}.9"


@pytest.fixture
def cache() -> Iterator["redis.Redis"]:
    """Give a cache with two keys of company 1."""
    with servers.redis() as server, redis.Redis.from_url(server.url) as client:
        client.mset({GONE: "a", YOUNG: "b", f"baileys:2:session-{OTHER}.0": "c"})
        client.url = server.url
        yield client


@pytest.fixture
def split(db: Database) -> Database:
    """Give a company with an old session and a young one."""
    db.execute(SPLIT)
    db.split("1", {f"session|{OTHER}.0": 20, f"session|{OTHER}.9": 1}, creds())
    return db


def test_what_was_removed_goes_from_the_cache_and_nothing_else(split: Database, cache: "redis.Redis") -> None:
    """By the names that the settings give."""
    variables = {"BAILEYS_CLEANUP_REDIS__CACHE": cache.url}
    split.run("clean", "--dry-run", **variables)
    assert 3 == cache.dbsize()
    split.run("clean", **variables)
    assert {YOUNG.encode(), f"baileys:2:session-{OTHER}.0".encode()} == set(cache.keys())


def test_a_cache_that_is_not_there_is_a_warning(split: Database) -> None:
    """The removal is done all the same, and no password is shown."""
    said = split.run("clean", "--json", BAILEYS_CLEANUP_REDIS__CACHE="redis://:s3cret@127.0.0.1:1/0")
    assert 1 == said["totals"]["removed"]
    assert any(
        "the cache redis://@127.0.0.1:1/0 cannot be reached" in each for each in said["companies"][0]["warnings"]
    )
