"""Bots on auth states that others published, their keys in PostgreSQL, live on after two nights as bots on files do.

The packages are those on npm. A bot is paired on files and moved there with messages waiting for it; the tool cleans it
there, and what comes of it is held against the very same removal on files.
"""

from itertools import count

import install
import pytest
from authfolder import BOT
from databases import Moves, sql, tool
from lab import HERE, Removal

TABLES = {
    "postgres-baileys": "create table if not exists auth_data (session_key varchar(255) primary key, data text not null)",
    "prisma": 'create table if not exists "Session" ("pkId" serial primary key, "sessionId" varchar(128) not null,'
    ' id varchar(255) not null, data text not null, unique ("sessionId", id))',
}
_COMPANIES = count(1)


@pytest.fixture
def moves(postgres, layout):
    """Give the moves of a company of the test's own into the tables of a layout."""
    sql(postgres.url, TABLES[layout])
    return Moves(postgres.url, f"others-{next(_COMPANIES)}", POSTGRESQL__LAYOUT=layout)


@pytest.mark.parametrize("version", ["7.0.0-rc14"])
@pytest.mark.parametrize("layout", TABLES)
def test_a_bot_on_a_package_of_others_lives_on_as_on_files(lab, layout, version, moves, tmp_path):
    """Line by line as after the same two nights on files."""
    program = install.beside_others(tmp_path / "bot", version, HERE / "store" / f"{layout}.mjs")
    store = {"device": BOT, "company": moves.company, "program": str(program), "postgres": moves.url}
    removal = Removal(layout, moves.there_for_two_nights, {"rounds": 2, "store": store}, by_tool=True)
    seen = lab._talk(version, removal, get_message=True)
    on_files = lab.after("tool_default", version, get_message=True)
    assert sorted(seen.removed) == sorted(on_files.removed)
    assert seen.ends() == on_files.ends()
    told = tool("check", "--store", moves.url, "--company", moves.company, most=1, **moves.settings)
    spoiled = any("Invalid PreKey ID" in fault for fault in told["faults"])
    assert spoiled == (layout == "postgres-baileys"), "`check` tells how that package has written keys since"
