"""Verdicts by age, and why a file cannot go whatever its age. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
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
    """Return the dates at which `plan_by_age` says that a file is young, if it has no second link."""
    return Young(max(now - limit_days * DAY, EARLIEST - 1), now + DAY)


class Age(NamedTuple):
    """Why a file goes or stays by its age; `now` is in nanoseconds since the epoch.

    The age is that of `moment` (likewise), and without one the file's own. `before` and `after` stand around it.
    """

    now: int
    limit_days: int
    before: str = ""
    moment: int | None = None
    after: str = ""

    def in_words(self, file: AuthFile) -> str:
        """Return the reason for this file."""
        moment = (file.modified or 0) if self.moment is None else self.moment
        return f"{self.before}{_age_in_words(self.now - moment, self.limit_days)}{self.after}"


def plan_by_age(files: Iterable[AuthFile], limit_days: int, rule: Rule, now: int) -> list[Verdict]:
    """Decide over files, each by its own age, unless it cannot go at all; `now` is in nanoseconds since the epoch.

    At the very limit a file goes, by `rule`.
    """
    why = Age(now, limit_days)
    latest_to_go = now - limit_days * DAY
    verdicts: list[Verdict] = []
    for file in files:
        goes = (file.modified or 0) <= latest_to_go
        verdicts.append(why_it_cannot_go(file, now) or Verdict(file, goes, rule if goes else Rule.YOUNG, why))
    return verdicts


def _age_in_words(age: int, limit_days: int) -> str:
    if age >= limit_days * DAY:
        return f"{_days(age)} old; the limit is {limit_days} days"
    if age < 0:
        return f"dated in the future, {_days(-age)} from now; it counts as young"
    return f"{_days(age)} old; it goes at {limit_days} days"


def why_it_cannot_go(file: AuthFile, now: int) -> Verdict | None:
    """Return the verdict that keeps a file without a usable date or with several links, None where nothing holds it."""
    modified = file.modified
    if modified is not None and file.sole and EARLIEST <= modified <= now + DAY:
        return None
    if modified is None:
        return Verdict(file, False, Rule.DATE_UNKNOWN, "its date could not be read: kept")
    if modified < EARLIEST:
        reason = f"dated {in_words(modified)}, before WhatsApp had such files: that is no age, kept"
        return Verdict(file, False, Rule.DATE_IMPOSSIBLE, reason)
    if modified - now > DAY:
        reason = f"dated in the future, {in_words(modified)}: that is no age, kept"
        return Verdict(file, False, Rule.DATE_IMPOSSIBLE, reason)
    return Verdict(file, False, Rule.HARD_LINKED, "it has several hard links: kept")


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
