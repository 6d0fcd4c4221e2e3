"""Views as a Nagios plugin says them: one line, its performance data, and a status. Pure.

The convention is that of the Monitoring Plugins: `WORD - text | 'label'=value;warning;critical;minimum`.
"""

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from baileys_cleanup.decision.judgement import Severity
from baileys_cleanup.decision.shards import Shard
from baileys_cleanup.output.document import company_problem_fields
from baileys_cleanup.output.judgement import command
from baileys_cleanup.output.judgement import document as judgement_document
from baileys_cleanup.output.text import count, few, shown
from baileys_cleanup.store.passed_over import PassedOver, in_few_words
from baileys_cleanup.watch.see.company import Unreadable, View

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
    """The companies as the check sees them, the fullest first, and those it could not see.

    `late` are sentences about what the tool itself has not done for too long, `faults` about the store itself, `doubts`
    about a list of companies that was given; `passed_over` the names of what lies in the root and is not checked.
    `again` are the options that lead a command to the same sessions root. `shard` is the part of the companies that
    these are, which may well have none.
    """

    views: list[View]
    unreadable: list[Unreadable]
    thresholds: Thresholds
    late: Sequence[str] = ()
    faults: Sequence[str] = ()
    passed_over: Sequence[PassedOver] = ()
    again: str = ""
    doubts: Sequence[str] = ()
    shard: Shard | None = None

    def state_of(self, view: View) -> State:
        """Return the state of one company: that of its count, or of what else is wrong with it."""
        trouble = view.judgement.trouble
        other = State.OK if trouble is None else _STATES[trouble.severity]
        return max(self.thresholds.state(view.counted), other)

    @property
    def state(self) -> State:
        """The state of them all: the worst that was seen, and unknown rather than well when not all was."""
        none = State.UNKNOWN if self.shard is None else State.OK
        worst = max((self.state_of(view) for view in self.views), default=none)
        if worst is State.OK and (self.late or self.faults or self.doubts):
            worst = State.WARNING
        return State.UNKNOWN if worst is State.OK and self.unreadable else worst

    @property
    def dead(self) -> list[View]:
        """The companies whose bot will not come back by itself."""
        return [view for view in self.views if view.pairing.dead]


_STATES = {Severity.NOTE: State.OK, Severity.WARNING: State.WARNING, Severity.CRITICAL: State.CRITICAL}


def checked(seen: Sequence[View | Unreadable], thresholds: Thresholds) -> Checked:
    """Sort what was seen for the check."""
    views = [each for each in seen if isinstance(each, View)]
    views.sort(key=lambda view: (-view.counted, view.company_id))
    return Checked(views, [each for each in seen if isinstance(each, Unreadable)], thresholds)


def line(found: Checked) -> str:
    """Return the plugin's line."""
    return f"{found.state.name} - {_text(found)} | {_performance(found)}"


def unknown(sentence: str) -> str:
    """Return the line for what kept the check from checking."""
    return f"{State.UNKNOWN.name} - {_plain(sentence)}"


def _text(found: Checked) -> str:
    views, limits = found.views, found.thresholds
    parts = [*_dead(found), *_troubled(found)]
    for state, limit in ((State.CRITICAL, limits.critical), (State.WARNING, limits.warning)):
        over = [_over(view) for view in views if limits.state(view.counted) is state]
        if over:
            parts.append(f"{count(len(over), 'company', 'companies')} above {limit}: {few(over)}")
    if found.unreadable:
        names = few(f"{each.company_id} ({each.problem})" for each in found.unreadable)
        parts.append(f"{count(len(found.unreadable), 'company', 'companies')} could not be looked at: {names}")
    parts += [*found.faults, *found.late, *found.doubts]
    if not parts and views:
        parts.append(f"the fullest is {views[0].company_id} with {count(views[0].counted, 'file')}")
    which = "" if found.shard is None else f" (shard {found.shard})"
    some = f"{count(len(views), 'company', 'companies')} checked" if views else "no company was checked"
    parts.append(f"{some}{which}")
    lost = [each for each in found.passed_over if each.keys]
    if lost:
        parts.append(f"passed over: {in_few_words(lost)}")
    return _plain("; ".join(parts))


def _dead(found: Checked) -> list[str]:
    """Say which bots will not come back by themselves, with the command for the first of them."""
    findings = [(view.company_id, view.judgement.trouble) for view in found.dead]
    if not findings:
        return []
    names = few(f"{name} ({re.split('[:,]', finding.sentence)[0]})" for name, finding in findings if finding)
    first = findings[0][1]
    way_on = f"; {command(first.command, found.again)}" if first else ""
    bots = "1 bot" if len(findings) == 1 else f"{len(findings):,} bots"
    return [f"{bots} will not come back by {'itself' if len(findings) == 1 else 'themselves'}: {names}{way_on}"]


def _troubled(found: Checked) -> list[str]:
    """Say what else is wrong, whatever the counts are."""
    wrong = [view for view in found.views if view.judgement.trouble and not view.pairing.dead]
    return [f"{view.company_id}: {view.judgement.trouble.sentence}" for view in wrong[:5] if view.judgement.trouble] + (
        [f"{len(wrong) - 5:,} more like that"] if len(wrong) > 5 else []  # noqa: PLR2004 - as `few` does
    )


def _over(view: View) -> str:
    stuck = ", nothing removable" if view.judgement.stuck else ""
    return f"{view.company_id} ({view.counted}{stuck})"


def _plain(text: str) -> str:
    """Return a text that holds no bar: what follows one is performance data."""
    return shown(text).replace("|", "/")


def _performance(found: Checked) -> str:
    views, limits = found.views, found.thresholds
    bounds = f"{limits.warning};{limits.critical};0"
    states = [found.state_of(view) for view in views]
    data = [
        f"companies={len(views)};;;0",
        f"warning={states.count(State.WARNING)};;;0",
        f"critical={states.count(State.CRITICAL)};;;0",
        f"unreadable={len(found.unreadable)};;;0",
        f"dead={len(found.dead)};;;0",
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
        "shard": None if found.shard is None else str(found.shard),
        "message": _text(found),
        "warning_above": limits.warning,
        "critical_above": limits.critical,
        "companies": [
            {
                "company_id": shown(view.company_id),
                "status": found.state_of(view).name.lower(),
                "counted": view.counted,
                "level": view.level.value,
                "pairing": view.pairing.value,
                **judgement_document(view.judgement, found.again),
            }
            for view in found.views
        ],
        "passed_over": [{"name": shown(each.name), "reason": each.why} for each in found.passed_over],
        "faults": [shown(text) for text in found.faults],
        "warnings": [shown(text) for text in found.doubts],
        "late": [shown(text) for text in found.late],
        "errors": [company_problem_fields(each.company_id, each.problem) for each in found.unreadable],
    }
