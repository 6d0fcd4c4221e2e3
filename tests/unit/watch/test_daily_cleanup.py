"""`watch.daily_cleanup`: the run of `clean` when its time has come, once, and never a reason to end the watch."""

import errno
import json
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from baileys_cleanup.cleaning.company import clean_company
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.folder import small_records
from baileys_cleanup.store.folder.folder_store import FolderWorkspace
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.store import DAILY_LOCK
from baileys_cleanup.watch import daily_cleanup as room
from baileys_cleanup.watch.daily_cleanup import DailyCleanup, ZoneDays
from baileys_cleanup.watch.monitor import Watch
from baileys_cleanup.watch.remember.run_history import read_history
from baileys_cleanup.watch.response import Response
from baileys_cleanup.watch.schedule import Schedule
from baileys_cleanup.watch.show.latest import LatestSnapshot

from ..helpers import DAY, NOW, names
from .helpers import MINUTE, WORLD, company
from .test_monitor import Journal

HOUR = 60 * MINUTE
THREE = 180
"""NOW is three in the morning, in the time zone of these tests."""


class Night:
    """A monitor over a place, and a clock to turn."""

    def __init__(self, settings, minute=THREE):
        self.now = NOW - HOUR
        self.told_to_stop = False
        self.log = Journal()
        self.latest = LatestSnapshot(60, lambda: self.now / 10**9)
        watch = Watch(settings, Selection(), self.world, self.log, self.latest, Response((), "host"))
        schedule = Schedule(minute, 0, ZoneDays(ZoneInfo("UTC")))
        self.heard = []
        self.daily = DailyCleanup(watch, schedule, self.hear, lambda status: 143 if self.told_to_stop else status)

    def world(self):
        """Give the world of this moment."""
        return WORLD._replace(now=self.now, clock=lambda: self.now, stopping=lambda: self.told_to_stop)

    def hear(self, report):
        """Remember the companies that a run tells of."""
        return SimpleNamespace(
            company=lambda outcome: (self.heard.append(outcome.company_id), report.company(outcome)),
            close=report.close,
        )

    def look(self, after=0):
        """Let the clock be so much after three, and ask whether it cleaned."""
        self.now = NOW + after
        return self.daily.try_once()


@pytest.fixture
def night(place, settings):
    """Give a monitor that began an hour before its time, over two companies with something to remove."""
    company(place, "7", 3, old=2)
    company(place, "8", 3, old=1)
    return Night(settings)


def test_it_cleans_all_companies_when_its_time_comes_and_not_again(night, place):
    """Before its time nothing happens, then everything, and after that nothing until the next day."""
    looks = [night.look(after) for after in (-MINUTE, 0, 5 * MINUTE, 20 * HOUR, DAY - MINUTE, DAY)]
    assert [False, True, False, False, False, True] == looks
    assert ["7", "8", "7", "8"] == night.heard
    assert 3 == len(names(place / "company_7"))
    events = [event for _, event in night.log.events]
    assert ["daily_cleanup_planned", "daily_cleanup"] * 2 + ["daily_cleanup_planned"] == events
    assert ("done", 3) == (night.log.lines[1][2]["status"], night.log.lines[1][2]["removed"])


def test_it_is_a_run_like_the_command(night, place, tool):
    """It is in the history as a run of `clean` of all companies, can be undone, and is no emergency."""
    night.look()
    history, problem = read_history(tool)
    assert problem is None
    assert (NOW, NOW, False) == (history.daily, history.clean.started, history.clean.emergency)
    assert f"{history.clean.run_id}.json" in names(place / ".baileys-cleanup" / "runs")


def test_each_company_is_cleaned_as_the_settings_say(night, settings):
    """What cleans one company, with its bot stopped say, is what every other cleanup of the monitor uses."""
    stopped = []

    def with_its_bot_stopped(store, company_id, *terms, **more):
        stopped.append(company_id)
        return clean_company(store, company_id, *terms, **more)

    response = Response((), "host", with_its_bot_stopped)
    night.daily._watch = Watch(settings, Selection(), night.world, night.log, None, response)
    assert night.look()
    assert ["7", "8"] == stopped


def test_another_process_knows_that_it_was_done(night, settings):
    """The monitor that begins an hour later cleans the next day; one that begins days later makes up one."""
    night.look()
    later = Night(settings)
    assert [False, True, False] == [later.look(after) for after in (HOUR, 3 * DAY - HOUR, 3 * DAY)]


def test_a_clean_of_all_companies_by_hand_counts_and_one_of_some_does_not(night, settings, monkeypatch):
    """Whoever cleaned all of them at two spared the monitor its work; one company is not all."""
    from click.testing import CliRunner

    from baileys_cleanup import cli
    from baileys_cleanup.commands import options

    monkeypatch.setattr(options.time, "time_ns", lambda: NOW - 10 * MINUTE)
    call = ["clean", "--sessions-root", settings.sessions_root]
    assert 0 == CliRunner().invoke(cli.commands, [*call, "--company", "7"]).exit_code
    assert night.look()
    monkeypatch.setattr(options.time, "time_ns", lambda: NOW + DAY - 10 * MINUTE)
    assert 0 == CliRunner().invoke(cli.commands, call).exit_code
    assert not night.look(DAY)


def test_one_that_was_stopped_is_gone_on_with(night, settings):
    """Told to stop between two files it has not cleaned that day; the next process does the rest."""
    world = night.world
    night.world = lambda: world()._replace(stopping=lambda: bool(night.heard))
    night.daily._watch = Watch(settings, Selection(), night.world, night.log, None, Response((), "host"))
    assert not night.look()
    assert ["7"] == night.heard
    again = Night(settings)
    again.daily._began = NOW - HOUR
    assert again.look(HOUR)
    assert ["7", "8"] == again.heard


def test_told_to_stop_it_does_not_begin(night):
    """Nothing is begun that would have to be broken off."""
    night.told_to_stop = True
    assert not night.look()
    assert [] == night.heard


def test_another_run_postpones_it(night, tool):
    """While the lock is held it waits for the next look, and says so; then it is done."""
    with tool.hold():
        assert not night.look()
    level, event, fields = night.log.lines[-1]
    assert ("warning", "daily_cleanup_postponed") == (level, event)
    assert fields["reason"].endswith("nothing was touched; the next look tries again")
    assert night.look(5 * MINUTE)


def test_of_two_monitors_one_cleans(night, tool, settings, monkeypatch):
    """While another one is at it, or has done it between the two questions, it is left alone."""
    with tool.hold(DAILY_LOCK):
        assert not night.look()
    assert "another cleanup of the day is at work" in night.log.lines[-1][2]["reason"]
    other = Night(settings)
    real = FolderWorkspace.hold

    def meanwhile(self, name):
        monkeypatch.setattr(FolderWorkspace, "hold", real)
        assert other.look()
        return real(self, name)

    monkeypatch.setattr(FolderWorkspace, "hold", meanwhile)
    assert not night.look()
    assert [] == night.heard


def test_what_cannot_be_done_is_told_and_tried_again(night, place, tool):
    """A guard that refuses the whole run is an error in the log at each look, until it does not."""
    record = place / ".baileys-cleanup" / "last-run.json"
    record.write_text(json.dumps({"started": NOW + 30 * DAY}))
    assert not night.look()
    level, event, fields = night.log.lines[-1]
    assert ("error", "daily_cleanup_failed") == (level, event)
    assert "the clock stands more than a day before" in fields["error"]
    record.unlink()
    assert night.look(5 * MINUTE)


def test_a_root_that_is_gone_is_told(night, place):
    """The watch goes on, and cleans when the root is back."""
    place.rename(place.with_name("gone"))
    assert not night.look()
    assert "daily_cleanup_failed" == night.log.lines[-1][1]
    place.with_name("gone").rename(place)
    assert night.look(5 * MINUTE)


def test_an_empty_root_is_not_the_cleanup_of_the_day(place, settings):
    """An unmounted disk has no companies: when it is back, the cleanup is made up."""
    night = Night(settings)
    assert not night.look()
    place.rename(place.with_name("empty"))
    place.mkdir()
    company(place, "7", 3, old=2)
    assert night.look(HOUR)


def test_what_cannot_be_recorded_is_still_done_once(night, monkeypatch):
    """On a full disk the process itself remembers that it cleaned."""

    def full(_tool, _run):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(room, "record_daily", full)
    assert [True, False, False] == [night.look(after) for after in (0, 5 * MINUTE, HOUR)]


def test_a_long_cleanup_is_a_sign_of_life(night):
    """After each company the last look counts as the present for a while longer, though no look can be made."""
    night.latest._problem = None
    night.latest._shown = NOW / 10**9 - 59
    night.look()
    night.now += 59 * 10**9
    assert night.latest.read()[1] is None


@pytest.mark.parametrize(("how", "path"), [("well", ""), ("stopped", "/143"), ("refused", "/4"), ("gone", "/fail")])
def test_it_pings_like_the_command(night, place, monkeypatch, how, path):
    """The start, then how it ended; a run that could not begin is a failure."""
    asked = []
    monkeypatch.setattr("baileys_cleanup.watch.tell.ping._ask", lambda url: asked.append(url.removeprefix("http://x")))
    settings = Settings(sessions_root=str(place), ping_url="http://x", max_removals=1 if how == "refused" else None)
    pinged = Night(settings)
    if how == "stopped":
        pinged.daily._exit_status = lambda _status: 143
    if how == "gone":
        (place / ".baileys-cleanup").mkdir(mode=0o700)
        (place / ".baileys-cleanup" / "last-run.json").write_text("broken")
    pinged.look()
    assert ["/start", path] == asked


def test_how_long_it_is_until_the_next_one(night):
    """The monitor wakes for it, also when its looks are far apart."""
    assert 3600 == night.daily.left()
    night.look()
    assert 86_400 == night.daily.left()


def test_a_history_that_cannot_be_read_stops_no_cleanup(night, place, monkeypatch):
    """The process knows of its own ones: once a day, and what is recorded stays as it is."""
    night.look()
    path = place / ".baileys-cleanup" / "history.json"
    before = path.read_bytes()
    read = small_records.read_record

    def unreadable(folder, name):
        if name == "history.json":
            raise PermissionError(errno.EACCES, "Permission denied")
        return read(folder, name)

    monkeypatch.setattr(small_records, "read_record", unreadable)
    assert [False, True, False] == [night.look(after) for after in (20 * HOUR, DAY, DAY + 5 * MINUTE)]
    assert before == path.read_bytes()
