"""`watch.monitor`: each look is told to log, latest and textfile, and nothing ends the watch."""

import json
import time

import pytest

from baileys_cleanup.settings.values import Metrics, Settings
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.watch.monitor import Watch, sleep_until
from baileys_cleanup.watch.response import Response
from baileys_cleanup.watch.show.asked import Asked
from baileys_cleanup.watch.show.latest import LatestSnapshot

from .helpers import WORLD, Postbox, company, ended


class Journal:
    """A log that remembers."""

    def __init__(self):
        self.lines = []

    def __getattr__(self, level):
        return lambda event, **fields: self.lines.append((level, event, fields))

    @property
    def events(self):
        """What was logged, in short."""
        return [(level, event) for level, event, _ in self.lines]


@pytest.fixture
def journal():
    """Give an empty log."""
    return Journal()


def watch(settings, journal, latest=None, *services):
    """Give the watch of one process."""
    return Watch(settings, Selection(), lambda: WORLD, journal, latest, Response(services, "host"))


def test_what_is_well_is_not_logged(place, settings, journal):
    """A look over healthy companies leaves the log empty."""
    company(place, "7", 3)
    watch(settings, journal).once()
    assert [] == journal.lines


def test_an_alert_is_logged_also_where_nobody_is_to_be_told(place, settings, journal):
    """Without services the log is the only place, and it has company, level, count and text."""
    company(place, "7", 160)
    watch(settings, journal).once()
    ((level, event, fields),) = journal.lines
    assert ("warning", "company_alert", "7", "attention", 160) == (
        level,
        event,
        fields["company_id"],
        fields["company_level"],
        fields["counted"],
    )


def test_a_delivery_that_failed_is_logged_each_time_and_the_alert_once(place, settings, journal):
    """The second look brings the message after; it is no new alert, and the failure is told again by number."""
    company(place, "7", 160)
    down = Postbox("down", "it did not take the message")
    for _ in range(2):
        watch(settings, journal, None, down).once()
    assert [("warning", "company_alert"), ("error", "alert_failed"), ("error", "alert_failed")] == journal.events
    assert "alerts.urls, number 1: it did not take the message" in journal.lines[-1][2]["error"]


def test_an_emergency_is_logged(place, settings, journal):
    """What was removed, by which runs."""
    company(place, "7", 100, old=100)
    watch(settings, journal).once()
    assert [("warning", "company_alert"), ("warning", "emergency_cleanup")] == journal.events
    assert 100 == journal.lines[1][2]["removed"]


def test_the_latest_and_the_textfile_get_every_look(place, journal, tmp_path):
    """Both have the look in detail."""
    company(place, "7", 3)
    settings = Settings(sessions_root=str(place), metrics=Metrics(str(tmp_path / "a.prom")))
    latest = LatestSnapshot(10, time.monotonic)
    watch(settings, journal, latest).once()
    snapshot, problem = latest.read()
    assert problem is None
    assert b'baileys_company_counted_files{company_id="7"} 3.0' in snapshot.metrics
    assert (tmp_path / "a.prom").read_bytes() == snapshot.metrics


def test_a_look_at_one_company_leaves_the_textfile_alone(place, journal, tmp_path):
    """It would take all other companies out of the metrics."""
    company(place, "7", 3)
    settings = Settings(sessions_root=str(place), metrics=Metrics(str(tmp_path / "a.prom")))
    Watch(settings, Selection(("7",)), lambda: WORLD, journal, None, Response((), "host")).once()
    assert not (tmp_path / "a.prom").exists()


def test_a_textfile_that_cannot_be_written_is_a_problem_of_the_look(place, journal, tmp_path):
    """It is logged, and the look counts as failed."""
    company(place, "7", 3)
    settings = Settings(sessions_root=str(place), metrics=Metrics(str(tmp_path / "no" / "a.prom")))
    assert 1 == watch(settings, journal).once().exit_status
    assert [("error", "look_problem")] == journal.events


def test_a_root_that_goes_and_comes_back_is_told_and_survived(place, settings, journal):
    """While it is gone the latest says so; when it is back so is the look."""
    company(place, "7", 3)
    latest = LatestSnapshot(10, time.monotonic)
    steady = watch(settings, journal, latest)
    steady.try_once()
    place.rename(place.with_name("gone"))
    steady.try_once()
    assert [("error", "look_failed")] == journal.events
    assert "cannot be opened" in latest.read()[1]
    place.with_name("gone").rename(place)
    steady.try_once()
    assert latest.read()[1] is None
    assert 1 == len(journal.lines)


def test_a_damaged_history_does_not_end_the_watch(place, settings, journal):
    """Numbers that no arithmetic bears are begun anew: the look is told, page and metrics without a NaN."""
    company(place, "7", 3)
    run = ended(size=10**400, seconds=float("nan"))._asdict()
    (place / ".baileys-cleanup").mkdir(mode=0o700)
    (place / ".baileys-cleanup" / "history.json").write_text(json.dumps({"success": 1, "clean": run, "runs": [run]}))
    latest = LatestSnapshot(10, time.monotonic)
    watch(settings, journal, latest).try_once()
    snapshot, problem = latest.read()
    assert problem is None
    assert (False, False) == (b"NaN" in snapshot.metrics, b"nan s" in snapshot.page(Asked()))


def test_waiting_ends_with_the_signal():
    """Sleep is cut short when told to stop, and over when the moment has come."""
    answers = iter([False, True])
    sleep_until(time.monotonic() + 3600, lambda: next(answers))
    sleep_until(time.monotonic() - 1, lambda: False)
