"""`ages`: the dates that are passed over without a word."""

import pytest

from baileys_cleanup.decision.ages import EARLIEST, plan_by_age, young
from baileys_cleanup.decision.verdict import Rule

from ..helpers import DAY, NOW, auth_file


@pytest.mark.parametrize("days", [1, 14, 36_500])
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_exactly_what_would_be_called_young_is_passed_over(days, off):
    """To the nanosecond: a date that is no age is told and never passed over, and a young file is never looked at."""
    passed = young(days, NOW)
    for edge in (NOW - days * DAY, EARLIEST, NOW, NOW + DAY):
        file = auth_file("session-old.json")._replace(modified=edge + off)
        (verdict,) = plan_by_age([file], days, Rule.SESSION_AGE, NOW)
        assert (verdict.rule is Rule.YOUNG) == (passed.after < edge + off <= passed.upto)
