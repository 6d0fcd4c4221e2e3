"""`watch.alerts`: once per level, again after some hours, one all-clear; shown over all histories."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.decision.levels import Level, Levels
from baileys_cleanup.watch.tell.alerts import ACTIONS, HOUR, Deed, Told, body, due, remembered, title, unheard_of

from ...helpers import NOW
from ..helpers import view

REPEAT = 24 * HOUR
CRITICAL, WARNING, ATTENTION, NORMAL = Level.CRITICAL, Level.WARNING, Level.ATTENTION, Level.NORMAL


@pytest.mark.parametrize(
    ("counted", "told", "expected"),
    [
        (150, None, None),
        (151, None, "all"),
        (181, None, "all"),
        (160, Told(ATTENTION, NOW - REPEAT + 1), None),
        (160, Told(ATTENTION, NOW - REPEAT), "all"),
        (160, Told(ATTENTION, NOW + HOUR - 1), None),
        (160, Told(ATTENTION, NOW + HOUR), "all"),
        (175, Told(ATTENTION, NOW - 1), "all"),
        (160, Told(CRITICAL, NOW - 1), "clear"),
        (120, Told(CRITICAL, NOW - 1), "clear"),
        (50, Told(ATTENTION, NOW - 1), "clear"),
        (160, Told(ATTENTION, NOW - 1, ("x",)), ("x",)),
        (160, Told(ATTENTION, NOW - REPEAT, ("x",)), "all"),
        (120, Told(NORMAL, NOW - 1, ("x",)), ("x",)),
        (50, Told(NORMAL, NOW - 1, ("x",)), ("x",)),
        (160, Told(NORMAL, NOW - 1, ("x",)), "all"),
        (50, Told(NORMAL, NOW - 1), None),
    ],
)
def test_what_is_due(counted, told, expected):
    """New levels, repetitions, falls and what is owed are due; all else is silence."""
    alert = due(view(counted), told, Levels(), REPEAT, NOW)
    if expected is None:
        assert alert is None
    else:
        assert (expected == "clear" or counted < 151) == alert.clear
        assert (expected if isinstance(expected, tuple) else None) == alert.to


@given(
    st.lists(
        st.tuples(st.integers(60, 220), st.integers(0, 30 * HOUR), st.sampled_from([(), ("one",), ("one", "two")])),
        max_size=30,
    )
)
def test_over_any_history_nobody_misses_anything_and_nobody_hears_it_twice(looks):
    """Each service hears each level once while it lasts and is not a day old, and in the end the last state."""
    told, now = None, NOW
    heard = {"one": [], "two": []}
    levels = []
    for counted, passed, down in looks:
        now += passed
        seen = view(counted)
        levels.append(seen.level)
        alert = due(seen, told, Levels(), REPEAT, now)
        if alert is not None:
            to = [name for name in heard if alert.to is None or name in alert.to]
            for name in to:
                if name not in down:
                    heard[name].append((now, seen.level, len(levels)))
            told = remembered(alert, told, tuple(name for name in to if name in down), now)
        for name, messages in heard.items():
            owed = told is not None and name in told.owed
            last = messages[-1][1] if messages else None
            if not owed:
                # What the service knows is so: the level that alarms, or nothing that alarms.
                alarming = {CRITICAL, WARNING, ATTENTION}
                assert last is seen.level if seen.level in alarming else last not in alarming
    for messages in heard.values():
        for (earlier, level, first), (later, again, then) in pairwise(messages):
            lasted = set(levels[first - 1 : then]) == {level}
            assert level is not again or later - earlier >= REPEAT or not lasted


@given(
    st.lists(
        st.tuples(st.integers(60, 220), st.booleans(), st.sampled_from([(), ("one",), ("one", "two")])), max_size=30
    )
)
def test_over_any_history_each_service_hears_of_each_deed_once(looks):
    """Whatever the levels do and whoever is down meanwhile: once all are up, each has heard of each deed, once."""
    told, deeds = None, ()
    heard = {"one": [], "two": []}
    done = []
    for number, (counted, did, down) in enumerate([*looks, (90, False, ())]):
        if did:
            done.append(str(number))
            deeds = (*deeds, Deed(str(number), tuple(heard)))
        alert = due(view(counted), told, Levels(), REPEAT, NOW + number, deeds=deeds)
        if alert is None:
            assert not deeds
            continue
        to = [name for name in heard if alert.to is None or name in alert.to]
        for name in set(to) - set(down):
            heard[name] += [deed.text for deed in deeds if name in deed.owed]
        missed = tuple(name for name in to if name in down)
        told, deeds = remembered(alert, told, missed, NOW + number), unheard_of(deeds, missed)
    assert ({"one": done, "two": done}, ()) == (heard, deeds)


def test_what_was_done_is_told_also_of_a_company_that_is_well():
    """Nothing was told of it before: the message says what was done earlier, and of no level before."""
    alert = due(view(90), None, Levels(), REPEAT, NOW, deeds=[Deed("removed 80", ("x",))])
    text = body(alert, view(90), None, "/root", ["removed 80"])
    assert (("x",), True) == (alert.to, alert.clear)
    assert "\nDone earlier: removed 80.\n" in text
    assert "before" not in text


def test_an_all_clear_that_everybody_heard_ends_the_matter():
    """Nothing is remembered of a company that is well; one that somebody did not hear is."""
    alert = due(view(90), Told(CRITICAL, NOW), Levels(), REPEAT, NOW)
    assert remembered(alert, Told(CRITICAL, NOW), (), NOW) is None
    assert Told(Level.EXCELLENT, NOW, ("x",)) == remembered(alert, Told(CRITICAL, NOW), ("x",), NOW)


def test_bringing_a_message_after_does_not_put_off_the_next_one():
    """A service that gets a message late does not move the day after which all hear it again."""
    told = Told(CRITICAL, NOW - 5, ("x",))
    alert = due(view(200), told, Levels(), REPEAT, NOW)
    assert Told(CRITICAL, NOW - 5) == remembered(alert, told, (), NOW)


@pytest.mark.parametrize(
    ("counted", "action"),
    [(120, "watch"), (151, "plan a cleanup"), (171, "within 24 hours"), (181, "clean it now, or rotate")],
)
def test_each_level_says_what_to_do(counted, action):
    """The actions are those of the operator's table."""
    assert action in ACTIONS[view(counted).level]


def test_a_message_has_all_of_it():
    """Company, count, level, what was done, how it is now, what to do, and where."""
    alert = due(view(200, "7\n"), None, Levels(), REPEAT, NOW)
    text = body(alert, view(120, "7\n"), "removed 80", "/root on host")
    assert "Baileys company 7\\n: critical, 200 files" == title(alert)
    parts = [
        "7\\n has 200",
        "critical",
        "Done: removed 80",
        "Now it has 120",
        "normal",
        "Next: watch it",
        "/root on host",
    ]
    assert [] == [part for part in parts if part not in text]


def test_an_all_clear_says_what_was_before():
    """The level before stands in the message, and nothing is said to be done."""
    alert = due(view(90), Told(CRITICAL, NOW), Levels(), REPEAT, NOW)
    text = body(alert, view(90), None, "/root")
    assert "down to excellent" in title(alert)
    assert "It was critical before" in text
    assert "Done" not in text
