"""A backup run: lock, then one company after the other."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from baileys_cleanup.backups.made import BackedUp, Status
from baileys_cleanup.backups.make import BackupMaker
from baileys_cleanup.backups.places.open import open_place
from baileys_cleanup.backups.places.place import DryRunPlace, Place
from baileys_cleanup.backups.record import BackupRecords, ReadOnlyRecords
from baileys_cleanup.decision.shards import Shard
from baileys_cleanup.errors import CleanupError, CompanyProblem, LockHeld, NotWritable, UsageProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.recording import open_to_record
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.snapshots import Clock
from baileys_cleanup.store.store import BACKUP_LOCK, Store, Workspace, backup_of
from baileys_cleanup.store.waiting import hold_among_others


def back_up_all(
    settings: Settings,
    selection: Selection,
    clock: Clock,
    stopping: Callable[[], bool],
    *,
    rehearse: bool,
    again: str = "",
    warn: Callable[[str], object] = lambda _: None,
) -> Iterator[BackedUp]:
    """Back up the selected companies, and give each outcome as it comes; ends early when told to stop.

    A rehearsal makes every archive and reads it back, and keeps none. `again` are the options that lead a later command
    to the same sessions root and place; `warn` hears where nothing can be recorded: archives are made all the same.
    Raises UsageProblem or LockHeld before anything is written.
    """
    with ExitStack() as stack:
        store = stack.enter_context(open_store(settings.place, settings.exclude))
        ids = selection.ids(store, store.company_ids()[0])
        place = stack.enter_context(open_place(place_of(settings), store.contains))
        if rehearse:
            workspace = stack.enter_context(store.workspace(create=False))
            maker = BackupMaker(
                store.snapshots(),
                DryRunPlace(place),
                settings.backup,
                ReadOnlyRecords(workspace.records() if workspace else None),
                clock,
                again=again,
            )
        else:
            workspace, records = _records(stack, store, warn, shared=selection.shard is not None)
            few = bool(selection.wanted)
            maker = BackupMaker(store.snapshots(), place, settings.backup, records, clock, again=again, few=few)
        back_up = maker.back_up if rehearse or workspace is None else one_backup_each(maker, workspace, selection.shard)
        for company_id in ids:
            if stopping():
                return
            yield back_up(company_id)


def one_backup_each(maker: BackupMaker, workspace: Workspace, shard: Shard | None) -> Callable[[str], BackedUp]:
    """Return what backs up a company while nobody else does; without a shard the lock of the backup is enough."""
    if shard is None:
        return maker.back_up

    def back_up(company_id: str) -> BackedUp:
        with ExitStack() as stack:
            try:
                stack.enter_context(hold_among_others(lambda: workspace.hold(backup_of(company_id))))
            except LockHeld:
                return BackedUp(company_id, Status.FAILED, errors=["another backup of it is being made; left alone"])
            except CompanyProblem as problem:
                return BackedUp(company_id, Status.FAILED, errors=[str(problem)])
            return maker.back_up(company_id)

    return back_up


def _records(
    stack: ExitStack, store: Store, warn: Callable[[str], object], *, shared: bool
) -> tuple[Workspace | None, BackupRecords]:
    """Take the lock and open the records; where neither can be written, as on a snapshot, they are only read."""
    workspace, why = open_to_record(stack, store)
    try:
        if workspace is not None:
            stack.enter_context(workspace.hold(BACKUP_LOCK, shared=shared))
            return workspace, BackupRecords(workspace.records())
    except NotWritable as problem:
        why = why or problem
    warn(f"this backup takes no lock and is not recorded, so no check or metric will know of it: {why}")
    return None, ReadOnlyRecords(workspace.records() if workspace else None)


@contextmanager
def maker_for_clean(
    settings: Settings, store: Store, workspace: Workspace, clock: Clock, *, again: str, shard: Shard | None
) -> Iterator[Callable[[str], BackedUp]]:
    """Give what makes the archive before a cleaning. Raises UsageProblem, LockHeld while a backup is at work."""
    with (
        open_place(place_of(settings), store.contains) as place,
        workspace.hold(BACKUP_LOCK, shared=shard is not None),
    ):
        records = BackupRecords(workspace.records())
        maker = BackupMaker(store.snapshots(), place, settings.backup, records, clock, again=again)
        yield one_backup_each(maker, workspace, shard)


def back_up_one(settings: Settings, company_id: str, clock: Clock, again: str = "") -> str:
    """Make an archive of one company, read it back, and return where it is. Raises CleanupError when none was made."""
    (made,) = back_up_all(settings, Selection([company_id]), clock, lambda: False, rehearse=False, again=again)
    if made.status not in {Status.BACKED_UP, Status.UNCHANGED}:
        raise CleanupError(f"no backup was made of company {shown(company_id)}: {'; '.join(made.errors + made.notes)}")
    return f"{place_of(settings).rstrip('/')}/{made.archive}"


def place_of(settings: Settings) -> str:
    """Return where archives go. Raises UsageProblem where nobody said."""
    if settings.backup.to is None:
        raise UsageProblem("nobody said where archives go: set backup.to, or give --to, a folder or s3://bucket/prefix")
    return settings.backup.to


@contextmanager
def looking(settings: Settings) -> Iterator[tuple[Place, BackupRecords]]:
    """Open the place to look at, and the facts where there is a sessions root: a new machine has none yet."""
    with ExitStack() as stack:
        place = stack.enter_context(open_place(place_of(settings)))
        workspace: Workspace | None = None
        try:
            store = stack.enter_context(open_store(settings.place, settings.exclude))
            workspace = stack.enter_context(store.workspace(create=False))
        except UsageProblem:
            pass  # archives can be read without it
        yield place, BackupRecords(workspace.records() if workspace else None)
