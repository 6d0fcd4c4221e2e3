"""The newest PostgreSQL that can be had: what everything else rests on, once more there.

The tests are those of the other rooms, on another server. `TESTS_POSTGRESQL=18` lets the whole layer run on it.
"""

from collections.abc import Iterator

import pytest
from pg_bench import Database
from test_soft_rotation import company, test_a_row_that_the_bot_holds_keeps_all_in_place, test_it_goes_and_comes_back
from test_tables import (
    split,
    test_clean_and_undo_give_back_the_very_rows,
    test_prisma_rows_are_files_without_their_ending,
)

import servers
from servers import Server

__all__ = [
    "company",
    "split",
    "test_a_row_that_the_bot_holds_keeps_all_in_place",
    "test_clean_and_undo_give_back_the_very_rows",
    "test_it_goes_and_comes_back",
    "test_prisma_rows_are_files_without_their_ending",
]
NEWEST = "18"


@pytest.fixture(scope="module")
def one_server() -> Iterator[Server]:
    """Start the newest server, instead of the machine's own."""
    with servers.postgres(version=NEWEST) as server:
        yield server


def test_it_is_the_newest(db: Database) -> None:
    """The others of this room say what they say of this version, and of no other."""
    assert NEWEST == db.execute("show server_version")[0][0].partition(".")[0]
