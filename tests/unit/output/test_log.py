"""`log`: one event per line on stderr, from its level up."""

import json
import sys

import pytest

from baileys_cleanup.output.log import Log

LEVELS = ["debug", "info", "warning", "error"]


@pytest.mark.parametrize(("level", "heard"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_only_events_of_the_level_are_written(level, heard, capsys):
    """Each line is one JSON event of at least the level asked for, with its fields and a time, on stderr alone."""
    log = Log("json", level)
    for name in LEVELS:
        getattr(log, name)(f"it_{name}", company_id="962302")
    said = capsys.readouterr()
    events = [json.loads(line) for line in said.err.splitlines()]
    assert LEVELS[-heard:] == [event["level"] for event in events]
    assert [f"it_{name}" for name in LEVELS[-heard:]] == [event["event"] for event in events]
    assert {"962302"} == {event["company_id"] for event in events}
    assert all(event["timestamp"].endswith("Z") for event in events)
    assert said.out == ""


def test_an_event_stays_on_its_line(capsys):
    """A field with a line break does not make a second line."""
    Log("json", "debug").error("x", error="one\ntwo")
    assert 1 == len(capsys.readouterr().err.splitlines())


def test_people_get_a_line_without_json(capsys):
    """In console form the event and its fields stand in one readable line."""
    Log("console", "warning").warning("company_warning", company_id="962302")
    line = capsys.readouterr().err
    assert "company_warning" in line
    assert "company_id=962302" in line
    assert not line.startswith("{")


class _Broken:
    """A stderr that nobody reads any more."""

    def __init__(self):
        self.calls = 0

    def write(self, text):
        """Fail as a closed pipe does."""
        self.calls += 1
        raise BrokenPipeError

    def flush(self):
        """Have nothing to flush."""

    def isatty(self):
        """Be no terminal."""
        return False


def test_a_log_that_cannot_be_written_stops_nobody(monkeypatch):
    """A broken stderr silences the log after one try, and raises nothing."""
    broken = _Broken()
    monkeypatch.setattr(sys, "stderr", broken)
    log = Log("json", "debug")
    log.error("one")
    tried = broken.calls
    log.error("two")
    assert 0 < tried == broken.calls
