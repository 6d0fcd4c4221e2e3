"""One Redis server for all tests of this layer, empty for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis_bench import Bench

import redis
import servers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make this a slow layer: it needs a server."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def one_server() -> Iterator[str]:
    """Start the server once."""
    with servers.redis() as server:
        yield server.url


@pytest.fixture
def bench(one_server: str) -> Iterator[Bench]:
    """Give an empty server."""
    with redis.Redis.from_url(one_server) as client:
        client.flushall()
        yield Bench(one_server, client)
