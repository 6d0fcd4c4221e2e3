"""Verdicts by age, and why a file cannot go whatever its age. Pure."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from baileys_cleanup.decision.policy import DAY, SECOND
from baileys_cleanup.decision.verdict import AuthFile, Rule, Verdict

EARLIEST = 1_420_070_400 * SECOND
"""2015-01-01. Nothing of WhatsApp's multi-device is older; zip, npm and archives without dates write 1970 to 1985."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Young(NamedTuple):
    """The dates of files too young to go, and with nothing odd about them: later than `after`, not later than `upto`.

    Both in nanoseconds since the epoch.
    """

    after: int
    upto: int


def young(limit_days: int, now: int) -> Young:
    """Return the dates for which `plan_by_age` says that a file is young, if it has no second link."""
    return Young(max(now - limit_days * DAY, EARLIEST - 1), now + DAY)


class Age(NamedTuple):
    """Why a file goes or stays by its own age; `now` is in nanoseconds since the epoch."""

    now: int
    limit_days: int
    instead: str = ""

    def in_words(self, file: AuthFile) -> str:
        """Return the reason for this file."""
        return f"{self.instead}{_age_in_words(self.now - (file.modified or 0), self.limit_days)}"


def plan_by_age(file: AuthFile, limit_days: int, rule: Rule, now: int) -> Verdict:
    """Decide over a file by its own age, unless it cannot go at all; `now` is in nanoseconds since the epoch."""
    modified = file.modified
    if modified is None or not file.sole or not EARLIEST <= modified <= now + DAY:
        blocked = why_it_cannot_go(file, now)
        if blocked:
            return blocked
    goes = now - (modified or 0) >= limit_days * DAY
    return Verdict(file, goes, rule if goes else Rule.YOUNG, _age(now, limit_days))


@lru_cache(maxsize=8)
def _age(now: int, limit_days: int) -> Age:
    """Return the reason that all files of a company share."""
    return Age(now, limit_days)


def verdict_by_age(file: AuthFile, modified: int, limit_days: int, rule: Rule, now: int) -> Verdict:
    """Decide over a file by a date (nanoseconds since the epoch): at the very limit it goes, by `rule`."""
    age = now - modified
    goes = age >= limit_days * DAY
    return Verdict(file, goes, rule if goes else Rule.YOUNG, _age_in_words(age, limit_days))


def _age_in_words(age: int, limit_days: int) -> str:
    if age >= limit_days * DAY:
        return f"{_days(age)} old; the limit is {limit_days} days"
    if age < 0:
        return f"dated in the future, {_days(-age)} from now; it counts as young"
    return f"{_days(age)} old; it goes at {limit_days} days"


def why_it_cannot_go(file: AuthFile, now: int) -> Verdict | None:
    """Return the verdict that keeps a file without a usable date or with several links, None where nothing holds it."""
    if file.modified is None:
        return Verdict(file, False, Rule.DATE_UNKNOWN, "its date could not be read: kept")
    if file.modified < EARLIEST:
        reason = f"dated {in_words(file.modified)}, before WhatsApp had such files: that is no age, kept"
        return Verdict(file, False, Rule.DATE_IMPOSSIBLE, reason)
    if file.modified - now > DAY:
        reason = f"dated in the future, {in_words(file.modified)}: that is no age, kept"
        return Verdict(file, False, Rule.DATE_IMPOSSIBLE, reason)
    if not file.sole:
        return Verdict(file, False, Rule.HARD_LINKED, "it has several hard links: kept")
    return None


def costs_retry(file: AuthFile) -> Verdict:
    """Return the verdict of a file that the preset keeps whatever its age or number."""
    reason = "kept by the preset gentle: its loss may cost somebody a retry"
    return Verdict(file, False, Rule.COSTS_RETRY, reason)


def in_words(moment: int) -> str:
    """Return a moment (nanoseconds since the epoch) as a date and a time of day in UTC."""
    try:
        return f"{_EPOCH + timedelta(seconds=moment // SECOND):%Y-%m-%d %H:%M} UTC"
    except OverflowError:
        return "beyond the year 9999" if moment > 0 else "before the year 1"


def _days(age: int) -> str:
    # Rounded down to a tenth, so that no text ever shows a limit as reached before it is.
    tenths = age * 10 // DAY
    return f"{tenths // 10}.{tenths % 10} days"
