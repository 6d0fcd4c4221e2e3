"""The run: lock, end what earlier runs left, then one company after the other."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing

from baileys_cleanup.cleaning.company import Terms, clean_company, left_alone
from baileys_cleanup.cleaning.world import CleanOne, World
from baileys_cleanup.decision.outcome import CompanyOutcome, RunOutcome
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.errors import UsageProblem, in_words
from baileys_cleanup.output.summary import Report
from baileys_cleanup.output.text import count, few, shown, size
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.folder.audit import Audit, open_audit
from baileys_cleanup.store.folder.lock import hold_lock
from baileys_cleanup.store.folder.purge import forget_leftovers, purge, settle, unrecorded
from baileys_cleanup.store.folder.quarantine import Quarantine
from baileys_cleanup.store.folder.root import Root, no_companies, open_root
from baileys_cleanup.store.folder.runs import SETTLED, Run, check_clock, new_run_id, read_runs, write_last_start
from baileys_cleanup.store.folder.set_aside import settle_all
from baileys_cleanup.store.folder.tool_folder import ToolFolder, open_tool_folder
from baileys_cleanup.store.remover import DryRun, Remover


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
    record: Callable[[ToolFolder, RunOutcome], object] | None = None,
    clean_one: CleanOne = clean_company,
) -> RunOutcome:
    """Clean the wanted companies, or all, and tell the report.

    `report_for` makes the report once it is sure that the run goes ahead; `progress` wraps the ids to come;
    `record` is told how a real run ended while the lock is still held; `clean_one` cleans each company. A company that
    is being rotated is left alone, and that is told.
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
            tool, remover = _begin(stack, root, run, outcome, world, accept_clock=accept_clock)
            held = _held(root, tool, outcome, world)
            if not wanted:  # a folder that was between two names when its rotation was cut short is back by now
                ids = sorted({*ids, *filter(root.has, held)})
            if settings.backup.before_clean:
                clean_one = _backing_up(stack, settings, root, tool, outcome=outcome, world=world, clean_one=clean_one)
            report = report_for(outcome)
            with progress(ids) as coming:
                for company_id in coming:
                    if world.stopping():
                        break
                    policy, own = settings.policy_for(company_id), terms._replace(held=held.get(company_id))
                    company = clean_one(root, company_id, policy, own, remover, detail=detail)
                    outcome.add(company)
                    report.company(company)
            outcome.stopped = world.stopping()
            outcome.seconds = world.stopwatch() - began
            if tool is not None and not dry_run and record is not None:
                _record(tool, outcome, record)
    report.close(outcome)
    return outcome


def _begin(
    stack: ExitStack, root: Root, run: Run, outcome: RunOutcome, world: World, *, accept_clock: bool
) -> tuple[ToolFolder | None, Remover]:
    """Open the tool's folder, and for a real run take the lock and end earlier runs. Returns what carries plans out."""
    tool = stack.enter_context(open_tool_folder(root, create=not outcome.dry_run))
    if tool is None:
        return None, DryRun()
    if not outcome.dry_run:
        stack.enter_context(hold_lock(tool))
    if not accept_clock:
        check_clock(tool, world.now)
    if outcome.dry_run:
        _tell_of_due(outcome, tool, world)
        return tool, DryRun()
    audit = _prepare(stack, root, tool, outcome, world)
    return tool, stack.enter_context(closing(Quarantine(tool, run, audit)))


def _record(tool: ToolFolder, outcome: RunOutcome, record: Callable[[ToolFolder, RunOutcome], object]) -> None:
    """Record how the run ended. What was removed is removed, so trouble here is told and changes nothing else."""
    try:
        record(tool, outcome)
    except OSError as error:
        outcome.warnings.append(f"how this run ended could not be recorded in {tool.path}: {in_words(error)}")


def _backing_up(
    stack: ExitStack,
    settings: Settings,
    root: Root,
    tool: ToolFolder | None,
    *,
    outcome: RunOutcome,
    world: World,
    clean_one: CleanOne,
) -> CleanOne:
    """Return what makes an archive of a company before it cleans it; where that fails the company is left alone."""
    if tool is None or outcome.dry_run:
        outcome.notes.append(
            "a real run would first make an archive of each company, and leave those alone whose archive fails;"
            " `baileys-cleanup backup --dry-run` tells which"
        )
        return clean_one
    from baileys_cleanup.backups.make import Moment, Status  # noqa: PLC0415 - only where archives are asked for
    from baileys_cleanup.backups.run import keeper_for_clean  # noqa: PLC0415 - only where archives are asked for

    moment = Moment(world.now, world.clock, world.wait)
    keeper = stack.enter_context(keeper_for_clean(settings, root, tool, moment, world.again))

    def clean_after_backup(
        root: Root, company_id: str, policy: Policy, terms: Terms, remover: Remover, *, detail: bool
    ) -> CompanyOutcome:
        made = keeper.back_up(company_id) if terms.held is None else None
        if made is not None and made.status is Status.FAILED:
            return left_alone(company_id, "; ".join(made.errors))
        company = clean_one(root, company_id, policy, terms, remover, detail=detail)
        company.warnings += (f"its backup: {text}" for text in (made.errors if made else ()))
        return company

    return clean_after_backup


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
        raise UsageProblem(f"nothing can be written in {shown(tool.path)}: {in_words(error)}") from None
    return audit


def _tell_of_root(outcome: RunOutcome, root: Root, settings: Settings, everyone: list[str], links: list[str]) -> None:
    if root.was_link:
        outcome.notes.append(f"the sessions root {root.asked} leads to {root.path}")
    if not everyone:
        outcome.warnings.append(no_companies(root.path))
    if links:
        outcome.warnings.append(f"links are never followed, so these were left alone: {few(links)}")
    missing = [company_id for company_id in settings.companies if company_id not in everyone]
    if missing:
        outcome.warnings.append(f"settings for companies that have no folder: {few(missing)}")


def _tell_of_due(outcome: RunOutcome, tool: ToolFolder, world: World) -> None:
    due = [run.run_id for run in read_runs(tool)[0] if run.due <= world.now]
    if due:
        outcome.notes.append(f"a real run would first delete for good what these earlier runs removed: {few(due)}")


def _held(root: Root, tool: ToolFolder | None, outcome: RunOutcome, world: World) -> Mapping[str, str]:
    """Return the companies that other work holds, a rotation that waits for its QR code say, each with the way on."""
    holds = world.holds(tool, world.again)
    outcome.warnings += holds.unreadable
    outcome.warnings += [text for company_id, text in holds.open.items() if not root.has(company_id)]
    return holds.open


def _end_earlier_runs(root: Root, tool: ToolFolder, audit: Audit, outcome: RunOutcome, world: World) -> None:
    """Settle what was cut short, and delete for good what is due. Trouble here never stops the cleaning."""
    outcome.errors += settle_all(root, tool)
    runs, broken = read_runs(tool)
    for run in runs:
        try:
            if run.state != SETTLED and not settle(root, tool, run):
                outcome.warnings.append(
                    f"the earlier run {run.run_id} left files that cannot be put back yet; they are kept"
                )
                continue
            if run.due > world.now or world.stopping():
                continue
            purged = purge(tool, run, audit, world.stopping)
        except OSError as error:
            outcome.errors.append(f"the earlier run {run.run_id} could not be ended: {in_words(error)}")
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
