"""`watch.lateness`: whether the tool itself does its work."""

import pytest

from baileys_cleanup.backups.record import BackupRecord as Backups
from baileys_cleanup.watch.remember.run_history import History
from baileys_cleanup.watch.see.lateness import MaxAges, late

from ...helpers import NOW, SECOND
from ..helpers import ended

HOUR = 3_600


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (26 * HOUR, []),
        (26 * HOUR + 1, ["the last good cleanup is 26h old, and 26h are allowed"]),
        (27 * HOUR + 1800, ["the last good cleanup is 1650m old, and 26h are allowed"]),
        (30 * HOUR, ["the last good cleanup is 30h old, and 26h are allowed"]),
    ],
)
def test_an_old_cleanup_is_told(age, expected):
    """To the second."""
    history = History({"": NOW - age * SECOND}, {"": ended()})
    assert expected == late(MaxAges(clean=26 * HOUR), history, [], ["7"], NOW)


def test_a_cleanup_that_never_succeeded_is_told():
    """There is nothing that could be old."""
    assert ["no cleanup has ever succeeded here"] == late(MaxAges(clean=HOUR), History(), [], ["7"], NOW)


def test_backups_are_of_each_company():
    """An old one, one that never was, and a good one."""
    made = [Backups("7", succeeded=NOW - 2 * HOUR * SECOND), Backups("8", succeeded=NOW - HOUR * SECOND), Backups("9")]
    found = late(MaxAges(backup=HOUR), History(), made, ["7", "8", "9", "10"], NOW)
    assert ["3 companies without a good backup of the last 1h: 7, 9, 10"] == found


def test_what_nobody_asked_for_is_not_told():
    """Without limits there is nothing to say."""
    assert [] == late(MaxAges(), History(), [], ["7"], NOW)
