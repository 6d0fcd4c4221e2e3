"""`watch.memory`: what is remembered between looks, also when its file is damaged."""

import json

import pytest

from baileys_cleanup.decision.levels import Level
from baileys_cleanup.watch.remember.alerts_sent import Company, read_memory, write_memory
from baileys_cleanup.watch.tell.alerts import Deed, Told

from ...helpers import NOW


def test_what_was_written_is_read(tool):
    """Counts, what was told, and what is still to be told."""
    whole = Company(200, Told(Level.CRITICAL, NOW, ("one",)), (Deed("removed 80", ("one", "two")),))
    memory = {"7": whole, "8": Company(3)}
    write_memory(tool, memory)
    assert (memory, None) == read_memory(tool)


def test_what_an_earlier_version_wrote_is_read(tool, place):
    """It knew of nothing that is still to be told."""
    (place / ".baileys-cleanup" / "monitor.json").write_text('{"companies": {"7": {"counted": 200}}}')
    assert ({"7": Company(200)}, None) == read_memory(tool)


@pytest.mark.parametrize(
    "deeds", [None, 1, "x", ["x"], [{}], [{"text": "x"}], [{"text": "x", "owed": None}], [{"text": "x", "owed": 1}]]
)
def test_what_is_damaged_is_begun_anew(tool, place, deeds):
    """What is not what this tool writes counts as nothing, and is named."""
    state = {"companies": {"7": {"counted": 200, "deeds": deeds}}}
    (place / ".baileys-cleanup" / "monitor.json").write_text(json.dumps(state))
    memory, problem = read_memory(tool)
    assert {} == memory
    assert "monitor.json cannot be used and is begun anew" in problem
