"""`ages`: the dates that are passed over without a word."""

import pytest

from baileys_cleanup.decision.ages import EARLIEST, in_words, plan_by_age, why_it_cannot_go, young
from baileys_cleanup.decision.verdict import Rule

from ..helpers import DAY, NOW, SECOND, auth_file


@pytest.mark.parametrize("days", [1, 14, 36_500])
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_exactly_what_would_be_called_young_is_passed_over(days, off):
    """To the nanosecond: a date that is no age is told and never passed over, and a young file is never looked at."""
    passed = young(days, NOW)
    for edge in (NOW - days * DAY, EARLIEST, NOW, NOW + DAY):
        file = auth_file("session-old.json")._replace(modified=edge + off)
        (verdict,) = plan_by_age([file], days, Rule.SESSION_AGE, NOW)
        assert (verdict.rule is Rule.YOUNG) == (passed.after < edge + off <= passed.upto)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (60 * SECOND - 1, "1970-01-01 00:00 UTC"),
        (NOW, "2026-11-22 03:00 UTC"),
        (10**24, "beyond the year 9999"),
        (-(10**24), "before the year 1"),
    ],
)
def test_a_moment_is_told_by_the_minute_it_lies_in(moment, words):
    """Rounded down, and also where a broken clock wrote a date that no calendar has."""
    assert words == in_words(moment)


@pytest.mark.parametrize("moment", [EARLIEST, NOW, NOW + DAY])
def test_a_second_link_is_told_where_the_date_is_one(moment):
    """The first and the last date that can be are no reason: the operator is told of the link."""
    found = why_it_cannot_go(auth_file("session-old.json", sole=False)._replace(modified=moment), NOW)
    assert found is not None
    assert (Rule.HARD_LINKED, "it has several hard links: kept") == (found.rule, found.reason)
