"""What `restore` says of the companies it brought back: as text, as a table where there are several, as JSON."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from baileys_cleanup.backups.restore import RestorePlan
from baileys_cleanup.backups.restore_plan import FileDecision, Step
from baileys_cleanup.output.document import problem_fields
from baileys_cleanup.output.table import plain, table
from baileys_cleanup.output.text import count, few, shown

REFUSED = 4
"""The exit status of what a guard refused."""


class Restored:
    """One company that was restored, wholly or in part."""

    def __init__(self, plan: RestorePlan, problems: list[str], run_id: str | None, *, dry_run: bool) -> None:
        self._plan = plan
        self._problems = problems
        self._run_id = run_id
        self._dry_run = dry_run
        self._open = [choice for choice in plan.choices if choice.open]

    @property
    def is_open(self) -> bool:
        """Tell whether something is not well after this restore."""
        return bool(self._open or self._problems)

    def fields(self) -> dict[str, Any]:
        """Return what JSON says of this company."""
        plan = self._plan
        return {
            "company_id": self.company_id,
            "status": self.status,
            "archive": shown(plan.found.name),
            "created": shown(plan.found.manifest.created),
            "set_aside": self.set_aside,
            "files": {step.value: len(plan.names(step)) for step in Step},
            "decisions": [_fields(choice) for choice in plan.choices],
            "warnings": plan.warnings,
            "errors": [problem_fields(text) for text in self._problems],
        }

    def row(self) -> list[str]:
        """Return the line of the table: what came from the archive, what stays, what was left out, and the archive."""
        counts = [f"{len(self._plan.names(step)):,}" for step in (Step.RESTORED, Step.KEPT, Step.LEFT_OUT)]
        return [self.company_id, self.status, *counts, shown(self._plan.found.manifest.created)]

    @property
    def warnings(self) -> list[str]:
        """What somebody should know."""
        return self._plan.warnings

    @property
    def errors(self) -> list[str]:
        """What is not well after it."""
        bad = [choice.name for choice in self._open]
        told = [f"the folder is not whole ({few(bad)}); --replace builds it anew"] if bad else []
        return [*self._problems, *told]

    @property
    def exit_status(self) -> int:
        """Return the exit status: 1 where somebody has to look."""
        return int(self.is_open)

    @property
    def company_id(self) -> str:
        """The company, for people."""
        return shown(self._plan.asked.company_id)

    @property
    def status(self) -> str:
        """How it ended, in a word."""
        return "partial" if self.is_open else "done"

    @property
    def set_aside(self) -> str | None:
        """The run that brings the former folder back, None where there was none."""
        return self._run_id if self._plan.present is not None else None

    def text(self, write: Callable[[str], object], again: str, *, detail: bool) -> None:
        """Write the summary for people."""
        plan = self._plan
        would = "would be " if self._dry_run else ""
        write(f"company {self.company_id}, from {shown(plan.found.name)} of {shown(plan.found.manifest.created)}\n")
        for choice in plan.choices if detail else self._open:
            write(f"  {choice.step.value.replace('_', ' ')}: {shown(choice.name)}: {choice.reason}\n")
        words = {
            Step.RESTORED: "restored",
            Step.KEPT: "come along" if plan.builds else "left as they are",
            Step.LEFT_OUT: "of the archive left out",
            Step.SET_ASIDE: "only in the folder that is set aside",
        }
        for step, text in words.items():
            kinds = Counter(choice.kind.value for choice in plan.choices if choice.step is step)
            if kinds:
                listed = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items())
                total = count(sum(kinds.values()), "file")
                write(f"{total} {would if step is Step.RESTORED else ''}{text}: {listed}\n")
        for warning in plan.warnings:
            write(f"warning: {warning}\n")
        for problem in self._problems:
            write(f"error: {problem}\n")
        if self._open:
            write(
                "error: the folder is not whole: see above; --replace builds it anew and sets the present one aside\n"
            )
        if self.set_aside is not None:
            write(
                "The former folder is set aside whole, and nothing deletes it."
                f" It comes back with: baileys-cleanup undo {self.set_aside}{again}\n"
            )


@dataclass(frozen=True, slots=True)
class Failed:
    """One company of several that was not restored: `exit_status` 4 where a guard refused it, else 1."""

    company_id: str
    error: str
    exit_status: int

    warnings: Sequence[str] = ()
    set_aside: str | None = None

    @property
    def status(self) -> str:
        """How it ended, in a word."""
        return "refused" if self.exit_status == REFUSED else "failed"

    @property
    def errors(self) -> list[str]:
        """What went wrong."""
        return [self.error]

    def fields(self) -> dict[str, Any]:
        """Return what JSON says of this company."""
        nothing: dict[str, Any] = dict.fromkeys(["archive", "created", "set_aside"])
        return {
            "company_id": self.company_id,
            "status": self.status,
            **nothing,
            "files": {step.value: 0 for step in Step},
            "decisions": [],
            "warnings": [],
            "errors": [problem_fields(self.error)],
        }

    def row(self) -> list[str]:
        """Return the line of the table."""
        return [self.company_id, self.status, *["0"] * 3, "-"]


def overall(outcomes: Sequence[Restored | Failed], *, stopped: bool) -> str:
    """Return in a word how the restore of several companies ended; the worst wins."""
    if stopped:
        return "stopped"
    statuses = {outcome.exit_status for outcome in outcomes}
    return "refused" if REFUSED in statuses else "partial" if statuses - {0} else "done"


def tell_several(
    outcomes: Sequence[Restored | Failed],
    write: Callable[[str], object],
    again: str,
    *,
    dry_run: bool,
    width: int | None,
) -> None:
    """Write a table of the companies, then what is to be said of them: the same thing of many of them once."""
    head = ["COMPANY", "STATUS", "WOULD RESTORE" if dry_run else "RESTORED", "STAY", "LEFT OUT", "ARCHIVE OF"]
    rows = [head, *(outcome.row() for outcome in outcomes)]
    for line in table(rows, plain, None, width=width, spare=[{3, 4}, {5}]) if outcomes else ():
        write(line + "\n")
    for word, of in (("warning", "warnings"), ("error", "errors")):
        told: dict[str, list[str]] = {}
        for outcome in outcomes:
            for text in getattr(outcome, of):
                told.setdefault(text, []).append(outcome.company_id)
        for text, ids in told.items():
            write(f"{word}: company {few(ids, 10)}: {text}\n")
    aside = [outcome.set_aside for outcome in outcomes if outcome.set_aside is not None]
    if aside:
        write(
            f"{count(len(aside), 'former folder')} set aside whole, and nothing deletes them. They come back with:"
            f" baileys-cleanup undo {aside[0]}{again}\n"
        )
    whole = sum(outcome.exit_status == 0 for outcome in outcomes)
    would = "would be " if dry_run else ""
    write(f"{whole:,} of {count(len(outcomes), 'company', 'companies')} {would}restored.\n")


def _fields(choice: FileDecision) -> dict[str, Any]:
    return {
        "file": shown(choice.name),
        "kind": choice.kind,
        "step": choice.step,
        "reason": choice.reason,
        "open": choice.open,
    }
