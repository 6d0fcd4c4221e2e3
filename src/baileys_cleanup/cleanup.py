"""The cleanup itself: company by company look, plan, remove, collect. Companies are islands."""

import errno
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from typing import NamedTuple

from baileys_cleanup.audit import Audit, open_audit
from baileys_cleanup.authfile import Kind
from baileys_cleanup.errors import CompanyProblem, UsageProblem
from baileys_cleanup.folder import Company, Listing, Look, Root, open_root
from baileys_cleanup.level import Levels
from baileys_cleanup.lock import hold_lock
from baileys_cleanup.outcome import CompanyOutcome, CompanyStatus, Problem, RunOutcome, Tally
from baileys_cleanup.removal import (
    DryRun,
    Hand,
    Outcome,
    Quarantine,
    Remover,
    forget_leftovers,
    purge,
    settle,
    unrecorded,
)
from baileys_cleanup.retention import Plan, Policy, Rule, Verdict, plan, undated
from baileys_cleanup.runs import SETTLED, Run, check_clock, new_run_id, read_runs, write_last_start
from baileys_cleanup.settings import Settings
from baileys_cleanup.summary import Report
from baileys_cleanup.text import count, few, shown, size
from baileys_cleanup.toolfolder import ToolFolder, open_tool_folder

_HOPELESS = {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EXDEV}
"""Errors of a whole folder: what one file met, all others of the company would meet as well."""

_SENTENCES = {
    errno.EROFS: "the file system is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "this user may not write in the company's folder; run as its owner",
    errno.EPERM: "this user may not move it; run as its owner",
    errno.EXDEV: "it lies on another mount than the sessions root; give that mount a sessions root of its own",
}


class World(NamedTuple):
    """The world as the use cases meet it. `now` and `clock` are in nanoseconds since the epoch.

    `wait` is called before a broken `creds.json` is read again; `stopping` is asked between two files;
    `stopwatch` gives seconds for durations.
    """

    now: int
    clock: Callable[[], int]
    wait: Callable[[], object]
    stopping: Callable[[], bool]
    stopwatch: Callable[[], float]


class Terms(NamedTuple):
    """On what terms one company is cleaned. `now` is in nanoseconds since the epoch.

    `wait` is called before a broken `creds.json` is read again; `stopping` is asked between two files.
    """

    now: int
    levels: Levels
    max_removals: int | None
    wait: Callable[[], object]
    stopping: Callable[[], bool]


def clean(
    settings: Settings,
    wanted: Sequence[str],
    world: World,
    report_for: Callable[[RunOutcome], Report],
    progress: Callable[[Sequence[str]], AbstractContextManager[Iterable[str]]],
    *,
    dry_run: bool,
    accept_clock: bool,
    detail: bool,
) -> RunOutcome:
    """Clean the wanted companies, or all, and tell the report.

    `report_for` makes the report once it is sure that the run goes ahead; `progress` wraps the ids to come.
    Raises UsageProblem, LockHeld or Refused before anything was touched.
    """
    began = world.stopwatch()
    with open_root(settings.sessions_root) as root:
        everyone, links = root.company_ids()
        ids = root.select(wanted) if wanted else everyone
        run = Run(new_run_id(world.now), world.now, settings.undo_days)
        outcome = RunOutcome(run.run_id, dry_run, root.path, run.started, run.undo_days)
        _tell_of_root(outcome, root, settings, everyone, links)
        terms = Terms(world.now, settings.levels, settings.max_removals, world.wait, world.stopping)
        with ExitStack() as stack:
            tool = stack.enter_context(open_tool_folder(root, create=not dry_run))
            if tool is not None:
                if not dry_run:
                    stack.enter_context(hold_lock(tool))
                if not accept_clock:
                    check_clock(tool, world.now)
            remover: Remover = DryRun()
            if tool is not None and dry_run:
                _tell_of_due(outcome, tool, world)
            elif tool is not None:
                audit = _prepare(stack, root, tool, outcome, world)
                remover = stack.enter_context(closing(Quarantine(tool, run, audit)))
            report = report_for(outcome)
            with progress(ids) as coming:
                for company in clean_companies(root, coming, settings.policy_for, terms, remover, detail=detail):
                    outcome.add(company)
                    report.company(company)
        outcome.stopped = world.stopping()
        outcome.seconds = world.stopwatch() - began
    report.close(outcome)
    return outcome


def _prepare(stack: ExitStack, root: Root, tool: ToolFolder, outcome: RunOutcome, world: World) -> Audit:
    """End earlier runs, record that this one began, open the audit log: without that nothing may be removed.

    What is due is deleted before anything is written: on a full disk that makes the room.
    """
    try:
        forget_leftovers(tool)
        audit = stack.enter_context(open_audit(tool, world.clock))
        _end_earlier_runs(root, tool, audit, outcome, world)
        write_last_start(tool, world.now)
    except OSError as error:
        raise UsageProblem(f"nothing can be written in {shown(tool.path)}: {_sentence(error)}") from None
    return audit


def _tell_of_root(outcome: RunOutcome, root: Root, settings: Settings, everyone: list[str], links: list[str]) -> None:
    if root.was_link:
        outcome.notes.append(f"the sessions root {root.asked} leads to {root.path}")
    if not everyone:
        outcome.warnings.append(
            f"the sessions root {root.path} holds no company_<id> folder: is the right disk mounted?"
        )
    if links:
        outcome.warnings.append(f"links are never followed, so these were left alone: {few(links)}")
    missing = [company_id for company_id in settings.companies if company_id not in everyone]
    if missing:
        outcome.warnings.append(f"settings for companies that have no folder: {few(missing)}")


def _tell_of_due(outcome: RunOutcome, tool: ToolFolder, world: World) -> None:
    due = [run.run_id for run in read_runs(tool)[0] if run.due <= world.now]
    if due:
        outcome.notes.append(f"a real run would first delete for good what these earlier runs removed: {few(due)}")


def _end_earlier_runs(root: Root, tool: ToolFolder, audit: Audit, outcome: RunOutcome, world: World) -> None:
    """Settle what was cut short, and delete for good what is due. Trouble here never stops the cleaning."""
    runs, broken = read_runs(tool)
    for run in runs:
        try:
            if run.state != SETTLED:
                settle(root, tool, run)
            if run.due > world.now or world.stopping():
                continue
            purged = purge(tool, run, audit, world.stopping)
        except OSError as error:
            outcome.errors.append(f"the earlier run {run.run_id} could not be ended: {_sentence(error)}")
            continue
        outcome.errors += purged.errors
        if purged.files:
            outcome.notes.append(
                f"deleted for good: {count(purged.files, 'file')} ({size(purged.size)}) that run {run.run_id} removed"
            )
    known = {run.run_id for run in runs}
    lost = [name for name in unrecorded(tool) if name not in known]
    if broken or lost:
        outcome.warnings.append(
            f"{tool.path} holds runs whose record cannot be read; they are kept: {few([*broken, *lost])}"
        )


class Sight(NamedTuple):
    """One company, looked at and decided over, before anything is removed.

    `creds_problem` says what is wrong with `creds.json`, None when nothing is; `known` whether it names an account.
    """

    listing: Listing
    look: Look
    plan: Plan
    creds_problem: str | None
    known: bool


def look_and_plan(company: Company, policy: Policy, terms: Terms) -> Sight:
    """Look at one company and decide over its files; what could be decided by name is not looked at."""
    listing = company.names()
    account = company.account(terms.wait)
    look = company.look(listing.files, undated(listing.files, policy, account))
    decided = plan(look.files, policy, account, terms.now)
    return Sight(listing, look, decided, account.problem, bool(account.devices))


def clean_companies(
    root: Root,
    ids: Iterable[str],
    policy_for: Callable[[str], Policy],
    terms: Terms,
    remover: Remover,
    *,
    detail: bool,
) -> Iterator[CompanyOutcome]:
    """Clean one company after the other, and hand out each outcome as it comes; ends early when told to stop.

    With `detail`, outcomes carry the verdicts.
    """
    for company_id in ids:
        if terms.stopping():
            return
        outcome = CompanyOutcome(company_id)
        try:
            with root.company(company_id) as company:
                _clean(company, policy_for(company_id), terms, remover, outcome, detail=detail)
        except CompanyProblem as problem:
            _fail(outcome, str(problem))
        except OSError as error:
            _fail(outcome, f"its folder cannot be worked on: {_sentence(error)}")
        yield outcome


def _fail(outcome: CompanyOutcome, sentence: str) -> None:
    outcome.status = CompanyStatus.FAILED
    outcome.errors.append(Problem(None, sentence))


def _clean(
    company: Company, policy: Policy, terms: Terms, remover: Remover, outcome: CompanyOutcome, *, detail: bool
) -> None:
    sight = look_and_plan(company, policy, terms)
    look, decided = sight.look, sight.plan
    ledger = _Ledger(outcome, detail=detail)
    for file in look.vanished:
        ledger.changed(file.kind, vanished=True)
    for verdict in decided.keeps:
        if verdict.file.name in look.errors:
            ledger.failed(verdict, look.errors[verdict.file.name])
        else:
            ledger.kept(verdict)
    limit = terms.max_removals
    if limit is not None and len(decided.removals) > limit:
        outcome.status = CompanyStatus.REFUSED
        sentence = f"left alone: {count(len(decided.removals), 'removal')} planned, and max_removals allows {limit:,}"
        outcome.errors.append(Problem(None, sentence))
        for verdict in decided.removals:
            ledger.kept(verdict._replace(remove=False, reason=f"{sentence}; otherwise {verdict.reason}"))
    else:
        with remover.company(company) as hand:
            _remove_all(hand, decided.removals, terms.stopping, ledger)
    outcome.advertised = decided.advertised
    ledger.close(terms.levels)
    _tell(outcome, sight, policy)


def _remove_all(hand: Hand, removals: list[Verdict], stopping: Callable[[], bool], ledger: "_Ledger") -> None:
    hopeless: str | None = None
    for verdict in removals:
        if hopeless is not None:
            ledger.failed(verdict, hopeless)
            continue
        if stopping():
            ledger.outcome.status = CompanyStatus.STOPPED
            ledger.kept(verdict._replace(remove=False, reason=f"the run was stopped before it; {verdict.reason}"))
            continue
        try:
            outcome = hand.remove(verdict)
        except CompanyProblem as problem:
            hopeless = str(problem)
            ledger.failed(verdict, hopeless)
        except OSError as error:
            ledger.failed(verdict, _sentence(error))
            if error.errno in _HOPELESS:
                hopeless = _sentence(error)
        else:
            ledger.done(verdict, outcome)


def _sentence(error: OSError) -> str:
    return _SENTENCES.get(error.errno or 0) or error.strerror or str(error)


class _Ledger:
    """Counts every file once while its company is cleaned."""

    def __init__(self, outcome: CompanyOutcome, *, detail: bool) -> None:
        self.outcome = outcome
        self._detail = detail
        self._counts: Counter[tuple[Kind, str]] = Counter()
        self._vanished = 0

    def kept(self, verdict: Verdict) -> None:
        self._counts[verdict.file.kind, "kept"] += 1
        if self._detail:
            self.outcome.kept.append(verdict)

    def changed(self, kind: Kind, *, vanished: bool = False) -> None:
        self._counts[kind, "changed"] += 1
        self._vanished += vanished

    def failed(self, verdict: Verdict, sentence: str) -> None:
        self._counts[verdict.file.kind, "failed"] += 1
        self.outcome.errors.append(Problem(verdict.file.name, sentence))

    def done(self, verdict: Verdict, outcome: Outcome) -> None:
        if outcome is Outcome.REMOVED:
            self._counts[verdict.file.kind, "removed"] += 1
            self.outcome.size += verdict.file.size
            if self._detail:
                self.outcome.removed.append(verdict)
        elif outcome is Outcome.HELD:
            reason = f"its group's memory could not go, so the key stays; otherwise {verdict.reason}"
            self.kept(verdict._replace(remove=False, rule=Rule.SENDER_KEY_PAIR, reason=reason))
        else:
            self.changed(verdict.file.kind, vanished=outcome is Outcome.VANISHED)

    def close(self, levels: Levels) -> None:
        kinds: dict[Kind, dict[str, int]] = {}
        for (kind, what), number in self._counts.items():
            kinds.setdefault(kind, {})[what] = number
        self.outcome.kinds = {
            kind: Tally(seen=sum(kinds[kind].values()), **kinds[kind]) for kind in Kind if kind in kinds
        }
        total = self.outcome.total
        self.outcome.counted = total.seen - total.removed - self._vanished - self.outcome.advertised
        self.outcome.level = levels.of(self.outcome.counted)
        if total.failed and self.outcome.status is CompanyStatus.CLEANED:
            self.outcome.status = CompanyStatus.FAILED
        if levels.alarms(self.outcome.counted):
            self.outcome.warnings.append(
                f"{count(self.outcome.counted, 'file')} counted after the run: level {self.outcome.level}"
            )


def _tell(outcome: CompanyOutcome, sight: Sight, policy: Policy) -> None:
    """Put the outcome's warnings and notes into words."""
    if sight.creds_problem:
        outcome.warnings.append(sight.creds_problem)
    elif not sight.known:
        outcome.notes.append("creds.json names no account: not paired yet")
    strangers = sight.listing.strangers
    if strangers:
        are = "entry is" if len(strangers) == 1 else "entries are"
        outcome.warnings.append(f"{len(strangers):,} {are} no regular file and left alone: {few(sorted(strangers))}")
    linked = [verdict.file.name for verdict in sight.plan.keeps if verdict.rule is Rule.HARD_LINKED]
    if linked:
        outcome.notes.append(f"kept because of several hard links: {few(linked)}")
    if outcome.advertised:
        outcome.notes.append(
            f"{count(outcome.advertised, 'pre-key')} above the cap of {policy.pre_key_cap} kept and not counted:"
            " a batch that WhatsApp still hands out to new contacts"
        )
