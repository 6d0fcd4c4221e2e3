"""Bots on auth states that others published, their keys in PostgreSQL, live on after two nights as bots on files do.

The packages are those on npm. A bot is paired on files and moved there with messages waiting for it; the tool cleans it
there, and what comes of it is held against the very same removal on files.
"""

import subprocess
from itertools import count

import install
import pytest
from authfolder import BOT, AuthFolder
from lab import HERE, HOURS_BETWEEN, Removal
from policies import all_old
from test_databases import Moves, tool

TABLES = {
    "postgres-baileys": "create table if not exists auth_data (session_key varchar(255) primary key, data text not null)",
    "prisma": 'create table if not exists "Session" ("pkId" serial primary key, "sessionId" varchar(128) not null,'
    ' id varchar(255) not null, data text not null, unique ("sessionId", id))',
}
_COMPANIES = count(1)


@pytest.fixture
def moves(postgres, layout):
    """Give the moves of a company of the test's own into the tables of a layout."""
    subprocess.run(["psql", "-X", "-q", postgres.url, "-c", TABLES[layout]], check=True, capture_output=True)
    return Moves(postgres, f"others-{next(_COMPANIES)}", layout)


@pytest.mark.parametrize("version", ["7.0.0-rc14"])
@pytest.mark.parametrize("layout", TABLES)
def test_a_bot_on_a_package_of_others_lives_on_as_on_files(lab, layout, version, moves, tmp_path):
    """Line by line as after the same two nights on files."""
    program = install.beside_others(tmp_path / "bot", version, HERE / "store" / f"{layout}.mjs")
    store = {"device": BOT, "company": moves.company, "program": str(program), "postgres": moves.server.url}

    def remove(folder: AuthFolder) -> list[str]:
        all_old(folder)
        before = folder.names()
        moves.there(folder)
        gone: list[str] = []
        for night in range(2):
            hours = night * HOURS_BETWEEN
            summary = tool("--store", moves.server.url, "--verbose", hours_later=hours, layout=layout)
            (company,) = [one for one in summary["companies"] if one["company_id"] == moves.company]
            gone += [removal["file"] for removal in company["removals"]]
        assert set(gone) <= set(before)
        return gone

    seen = lab._talk(version, Removal(layout, remove, {"rounds": 2, "store": store}, by_tool=True), get_message=True)
    on_files = lab.after("tool_default", version, get_message=True)
    assert sorted(seen.removed) == sorted(on_files.removed)
    assert seen.ends() == on_files.ends()
    told = tool("check", "--store", moves.server.url, "--company", moves.company, layout=layout, most=1)
    spoiled = any("Invalid PreKey ID" in fault for fault in told["faults"])
    assert spoiled == (layout == "postgres-baileys"), "`check` tells how that package has written keys since"
