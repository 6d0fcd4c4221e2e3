"""Folders that the real library wrote: backed up, wiped and restored, and the library opens them as the same account."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import install
import pytest
from authfolder import BOT
from lab import TIMEOUT

VERSION = "7.0.0-rc14"
TOOL = (sys.executable, "-m", "baileys_cleanup")
LAB = Path(__file__).parent / "lab"


def node(program, *arguments):
    """Run a program of the lab; give what it told."""
    command = ["node", str(LAB / program), str(install.folder_of(VERSION)), *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def written(installed, tmp_path_factory):
    """The bot's folder after everybody connected and talked with the real library."""
    world = tmp_path_factory.mktemp("world") / VERSION
    node("make.mjs", world)
    return world / "folders" / BOT


@pytest.fixture
def room(written, tmp_path):
    """A sessions root with the bot's folder as its one company, and a folder for archives."""
    shutil.copytree(written, tmp_path / "root" / "company_1")
    (tmp_path / "archives").mkdir(0o700)
    return tmp_path


def tool(room, command, *arguments):
    """Run the installed tool; it has to end well."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("BAILEYS_CLEANUP_")}
    place = "--to" if command == "backup" else "--from"
    ran = subprocess.run(
        [*TOOL, command, "--sessions-root", room / "root", place, room / "archives", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=own,
        timeout=TIMEOUT,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def asked_for(folder):
    """The ids of the keys in a folder, by the library's own names of types."""
    found = {}
    for kind in ("pre-key", "session", "app-state-sync-key", "lid-mapping", "device-list", "identity-key"):
        names = [path.stem.removeprefix(f"{kind}-") for path in folder.glob(f"{kind}-*.json")]
        assert names, f"the library wrote no {kind}"
        found[kind] = sorted(names)
    return found


def opened(room, asked):
    """What the library finds in the company's folder."""
    return node("open.mjs", room / "root" / "company_1", json.dumps(asked))


def test_wiped_and_restored_the_library_finds_the_same_account(room):
    """The same identity and counter, every pre-key, app-state key and LID mapping; sessions only with everything."""
    folder = room / "root" / "company_1"
    asked = asked_for(folder)
    files = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    before = opened(room, asked)
    assert before["me"]
    assert all(digest for keys in before["keys"].values() for digest in keys.values())
    tool(room, "backup")
    shutil.rmtree(folder)

    tool(room, "restore", "latest", "--anyway", "--company", "1")
    found = opened(room, asked)
    for stays_away in ("session", "device-list"):
        assert {None} == set(found["keys"].pop(stays_away).values())
    assert {**before, "keys": found["keys"]} == found
    assert found["keys"].items() <= before["keys"].items()

    tool(room, "restore", "latest", "--anyway", "--company", "1", "--everything")
    assert before == opened(room, asked)
    assert files == {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_the_night_of_an_empty_creds(room):
    """With zero bytes the library begins a new account; restored with --replace it is the old one, sessions kept."""
    folder = room / "root" / "company_1"
    asked = asked_for(folder)
    before = opened(room, asked)
    tool(room, "backup")
    (folder / "creds.json").write_bytes(b"")
    newer = next(folder.glob("session-*.json"))
    newer.write_bytes(newer.read_bytes().replace(b'"registrationId":', b'"moved":1,"registrationId":', 1))
    lost = opened(room, asked)
    assert lost["me"] is None
    assert lost["identity"] != before["identity"]

    tool(room, "restore", "latest", "--anyway", "--company", "1", "--replace")

    found = opened(room, asked)
    identity = ("me", "registrationId", "nextPreKeyId", "identity")
    assert [before[key] for key in identity] == [found[key] for key in identity]
    assert lost["keys"] == found["keys"], "the sessions are the present ones"
    assert found["keys"]["session"] != before["keys"]["session"]
