"""A bot whose keys lie in PostgreSQL, with Redis in front, lives on after moves and cleanings as one on files does.

It is paired on files and moved into the database with messages waiting for it; the tool cleans it there in two nights.
What comes of it is held against the very same removal on files.
"""

from itertools import count

import install
import pytest
from authfolder import BOT, AuthFolder
from cases import ALL_VERSIONS
from databases import TABLES, Moves, sql
from lab import Removal

versions = pytest.mark.parametrize("version", ALL_VERSIONS)
_COMPANIES = count(1)


@pytest.fixture
def moves(postgres):
    """Give the moves of a company of the test's own."""
    if not sql(postgres.url, "select to_regclass('whatsapp_keys')"):
        sql(postgres.url, TABLES)
    return Moves(postgres.url, str(next(_COMPANIES)))


@versions
def test_a_bot_that_was_moved_and_cleaned_there_lives_on_as_on_files(lab, version, moves, redis, tmp_path):
    """Line by line as after the same two nights on files."""
    program = install.beside(tmp_path / "bot", version)
    store = {"device": BOT, "company": moves.company, "program": str(program)}
    store |= {"postgres": moves.url, "redis": redis.url, "cacheSeconds": 1}

    removal = Removal("database", moves.there_for_two_nights, {"rounds": 2, "store": store}, by_tool=True)
    seen = lab._talk(version, removal, get_message=True)
    on_files = lab.after("tool_default", version, get_message=True)
    assert sorted(seen.removed) == sorted(on_files.removed)
    assert seen.ends() == on_files.ends()


@versions
def test_a_bot_that_was_moved_there_and_back_lives_on(lab, version, moves):
    """As if nothing had happened: every message arrives at once."""

    def remove(folder: AuthFolder) -> list[str]:
        folder.age(1)
        before = folder.names()
        moves.there(folder)
        moves.back(folder)
        assert before == folder.names()
        return []

    seen = lab._talk(version, Removal("back", remove, {}, by_tool=True), get_message=True)
    assert seen.ends() == {}
