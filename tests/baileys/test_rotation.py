"""A soft-rotated folder of the real library: the identity opens, and everybody it talked to goes on talking."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from lab import COMPANY, TIMEOUT, Lab, Removal

from baileys_cleanup.decision.names import PROTECTED, Kind, kind_of

versions = pytest.mark.parametrize("version", ["7.0.0-rc14", "6.7.24"])
DIRECTIONS = {
    "queued: alice to bot",
    "queued: carol to group",
    "henry to bot",
    "bot to ivan",
    "judy to group",
    "bot to group",
    "first message of dave",
    "first message to grace",
}
"""What must have been said for the proof to count: queued, 1:1, groups, both directions, first contact."""
_SEEN = {}


def rotate(folder):
    """Rotate the bot's folder softly, as the one company under a sessions root. Return what was left behind."""
    root = folder.folder.parents[1] / "sessions"
    root.mkdir()
    company = root / COMPANY
    before = folder.names()
    folder.folder.rename(company)
    own = {name: value for name, value in os.environ.items() if not name.startswith("BAILEYS_CLEANUP_")}
    command = [sys.executable, "-m", "baileys_cleanup", "rotate", "--yes", "--company", COMPANY, "--json"]
    ran = subprocess.run(
        [*command, "--sessions-root", str(root)], capture_output=True, text=True, check=False, timeout=TIMEOUT, env=own
    )
    assert ran.returncode == 0, ran.stderr
    (told,) = json.loads(ran.stdout)["rotations"]
    company.rename(folder.folder)
    shutil.rmtree(root)
    left = sorted(set(before) - set(folder.names()))
    assert (told["status"], told["files"]["left"]) == ("done", len(left))
    assert set(folder.names()) <= set(before)
    return left


def after(lab: Lab, version: str, *, get_message: bool):
    """How life went on after a rotation, twice through the conversation; each is tried once."""
    key = version, get_message
    if key not in _SEEN:
        removal = Removal("rotated", rotate, {"rounds": 2}, by_tool=True)
        _SEEN[key] = lab._talk(version, removal, get_message=get_message)
    return _SEEN[key]


@versions
def test_what_is_left_behind_is_conversations_with_others(lab, version):
    """All sender keys and memories, and the sessions of others; the own phone's session goes along."""
    outcome = after(lab, version, get_message=True)
    kinds = {kind_of(name) for name in outcome.removed}
    assert kinds & PROTECTED == set()
    assert kinds == {Kind.SESSION, Kind.SENDER_KEY, Kind.SENDER_KEY_MEMORY}
    assert not [name for name in outcome.removed if re.match(r"session-(15550000001|100000000000001)", name)]


@versions
def test_a_rotated_folder_opens_and_nothing_is_lost(lab, version):
    """The pairing stays, and every message arrives in both directions, some after the library's own retry."""
    outcome = after(lab, version, get_message=True)
    assert outcome.told["paired"]
    assert outcome.steps("clean") | outcome.steps("retry") >= DIRECTIONS
    assert outcome.steps("lost") == set()


@versions
def test_the_second_round_is_clean(lab, version):
    """What a rotation costs, it costs once."""
    outcome = after(lab, version, get_message=True)
    again = [line for line in outcome.lines if line["step"].startswith("again: ")]
    assert len(again) > 20
    assert [line for line in again if line["outcome"] != "clean"] == []


@versions
def test_without_get_message_only_what_needed_a_retry_is_lost(lab, version):
    """A bot whose contacts keep no messages loses what would have been retried, and no more."""
    asked = after(lab, version, get_message=True).steps("retry")
    assert after(lab, version, get_message=False).steps("lost") <= asked
