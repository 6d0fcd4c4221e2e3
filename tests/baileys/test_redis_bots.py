"""A bot whose keys lie in Redis alone lives on after moves and cleanings as one on files does.

It is paired on files and moved there with messages waiting for it; what the tool cleans there, by the ledger, is held
against the very same removal on files.
"""

from itertools import count

import install
import pytest
from authfolder import BOT, AuthFolder
from databases import Moves
from lab import HERE, HOURS_BETWEEN, Removal

_COMPANIES = count(1)
DAYS = 15 * 24
"""Hours from the night in which the ledger begins to the one in which everything is older than every limit."""

layouts = pytest.mark.parametrize(("layout", "version"), [("hash", "7.0.0-rc14"), ("string", "6.7.24")])


@pytest.fixture
def moves(redis, layout):
    """Give the moves of a company of the test's own."""
    return Moves(redis.url, f"redis-{next(_COMPANIES)}", REDIS__LAYOUT=layout)


@layouts
def test_a_bot_that_was_cleaned_in_redis_lives_on_as_on_files(lab, layout, version, moves, tmp_path):
    """Line by line as where the same keys are taken from a folder."""
    install.beside(tmp_path / "bot", version)
    program = (tmp_path / "bot" / "redis.mjs").absolute()
    program.write_bytes((HERE / "store" / "redis.mjs").read_bytes())
    store = {"device": BOT, "company": moves.company, "program": str(program)}
    store |= {"redis": moves.url, "layout": layout}

    def nights(folder: AuthFolder) -> list[str]:
        folder.age(1)
        moves.there(folder)
        first, *later = (moves.cleaned(hours, "--accept-clock") for hours in (0, DAYS, DAYS + HOURS_BETWEEN))
        assert all(name.startswith("pre-key-") for name in first), "in the first night nothing has an age"
        return [*first, *(name for gone in later for name in gone)]

    seen = lab._talk(version, Removal(layout, nights, {"rounds": 2, "store": store}, by_tool=True), get_message=True)
    assert {name.partition("-")[0] for name in seen.removed} >= {"session", "sender"}
    taken = Removal(f"as-{layout}", lambda folder: folder.remove(seen.removed), {"rounds": 2}, by_tool=True)
    assert seen.ends() == lab._talk(version, taken, get_message=True).ends()


@layouts
def test_a_bot_that_was_moved_to_redis_and_back_misses_nothing(lab, layout, version, moves):
    """As if nothing had happened: every message arrives at once."""

    def remove(folder: AuthFolder) -> list[str]:
        folder.age(1)
        before = {name: (folder.folder / name).read_bytes() for name in folder.names()}
        moves.there(folder)
        moves.back(folder)
        assert before == {name: (folder.folder / name).read_bytes() for name in folder.names()}
        return []

    assert lab._talk(version, Removal(f"{layout}-back", remove, {}, by_tool=True), get_message=True).ends() == {}
