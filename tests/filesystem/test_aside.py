"""Whole folders on a real file system: killed anywhere, one of the two is live and the other lies aside."""

import os
from pathlib import Path

import pytest

from baileys_cleanup.store.folder.folder_store import open_store
from baileys_cleanup.store.folder.set_aside import (
    begin,
    discard,
    is_live,
    open_aside,
    read_asides,
    settle,
    switch,
    switch_back,
)

from .sweep import killed_everywhere
from .trees import TOOL, company

RUN = "20261122T030000Z-4f1c"
BOTH = {b"live", b"built"}
both_kernels = pytest.mark.parametrize("way_back", ["renameat2", "hard link"])
"""The second knows no `renameat2` at all: a switch takes two renames there."""


def plant(root: Path) -> None:
    """Make a company."""
    company(root, "1", account=b"live")


def build(root: Path) -> None:
    """Build a folder beside it."""
    with open_store(str(root)) as opened, opened.workspace(create=True) as tool:
        assert tool is not None
        aside = begin(opened, tool, "1", RUN, why="restore", now=1)
        with open_aside(tool, aside) as fd:
            file = os.open("creds.json", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=fd)
            os.write(file, b"built")
            os.close(file)


def plant_and_build(root: Path) -> None:
    """Make a company, and a folder beside it."""
    plant(root)
    build(root)


def there_and_back(root: Path) -> None:
    """Switch the folders, and switch them back."""
    with open_store(str(root)) as opened, opened.workspace(create=True) as tool:
        assert tool is not None
        (aside,) = read_asides(tool)
        switch_back(opened, tool, switch(opened, tool, aside))


def contents(root: Path) -> list[bytes]:
    """Give what every `creds.json` under the root says."""
    return sorted(path.read_bytes() for path in root.rglob("creds.json"))


@both_kernels
@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_killed_in_a_switch_both_folders_are_there_and_one_is_live(root: Path, way_back: str, *, every: bool) -> None:
    """At every moment both folders exist whole; settling makes one live and the other lie aside."""
    for moment in killed_everywhere(root, plant_and_build, there_and_back, way_back=way_back, every=every):
        assert sorted(BOTH) == contents(moment.root), moment.number
        if way_back == "renameat2":
            assert (moment.root / "company_1" / "creds.json").exists(), f"nothing is live at {moment.number}"
        with open_store(str(moment.root)) as opened, opened.workspace(create=True) as tool:
            assert tool is not None
            (aside,) = read_asides(tool)
            aside = settle(opened, tool, aside)
            live = (moment.root / "company_1" / "creds.json").read_bytes()
            other = (moment.root / TOOL / "aside" / RUN / "company_1" / "creds.json").read_bytes()
            assert {live, other} == BOTH, moment.number
            assert is_live(opened, aside) == (live == b"built")
            (switch_back if is_live(opened, aside) else switch)(opened, tool, aside)
        assert (moment.root / "company_1" / "creds.json").read_bytes() == other


def throw_away(root: Path) -> None:
    """Discard the built folder."""
    with open_store(str(root)) as opened, opened.workspace(create=True) as tool:
        assert tool is not None
        for aside in read_asides(tool):
            discard(opened, tool, aside)


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_killed_while_building_or_discarding_the_live_folder_is_untouched(root: Path, *, every: bool) -> None:
    """Whatever is left half built or half deleted, the live folder is as it was."""

    def work(root: Path) -> None:
        build(root)
        throw_away(root)

    for moment in killed_everywhere(root, plant, work, every=every):
        assert (moment.root / "company_1" / "creds.json").read_bytes() == b"live", moment.number
