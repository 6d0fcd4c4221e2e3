"""`watch.schedule`: once a local day, missed ones made up once, whatever the clock of the place does."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baileys_cleanup.watch.daily_cleanup import ZoneDays
from baileys_cleanup.watch.schedule import Schedule, jitter_for, minute_of

from ..helpers import DAY, SECOND

MINUTE = 60 * SECOND
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Asia/Kolkata",
)


def moment(text, zone="UTC"):
    """Give a local time as nanoseconds since the epoch; `*` at the end is the second of two."""
    local = datetime.fromisoformat(text.rstrip("*")).replace(tzinfo=ZoneInfo(zone), fold=text.endswith("*"))
    return int(local.timestamp()) * SECOND


def schedule(at="03:00", jitter=0, zone="UTC"):
    """Give a schedule in a time zone."""
    return Schedule(minute_of(at), jitter, ZoneDays(ZoneInfo(zone)))


@pytest.mark.parametrize(("text", "minute"), [("00:00", 0), ("03:00", 180), ("23:59", 1439)])
def test_a_time_is_a_minute_of_the_day(text, minute):
    """Hours and minutes."""
    assert minute == minute_of(text)


@pytest.mark.parametrize(
    ("now", "began", "last", "due"),
    [
        ("2026-11-22T02:59:59", "2026-11-21T12:00", None, False),  # its time has not come
        ("2026-11-22T03:00:00", "2026-11-21T12:00", None, True),
        ("2026-11-22T14:00:00", "2026-11-22T13:00", None, False),  # nothing is known of: it waits for the next time
        ("2026-11-22T14:00:00", "2026-11-22T13:00", "2026-11-21T03:00", True),  # the monitor was down: made up
        ("2026-11-22T14:05:00", "2026-11-22T13:00", "2026-11-22T14:00", False),  # once
        ("2026-11-23T02:59:00", "2026-11-22T13:00", "2026-11-22T14:00", False),
        ("2026-11-23T03:00:00", "2026-11-22T13:00", "2026-11-22T14:00", True),  # and the next one in time
        ("2026-11-22T02:00:00", "2026-11-22T02:00", "2026-11-18T03:00", True),  # many missed ones are one
        ("2026-11-22T03:00:00", "2026-11-22T02:00", "2026-11-22T02:00", False),  # that day had its cleanup
        ("2026-11-23T03:00:00", "2026-11-22T02:00", "2026-11-22T02:00", True),
        ("2026-11-22T03:00:00", "2026-11-20T02:00", "2026-11-22T05:00", False),  # the clock was set back a little
        ("2026-11-22T03:00:00", "2026-11-20T02:00", "2099-01-01T05:00", True),  # a clock that cannot be: clean refuses
    ],
)
def test_when_it_is_due(now, began, last, due):
    """Its time came since the last one, and the day had none."""
    assert due == schedule().is_due(moment(now), moment(began), last and moment(last))


@pytest.mark.parametrize(
    ("zone", "at", "now", "coming"),
    [
        ("Europe/Berlin", "02:30", "2026-03-28T12:00", "2026-03-29T03:30"),  # the clock leaps over 02:30
        ("Europe/Berlin", "02:30", "2026-10-24T12:00", "2026-10-25T02:30"),  # 02:30 comes twice: the first
        ("Europe/Berlin", "02:30", "2026-10-25T02:30", "2026-10-26T02:30"),
        ("Europe/Berlin", "02:30", "2026-10-25T02:10*", "2026-10-26T02:30"),
        ("America/New_York", "03:00", "2026-11-01T00:00", "2026-11-01T03:00"),
        ("Pacific/Apia", "03:00", "2011-12-29T12:00", "2011-12-31T03:00"),  # a place that left out a day
    ],
)
def test_where_the_clock_leaps(zone, at, now, coming):
    """A minute that the clock leaps over comes as much later; of one that comes twice the first counts."""
    assert moment(coming, zone) == schedule(at, 0, zone).coming(moment(now, zone))


def test_a_jitter_moves_it():
    """Its time is so much later, also into the next day."""
    late = schedule("23:59", 30 * MINUTE)
    assert moment("2026-11-23T00:29") == late.coming(moment("2026-11-22T12:00"))
    assert not late.is_due(moment("2026-11-23T00:28"), moment("2026-11-22T12:00"), moment("2026-11-22T00:29"))
    assert late.is_due(moment("2026-11-23T00:29"), moment("2026-11-22T12:00"), moment("2026-11-22T00:29"))


@given(host=st.text(), root=st.text(), minutes=st.integers(0, 720))
def test_a_jitter_is_the_hosts_own_and_bounded(host, root, minutes):
    """The same host and root have the same one each time, whole seconds below the bound."""
    jitter = jitter_for(host, root, minutes)
    assert jitter == jitter_for(host, root, minutes)
    assert jitter == 0 or 0 <= jitter < minutes * MINUTE
    assert jitter % SECOND == 0


def test_hosts_do_not_all_begin_at_once():
    """A hundred hosts that are told the same time begin in every tenth of the span."""
    jitters = {jitter_for(f"host-{number}", "/srv", 10) // MINUTE for number in range(100)}
    assert set(range(10)) == jitters


@st.composite
def lives(draw):
    """Give a schedule somewhere, and the looks of a monitor that is up and down."""
    zone = draw(st.sampled_from(ZONES))
    minute = draw(st.integers(0, 1439))
    jitter = draw(st.integers(0, 720 * 60)) * SECOND
    now = moment("2010-01-01T00:00") + draw(st.integers(0, 20 * 365 * 24 * 60)) * MINUTE
    gaps = st.one_of(st.integers(1, 120), st.integers(1, 5 * 24 * 60))
    looks = []
    for gap in draw(st.lists(gaps, min_size=20, max_size=60)):
        now += gap * MINUTE
        looks.append(now)
    return Schedule(minute, jitter, ZoneDays(ZoneInfo(zone))), looks


@given(lives())
def test_a_local_day_never_has_two_and_what_was_missed_is_made_up(life):
    """No day has two, however the looks fall; and a look after a time that came always leaves it done that day."""
    plan, looks = life
    last, days = None, []
    for now in looks:
        if plan.is_due(now, looks[0], last):
            last = now
            days.append(plan.days.of(now))
        latest = max(moment for moment in plan._around(now) if moment <= now)
        done = last is not None and (last >= latest or plan.days.of(last) == plan.days.of(now))
        assert done or latest < looks[0]
    assert len(set(days)) == len(days)


@settings(max_examples=25)
@given(zone=st.sampled_from(ZONES), start=st.integers(0, 20 * 365), minute=st.integers(0, 1434))
def test_who_looks_every_five_minutes_cleans_once_a_day_and_in_time(zone, start, minute):
    """Over four days, in any zone and season, each time of the schedule has its cleanup within a look."""
    plan = schedule(f"{minute // 60:02}:{minute % 60:02}", 0, zone)
    began = int((datetime(2010, 1, 1, tzinfo=UTC) + timedelta(days=start)).timestamp()) * SECOND
    last, late, coming = None, [], plan.coming(began - 1)
    for now in range(began, began + 4 * DAY, 5 * MINUTE):
        if plan.is_due(now, began, last):
            last = now
            late.append(now - coming)
            coming = plan.coming(now)
    assert len(late) in {3, 4, 5}  # five where a day is shorter, as when the clocks go forward
    assert all(0 <= each < 5 * MINUTE for each in late)
