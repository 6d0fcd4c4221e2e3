"""`runs`: the records of the past, and the clock they are compared with."""

import json
import os
import re

import pytest

from baileys_cleanup.cleaning.clock import check_clock
from baileys_cleanup.errors import Refused
from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.store.folder.runs import read_runs, write_last_start, write_run
from baileys_cleanup.store.runs import SETTLED, Run, new_run_id

from ...helpers import DAY, NOW, names

YEAR = 365 * DAY


@pytest.fixture
def records(tool, place):
    """Give the folder of the records."""
    return place / ".baileys-cleanup" / "runs"


@pytest.fixture
def last(tool, place):
    """Give the path of the record of the last start."""
    return place / ".baileys-cleanup" / "last-run.json"


def test_a_run_reads_back_as_it_was_written(tool):
    """Start, days and state of a run survive, and a second writing replaces the first."""
    run = Run("20261122T030000Z-4f1c", NOW, 7, "running")
    write_run(tool, run)
    assert ([run], []) == read_runs(tool)
    write_run(tool, run._replace(state="settled"))
    assert ([run._replace(state="settled")], []) == read_runs(tool)


def test_runs_come_oldest_first(tool):
    """Runs are sorted by their ids, which sort by time."""
    runs = [Run(f"2026112{day}T030000Z-0000", NOW, 7) for day in (1, 2, 3)]
    for run in reversed(runs):
        write_run(tool, run)
    assert runs == read_runs(tool)[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        "\xff",
        '{"started": 1}',
        '{"started": "1", "undo_days": 7, "state": "settled"}',
        '{"started": 1.5, "undo_days": 7, "state": "settled"}',
        '{"started": true, "undo_days": 7, "state": "settled"}',
    ],
)
def test_a_record_that_cannot_be_read_is_named(tool, records, text):
    """A broken record is named and never taken for a run; the others are read all the same."""
    write_run(tool, Run("b", NOW, 7))
    (records / "a.json").write_text(text, encoding="latin-1")
    assert ([Run("b", NOW, 7)], ["a.json"]) == read_runs(tool)


def test_a_record_is_written_beside_and_renamed_over(tool, records, monkeypatch):
    """When the last step fails the old record is whole."""
    run = Run("a", NOW, 7)
    write_run(tool, run)

    def fail(*_args, **_how):
        raise OSError("no")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no"):
        write_run(tool, run._replace(undo_days=30))
    assert ([run], []) == read_runs(tool)


def test_nothing_is_left_beside_a_record(tool, records):
    """Writing a record leaves the record and nothing else."""
    write_run(tool, Run("a", NOW, 7))
    assert ["a.json"] == names(records)


def test_files_are_due_when_the_days_of_the_run_have_passed():
    """What a run removed is due by the run's own date and days."""
    assert (NOW + 7 * DAY, NOW) == (Run("a", NOW, 7).due, Run("a", NOW, 0).due)


def test_an_id_begins_with_its_time():
    """An id is the time of its run and two random bytes."""
    ids = {new_run_id(NOW) for _ in range(50)}
    assert all(re.fullmatch(r"20261122T030000Z-[0-9a-f]{4}", run_id) for run_id in ids)
    assert len(ids) > 1


def test_a_moment_is_told_in_utc():
    """A moment is cut to its second, in UTC."""
    assert "2026-11-22T03:00:00Z" == timestamp(NOW + 999_999_999)


def test_a_first_run_has_nothing_to_compare(tool, last):
    """Without a record no clock is refused."""
    check_clock(tool, 0)
    check_clock(tool, NOW + 1000 * YEAR)
    assert not last.exists()


@pytest.mark.parametrize(
    ("shift", "refused"), [(-DAY, "before"), (1 - DAY, ""), (0, ""), (YEAR - 1, ""), (YEAR, "after")]
)
def test_a_clock_is_compared_with_the_last_start(tool, shift, refused):
    """A day behind or a year ahead is refused, a nanosecond less is not."""
    write_last_start(tool, NOW - 5 * YEAR)
    write_last_start(tool, NOW)
    if refused:
        with pytest.raises(Refused, match=f"{refused} the last run of 2026-11-22T03:00:00Z"):
            check_clock(tool, NOW + shift)
    else:
        check_clock(tool, NOW + shift)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"started": "yesterday"}', '{"started": null}'])
def test_a_record_of_the_last_start_that_cannot_be_read_is_refused(tool, last, text):
    """When the clock cannot be checked, nothing may be removed."""
    last.write_text(text)
    with pytest.raises(Refused, match="cannot be checked"):
        check_clock(tool, NOW)


@pytest.mark.parametrize("started", [10**30, -(10**30), float("inf"), float("nan")])
def test_a_record_of_the_last_start_that_is_absurd_is_refused(tool, last, started):
    """A start that is no moment at all cannot vouch for the clock."""
    last.write_text(json.dumps({"started": started}))
    with pytest.raises(Refused):
        check_clock(tool, NOW)


def test_a_link_is_never_followed(tool, last, tmp_path):
    """A record that is a link is not read through it."""
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(json.dumps({"started": NOW}))
    last.symlink_to(elsewhere)
    with pytest.raises(Refused):
        check_clock(tool, NOW)


def test_runs_of_one_second_are_told_apart(tool):
    """The time of day orders runs, not the chance at the end of their ids."""
    runs = [Run("20261122T030000Z-ffff", NOW, 7, SETTLED), Run("20261122T030000Z-0000", NOW + 1, 7, SETTLED)]
    for run in runs:
        write_run(tool, run)
    assert runs == read_runs(tool)[0]
