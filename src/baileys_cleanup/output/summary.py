"""Turns outcomes into what people and programs read: a table, or one JSON document. Pure but for `write`.

Both reports are told of companies one by one, so that a run over many companies stays small.
"""

import json
from collections.abc import Callable
from typing import Any, Protocol

from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.outcome import CompanyOutcome, CompanyStatus, RunOutcome, Tally
from baileys_cleanup.decision.policy import DAY
from baileys_cleanup.output.document import SCHEMA_VERSION, place_fields, problem_fields, verdict_fields
from baileys_cleanup.output.later import Later
from baileys_cleanup.output.sentences import ending, problems_in_words, total_line
from baileys_cleanup.output.table import Paint, cell, plain, table
from baileys_cleanup.output.text import count, shown
from baileys_cleanup.output.timestamp import timestamp


class Report(Protocol):
    """Hears of a run as it goes."""

    def company(self, outcome: CompanyOutcome) -> None:
        """Hear of one company."""

    def close(self, run: RunOutcome) -> None:
        """Hear that the run is over."""


# --- JSON -----------------------------------------------------------------------------------------------


class JsonReport:
    """Writes one JSON document, company by company."""

    def __init__(self, write: Callable[[str], object], run: RunOutcome, *, removals: bool, keeps: bool) -> None:
        self._write = write
        self._now = run.started
        self._removals = removals
        self._keeps = keeps
        head = {
            "schema_version": SCHEMA_VERSION,
            "run_id": run.run_id,
            "shard": run.shard or None,
            "dry_run": run.dry_run,
            **place_fields(run.sessions_root),
            "started_at": timestamp(run.started),
        }
        self._write(json.dumps(head)[:-1] + ', "companies": [')
        self._between = "\n  "

    def company(self, outcome: CompanyOutcome) -> None:
        """Write one company."""
        self._write(self._between + json.dumps(self._company(outcome)))
        self._between = ",\n  "

    def close(self, run: RunOutcome) -> None:
        """Write what only the end can tell."""
        tail = {
            "status": run.status,
            "duration_seconds": round(run.seconds, 3),
            "totals": {
                "companies": run.companies,
                "companies_failed": run.companies_failed,
                **run.total._asdict(),
                "bytes_removed": run.size,
            },
            "warnings": [shown(text) for text in run.warnings],
            "notes": [shown(text) for text in run.notes],
            "errors": [problem_fields(text) for text in run.errors],
        }
        self._write("], " + json.dumps(tail)[1:] + "\n")

    def _company(self, outcome: CompanyOutcome) -> dict[str, Any]:
        document: dict[str, Any] = {
            "company_id": shown(outcome.company_id),
            "status": outcome.status,
            "level": outcome.level,
            "files": outcome.total._asdict(),
            "bytes_removed": outcome.size,
            "advertised_pre_keys": outcome.advertised,
            "counted": outcome.counted,
            "kinds": {kind: tally._asdict() for kind, tally in outcome.kinds.items()},
            "warnings": outcome.warnings,
            "notes": outcome.notes,
            "errors": [problem_fields(problem.error, problem.file) for problem in outcome.errors],
        }
        if self._removals:
            document["removals"] = [verdict_fields(verdict, self._now) for verdict in outcome.removed]
        if self._keeps:
            document["keeps"] = [verdict_fields(verdict, self._now) for verdict in outcome.kept]
        return document


# --- text -----------------------------------------------------------------------------------------------

_REMOVED_KINDS = {
    Kind.SESSION: "sessions",
    Kind.SENDER_KEY: "sender keys",
    Kind.SENDER_KEY_MEMORY: "memories",
    Kind.PRE_KEY: "pre-keys",
}
_HEAD = [
    "COMPANY",
    "BEFORE",
    "REMOVED",
    *(name.upper() for name in _REMOVED_KINDS.values()),
    "LEFT",
    "LEVEL",
    "REMARKS",
]
_LEVEL = _HEAD.index("LEVEL")
_SPARE = [{_HEAD.index(name.upper()) for name in _REMOVED_KINDS.values()}, {_HEAD.index("REMARKS")}]
"""Columns that go where the terminal is narrow: the sum of the first stays, and the second is said in sentences."""


class TextReport:
    """Writes the table, the totals, and what there is to say, when the run is over.

    The files of a real run are named as it goes; those of a dry run after the table, which is what was asked for.
    `again` are the options that a later command needs to find the same sessions root; `width` is the terminal's in
    characters, None where there is none.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        run: RunOutcome,
        paint: Paint,
        *,
        again: str = "",
        width: int | None = None,
        removals: bool,
        keeps: bool,
    ) -> None:
        self._write = write
        self._paint = paint
        self._again = again
        self._width = width
        self._removals = removals
        self._keeps = keeps
        self._later = Later() if run.dry_run else None
        self._rows: list[list[str]] = []
        self._remarks: list[tuple[str, str, str]] = []

    def company(self, outcome: CompanyOutcome) -> None:
        """Name the files of one company, if asked for, and take down its row."""
        name = shown(outcome.company_id)
        if self._removals:
            self._details(name, outcome)
        total = outcome.total
        marks = [
            outcome.status.value if outcome.status is not CompanyStatus.CLEANED else "",
            count(len(outcome.warnings), "warning") if outcome.warnings else "",
        ]
        by_kind = [outcome.kinds.get(kind, Tally()).removed for kind in _REMOVED_KINDS]
        numbers = [total.seen, total.removed, *by_kind, total.seen - total.removed]
        level = outcome.level.value if outcome.level else "unknown"
        self._rows.append(
            [cell(outcome.company_id), *map(_number, numbers), level, ", ".join(mark for mark in marks if mark)]
        )
        self._remarks += [("error", name, shown(text)) for text in problems_in_words(outcome)]
        self._remarks += [("warning", name, text) for text in outcome.warnings]
        self._remarks += [("note", name, text) for text in outcome.notes]

    def close(self, run: RunOutcome) -> None:
        """Write the table and what there is to say about the run."""
        write = self._write
        if self._rows:
            head = ["WOULD GO" if run.dry_run and word == "REMOVED" else word for word in _HEAD]
            for line in table([head, *self._rows], self._paint, _LEVEL, width=self._width, spare=_SPARE):
                write(line + "\n")
            write("\n")
        write(total_line(run) + "\n")
        if run.total.removed and run.undo_days and not run.dry_run:
            until = timestamp(run.started + run.undo_days * DAY)[:10]
            write(f"To take this back until {until}: baileys-cleanup undo {run.run_id}{self._again}\n")
        for text in run.notes:
            write(f"note: {shown(text)}\n")
        for word, name, text in self._remarks:
            write(f"{self._paint(word, word)}: company {name}: {text}\n")
        for text in run.warnings:
            write(f"{self._paint('warning', 'warning')}: {shown(text)}\n")
        for text in run.errors:
            write(f"{self._paint('error', 'error')}: {shown(text)}\n")
        if self._later is not None:
            write("\n")
            self._later.say(write)
            write("Dry run: nothing was changed.\n")
        end = ending(run)
        if end:
            write(f"{self._paint(end, 'error')}\n")

    def _details(self, name: str, outcome: CompanyOutcome) -> None:
        if not (outcome.removed or (self._keeps and outcome.kept)):
            return
        write, removed = (self._write, "removed") if self._later is None else (self._later.write, "would go")
        write(f"company {name}\n")
        lines = [[removed, shown(v.file.name), v.file.kind.value, v.reason] for v in outcome.removed]
        if self._keeps:
            lines += [["kept", shown(v.file.name), v.file.kind.value, v.reason] for v in outcome.kept]
        for line in table(lines, plain, None):
            write(f"  {line}\n")
        write("\n")


def _number(number: int) -> str:
    return f"{number:,}" if number else "-"
