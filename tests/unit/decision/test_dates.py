"""`decision.dates`: whether dates tell an age at all."""

from baileys_cleanup.decision.dates import one_moment
from baileys_cleanup.decision.policy import DAY

from ..helpers import NOW, auth_file


def sessions(ages):
    """Give a session of each age, in days."""
    return [auth_file(f"session-1555{number:07}.0.json", age) for number, age in enumerate(ages)]


def test_a_copy_that_lost_its_dates_is_one_moment():
    """Nearly all dates within a minute; the bot that ran since has written some anew."""
    assert (NOW - 5 * DAY, 27, 30) == one_moment(sessions([5] * 27 + [0, 1, 2]))


def test_a_young_folder_is_no_copy():
    """Dates that differ are ages, however young; so are those of a handful of files."""
    assert one_moment(sessions([number / 100 for number in range(30)])) is None
    assert one_moment(sessions([5] * 26 + [0, 1, 2, 3])) is None
    assert one_moment(sessions([5] * 9)) is None


def test_only_what_ages_is_asked():
    """A batch of pre-keys is written at once by every bot; what nobody dated, and impossible dates, tell nothing."""
    assert one_moment(auth_file(f"pre-key-{number}.json", 3) for number in range(1, 813)) is None
    assert one_moment(sessions([None] * 30)) is None
    assert one_moment(sessions([20_000] * 30)) is None
