"""The words of alerts: one company as a message of its own, several as one digest. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from baileys_cleanup.decision.judgement import NEXT
from baileys_cleanup.output.judgement import help_in_words
from baileys_cleanup.output.text import count, shown
from baileys_cleanup.store.place import is_folder
from baileys_cleanup.watch.see.company import View
from baileys_cleanup.watch.tell.alerts import HEADLINES, Alert, trouble_of

MOST_LINES = 10
"""Companies that a digest names; of the rest it says how many they are."""
_NOT_HELPED = (
    "a cleanup does not help here; where the bot needs these files, give the company levels of its own, or leave kinds"
    " out of the count with levels.not_counted"
)


class Message(NamedTuple):
    """What goes to a service: one of Apprise's kinds, a subject, a text."""

    kind: str
    title: str
    body: str


class Told(NamedTuple):
    """One alert with what a message says beside it.

    `present` is the company after what was `done` about it, None for nothing; `earlier` is what was done before and
    the reader has not heard of.
    """

    alert: Alert
    present: View
    done: str | None = None
    earlier: Sequence[str] = ()


class Place(NamedTuple):
    """Where all this is: the store, its host, and the options that lead a command there."""

    store: str
    host: str
    again: str = ""

    def __str__(self) -> str:
        """Return it as the last line of a message has it."""
        what = "Sessions root" if is_folder(self.store) else "Store"
        return f"{what}: {shown(self.store)} on {shown(self.host)}"


def message(told: Sequence[Told], place: Place, summary: str | None = None) -> Message:
    """Return the message about one company, or the digest of several; `summary` is what was done about them all."""
    if len(told) == 1:
        return Message(told[0].alert.kind, title(told[0].alert), body(told[0], place))
    return _digest(told, place, summary)


def title(alert: Alert) -> str:
    """Return the subject of a message about one company."""
    return f"Baileys company {shown(alert.view.company_id)}: {headline(alert)}"


def headline(alert: Alert) -> str:
    """Return what is the matter, in a few words."""
    view = alert.view
    trouble = trouble_of(view)
    if trouble:
        return HEADLINES[trouble]
    was_trouble = alert.earlier is not None and alert.earlier.trouble
    word = f"down to {view.level}" if alert.clear else view.level.value
    if alert.clear and was_trouble:
        word = f"whole again, {view.level}"
    return f"{word}, {count(view.counted, 'file')}"


def body(told: Told, place: Place) -> str:
    """Return the text of a message about one company."""
    alert, view, present = told.alert, told.alert.view, told.present
    lines: list[str] = []
    trouble = view.judgement.trouble
    if trouble is not None:
        lines.append(f"Company {shown(view.company_id)}: {shown(trouble.sentence)}.")
    lines.append(f"Company {shown(view.company_id)} has {count(view.counted, 'counted file')}: level {view.level}.")
    lines += [f"{_sentence(view)}."] * view.judgement.stuck
    if alert.clear and alert.earlier is not None and alert.earlier.level is not view.level:
        lines.append(f"It was {alert.earlier.level} before.")
    lines += [f"Done earlier: {text}." for text in told.earlier]
    if told.done:
        lines.append(f"Done: {told.done}.")
    if (present.counted, present.level) != (view.counted, view.level):
        lines.append(f"Now it has {count(present.counted, 'counted file')}: level {present.level}.")
        lines += [f"{_sentence(present)}."] * present.judgement.stuck
    lines.append(f"Next: {next_step(present, place.again)}")  # no full stop: it may end in a command
    lines.append(str(place))
    return "\n".join(lines)


def next_step(view: View, again: str = "") -> str:
    """Return what to do about a company, with the command that helps."""
    trouble, fullness = view.judgement.trouble, view.judgement.fullness
    if trouble is not None:
        return help_in_words(trouble, again) or "see what writes it"
    if view.judgement.stuck:
        return _NOT_HELPED
    return NEXT[view.level] if fullness is None else help_in_words(fullness, again)


def _sentence(view: View) -> str:
    """Return why nothing can be removed, without the count that stands elsewhere."""
    fullness = view.judgement.fullness
    text = "" if fullness is None else fullness.sentence.partition("; ")[2]
    return text[:1].upper() + text[1:]


def _digest(told: Sequence[Told], place: Place, summary: str | None) -> Message:
    ordered = sorted(told, key=_urgency)
    worst = ordered[0].alert
    lines = [_line(each, place.again) for each in ordered[:MOST_LINES]]
    rest = len(ordered) - MOST_LINES
    if rest > 0:
        lines.append(f"and {rest:,} more: baileys-cleanup check{place.again}")
    if summary:
        lines.append(summary)
    lines.append(str(place))
    subject = f"Baileys: {count(len(told), 'company', 'companies')}, the worst {shown(worst.view.company_id)}"
    return Message(worst.kind, f"{subject}: {headline(worst)}", "\n".join(lines))


def _urgency(told: Told) -> tuple[int, bool, int]:
    """Return what orders alerts, the worst first: a dead pairing before the fullest folder."""
    alert = told.alert
    return -alert.severity, alert.view.judgement.trouble is None, -alert.view.counted


def _line(told: Told, again: str) -> str:
    """Return one company as a line of a digest."""
    parts = [f"{shown(told.alert.view.company_id)}: {headline(told.alert)}"]
    parts += [f"done earlier: {text}" for text in told.earlier]
    parts += [f"done: {told.done}"] * bool(told.done)
    if told.present.counted != told.alert.view.counted:
        parts.append(f"now {count(told.present.counted, 'file')}")
    if not told.alert.clear and not told.present.judgement.stuck:
        parts.append(f"next: {next_step(told.present, again)}")
    return "; ".join(parts)


def summary_of(files: int, companies: int, undo: Iterable[str]) -> str | None:
    """Return what the emergency cleanups of one look did, all in all; None where that is nothing."""
    if not files:
        return None
    way_back = ", then ".join(undo) or "deleted for good, because undo_days is 0"
    what = f"{count(files, 'file')} of {count(companies, 'company', 'companies')}"
    return f"Emergency cleanups of this look removed {what}; to take all of it back: {way_back}"
