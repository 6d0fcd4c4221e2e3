"""Verdicts by age, and why a file cannot go whatever its age. Pure."""

from baileys_cleanup.decision.policy import DAY
from baileys_cleanup.decision.verdict import AuthFile, Rule, Verdict


def plan_by_age(file: AuthFile, limit_days: int, rule: Rule, now: int) -> Verdict:
    """Decide over a file by its own age, unless it cannot go at all; `now` is in nanoseconds since the epoch."""
    blocked = why_it_cannot_go(file)
    if blocked:
        return blocked
    return verdict_by_age(file, file.modified or 0, limit_days, rule, now)


def verdict_by_age(file: AuthFile, modified: int, limit_days: int, rule: Rule, now: int) -> Verdict:
    """Decide over a file by a date (nanoseconds since the epoch): at the very limit it goes, by `rule`."""
    age = now - modified
    if age >= limit_days * DAY:
        return Verdict(file, True, rule, f"{_days(age)} old; the limit is {limit_days} days")
    return Verdict(file, False, Rule.YOUNG, f"{_days(age)} old; it goes at {limit_days} days")


def why_it_cannot_go(file: AuthFile) -> Verdict | None:
    """Return the verdict that keeps a file without a date or with several links, None where nothing holds it."""
    if file.modified is None:
        return Verdict(file, False, Rule.DATE_UNKNOWN, "its date could not be read: kept")
    if not file.sole:
        return Verdict(file, False, Rule.HARD_LINKED, "it has several hard links: kept")
    return None


def _days(age: int) -> str:
    # Rounded down to a tenth, so that no text ever shows a limit as reached before it is.
    tenths = max(age, 0) * 10 // DAY
    return f"{tenths // 10}.{tenths % 10} days"
