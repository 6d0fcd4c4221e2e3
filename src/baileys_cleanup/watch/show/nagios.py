"""Views as a Nagios plugin says them: one line, its performance data, and a status. Pure.

The convention is that of the Monitoring Plugins: `WORD - text | 'label'=value;warning;critical;minimum`.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from baileys_cleanup.output.text import count, few, shown
from baileys_cleanup.watch.see.company import Blind, View

_MOST_LABELS = 50
"""Companies with performance data of their own; more would not fit the 8 KiB that Nagios reads."""


class State(IntEnum):
    """The states of a service, which are also the exit statuses."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


class Thresholds(NamedTuple):
    """Counts up to which all is well: a plain `N` of the convention is an alert above N."""

    warning: int
    critical: int

    def state(self, counted: int) -> State:
        """Return the state of a company with this many counted files."""
        if counted > self.critical:
            return State.CRITICAL
        return State.WARNING if counted > self.warning else State.OK


class Checked(NamedTuple):
    """The companies as the check sees them, the fullest first, and those it could not see."""

    views: list[View]
    blind: list[Blind]
    thresholds: Thresholds

    @property
    def state(self) -> State:
        """The state of them all: the worst that was seen, and unknown rather than well when not all was."""
        worst = max((self.thresholds.state(view.counted) for view in self.views), default=State.UNKNOWN)
        return State.UNKNOWN if worst is State.OK and self.blind else worst


def checked(seen: Sequence[View | Blind], thresholds: Thresholds) -> Checked:
    """Sort what was seen for the check."""
    views = [each for each in seen if isinstance(each, View)]
    views.sort(key=lambda view: (-view.counted, view.company_id))
    return Checked(views, [each for each in seen if isinstance(each, Blind)], thresholds)


def line(found: Checked) -> str:
    """Return the plugin's line."""
    return f"{found.state.name} - {_text(found)} | {_performance(found)}"


def unknown(sentence: str) -> str:
    """Return the line for what kept the check from checking."""
    return f"{State.UNKNOWN.name} - {_plain(sentence)}"


def _text(found: Checked) -> str:
    views, limits = found.views, found.thresholds
    parts: list[str] = []
    for state, limit in ((State.CRITICAL, limits.critical), (State.WARNING, limits.warning)):
        over = [f"{view.company_id} ({view.counted})" for view in views if limits.state(view.counted) is state]
        if over:
            parts.append(f"{count(len(over), 'company', 'companies')} above {limit}: {few(over)}")
    if found.blind:
        names = few(f"{each.company_id} ({each.problem})" for each in found.blind)
        parts.append(f"{count(len(found.blind), 'company', 'companies')} could not be looked at: {names}")
    if not parts and views:
        parts.append(f"the fullest is {views[0].company_id} with {count(views[0].counted, 'file')}")
    parts.append(f"{count(len(views), 'company', 'companies')} checked" if views else "no company was checked")
    return _plain("; ".join(parts))


def _plain(text: str) -> str:
    """Return a text that holds no bar: what follows one is performance data."""
    return shown(text).replace("|", "/")


def _performance(found: Checked) -> str:
    views, limits = found.views, found.thresholds
    bounds = f"{limits.warning};{limits.critical};0"
    states = [limits.state(view.counted) for view in views]
    data = [
        f"companies={len(views)};;;0",
        f"warning={states.count(State.WARNING)};;;0",
        f"critical={states.count(State.CRITICAL)};;;0",
        f"unreadable={len(found.blind)};;;0",
    ]
    if views:
        data.append(f"fullest={views[0].counted};{bounds}")
    if len(views) <= _MOST_LABELS:
        data += [f"{_label(view.company_id)}={view.counted};{bounds}" for view in views]
    return " ".join(data)


def _label(company_id: str) -> str:
    """Return a company's label. A quote in it is doubled, and an equals sign, which may not be there, is a dash."""
    name = _plain(company_id).replace("=", "-").replace("'", "''")
    return f"'company_{name}'"


def document(found: Checked) -> dict[str, Any]:
    """Return the check as a JSON document."""
    limits = found.thresholds
    return {
        "status": found.state.name.lower(),
        "message": _text(found),
        "warning_above": limits.warning,
        "critical_above": limits.critical,
        "companies": [
            {
                "company_id": shown(view.company_id),
                "status": limits.state(view.counted).name.lower(),
                "counted": view.counted,
                "level": view.level.value,
            }
            for view in found.views
        ],
        "unreadable": [{"company_id": shown(each.company_id), "problem": shown(each.problem)} for each in found.blind],
    }
