"""Alerts: whom to tell what, and when again. Pure: views and the memory of what was told go in, alerts come out.

A company is told of once per level, again after some hours while the level lasts, and once when it falls; whatever was
done about it, once. What no cleanup can help is told once, as information, and again when it has grown by a tenth.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple, Self

from baileys_cleanup.decision.judgement import Cause, Severity
from baileys_cleanup.decision.levels import Level
from baileys_cleanup.watch.see.company import View

HOUR = 3_600 * 1_000_000_000
"""Nanoseconds."""


class LastAlert(NamedTuple):
    """What was told of a company last: which level, and when (nanoseconds since the epoch).

    `owed` are the services that could not be reached then, by fingerprint. `counted` is how many files it had, and
    `trouble` what was wrong beside the count: nothing where it is empty. `services` are all that there were, none where
    nobody noted them.
    """

    level: Level
    at: int
    owed: tuple[str, ...] = ()
    counted: int = 0
    trouble: str = ""
    services: tuple[str, ...] = ()

    def owed_to(self, services: Collection[str]) -> Self:
        """Return this with the services that are new since: what still lasts they have to hear, too."""
        if not self.services or not (alarms(self.level) or self.trouble):
            return self
        return self._replace(owed=(*self.owed, *(name for name in services if name not in self.services)))


class ActionTaken(NamedTuple):
    """What was done about a company, in words, and the services that have not heard of it yet, by fingerprint."""

    text: str
    owed: tuple[str, ...]


class Alert(NamedTuple):
    """One message about one company. `earlier` is what was told before, None when nothing was.

    `to` are the services that have not heard it yet; None means all.
    """

    view: View
    earlier: LastAlert | None
    to: tuple[str, ...] | None = None

    @property
    def clear(self) -> bool:
        """Tell whether this says that it got better, or is well."""
        if self.view.judgement.trouble is not None:
            return False
        order = list(Level)
        fell = self.earlier is not None and order.index(self.view.level) < order.index(self.earlier.level)
        return fell or self.view.judgement.fullness is None

    @property
    def severity(self) -> Severity:
        """How bad it is: what cannot be helped is worth a note, and a fall is none."""
        trouble = self.view.judgement.trouble
        if trouble is not None:
            return trouble.severity
        if self.clear:
            return Severity.OK
        if self.view.judgement.stuck:
            return Severity.NOTE
        return Severity.CRITICAL if self.view.level is Level.CRITICAL else Severity.WARNING

    @property
    def kind(self) -> str:
        """Apprise's word for how bad it is."""
        return _KINDS[self.severity]


_KINDS = {
    Severity.OK: "success",
    Severity.NOTE: "info",
    Severity.WARNING: "warning",
    Severity.CRITICAL: "failure",
}


def due(
    view: View, told: LastAlert | None, repeat: int, now: int, *, actions: Iterable[ActionTaken] = ()
) -> Alert | None:
    """Return the alert that is due for a company; `repeat` is in nanoseconds, `actions` were not heard of by all."""
    alarming = view.judgement.fullness is not None
    trouble = trouble_of(view)
    unheard = {name for action in actions for name in action.owed}
    if told is None and not (alarming or trouble):
        return Alert(view, None, tuple(sorted(unheard))) if unheard else None
    if told is None or trouble != told.trouble:
        return Alert(view, told)
    changed = view.level is not told.level and (alarming or alarms(told.level))
    if view.judgement.stuck and alarms(told.level):
        changed = 10 * view.counted >= 11 * max(told.counted, 1)
    # A clock that was set back must not silence an alert for years; a look that began a little earlier is none.
    again = not -HOUR < now - told.at < repeat and (bool(trouble) or (alarming and not view.judgement.stuck))
    if changed or again:
        return Alert(view, told)
    unheard.update(told.owed)
    return Alert(view, told, tuple(sorted(unheard))) if unheard else None


def unheard_of(actions: Iterable[ActionTaken], missed: Collection[str]) -> tuple[ActionTaken, ...]:
    """Return what is still to be told after an alert; `missed` are the services that could not be reached."""
    left = (ActionTaken(each.text, tuple(name for name in each.owed if name in missed)) for each in actions)
    return tuple(each for each in left if each.owed)


def remembered(
    alert: Alert, told: LastAlert | None, missed: tuple[str, ...], now: int, present: View | None = None
) -> LastAlert | None:
    """Return what to remember after an alert; `missed` are the services that could not be reached.

    `present` is the company after what was done about it. None: an all-clear that everybody heard ends the matter.
    """
    trouble = trouble_of(alert.view)
    if not missed and not alarms(alert.view.level) and not trouble:
        return None
    counted = (present or alert.view).counted
    if alert.to is None or told is None:
        return LastAlert(alert.view.level, now, missed, counted, trouble)
    return LastAlert(alert.view.level, told.at, missed, told.counted, trouble)


def alarms(level: Level) -> bool:
    """Tell whether a level is told of."""
    return level in {Level.ATTENTION, Level.WARNING, Level.CRITICAL}


def trouble_of(view: View) -> str:
    """Return what is wrong beside the count, as a word; empty where nothing is."""
    trouble = view.judgement.trouble
    return "" if trouble is None else trouble.cause.value


HEADLINES = {
    Cause.PAIRING_DEAD.value: "its pairing is dead",
    Cause.PAIRING_INCOMPLETE.value: "creds.json is incomplete",
    Cause.DEEPER.value: "its files lie one level deeper",
    Cause.SAME_DEVICE.value: "another company has the same device",
}
"""What is wrong beside the count, in a few words."""
