"""The run: lock, end what earlier runs left, then one company after the other."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack

from baileys_cleanup.cleaning.clock import check_clock, check_trace
from baileys_cleanup.cleaning.company import clean_company, left_alone, tell_of_shared_device
from baileys_cleanup.cleaning.copies import find_copies
from baileys_cleanup.cleaning.earlier_runs import end_earlier_runs
from baileys_cleanup.cleaning.jobs import spread_of
from baileys_cleanup.cleaning.later_look import look_later
from baileys_cleanup.cleaning.look import Terms
from baileys_cleanup.cleaning.request import Request, Told
from baileys_cleanup.cleaning.second_look import with_second_look
from baileys_cleanup.cleaning.shards import hold_records, hold_run, one_at_a_time
from baileys_cleanup.cleaning.waiting_keys import waiting_keys
from baileys_cleanup.cleaning.world import CleanOne, World
from baileys_cleanup.decision.devices import Devices
from baileys_cleanup.decision.outcome import CompanyOutcome, Reasons, RunOutcome
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import Verdict
from baileys_cleanup.errors import LockHeld, UsageProblem, in_words
from baileys_cleanup.output.sentences import unwritten
from baileys_cleanup.output.text import count, few, shown
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.passed_over import no_companies, passed_over_in_words
from baileys_cleanup.store.remover import DryRun, Remover
from baileys_cleanup.store.runs import Run, new_run_id
from baileys_cleanup.store.store import RoomMaker, Store, Workspace


def clean(request: Request, world: World, told: Told, clean_one: CleanOne = clean_company) -> RunOutcome:
    """Clean the selected companies and tell the report. `clean_one` cleans each.

    A company that is being rotated is left alone, and that is told. Raises UsageProblem, LockHeld or Refused before
    anything was touched.
    """
    began = world.stopwatch()
    with open_store(request.settings.place, request.settings.exclude) as store:
        with ExitStack() as stack:
            run = _Run(request, world, store, stack)
            run.begin()
            cleaner = run.guarded(clean_one)
            report = told.report_for(run.outcome)
            with told.progress(run.ids) as coming:
                for company in run.companies(coming, cleaner):
                    run.outcome.add(company)
                    report.company(company)
            run.outcome.stopped = world.stopping()
            run.outcome.seconds = world.stopwatch() - began
            if told.record is not None:
                run.record(told.record)
        run.outcome.warnings += look_later(run.remover.later, world, told.waiting)
    report.close(run.outcome)
    return run.outcome


class _Run:
    """One run at work: what it was asked for, and what came of it so far."""

    def __init__(self, request: Request, world: World, store: Store, stack: ExitStack) -> None:
        self._request = request
        self._settings = request.settings
        self._world = world
        self._store = store
        self._stack = stack
        self._everyone, _ = store.company_ids()
        self.ids: Sequence[str] = request.selection.ids(store, self._everyone)
        shard = str(request.selection.shard or "")
        shared = bool(shard)
        self._run = Run(new_run_id(world.now, shared=shared), world.now, self._settings.undo_days, shard=shard)
        self._workspace: Workspace | None = None
        self.remover: Remover = DryRun(store.uncleared)
        self._held: Mapping[str, str] = {}
        # Where an archive or a stopped bot is to come before any removal, none may be made ahead of the companies.
        ahead = not (request.dry_run or shard or self._settings.undo_days or self._settings.prepares_each)
        self._room = store.cramped() if ahead else None
        self._ahead: Mapping[str, list[Verdict]] = {}
        self._terms = Terms(
            world.now, self._settings.levels, self._settings.max_removals, world.wait, world.stopping, again=world.again
        )
        self.outcome = RunOutcome(
            self._run.run_id, request.dry_run, store.path, self._run.started, self._run.undo_days, shard
        )

    def begin(self) -> None:
        """Look at the root, and for a real run take the lock and end earlier runs."""
        selection = self._request.selection
        self._tell_of_root()
        self._open()
        try:
            self._held = self._holds()
            self._remember()
        except OSError as error:
            where = shown(self._workspace.path if self._workspace else self._store.path)
            raise UsageProblem(
                f"what earlier commands left in {where} cannot be read: {error.strerror or error}; nothing was removed"
            ) from None
        if selection.is_whole:  # a folder that was between two names when its rotation was cut short is back by now
            self.ids = sorted({*self.ids, *filter(selection.takes, filter(self._store.has, self._held))})
        copies = find_copies(self._store, self._everyone)
        self.outcome.warnings += copies.told(self.ids)
        self.ids = [company_id for company_id in self.ids if company_id not in copies.same]
        if self._room is not None:
            self._make_room(self._room)

    def guarded(self, clean_one: CleanOne) -> CleanOne:
        """Return what cleans a company with all that belongs around it: its archive before, its lock beside shards."""
        if self._settings.backup.before_clean:
            clean_one = self._backing_up(clean_one)
        return one_at_a_time(self._workspace, clean_one, self._run, dry_run=self._request.dry_run)

    def companies(self, coming: Iterable[str], clean_one: CleanOne) -> Iterator[CompanyOutcome]:
        """Clean the companies, one or several at a time, and give what came of each, in their order.

        One whose `creds.json` does not parse comes after the others: a hundred of them cost one second.
        """
        world, settings = self._world, self._settings
        devices = Devices()

        def clean_it(company_id: str, wait: Callable[[], object]) -> CompanyOutcome | None:
            if world.stopping():
                return None
            levels = settings.levels_for(company_id)
            terms = self._terms._replace(wait=wait, held=self._held.get(company_id), levels=levels)
            policy = settings.policy_for(company_id)
            return clean_one(self._store, company_id, policy, terms, self.remover, detail=self._request.detail)

        if not settings.prepares_each:  # else each is looked at in its turn
            self._store.expect(self.ids)
        spread = spread_of(settings, self._store, self.remover, self.ids, world.stopping)
        for company in with_second_look(coming, clean_it, world.wait, spread):
            if company is None:
                continue
            if company.company_id in self._ahead:
                self._count_ahead(company)
            shared = devices.shared(company.company_id, company.pairing)
            if shared is not None:
                tell_of_shared_device(company, shared, world.again)
            yield company

    def record(self, write: Callable[[Workspace, RunOutcome], object]) -> None:
        """Record how a real run ended. What was removed is removed: trouble here is told, and changes nothing else."""
        workspace = self._workspace
        if workspace is None or self._request.dry_run:
            return
        try:
            with hold_records(workspace, self._run, self._world.stopping):
                write(workspace, self.outcome)
        except (OSError, LockHeld, UsageProblem) as error:
            text = f"how this run ended could not be recorded in {workspace.records().where()}: {in_words(error)}"
            self.outcome.warnings.append(text)

    def _open(self) -> None:
        """Open the tool's folder, check the clock, and for a real run open what removes.

        The clock is checked against the files of all companies also for a shard, so that all shards say the same.
        """
        dry_run = self._request.dry_run
        create = not dry_run and self._room is None
        workspace = self._workspace = self._stack.enter_context(self._store.workspace(create=create))
        if workspace is None:
            return
        if not dry_run:
            hold_run(self._stack, workspace, self._run)
        if not self._request.accept_clock:
            check_clock(workspace, self._world.now)
            check_trace(self._store, workspace, self._everyone, self._world.now)
        if dry_run:
            self._tell_of_due(workspace)
        else:
            self.remover = self._prepare(workspace)

    def _prepare(self, workspace: Workspace) -> Remover:
        """End earlier runs, record that this one began, and open what removes: without an audit log nothing may go.

        What is due is deleted before anything is written: on a full disk that makes the room.
        """
        run, world = self._run, self._world
        try:
            with hold_records(workspace, run, world.stopping):
                workspace.tidy_up()
            remover = self._stack.enter_context(workspace.remover(run, world.clock))
            end_earlier_runs(workspace, run, self.outcome, world, self._request.selection.takes)
            if self._room is None:
                with hold_records(workspace, run, world.stopping):
                    workspace.record_start(world.now)
        except OSError as error:
            raise UsageProblem(unwritten(error, workspace.path)) from None
        return remover

    def _count_ahead(self, company: CompanyOutcome) -> None:
        from baileys_cleanup.cleaning.cramped import count_in  # noqa: PLC0415 - seldom needed

        count_in(company, self._ahead[company.company_id], detail=self._request.detail)

    def _remember(self) -> None:
        clock = None if self._request.dry_run else self._world.clock
        self._terms = self._terms._replace(waiting=waiting_keys(self._workspace, clock))

    def _make_room(self, room: RoomMaker) -> None:
        """Delete on a disk without a free inode what a run needs to begin, and then begin it."""
        from baileys_cleanup.cleaning.cramped import make_room, teller, told_of  # noqa: PLC0415 - seldom needed

        settings, workspace, run_id = self._settings, self._workspace, self._run.run_id
        wanted = [(name, settings.policy_for(name)) for name in self.ids if name not in self._held]
        with ExitStack() as stack:
            stack.enter_context(room.hold())
            log = stack.enter_context(workspace.audit_log(self._world.clock)) if workspace else None
            self._ahead = make_room(room, self._store, wanted, self._terms, teller(run_id, log))
        self.outcome.warnings += told_of(self._ahead)
        self._room = None
        if workspace is None:
            self._open()
            self._remember()
            return
        try:
            workspace.record_start(self._world.now)
        except OSError as error:
            raise UsageProblem(unwritten(error, workspace.path)) from None

    def _backing_up(self, clean_one: CleanOne) -> CleanOne:
        """Return what makes an archive of a company before it cleans it; where that fails the company is left alone."""
        workspace, world = self._workspace, self._world
        if workspace is None or self._request.dry_run:
            self.outcome.notes.append(
                "a real run would first make an archive of each company, and leave those alone whose archive fails;"
                " `baileys-cleanup backup --dry-run` tells which"
            )
            return clean_one
        from baileys_cleanup.backups.made import Status  # noqa: PLC0415 - only where archives are asked for
        from baileys_cleanup.backups.run import maker_for_clean  # noqa: PLC0415 - only where archives are asked for
        from baileys_cleanup.store.snapshots import Clock  # noqa: PLC0415 - likewise

        clock = Clock(world.now, world.clock, world.wait)
        shard = self._request.selection.shard
        back_up = self._stack.enter_context(
            maker_for_clean(self._settings, self._store, workspace, clock, again=world.again, shard=shard)
        )

        def clean_after_backup(
            store: Store, company_id: str, policy: Policy, terms: Terms, remover: Remover, *, detail: Reasons
        ) -> CompanyOutcome:
            made = back_up(company_id) if terms.held is None else None
            if made is not None and made.status is Status.FAILED:
                return left_alone(company_id, "; ".join(made.errors))
            company = clean_one(store, company_id, policy, terms, remover, detail=detail)
            company.warnings += (f"its backup: {text}" for text in (made.errors if made else ()))
            return company

        return clean_after_backup

    def _tell_of_root(self) -> None:
        outcome, store, selection = self.outcome, self._store, self._request.selection
        if store.was_link:
            outcome.notes.append(f"the sessions root {store.asked} leads to {store.path}")
        outcome.notes += store.remarks()
        outcome.warnings += store.dangers()
        if not self._everyone:
            outcome.warnings.append(no_companies(store.path, store.other_layout()))
        over = (each._replace(keys=each.keys and not each.foreign) for each in store.passed_over())
        for sentence, keys in passed_over_in_words(over):
            (outcome.warnings if keys else outcome.notes).append(sentence)
        missing = [company_id for company_id in self._settings.companies if company_id not in self._everyone]
        if missing:
            outcome.warnings.append(f"settings for companies that have no folder: {few(missing)}")
        outcome.warnings += selection.doubts(self._everyone)
        if selection.shard:
            companies = count(len(self._everyone), "company", "companies")
            outcome.notes.append(f"shard {selection.shard}: {len(self.ids):,} of {companies}")

    def _tell_of_due(self, workspace: Workspace) -> None:
        due = [run.run_id for run in workspace.runs()[0] if run.due <= self._world.now]
        if due:
            self.outcome.notes.append(
                f"a real run would first delete for good what these earlier runs removed: {few(due)}"
            )

    def _holds(self) -> Mapping[str, str]:
        """Return the companies that other work holds (a rotation that waits for its QR code), each with the way on."""
        holds = self._world.holds(self._workspace, self._world.again)
        self.outcome.warnings += holds.unreadable
        self.outcome.warnings += [text for company_id, text in holds.open.items() if not self._store.has(company_id)]
        return holds.open
