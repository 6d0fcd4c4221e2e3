"""Which removals need no retry at all: the evidence for a gentle policy."""

import pytest
from authfolder import AuthFolder
from cases import CASES
from install import VERSIONS

GENTLE = ("own_pair", "memory", "orphans", "gentle")
"""Removals that were never felt: own sender keys with their memory, memories, replaced sessions, all of it."""

NOT_GENTLE = ("own_sender_key", "others_sender_keys")
"""Removals that cost somebody a retry in every version."""


def runs(names):
    """Each case in each version it applies to."""
    return [
        pytest.param(case.name, version, id=f"{case.name}-{version}")
        for case in CASES
        if case.name in names
        for version in case.versions
    ]


@pytest.mark.parametrize("get_message", [True, False], ids=["with getMessage", "without"])
@pytest.mark.parametrize(("case", "version"), runs(GENTLE))
def test_gentle_removals_are_not_felt(lab, case, version, get_message):
    """Something was removed, and yet every message arrives at once."""
    outcome = lab.after(case, version, get_message=get_message)
    assert len(outcome.removed) > 0
    assert outcome.worst == "clean", outcome.errors()


@pytest.mark.parametrize(("case", "version"), runs(NOT_GENTLE))
def test_what_a_gentle_policy_must_leave(lab, case, version):
    """These cost a retry, so they have no place in it."""
    assert lab.after(case, version, get_message=True).worst == "retry"


@pytest.mark.parametrize("get_message", [True, False], ids=["with getMessage", "without"])
@pytest.mark.parametrize("version", VERSIONS)
def test_the_gentle_preset(lab, version, get_message):
    """The tool's own preset removes something from a folder full of old files, and nobody feels it."""
    outcome = lab.after("tool_gentle", version, get_message=get_message)
    assert len(outcome.removed) > 0
    assert outcome.worst == "clean", outcome.ends()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_gentle_preset_takes_all_that_is_never_felt(lab, version):
    """It finds by its own means what the lab found by other means, and standard takes it too."""
    taken = set(lab.after("tool_gentle", version, get_message=True).removed)
    assert taken == set(lab.after("gentle", version, get_message=True).removed)
    assert taken < set(lab.after("tool_default", version, get_message=True).removed)


def test_the_orphans_of_the_lab_are_what_they_are_called(tmp_path):
    """A session is an orphan when a mapping for its number exists; a LID's own session never is."""
    (tmp_path / "creds.json").write_text('{"me": {"id": "1:7@s.whatsapp.net"}, "nextPreKeyId": 1}')
    for name in ("session-2.0.json", "session-3.0.json", "session-9_1.0.json", "lid-mapping-2.json"):
        (tmp_path / name).write_text("{}")
    assert AuthFolder(tmp_path).orphans() == ["session-2.0.json"]
