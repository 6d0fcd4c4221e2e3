"""`audit`: whole lines before what they tell of, or an error."""

import errno
import json
import os

import pytest

from baileys_cleanup.store.folder.audit import NAME, Audit, Removals, open_audit

from ...helpers import NOW


def test_lines_are_appended(tool, place):
    """Each event is one line of JSON with its time; a later opening goes on where the earlier one ended."""
    for number in (1, 2):
        with open_audit(tool, lambda: NOW) as audit:
            audit.write("remove", file=f"session-{number}.0.json", size=number, modified=None)
    lines = (place / ".baileys-cleanup" / "audit.log").read_text().splitlines()
    common = {"time": "2026-11-22T03:00:00Z", "event": "remove", "modified": None}
    expected = [{**common, "file": f"session-{number}.0.json", "size": number} for number in (1, 2)]
    assert expected == [json.loads(line) for line in lines]


def test_what_belongs_together_is_one_write(tool, place, monkeypatch):
    """Many lines are one write, each with what they share and what is its own."""
    writes = []
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: writes.append(bytes(data)) or real(fd, data))
    with open_audit(tool, lambda: NOW) as audit:
        audit.write_lines("remove", {"run": "r"}, (f'"file": "{name}"' for name in "ab"))
    assert [(place / ".baileys-cleanup" / "audit.log").read_bytes()] == writes
    common = {"time": "2026-11-22T03:00:00Z", "event": "remove", "run": "r"}
    assert [{**common, "file": name} for name in "ab"] == [json.loads(line) for line in writes[0].splitlines()]


def test_very_many_lines_are_several_writes_of_whole_lines(tool, place, monkeypatch):
    """The lines of a very large company are written some thousands at a time."""
    monkeypatch.setattr("baileys_cleanup.store.folder.audit._MOST_LINES", 2)
    writes = []
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: writes.append(bytes(data)) or real(fd, data))
    with open_audit(tool, lambda: NOW) as audit:
        audit.write_lines("remove", {}, (f'"file": "{name}"' for name in "abcde"))
    assert ["ab", "cd", "e"] == ["".join(json.loads(line)["file"] for line in lines.splitlines()) for lines in writes]


def test_a_name_that_is_not_utf_8_fits_into_a_line(tool, place):
    """Line breaks and odd bytes in a name are escaped, so that one removal stays one line."""
    with open_audit(tool, lambda: NOW) as audit:
        audit.write("remove", file="session-\n\udcff.json")
    (line,) = (place / ".baileys-cleanup" / "audit.log").read_bytes().splitlines()
    assert "session-\n\udcff.json" == json.loads(line)["file"]


def test_the_log_is_private(tool, place):
    """Nobody else may read which files there were."""
    with open_audit(tool, lambda: NOW):
        assert 0o600 == (place / ".baileys-cleanup" / "audit.log").stat().st_mode & 0o777


def test_a_line_that_does_not_fit_raises():
    """A full disk is an error before the removal, not a line cut short."""
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(OSError) as caught:
            Audit(full, lambda: NOW).write("remove", file="x")
    finally:
        os.close(full)
    assert errno.ENOSPC == caught.value.errno


def test_a_line_written_in_part_raises(monkeypatch):
    """A write that took only a part of the line is an error, too."""
    monkeypatch.setattr(os, "write", lambda _fd, data: len(data) - 1)
    with pytest.raises(OSError, match="no room"):
        Audit(0, lambda: NOW).write("remove", file="x")


def test_a_link_is_never_written_through(tool, place, tmp_path):
    """A link in place of the log is an error, and its target stays as it is."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (place / ".baileys-cleanup" / "audit.log").symlink_to(victim)
    with pytest.raises(OSError), open_audit(tool, lambda: NOW):
        pytest.fail("a link was taken for the log")
    assert "precious" == victim.read_text()


# --- what it tells later ----------------------------------------------------------------------------------

RUN = "20261122T030000Z-4f1c"


def told(audit, company, *files, run=RUN, event="remove"):
    """Write lines of one company as a run does."""
    each = [
        json.dumps({"file": file, "rule": f"by {file}", "modified": number})[1:-1] for number, file in enumerate(files)
    ]
    audit.write_lines(event, {"run": run, "company": company}, each)


def test_what_a_run_removed_is_told_by_company(tool):
    """Of this run and company alone, from wherever its lines are; other events, torn lines and strange ones tell nothing."""
    removals = Removals(tool, RUN)
    assert {} == removals.rules_of("1")
    with open_audit(tool, lambda: NOW) as audit:
        told(audit, "1", "a", "b")
        told(audit, "2", "a")
        told(audit, "1", "a", "x", run="20261121T030000Z-0000")
        told(audit, "1", "y", event="restore")
        os.write(audit._fd, f'{{"event": "remove", "run": "{RUN}", "company": "1", "fi\n["{RUN}"]\n'.encode())
        told(audit, "1", "c")
    assert {"a": "by a", "b": "by b", "c": "by c"} == removals.rules_of("1")
    assert {"a": 0, "b": 1, "c": 0} == removals.dates_of("1")
    assert {"a": "by a"} == removals.rules_of("2")
    assert {} == removals.rules_of("3")


def test_what_came_since_is_told_as_well(tool, place):
    """Lines may come while somebody holds what was read, and a rotated log begins anew."""
    removals, log = Removals(tool, RUN), place / ".baileys-cleanup" / NAME
    with open_audit(tool, lambda: NOW) as audit:
        told(audit, "1", "a")
        assert {"a"} == removals.rules_of("1").keys()
        told(audit, "1", "b")
        assert {"a", "b"} == removals.rules_of("1").keys()
    log.rename(log.with_name("audit.log.1"))
    with open_audit(tool, lambda: NOW) as audit:
        told(audit, "2", "a")
        told(audit, "1", "c")
        assert {"c"} == removals.rules_of("1").keys()
    log.write_text("")
    assert {} == removals.rules_of("1")


def test_the_log_is_read_once_for_all_companies(tool, place, monkeypatch):
    """Undoing a night of a thousand companies must not read a thousand times what all of them removed."""
    with open_audit(tool, lambda: NOW) as audit:
        for company in "123":
            told(audit, company, *"abcdefgh")
    read = []
    real = json.loads
    monkeypatch.setattr(json, "loads", lambda line: read.append(line) or real(line))
    removals = Removals(tool, RUN)
    assert [8, 8, 8] == [len(removals.rules_of(company)) for company in "123"]
    assert len(read) == 2 * 24, "each line once to find it, and once for its company"
