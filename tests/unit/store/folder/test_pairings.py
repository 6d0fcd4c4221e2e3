"""`pairings`: a whole line for each company before anything of it is moved, or an error."""

import errno
import os

import pytest

from baileys_cleanup.store.folder.pairings import NotedPairings, add_pairing, open_pairings

RUN_ID = "20261122T030000Z-4f1c"


def test_what_was_noted_last_of_a_company_is_read(tool):
    """Each company has its own line; a torn one is passed over."""
    fd = open_pairings(tool, RUN_ID)
    add_pairing(fd, "1", "one")
    add_pairing(fd, "2", "two")
    add_pairing(fd, "1", "another")
    os.write(fd, b'["2", "to')
    os.close(fd)
    assert ["another", "two", None] == [NotedPairings(tool).of(RUN_ID, company_id) for company_id in "123"]


def test_a_line_that_is_cut_short_is_an_error(tool, monkeypatch):
    """A full disk takes half a line: nothing of that company may go, because nobody could tell whose its keys are."""
    fd = open_pairings(tool, RUN_ID)
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:5]))
    with pytest.raises(OSError, match="no room") as raised:
        add_pairing(fd, "1", "one")
    os.close(fd)
    assert raised.value.errno == errno.ENOSPC
    assert NotedPairings(tool).of(RUN_ID, "1") is None


def test_a_line_that_came_since_is_read(tool):
    """Who holds the notes for long hears of another run that goes on."""
    noted = NotedPairings(tool)
    assert noted.of(RUN_ID, "1") is None
    fd = open_pairings(tool, RUN_ID)
    for pairing in ("one", "another"):
        add_pairing(fd, "1", pairing)
        assert noted.of(RUN_ID, "1") == pairing
    os.close(fd)
