"""The run: lock, end what earlier runs left, then one company after the other."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack

from baileys_cleanup.cleaning.clock import check_clock, check_trace
from baileys_cleanup.cleaning.company import clean_company, left_alone, tell_of_shared_device
from baileys_cleanup.cleaning.copies import find_copies
from baileys_cleanup.cleaning.earlier_runs import end_earlier_runs
from baileys_cleanup.cleaning.jobs import spread_of
from baileys_cleanup.cleaning.look import Terms
from baileys_cleanup.cleaning.second_look import with_second_look
from baileys_cleanup.cleaning.shards import hold_records, hold_run, one_at_a_time
from baileys_cleanup.cleaning.waiting_keys import waiting_keys
from baileys_cleanup.cleaning.world import CleanOne, World
from baileys_cleanup.decision.devices import Devices
from baileys_cleanup.decision.outcome import CompanyOutcome, RunOutcome
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.shards import Shard
from baileys_cleanup.errors import LockHeld, UsageProblem, in_words
from baileys_cleanup.output.summary import Report
from baileys_cleanup.output.text import count, few, shown
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.remover import DryRun, Remover
from baileys_cleanup.store.runs import Run, new_run_id
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.store import Store, Workspace, no_companies, passed_over_in_words


def clean(
    settings: Settings,
    selection: Selection,
    world: World,
    report_for: Callable[[RunOutcome], Report],
    progress: Callable[[Sequence[str]], AbstractContextManager[Iterable[str]]],
    *,
    dry_run: bool,
    accept_clock: bool,
    detail: bool,
    record: Callable[[Workspace, RunOutcome], object] | None = None,
    clean_one: CleanOne = clean_company,
) -> RunOutcome:
    """Clean the selected companies and tell the report.

    `report_for` makes the report once it is sure that the run goes ahead; `progress` wraps the ids to come;
    `record` is told how a real run ended while the lock is still held; `clean_one` cleans each company. A company that
    is being rotated is left alone, and that is told.
    Raises UsageProblem, LockHeld or Refused before anything was touched.
    """
    began = world.stopwatch()
    with open_store(settings.place, settings.exclude) as store:
        everyone, _ = store.company_ids()
        ids = selection.ids(store, everyone)
        shard = str(selection.shard or "")
        run = Run(new_run_id(world.now, shared=bool(shard)), world.now, settings.undo_days, shard=shard)
        outcome = RunOutcome(run.run_id, dry_run, store.path, run.started, run.undo_days, run.shard)
        _tell_of_root(outcome, store, settings, everyone)
        outcome.warnings += selection.doubts(everyone)
        if shard:
            outcome.notes.append(f"shard {shard}: {len(ids):,} of {count(len(everyone), 'company', 'companies')}")
        terms = Terms(world.now, settings.levels, settings.max_removals, world.wait, world.stopping, again=world.again)
        with ExitStack() as stack:
            checked = None if accept_clock else everyone
            workspace, remover = _begin(stack, store, run, outcome, world, ids=checked, mine=selection.takes)
            held = _held(store, workspace, outcome, world)
            terms = terms._replace(waiting=waiting_keys(workspace, writes=not dry_run))
            devices = Devices()
            if selection.is_whole:  # a folder that was between two names when its rotation was cut short is back by now
                ids = sorted({*ids, *filter(selection.takes, filter(store.has, held))})
            if settings.backup.before_clean:
                clean_one = _backing_up(
                    stack,
                    settings,
                    store,
                    workspace,
                    outcome=outcome,
                    world=world,
                    clean_one=clean_one,
                    shard=selection.shard,
                )
            clean_one = one_at_a_time(workspace, clean_one, run, dry_run=dry_run)
            copies = find_copies(store, everyone)
            outcome.warnings += copies.told(ids)
            ids = [company_id for company_id in ids if company_id not in copies.same]
            report = report_for(outcome)

            def clean_it(company_id: str, wait: Callable[[], object]) -> CompanyOutcome | None:
                if world.stopping():
                    return None
                own = terms._replace(wait=wait, held=held.get(company_id), levels=settings.levels_for(company_id))
                return clean_one(store, company_id, settings.policy_for(company_id), own, remover, detail=detail)

            with progress(ids) as coming:
                # A company whose creds.json does not parse comes after the others: a hundred of them cost one second.
                spread = spread_of(settings, store, remover, ids, world.stopping)
                for company in with_second_look(coming, clean_it, world.wait, spread):
                    if company is None:
                        continue
                    shared = devices.shared(company.company_id, company.pairing)
                    if shared is not None:
                        tell_of_shared_device(company, shared, world.again)
                    outcome.add(company)
                    report.company(company)
            outcome.stopped = world.stopping()
            outcome.seconds = world.stopwatch() - began
            if workspace is not None and not dry_run and record is not None:
                _record(workspace, run, outcome, world, record)
    report.close(outcome)
    return outcome


def _begin(
    stack: ExitStack,
    store: Store,
    run: Run,
    outcome: RunOutcome,
    world: World,
    *,
    ids: Sequence[str] | None,
    mine: Callable[[str], bool],
) -> tuple[Workspace | None, Remover]:
    """Open the tool's folder, and for a real run take the lock and end earlier runs. Returns what carries plans out.

    `ids` are the companies whose files the clock is checked against, None where it is accepted as it is: all of them
    also for a shard, so that all shards say the same. `mine` tells which companies are this run's.
    """
    workspace = stack.enter_context(store.workspace(create=not outcome.dry_run))
    if workspace is None:
        return None, DryRun()
    if not outcome.dry_run:
        hold_run(stack, workspace, run)
    if ids is not None:
        check_clock(workspace, world.now)
        check_trace(store, workspace, ids, world.now)
    if outcome.dry_run:
        _tell_of_due(outcome, workspace, world)
        return workspace, DryRun()
    return workspace, _prepare(stack, workspace, run, outcome, world, mine=mine)


def _record(
    workspace: Workspace,
    run: Run,
    outcome: RunOutcome,
    world: World,
    record: Callable[[Workspace, RunOutcome], object],
) -> None:
    """Record how the run ended. What was removed is removed, so trouble here is told and changes nothing else."""
    try:
        with hold_records(workspace, run, world.stopping):
            record(workspace, outcome)
    except (OSError, LockHeld) as error:
        outcome.warnings.append(f"how this run ended could not be recorded in {workspace.path}: {in_words(error)}")


def _backing_up(
    stack: ExitStack,
    settings: Settings,
    store: Store,
    workspace: Workspace | None,
    *,
    outcome: RunOutcome,
    world: World,
    clean_one: CleanOne,
    shard: Shard | None,
) -> CleanOne:
    """Return what makes an archive of a company before it cleans it; where that fails the company is left alone."""
    if workspace is None or outcome.dry_run:
        outcome.notes.append(
            "a real run would first make an archive of each company, and leave those alone whose archive fails;"
            " `baileys-cleanup backup --dry-run` tells which"
        )
        return clean_one
    from baileys_cleanup.backups.made import Status  # noqa: PLC0415 - only where archives are asked for
    from baileys_cleanup.backups.run import maker_for_clean  # noqa: PLC0415 - only where archives are asked for
    from baileys_cleanup.store.snapshots import Clock  # noqa: PLC0415 - likewise

    clock = Clock(world.now, world.clock, world.wait)
    back_up = stack.enter_context(maker_for_clean(settings, store, workspace, clock, again=world.again, shard=shard))

    def clean_after_backup(
        store: Store, company_id: str, policy: Policy, terms: Terms, remover: Remover, *, detail: bool
    ) -> CompanyOutcome:
        made = back_up(company_id) if terms.held is None else None
        if made is not None and made.status is Status.FAILED:
            return left_alone(company_id, "; ".join(made.errors))
        company = clean_one(store, company_id, policy, terms, remover, detail=detail)
        company.warnings += (f"its backup: {text}" for text in (made.errors if made else ()))
        return company

    return clean_after_backup


def _prepare(
    stack: ExitStack,
    workspace: Workspace,
    run: Run,
    outcome: RunOutcome,
    world: World,
    *,
    mine: Callable[[str], bool],
) -> Remover:
    """End earlier runs, record that this one began, and open what removes: without an audit log nothing may go.

    What is due is deleted before anything is written: on a full disk that makes the room.
    """
    try:
        with hold_records(workspace, run, world.stopping):
            workspace.tidy_up()
        remover = stack.enter_context(workspace.remover(run, world.clock))
        end_earlier_runs(workspace, run, outcome, world, mine)
        with hold_records(workspace, run, world.stopping):
            workspace.record_start(world.now)
    except OSError as error:
        raise UsageProblem(f"nothing can be written in {shown(workspace.path)}: {in_words(error)}") from None
    return remover


def _tell_of_root(outcome: RunOutcome, store: Store, settings: Settings, everyone: list[str]) -> None:
    if store.was_link:
        outcome.notes.append(f"the sessions root {store.asked} leads to {store.path}")
    outcome.notes += store.remarks()
    if not everyone:
        outcome.warnings.append(no_companies(store.path))
    for sentence, keys in passed_over_in_words(store.passed_over()):
        (outcome.warnings if keys else outcome.notes).append(sentence)
    missing = [company_id for company_id in settings.companies if company_id not in everyone]
    if missing:
        outcome.warnings.append(f"settings for companies that have no folder: {few(missing)}")


def _tell_of_due(outcome: RunOutcome, workspace: Workspace, world: World) -> None:
    due = [run.run_id for run in workspace.runs()[0] if run.due <= world.now]
    if due:
        outcome.notes.append(f"a real run would first delete for good what these earlier runs removed: {few(due)}")


def _held(store: Store, workspace: Workspace | None, outcome: RunOutcome, world: World) -> Mapping[str, str]:
    """Return the companies that other work holds, a rotation that waits for its QR code say, each with the way on."""
    holds = world.holds(workspace, world.again)
    outcome.warnings += holds.unreadable
    outcome.warnings += [text for company_id, text in holds.open.items() if not store.has(company_id)]
    return holds.open
