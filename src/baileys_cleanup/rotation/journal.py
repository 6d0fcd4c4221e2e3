"""The journals of rotations: `rotations/<run_id>.json` in the tool's own folder, one for each.

A journal is written before the step that it speaks of can be doubted: beside its place, flushed, and renamed over.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from baileys_cleanup.decision.pairing import Pairing
from baileys_cleanup.errors import ServerProblem, UsageProblem
from baileys_cleanup.output.text import argument, shown
from baileys_cleanup.rotation.states import Journal, State, in_words
from baileys_cleanup.store.small_records import SmallRecords
from baileys_cleanup.store.store import ROTATIONS


class Journals(NamedTuple):
    """All journals, oldest first, and the names of those that cannot be read."""

    readable: list[Journal]
    broken: list[str]

    def of(self, company_id: str) -> list[Journal]:
        """Return the rotations of one company, oldest first."""
        return [each for each in self.readable if each.company_id == company_id]

    def last_of(self, company_id: str) -> Journal | None:
        """Return the last rotation of a company, whatever came of it; None without one."""
        return next(reversed(self.of(company_id)), None)

    def undoable_of(self, company_id: str) -> Journal | None:
        """Return the rotation that a way back would take back: the last one that is open, or changed something."""
        rotations = reversed(self.of(company_id))
        return next((each for each in rotations if each.open or not (each.empty or each.untouched)), None)

    def open(self) -> dict[str, Journal]:
        """Return the rotations that somebody has to end, by company."""
        return {each.company_id: each for each in self.readable if each.open}


def read_journals(records: SmallRecords | None) -> Journals:
    """Return what was recorded; nothing where there is nothing yet.

    Raises UsageProblem where a server does not tell now: an open rotation that nobody sees would hold nothing.
    """
    found = Journals([], [])
    if records is None:
        return found
    try:
        for run_id in records.names(ROTATIONS):
            try:
                found.readable.append(_journal(run_id, records.read(ROTATIONS, run_id)))
            except ServerProblem:
                raise
            except (OSError, ValueError, KeyError, TypeError):
                found.broken.append(run_id)
    except ServerProblem as problem:
        where = shown(records.where(ROTATIONS))
        raise UsageProblem(f"the journals of rotations, {where}, cannot be read now: {problem.strerror}") from None
    found.readable.sort(key=lambda journal: journal.started)  # two of one second: their ids do not tell
    return found


def write_journal(records: SmallRecords, journal: Journal) -> Journal:
    """Record how far a rotation is, durably; returns it. Raises OSError when that cannot be done."""
    record = {
        "company": journal.company_id,
        "fresh": journal.fresh,
        "bot_pairs": journal.bot_pairs,
        "started": journal.started,
        "state": journal.state.value,
        "halted": journal.halted,
        "backup": journal.backup,
        "pairing": journal.pairing,
        "in_place": journal.in_place,
        "empty": journal.empty,
        "untouched": journal.untouched,
    }
    records.write(ROTATIONS, journal.run_id, record)
    return journal


def _journal(run_id: str, record: Mapping[str, Any]) -> Journal:
    flags = [record[key] for key in ("fresh", "bot_pairs", "halted")]
    # Older journals have none of these, nor a pairing.
    later = [record.get(key, False) for key in ("in_place", "empty", "untouched")]
    company, backup, started = record["company"], record["backup"], record["started"]
    if not (isinstance(company, str) and isinstance(backup, str) and type(started) is int):
        raise ValueError(run_id)
    if not all(isinstance(flag, bool) for flag in [*flags, *later]):
        raise ValueError(run_id)
    pairing = Pairing.read(record.get("pairing"))
    noted = str(pairing) if pairing else None
    state = State(record["state"])
    return Journal(run_id, company, flags[0], flags[1], started, state, flags[2], backup, noted, *later)


def why_not_now(records: SmallRecords | None, company_id: str, again: str = "") -> str | None:
    """Return, with the way on, why nobody else may change a company's folder now: a rotation of it is open."""
    journal = read_journals(records).open().get(company_id)
    return None if journal is None else way_on(journal, again)


def way_on(journal: Journal, again: str = "") -> str:
    """Return how far an open rotation is and the two commands that end it."""
    command = f"baileys-cleanup rotate --company {argument(journal.company_id)}"
    return (
        f"the rotation {journal.run_id} of company {shown(journal.company_id)} is {in_words(journal.state)};"
        f" go on with: {command} --resume{again}; or take it back with: {command} --rollback{again}"
    )
