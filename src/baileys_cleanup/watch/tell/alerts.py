"""Alerts: whom to tell what, and when again. Pure: views and the memory of what was told go in, alerts come out.

A company is told of once per level, again after some hours while the level lasts, and once when it falls; and whatever
was done about it, once.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from baileys_cleanup.decision.levels import Level, Levels
from baileys_cleanup.output.text import count, shown
from baileys_cleanup.watch.see.company import View

HOUR = 3_600 * 1_000_000_000
"""Nanoseconds."""

ACTIONS: Mapping[Level, str] = {
    Level.EXCELLENT: "nothing",
    Level.NORMAL: "watch it",
    Level.ATTENTION: "plan a cleanup",
    Level.WARNING: "clean it within 24 hours",
    Level.CRITICAL: "clean it now, or rotate the pairing",
}
"""What to do at each level."""


class Told(NamedTuple):
    """What was told of a company last: which level, and when (nanoseconds since the epoch).

    `owed` are the services that could not be reached then, by fingerprint.
    """

    level: Level
    at: int
    owed: tuple[str, ...] = ()


class Deed(NamedTuple):
    """What was done about a company, in words, and the services that have not heard of it yet, by fingerprint."""

    text: str
    owed: tuple[str, ...]


class Alert(NamedTuple):
    """One message about one company. `earlier` is the level that was told before, None when nothing was.

    `to` are the services that have not heard it yet; None means all.
    """

    view: View
    earlier: Level | None
    to: tuple[str, ...] | None = None

    @property
    def clear(self) -> bool:
        """Tell whether this says that it got better, or is well."""
        order = list(Level)
        fell = self.earlier is not None and order.index(self.view.level) < order.index(self.earlier)
        return fell or not _alarms(self.view.level)

    @property
    def kind(self) -> str:
        """Apprise's word for how bad it is."""
        if self.clear:
            return "success"
        return "failure" if self.view.level is Level.CRITICAL else "warning"


def due(
    view: View, told: Told | None, levels: Levels, repeat: int, now: int, *, deeds: Iterable[Deed] = ()
) -> Alert | None:
    """Return the alert that is due for a company; `repeat` is in nanoseconds, `deeds` were not heard of by all."""
    alarming = levels.alarms(view.counted)
    unheard = {name for deed in deeds for name in deed.owed}
    if told is None and not alarming:
        return Alert(view, None, tuple(sorted(unheard))) if unheard else None
    if told is None:
        return Alert(view, None)
    if view.level is not told.level and (alarming or _alarms(told.level)):
        return Alert(view, told.level)
    # A clock that was set back must not silence an alert for years; a look that began a little earlier is none.
    if alarming and not -HOUR < now - told.at < repeat:
        return Alert(view, told.level)
    unheard.update(told.owed)
    return Alert(view, told.level, tuple(sorted(unheard))) if unheard else None


def unheard_of(deeds: Iterable[Deed], missed: Collection[str]) -> tuple[Deed, ...]:
    """Return what is still to be told after an alert; `missed` are the services that could not be reached."""
    left = (Deed(deed.text, tuple(name for name in deed.owed if name in missed)) for deed in deeds)
    return tuple(deed for deed in left if deed.owed)


def remembered(alert: Alert, told: Told | None, missed: tuple[str, ...], now: int) -> Told | None:
    """Return what to remember after an alert; `missed` are the services that could not be reached.

    None: an all-clear that everybody heard ends the matter.
    """
    if not missed and not _alarms(alert.view.level):
        return None
    at = now if alert.to is None or told is None else told.at
    return Told(alert.view.level, at, missed)


def _alarms(level: Level) -> bool:
    return level in {Level.ATTENTION, Level.WARNING, Level.CRITICAL}


def title(alert: Alert) -> str:
    """Return the subject of a message."""
    view = alert.view
    word = f"down to {view.level}" if alert.clear else view.level.value
    return f"Baileys company {shown(view.company_id)}: {word}, {count(view.counted, 'file')}"


def body(alert: Alert, now: View, done: str | None, place: str, earlier: Iterable[str] = ()) -> str:
    """Return the text of a message.

    `now` is the company after what was `done` about it, None for nothing; `place` is the sessions root and its host;
    `earlier` is what was done before and the reader has not heard of.
    """
    view = alert.view
    lines = [f"Company {shown(view.company_id)} has {count(view.counted, 'counted file')}: level {view.level}."]
    if alert.clear and alert.earlier not in {None, view.level}:
        lines.append(f"It was {alert.earlier} before.")
    lines += [f"Done earlier: {text}." for text in earlier]
    if done:
        lines.append(f"Done: {done}.")
    if now != view:
        lines.append(f"Now it has {count(now.counted, 'counted file')}: level {now.level}.")
    lines.append(f"Next: {ACTIONS[now.level]}.")
    lines.append(f"Sessions root: {place}")
    return "\n".join(lines)
