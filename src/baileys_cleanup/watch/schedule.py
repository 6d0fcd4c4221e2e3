"""When the monitor's own cleanup of the day is due. Pure: the days of a time zone come in by parameter.

Once a local day, at a time of the day and a jitter later. One that was missed is made up once, and a day that had its
cleanup, early or late, gets no second one.
"""

from hashlib import sha256
from typing import NamedTuple, Protocol

from baileys_cleanup.decision.policy import DAY, SECOND

_MINUTES = 60
_LONGEST_DAYS = 2
"""A jitter of half a day may lead into the next day, so the last time that came may be of the day before yesterday."""


class LocalDays(Protocol):
    """The days of a time zone, by number; moments are in nanoseconds since the epoch."""

    def of(self, moment: int) -> int:
        """Return the day that a moment falls on."""

    def at(self, day: int, minute: int) -> int:
        """Return the moment when a minute of a day comes: once, also where the clock shows it never or twice."""


class Schedule(NamedTuple):
    """A cleanup a day: at this `minute` of the local day, `jitter` nanoseconds later."""

    minute: int
    jitter: int
    days: LocalDays

    def _around(self, now: int) -> list[int]:
        today = self.days.of(now)
        days = range(today - _LONGEST_DAYS, today + _LONGEST_DAYS + 1)
        return [self.days.at(day, self.minute) + self.jitter for day in days]

    def coming(self, now: int) -> int:
        """Return when it is time next."""
        return min(moment for moment in self._around(now) if moment > now)

    def is_due(self, now: int, began: int, last: int | None) -> bool:
        """Tell whether a cleanup is due: its time came since the `last` one began, and this day had none yet.

        Where none is known of (None), only a time counts that came since the watch `began`. A last one that lies more
        than a day ahead is a clock that cannot be: then it is due, and the check of the clock says so.
        """
        latest = max(moment for moment in self._around(now) if moment <= now)
        if last is None:
            return latest >= began
        if last - now > DAY:
            return True
        return latest > last and self.days.of(last) < self.days.of(now)


def minute_of(time: str) -> int:
    """Return the minute of the day of a time as `HH:MM`."""
    hours, _, minutes = time.partition(":")
    return int(hours) * _MINUTES + int(minutes)


def jitter_for(host: str, sessions_root: str, most_minutes: int) -> int:
    """Return the jitter of a host and a root, always the same one: from 0 to less than that many minutes.

    In nanoseconds, whole seconds. Hosts that are told the same time do not all begin at once.
    """
    seconds = most_minutes * _MINUTES
    number = int.from_bytes(sha256(f"{host}\0{sessions_root}".encode("utf-8", "surrogateescape")).digest()[:8])
    return number % seconds * SECOND if seconds else 0
