"""What a run did, in numbers: per kind, per company, in total. Pure values for summaries and metrics."""

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple

from baileys_cleanup.decision.judgement import Judgement, Severity
from baileys_cleanup.decision.levels import Level
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.pairing import Pairing
from baileys_cleanup.decision.verdict import Verdict


class Tally(NamedTuple):
    """Counts of files: `seen` is always the sum of the other four."""

    seen: int = 0
    removed: int = 0
    kept: int = 0
    failed: int = 0
    changed: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """Return the sum of two tallies."""
        return Tally(*map(int.__add__, self, other))


class CompanyStatus(StrEnum):
    """How the cleaning of one company ended."""

    CLEANED = "cleaned"
    FAILED = "failed"
    REFUSED = "refused"
    STOPPED = "stopped"


class RunStatus(StrEnum):
    """How the whole run ended."""

    DONE = "done"
    PARTIAL = "partial"
    REFUSED = "refused"
    STOPPED = "stopped"


class Reasons(IntEnum):
    """Whose verdicts are told, with their reasons: nobody's, those of files that go, or everybody's."""

    NONE = 0
    REMOVED = 1
    ALL = 2


class Problem(NamedTuple):
    """What went wrong, with the file's name; None where it is the whole company."""

    file: str | None
    error: str


@dataclass(slots=True)
class CompanyOutcome:
    """What became of one company.

    `counted` and `level` are of the files that remain, None where the folder could not be read. `removed` and
    `kept` hold verdicts only when those were asked for. `size` is the bytes removed.
    """

    company_id: str
    status: CompanyStatus = CompanyStatus.CLEANED
    kinds: dict[Kind, Tally] = field(default_factory=dict)
    size: int = 0
    pairing: Pairing | None = None
    advertised: int = 0
    counted: int | None = None
    level: Level | None = None
    judgement: Judgement = field(default_factory=Judgement)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)
    removed: list[Verdict] = field(default_factory=list)
    kept: list[Verdict] = field(default_factory=list)

    @property
    def total(self) -> Tally:
        """The sum over all kinds."""
        return Tally(*map(sum, zip(*self.kinds.values(), strict=True))) if self.kinds else Tally()


@dataclass(slots=True)
class RunOutcome:
    """What became of a whole run, without the companies themselves: it stays small however many there are.

    `started` is in nanoseconds since the epoch, `seconds` how long it took. `shard` is which part of the companies it
    took, as it was asked for; empty for all.
    """

    run_id: str
    dry_run: bool
    sessions_root: str
    started: int
    undo_days: int
    shard: str = ""
    seconds: float = 0.0
    stopped: bool = False
    companies: int = 0
    companies_failed: int = 0
    companies_refused: int = 0
    companies_warned: int = 0
    pairings_dead: int = 0
    removed: Counter[Kind] = field(default_factory=Counter)
    total: Tally = field(default_factory=Tally)
    size: int = 0
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def add(self, company: CompanyOutcome) -> None:
        """Count one company in."""
        self.companies += 1
        self.companies_failed += company.status is CompanyStatus.FAILED
        self.companies_refused += company.status is CompanyStatus.REFUSED
        self.companies_warned += bool(company.warnings)
        trouble = company.judgement.trouble
        self.pairings_dead += trouble is not None and trouble.severity is Severity.CRITICAL
        self.total = self.total.plus(company.total)
        for kind, tally in company.kinds.items():
            if tally.removed:
                self.removed[kind] += tally.removed
        self.size += company.size

    @property
    def status(self) -> RunStatus:
        """The word for the run; the worst wins."""
        if self.stopped:
            return RunStatus.STOPPED
        if self.companies_refused:
            return RunStatus.REFUSED
        if self.companies_failed or self.errors:
            return RunStatus.PARTIAL
        return RunStatus.DONE

    @property
    def exit_status(self) -> int:
        """The exit status, but for a signal, whose number the caller knows."""
        return {RunStatus.REFUSED: 4, RunStatus.PARTIAL: 1}.get(self.status, 0)
