"""`watch.alerts`: once per level, again after some hours, one all-clear; shown over all histories."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.decision.judgement import PairingState
from baileys_cleanup.decision.levels import Level
from baileys_cleanup.watch.tell.alerts import HOUR, ActionTaken, LastAlert, due, remembered, unheard_of

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
        (160, LastAlert(ATTENTION, NOW - REPEAT + 1), None),
        (160, LastAlert(ATTENTION, NOW - REPEAT), "all"),
        (160, LastAlert(ATTENTION, NOW + HOUR - 1), None),
        (160, LastAlert(ATTENTION, NOW + HOUR), "all"),
        (175, LastAlert(ATTENTION, NOW - 1), "all"),
        (160, LastAlert(CRITICAL, NOW - 1), "clear"),
        (120, LastAlert(CRITICAL, NOW - 1), "clear"),
        (50, LastAlert(ATTENTION, NOW - 1), "clear"),
        (160, LastAlert(ATTENTION, NOW - 1, ("x",)), ("x",)),
        (160, LastAlert(ATTENTION, NOW - REPEAT, ("x",)), "all"),
        (120, LastAlert(NORMAL, NOW - 1, ("x",)), ("x",)),
        (50, LastAlert(NORMAL, NOW - 1, ("x",)), ("x",)),
        (160, LastAlert(NORMAL, NOW - 1, ("x",)), "all"),
        (50, LastAlert(NORMAL, NOW - 1), None),
    ],
)
def test_what_is_due(counted, told, expected):
    """New levels, repetitions, falls and what is owed are due; all else is silence."""
    alert = due(view(counted), told, REPEAT, NOW)
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
        alert = due(seen, told, REPEAT, now)
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
def test_over_any_history_each_service_hears_of_each_action_once(looks):
    """Whatever the levels do and whoever is down meanwhile: once all are up, each has heard of each action, once."""
    told, actions = None, ()
    heard = {"one": [], "two": []}
    done = []
    for number, (counted, did, down) in enumerate([*looks, (90, False, ())]):
        if did:
            done.append(str(number))
            actions = (*actions, ActionTaken(str(number), tuple(heard)))
        alert = due(view(counted), told, REPEAT, NOW + number, actions=actions)
        if alert is None:
            assert not actions
            continue
        to = [name for name in heard if alert.to is None or name in alert.to]
        for name in set(to) - set(down):
            heard[name] += [action.text for action in actions if name in action.owed]
        missed = tuple(name for name in to if name in down)
        told, actions = remembered(alert, told, missed, NOW + number), unheard_of(actions, missed)
    assert ({"one": done, "two": done}, ()) == (heard, actions)


def test_an_all_clear_that_everybody_heard_ends_the_matter():
    """Nothing is remembered of a company that is well; one that somebody did not hear is."""
    alert = due(view(90), LastAlert(CRITICAL, NOW), REPEAT, NOW)
    assert remembered(alert, LastAlert(CRITICAL, NOW), (), NOW) is None
    assert LastAlert(Level.EXCELLENT, NOW, ("x",), 90) == remembered(alert, LastAlert(CRITICAL, NOW), ("x",), NOW)


def test_bringing_a_message_after_does_not_put_off_the_next_one():
    """A service that gets a message late does not move the day after which all hear it again."""
    told = LastAlert(CRITICAL, NOW - 5, ("x",))
    alert = due(view(200), told, REPEAT, NOW)
    assert LastAlert(CRITICAL, NOW - 5) == remembered(alert, told, (), NOW)


@pytest.mark.parametrize(
    ("counted", "told", "expected"),
    [
        (600, None, True),
        (600, LastAlert(CRITICAL, NOW - 9 * REPEAT, counted=600), False),
        (659, LastAlert(CRITICAL, NOW - 9 * REPEAT, counted=600), False),
        (660, LastAlert(CRITICAL, NOW - 1, counted=600), True),
        (171, LastAlert(ATTENTION, NOW - 1, counted=160), False),
        (120, LastAlert(CRITICAL, NOW - 1, counted=600), True),
        (160, LastAlert(NORMAL, NOW - 1, ("x",)), True),
    ],
)
def test_what_no_cleanup_can_help_is_told_once_and_when_it_grows_by_a_tenth(counted, told, expected):
    """Time alone, or a level more, is no reason; a tenth more is, and the all-clear."""
    alert = due(view(counted, removable=0), told, REPEAT, NOW)
    assert expected == (alert is not None)
    assert alert is None or alert.kind in {"info", "success"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, True),
        (LastAlert(Level.EXCELLENT, NOW - 1, trouble="pairing_dead"), False),
        (LastAlert(Level.EXCELLENT, NOW - REPEAT, trouble="pairing_dead"), True),
        (LastAlert(CRITICAL, NOW - 1), True),
    ],
)
def test_a_dead_pairing_is_due_whatever_the_count(told, expected):
    """When it is new, and again after the hours; it is a failure, also where the count fell meanwhile."""
    alert = due(view(4, pairing=PairingState.BROKEN), told, REPEAT, NOW)
    assert expected == (alert is not None)
    assert alert is None or (alert.kind, alert.clear) == ("failure", False)


def test_a_pairing_that_is_whole_again_is_an_all_clear():
    """Told of before, and well now: that is told once, and forgotten."""
    told = LastAlert(Level.EXCELLENT, NOW - 1, trouble="pairing_dead")
    alert = due(view(4), told, REPEAT, NOW)
    assert (True, "success") == (alert.clear, alert.kind)
    assert remembered(alert, told, (), NOW) is None
