"""`level`: which word a count gets."""

import pytest

from baileys_cleanup.decision.levels import Level, Levels


@pytest.mark.parametrize(
    ("counted", "level", "alarms"),
    [
        (0, Level.EXCELLENT, False),
        (99, Level.EXCELLENT, False),
        (100, Level.NORMAL, False),
        (150, Level.NORMAL, False),
        (151, Level.ATTENTION, True),
        (170, Level.ATTENTION, True),
        (171, Level.WARNING, True),
        (180, Level.WARNING, True),
        (181, Level.CRITICAL, True),
        (100_000, Level.CRITICAL, True),
    ],
)
def test_each_level_begins_where_the_contract_says(counted, level, alarms):
    """The words change at 100, 151, 171 and 181, and above 150 there is a warning."""
    assert (level, alarms) == (Levels().of(counted), Levels().alarms(counted))


def test_levels_can_be_set():
    """Other first counts give other words."""
    levels = Levels(1, 2, 3, 4)
    assert list(Level) == [levels.of(counted) for counted in range(5)]
    assert [False, False, True] == [levels.alarms(counted) for counted in range(3)]
