"""What is to be said of a plan as a whole, by the summary of a cleanup and by `explain` alike. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from baileys_cleanup.decision.ages import in_words
from baileys_cleanup.decision.dates import one_moment
from baileys_cleanup.decision.names import read_pre_key
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import AuthFile, Plan, Rule, Verdict
from baileys_cleanup.output.text import count, few

_FORMER = {Rule.PRE_KEY_FORMER_PAIRING, Rule.PRE_KEY_FORMER_PAIRING_AGE}


class Remarks(NamedTuple):
    """Sentences: `warnings` want somebody, `notes` only say."""

    warnings: list[str]
    notes: list[str]


def remarks(plan: Plan, policy: Policy, young: Sequence[int] = ()) -> Remarks:
    """Return what a plan says of its company as a whole: what stays although it is old, which dates tell nothing.

    `young` are the dates (nanoseconds) of files that are not in the plan, because they are too young to go.
    """
    said = Remarks([], [])
    verdicts = plan.keeps + plan.removals
    rules = {verdict.rule for verdict in verdicts}
    if Rule.HARD_LINKED in rules:
        linked = [verdict.file.name for verdict in verdicts if verdict.rule is Rule.HARD_LINKED]
        said.notes.append(f"kept because of several hard links: {few(linked)}")
    if Rule.DATE_IMPOSSIBLE in rules:
        undatable = sum(verdict.rule is Rule.DATE_IMPOSSIBLE for verdict in verdicts)
        said.warnings.append(
            f"{count(undatable, 'file')} kept because of a date that cannot be, before 2015 or more than a day ahead:"
            " an archive without dates may have written it; `touch`, in a database an UPDATE, gives a new one, from"
            " which the age counts"
        )
    if Rule.PRE_KEY_ADVERTISED in rules:
        said.notes.append(
            f"{count(plan.advertised, 'pre-key')} above the cap of {policy.pre_key_cap} kept and not counted:"
            " a batch that WhatsApp still hands out to new contacts"
        )
    if rules & _FORMER:
        said.notes.append(_of_former([verdict for verdict in verdicts if verdict.rule in _FORMER], policy))
    said.notes.extend(_of_dates([verdict.file for verdict in verdicts], young))
    return said


def _of_former(verdicts: Sequence[Verdict], policy: Policy) -> str:
    numbers = sorted(read_pre_key(verdict.file.name) for verdict in verdicts)
    some = f"{numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else str(numbers[0])
    days = policy.former_pairing_days
    fate = (
        "they stay; retention.former_pairing_days lets them go by age"
        if days is None
        else f"they go at {count(days, 'day')}"
    )
    return f"{count(len(numbers), 'pre-key')} certainly of a former pairing ({some}), of no use to this one: {fate}"


def _of_dates(files: Sequence[AuthFile], young: Sequence[int]) -> list[str]:
    """Tell a folder that lost its dates from one that is young: there they are all of one moment."""
    found = one_moment(files, young)
    if found is None:
        return []
    return [
        (
            f"{found.files:,} of {found.dated:,} sessions, sender keys and memories have one date,"
            f" {in_words(found.moment)}, as after a copy that lost the dates: nobody can tell how old they are, and all"
            " of them count from it"
        )
    ]
