"""The bare-metal proof: the wheel in a fresh environment, on a demo root, there and back."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conditions import missing
from .runner import environment
from .trees import TOOL, snapshot

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]


def install(*arguments: str | Path, room: Path) -> None:
    """Run pip, or a program that needs what pip gets."""
    done = subprocess.run(
        list(map(str, arguments)), env=environment(), cwd=room, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode and any(word in done.stdout + done.stderr for word in ("Retrying", "No matching distribution")):
        missing(f"needs a package index: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, install it in an environment that has nothing else, and return the command."""
    room = tmp_path_factory.mktemp("wheel")
    install(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", room / "dist", PROJECT, room=room)
    (wheel,) = (room / "dist").glob("baileys_cleanup-*.whl")
    install(sys.executable, "-m", "venv", room / "fresh", room=room)
    install(room / "fresh/bin/python", "-m", "pip", "install", "-q", wheel, room=room)
    return room / "fresh/bin/baileys-cleanup"


def run(program: Path, *arguments: str | Path, status: int = 0) -> str:
    """Run the installed command away from the checkout, as cron would."""
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C"}
    done = subprocess.run(
        [program, *map(str, arguments)], env=env, cwd="/", capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_there_and_back(installed: Path, tmp_path: Path) -> None:
    """A demo, a dry run that changes nothing, a run that does what the dry run said, and an undo that takes it back."""
    root = tmp_path / "demo"
    where = ("--sessions-root", root)
    run(installed, "demo", root)
    beginning = snapshot(root)
    assert len(beginning) > 1_000

    planned = json.loads(run(installed, *where, "--dry-run", "--json"))
    assert beginning == snapshot(root)
    assert any("creds.json" in text for company in planned["companies"] for text in company["warnings"]), "a broken one"

    done = json.loads(run(installed, *where, "--json"))
    assert planned["totals"] == done["totals"]
    assert done["totals"]["removed"] > 50
    after = snapshot(root, without=TOOL)
    gone = beginning.keys() - after.keys()
    assert len(gone) == done["totals"]["removed"]
    named = {
        f"company_{company['company_id']}/{removal['file']}"
        for company in planned["companies"]
        for removal in company["removals"]
    }
    assert {name for name in named if name.isascii()} == {name for name in gone if name.isascii()}
    files = {name: fact for name, fact in after.items() if fact.content is not None}
    assert files.items() <= beginning.items(), "what stayed was not touched"

    assert json.loads(run(installed, *where, "--json"))["totals"]["removed"] == 0, "a second run does nothing"

    back = json.loads(run(installed, "undo", "latest", *where, "--json"))
    assert (len(gone), 0) == (back["totals"]["restored"], back["totals"]["stayed"])
    end = snapshot(root, without=TOOL)
    assert beginning.keys() == end.keys()
    for name, fact in beginning.items():
        if fact.content is not None:
            assert fact == end[name], name
    quarantine = root / TOOL / "quarantine"
    assert [] == os.listdir(quarantine)


def test_it_is_the_installed_one(installed: Path) -> None:
    """What runs here comes out of the wheel, not out of the checkout."""
    code = "import baileys_cleanup; print(baileys_cleanup.__file__)"
    out = run(installed.with_name("python"), "-c", code)
    assert str(installed.parent.parent) in out
    assert str(PROJECT) not in out
