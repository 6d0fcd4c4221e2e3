"""What became of the files of one company while it is cleaned: each is counted once, by kind."""

from collections import Counter
from collections.abc import Iterable

from baileys_cleanup.cleaning.look import Sight
from baileys_cleanup.decision.levels import Levels
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.outcome import CompanyOutcome, CompanyStatus, Problem, Reasons, Tally
from baileys_cleanup.decision.verdict import Rule, Verdict
from baileys_cleanup.store.remover import Outcome, Removal

_KINDS = tuple(Kind)


class FileCounter:
    """Counts what became of the files; whatever nothing became of is kept. It lists what `detail` asks for."""

    def __init__(self, outcome: CompanyOutcome, sight: Sight, *, detail: Reasons) -> None:
        self.outcome = outcome
        self._seen = sight.kinds
        self._removals = sight.plan.removals
        self._detail = detail
        self._planned = Counter([verdict.file.kind for verdict in sight.plan.removals])
        self._removed: Counter[Kind] = Counter()
        self._failed: Counter[Kind] = Counter()
        self._changed: Counter[Kind] = Counter()
        self._vanished: Counter[Kind] = Counter()
        if sight.look.vanished:
            self._vanished.update([file.kind for file in sight.look.vanished])
            self._changed.update(self._vanished)
        errors = sight.look.errors
        for file in sight.look.files if errors else ():
            if file.name in errors:
                self._fail(file.name, file.kind, errors[file.name])
        if detail is Reasons.ALL:
            outcome.kept += (verdict for verdict in sight.plan.keeps if verdict.file.name not in errors)

    def refused(self, sentence: str) -> None:
        """Count all that was planned as kept, because a guard refused the company."""
        self.outcome.status = CompanyStatus.REFUSED
        self.outcome.errors.append(Problem(None, sentence))
        for verdict in self._removals if self._detail is Reasons.ALL else ():
            reason = f"{sentence}; otherwise {verdict.reason}"
            self.outcome.kept.append(verdict._replace(remove=False, why=reason))

    def removed(self, told: Iterable[Removal]) -> None:
        """Count all that was planned as removed, but what is told to have met another end."""
        spared: set[str] = set()
        for removal in told:
            if removal.outcome is not Outcome.REMOVED:
                spared.add(removal.verdict.file.name)
                self._spared(removal)
        gone = [verdict for verdict in self._removals if verdict.file.name not in spared] if spared else self._removals
        self._removed = Counter([verdict.file.kind for verdict in gone]) if spared else self._planned.copy()
        self.outcome.size += sum([verdict.file.size for verdict in gone])
        if self._detail:
            self.outcome.removed += gone

    def revised(self, verdict: Verdict, problem: str | None) -> None:
        """Count a removal that did not stand as changed, or as failed where there is a problem."""
        self._removed[verdict.file.kind] -= 1
        self.outcome.size -= verdict.file.size
        if self._detail:
            self.outcome.removed.remove(verdict)
        if problem is None:
            self._changed[verdict.file.kind] += 1
        else:
            self._fail(verdict.file.name, verdict.file.kind, problem)

    def _spared(self, removal: Removal) -> None:
        verdict, outcome, problem = removal
        if outcome is Outcome.FAILED:
            self._fail(verdict.file.name, verdict.file.kind, problem or "")
        elif outcome is Outcome.STOPPED:
            self.outcome.status = CompanyStatus.STOPPED
            self._keep(verdict, verdict.rule, f"the run was stopped before it; {verdict.reason}")
        elif outcome is Outcome.HELD:
            reason = f"its group's memory could not go, so the key stays; otherwise {verdict.reason}"
            self._keep(verdict, Rule.SENDER_KEY_PAIR, reason)
        else:
            self._changed[verdict.file.kind] += 1
            self._vanished[verdict.file.kind] += outcome is Outcome.VANISHED

    def _keep(self, verdict: Verdict, rule: Rule, reason: str) -> None:
        if self._detail is Reasons.ALL:
            self.outcome.kept.append(verdict._replace(remove=False, rule=rule, why=reason))

    def _fail(self, name: str, kind: Kind, sentence: str) -> None:
        self._failed[kind] += 1
        self.outcome.errors.append(Problem(name, sentence))

    def close(self, levels: Levels) -> None:
        """Put the counts into the outcome."""
        removed, failed, changed = self._removed, self._failed, self._changed
        tallies: dict[Kind, Tally] = {}
        for kind in _KINDS:
            seen = self._seen.get(kind)
            if seen is not None:
                # Not by index: what a Counter does not hold costs it a call.
                gone, lost, other = removed.get(kind, 0), failed.get(kind, 0), changed.get(kind, 0)
                tallies[kind] = Tally(seen, gone, seen - gone - lost - other, lost, other)
        self.outcome.kinds = tallies
        self.outcome.counted = self.counted(levels)
        self.outcome.level = levels.of(self.outcome.counted)
        if any(failed.values()) and self.outcome.status is CompanyStatus.CLEANED:
            self.outcome.status = CompanyStatus.FAILED

    def counted(self, levels: Levels) -> int:
        """Return how many of the files that remain count."""
        return levels.count(self.left, self.outcome.advertised)

    @property
    def removable(self) -> Counter[Kind]:
        """What was planned to go and is still there, by kind."""
        return self._planned - self._removed

    @property
    def left(self) -> dict[Kind, int]:
        """The files that remain, by kind."""
        vanished = self._vanished
        return {kind: tally.seen - tally.removed - vanished.get(kind, 0) for kind, tally in self.outcome.kinds.items()}
