"""One failed company is one: a disk that cannot be read in its place costs nobody else anything, and is told by name."""

import errno
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from powerless import import_all

from .faults import Act, Call, watched
from .runner import Said, tool, tool_in_child
from .trees import company, creds, sessions, write

pytestmark = pytest.mark.slow

BROKEN = "company_2"
FILES = sessions(range(3))


def place_of(call: Call) -> str:
    """Give the path of the folder in which a call works."""
    folder = call.kwargs.get("dir_fd", call.kwargs.get("src_dir_fd"))
    if folder is None and call.args and call.name != "open":
        folder = call.args[0]
    return os.readlink(f"/proc/self/fd/{folder}") if isinstance(folder, int) else ""


def opening(call: Call) -> bool:
    """Tell whether a call opens the folder of the broken company."""
    return call.name == "open" and call.args[0] == BROKEN and place_of(call).endswith("/root")


def inside(*names: str) -> Callable[[Call], bool]:
    """Tell of calls by name in the folder of the broken company."""

    def fits(call: Call) -> bool:
        return call.name in names and place_of(call).endswith(f"/root/{BROKEN}")

    return fits


FAULTS = {"open": opening, "list": inside("scandir", "listdir")}


def breaking(fits: Callable[[Call], bool]) -> Act:
    """Give an act that lets calls fail as a share does whose server lost its disk: with no path in the error."""

    def act(call: Call) -> None:
        if fits(call):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    return act


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a root with three companies, their archives, and a run that can be undone; nothing is written below it."""
    place = tmp_path_factory.mktemp("one-failed")
    root = place / "root"
    for number in (1, 2, 3):
        me = {"id": f"1555000000{number}:7@s.whatsapp.net", "lid": f"10000000000000{number}:7@lid"}
        company(root, str(number), *FILES, account=creds(me=me))
    (place / "shelf").mkdir()
    assert tool(root, "backup", "--to", str(place / "shelf")).status == 0
    assert tool(root).status == 0
    for number in (1, 2, 3):
        for name in FILES:
            write(root / f"company_{number}" / name.replace("1555100", "1555200"), 20)
    import_all()
    return root


COMMANDS: dict[str, tuple[str, ...]] = {
    "clean": ("--json",),
    "dry run": ("--dry-run", "--json"),
    "check": ("check", "--json"),
    "metrics": ("metrics",),
    "explain": ("explain", "--json"),
    "monitor": ("monitor", "--once", "--json"),
    "backup": ("backup", "--to", "{shelf}", "--json"),
    "undo": ("undo", "latest", "--anyway", "--json"),
    "restore": ("restore", "latest", "--all", "--replace", "--anyway", "--from", "{shelf}", "--json"),
}
FAILED = {"check": 3, "metrics": 0}
"""Statuses where they are not 1: a plugin knows not, and a page of numbers has a number for it."""


def told_of(said: Said) -> dict[str, str]:
    """Give what a document says of each company, by its id."""
    told: dict[str, str] = {}
    document = said.json
    for each in [*document["companies"], *document.get("errors", [])]:
        if each.get("company_id"):
            told[each["company_id"]] = told.get(each["company_id"], "") + json.dumps(each)
    return told


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("asked", COMMANDS)
def test_one_failed_company_is_one(world: Path, tmp_path: Path, asked: str, fault: str) -> None:
    """Every command that goes through companies ends its work on the others, and names the one with its error."""
    shutil.copytree(world.parent, tmp_path / "copy", symlinks=True)
    root = tmp_path / "copy" / "root"
    args = [each.replace("{shelf}", str(tmp_path / "copy" / "shelf")) for each in COMMANDS[asked]]
    said = tool_in_child(root, *args, around=lambda: watched(breaking(FAULTS[fault])))
    assert said.status == FAILED.get(asked, 1), said
    if asked == "metrics":
        readable = re.findall(r'company_readable{company_id="(.)"} (.)', said.out)
        assert [("1", "1"), ("2", "0"), ("3", "1")] == readable
        return
    told = told_of(said)
    assert {"1", "2", "3"} == told.keys(), said
    assert "Input/output error" in told.pop("2"), said
    assert not [each for each in told.values() if "Input/output error" in each], said
