"""A bot whose keys lie in PostgreSQL, with Redis in front, lives on after moves and cleanings as one on files does.

It is paired on files and moved into the database with messages waiting for it; the tool cleans it there in two nights.
What comes of it is held against the very same removal on files.
"""

import json
import os
import shutil
import subprocess
import sys
from itertools import count

import install
import pytest
from authfolder import BOT, AuthFolder
from cases import ALL_VERSIONS
from lab import HERE, HOURS_BETWEEN, TIMEOUT, Removal
from policies import all_old

TABLES = """
create table whatsapp_auth (company_id text primary key, creds text not null,
    updated_at timestamptz not null default clock_timestamp());
create table whatsapp_keys (company_id text, key_type text, key_id text, value text not null,
    updated_at timestamptz not null default clock_timestamp(), primary key (company_id, key_type, key_id));
"""
versions = pytest.mark.parametrize("version", ALL_VERSIONS)
_COMPANIES = count(1)


def tool(*arguments: str, hours_later: int = 0, layout: str = "split", most: int = 0) -> dict:
    """Run the real tool, now or some hours from now, to a status of at `most` this. Return its document."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("BAILEYS_CLEANUP_")}
    own["BAILEYS_CLEANUP_POSTGRESQL__LAYOUT"] = layout
    program = [str(HERE / "later.py"), str(hours_later)] if hours_later else ["-m", "baileys_cleanup"]
    command = [sys.executable, *program, *arguments, "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT, env=own)
    assert ran.returncode <= most, f"{ran.stdout}\n{ran.stderr}"
    return json.loads(ran.stdout)


class Moves:
    """Moves the bot of a world into the database and back, as company folders of a sessions root."""

    def __init__(self, server, company: str, layout: str = "split") -> None:
        self.server = server
        self.company = company
        self.layout = layout

    def there(self, folder: AuthFolder) -> None:
        """From the folder into the database."""
        root = folder.folder.parents[1] / "sessions"
        root.mkdir()
        folder.folder.rename(root / f"company_{self.company}")
        tool("migrate", "--from", str(root), "--to", self.server.url, layout=self.layout)
        (root / f"company_{self.company}").rename(folder.folder)
        shutil.rmtree(root)

    def there_for_two_nights(self, folder: AuthFolder) -> list[str]:
        """From the folder, all of it old, into the database, where two nights clean it; return what went."""
        all_old(folder)
        before = folder.names()
        self.there(folder)
        gone: list[str] = []
        for night in range(2):
            words = ("--store", self.server.url, "--verbose")
            summary = tool(*words, hours_later=night * HOURS_BETWEEN, layout=self.layout)
            (company,) = [one for one in summary["companies"] if one["company_id"] == self.company]
            gone += [removal["file"] for removal in company["removals"]]
        assert set(gone) <= set(before)
        return gone

    def back(self, folder: AuthFolder) -> None:
        """From the database into the folder, which was emptied before."""
        root = folder.folder.parents[1] / "returned"
        root.mkdir()
        tool("migrate", "--from", self.server.url, "--to", str(root), "--company", self.company)
        shutil.rmtree(folder.folder)
        (root / f"company_{self.company}").rename(folder.folder)


@pytest.fixture
def moves(postgres):
    """Give the moves of a company of the test's own."""
    there = subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", postgres.url, "-c", "select to_regclass('whatsapp_keys')"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    if not there.stdout.strip():
        subprocess.run(["psql", "-X", "-q", postgres.url, "-c", TABLES], check=True)
    return Moves(postgres, str(next(_COMPANIES)))


@versions
def test_a_bot_that_was_moved_and_cleaned_there_lives_on_as_on_files(lab, version, moves, redis, tmp_path):
    """Line by line as after the same two nights on files."""
    program = install.beside(tmp_path / "bot", version)
    store = {"device": BOT, "company": moves.company, "program": str(program)}
    store |= {"postgres": moves.server.url, "redis": redis.url, "cacheSeconds": 1}

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
