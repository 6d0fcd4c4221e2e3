"""Turns outcomes into what people and programs read: a table, or one JSON document. Pure but for `write`.

Both reports are told of companies one by one, so that a run over many companies stays small.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from baileys_cleanup.decision.levels import Level
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.outcome import CompanyOutcome, CompanyStatus, RunOutcome, RunStatus, Tally
from baileys_cleanup.decision.policy import DAY
from baileys_cleanup.decision.verdict import Verdict
from baileys_cleanup.output.text import count, few, shown, size
from baileys_cleanup.output.timestamp import timestamp

SCHEMA_VERSION = 1
Paint = Callable[[str, str], str]
"""Gives a text the colour of a word (a level, a status), or leaves it as it is."""


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
            "dry_run": run.dry_run,
            "sessions_root": shown(run.sessions_root),
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
            "errors": [shown(text) for text in run.errors],
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
            "errors": [
                {"file": None if problem.file is None else shown(problem.file), "error": shown(problem.error)}
                for problem in outcome.errors
            ],
        }
        if self._removals:
            document["removals"] = [self._verdict(verdict) for verdict in outcome.removed]
        if self._keeps:
            document["keeps"] = [self._verdict(verdict) for verdict in outcome.kept]
        return document

    def _verdict(self, verdict: Verdict) -> dict[str, Any]:
        return verdict_fields(verdict, self._now)


def print_json(write: Callable[[str], object], document: dict[str, Any]) -> None:
    """Write one JSON document of a command other than `clean`."""
    write(json.dumps({"schema_version": SCHEMA_VERSION, **document}, indent=1) + "\n")


def verdict_fields(verdict: Verdict, now: int) -> dict[str, Any]:
    """Return one verdict for JSON; age in seconds and size in bytes, null where nobody had to look."""
    file = verdict.file
    looked = file.modified is not None
    return {
        "file": shown(file.name),
        "kind": file.kind,
        "rule": verdict.rule,
        "reason": verdict.reason,
        "age_seconds": (now - file.modified) // 1_000_000_000 if file.modified is not None else None,
        "bytes": file.size if looked else None,
    }


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
_FIRST_LEVEL_COLUMN = _HEAD.index("LEVEL")


class TextReport:
    """Writes details as they come, and the table, totals, warnings and errors at the end.

    `again` are the options that a later command needs to find the same sessions root.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        run: RunOutcome,
        paint: Paint,
        *,
        again: str = "",
        removals: bool,
        keeps: bool,
    ) -> None:
        self._write = write
        self._paint = paint
        self._again = again
        self._removals = removals
        self._keeps = keeps
        self._dry_run = run.dry_run
        self._rows: list[list[str]] = []
        self._remarks: list[tuple[str, str, str]] = []

    def company(self, outcome: CompanyOutcome) -> None:
        """Write the details of one company, if asked for, and take down its row."""
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
        self._rows.append([name, *map(_number, numbers), level, ", ".join(mark for mark in marks if mark)])
        self._remarks += [("error", name, shown(text)) for text in problems_in_words(outcome)]
        self._remarks += [("warning", name, text) for text in outcome.warnings]
        self._remarks += [("note", name, text) for text in outcome.notes]

    def close(self, run: RunOutcome) -> None:
        """Write the table and what there is to say about the run."""
        write = self._write
        if self._rows:
            head = ["WOULD GO" if run.dry_run and word == "REMOVED" else word for word in _HEAD]
            for line in table([head, *self._rows], self._paint, _FIRST_LEVEL_COLUMN):
                write(line + "\n")
            write("\n")
        verb = "would be removed" if run.dry_run else "removed"
        write(
            f"{count(run.companies, 'company', 'companies')}: {count(run.total.seen, 'file')} before,"
            f" {run.total.removed:,} {verb} ({size(run.size)}), {run.total.seen - run.total.removed:,} left"
            f"{_extra(run.total)}. Root: {shown(run.sessions_root)}\n"
        )
        if run.dry_run:
            write("Dry run: nothing was changed.\n")
        elif run.total.removed and run.undo_days:
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
        if run.status is not RunStatus.DONE:
            write(f"Run {self._paint(run.status.value, 'error')}.\n")

    def _details(self, name: str, outcome: CompanyOutcome) -> None:
        if not (outcome.removed or (self._keeps and outcome.kept)):
            return
        self._write(f"company {name}\n")
        removed = "would go" if self._dry_run else "removed"
        lines = [[removed, shown(v.file.name), v.file.kind.value, v.reason] for v in outcome.removed]
        if self._keeps:
            lines += [["kept", shown(v.file.name), v.file.kind.value, v.reason] for v in outcome.kept]
        for line in table(lines, plain, None):
            self._write(f"  {line}\n")
        self._write("\n")


class QuietReport:
    """Passes a run on only when it did not go well: for cron, which mails whatever is said."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def company(self, outcome: CompanyOutcome) -> None:
        """Pass one company on."""
        if outcome.status is not CompanyStatus.CLEANED:
            self._report.company(outcome)

    def close(self, run: RunOutcome) -> None:
        """Pass the end on, unless all is well."""
        if run.status is not RunStatus.DONE:
            self._report.close(run)


def problems_in_words(outcome: CompanyOutcome) -> list[str]:
    """Return the errors of a company as sentences, one for each cause; the JSON summary has every file."""
    files: dict[str, list[str]] = {}
    for file, error in outcome.errors:
        files.setdefault(error, []).extend([] if file is None else [file])
    return [f"{few(names)}: {error}" if names else error for error, names in files.items()]


def _extra(total: Tally) -> str:
    parts = [f"{total.failed:,} failed"] * bool(total.failed) + [f"{total.changed:,} changed"] * bool(total.changed)
    return f" ({', '.join(parts)})" if parts else ""


def _number(number: int) -> str:
    return f"{number:,}" if number else "-"


def plain(text: str, word: str) -> str:  # noqa: ARG001 - the shape of every Paint
    """Leave a text as it is."""
    return text


def table(rows: Iterable[list[str]], paint: Paint, painted: int | None) -> list[str]:
    """Return aligned lines: the first column to the left, numbers to the right, the rest to the left.

    Column `painted` gets the colour of its own word.
    """
    cells = list(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    right = {
        index
        for index, column in enumerate(zip(*cells, strict=True))
        if index and all(cell.replace(",", "").isdigit() or cell == "-" for cell in column[1:])
    }
    lines: list[str] = []
    for row in cells:
        padded = [
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        if painted is not None and row[painted] in set(Level):
            padded[painted] = paint(padded[painted], row[painted])
        lines.append("  ".join(padded).rstrip())
    return lines
