"""One PostgreSQL server for all tests of this layer, and an empty database for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pg_bench import Database, database

import servers
from servers import Server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make this a slow layer: it needs a server."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def one_server() -> Iterator[Server]:
    """Start the server once."""
    with servers.postgres() as server:
        yield server


@pytest.fixture
def db(one_server: Server) -> Iterator[Database]:
    """Give an empty database."""
    with database(one_server) as made:
        yield made
