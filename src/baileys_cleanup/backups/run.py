"""A backup run: lock, then one company after the other."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from baileys_cleanup.backups.make import BackedUp, BackupMaker, Status
from baileys_cleanup.backups.places.open import open_place
from baileys_cleanup.backups.places.place import DryRunPlace, Place
from baileys_cleanup.backups.record import BackupRecords, ReadOnlyRecords
from baileys_cleanup.errors import CleanupError, NotWritable, UsageProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.snapshots import Clock
from baileys_cleanup.store.store import BACKUP_LOCK, Store, Workspace


def back_up_all(
    settings: Settings,
    wanted: Sequence[str],
    clock: Clock,
    stopping: Callable[[], bool],
    *,
    rehearse: bool,
    again: str = "",
    warn: Callable[[str], object] = lambda _: None,
) -> Iterator[BackedUp]:
    """Back up the wanted companies, or all, and give each outcome as it comes; ends early when told to stop.

    A rehearsal makes every archive and reads it back, and keeps none. `again` are the options that lead a later command
    to the same sessions root and place; `warn` hears where nothing can be recorded: archives are made all the same.
    Raises UsageProblem or LockHeld before anything is written.
    """
    with ExitStack() as stack:
        store = stack.enter_context(open_store(settings.place, settings.exclude))
        ids = store.select(wanted) if wanted else store.company_ids()[0]
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
            records = _records(stack, store, warn)
            maker = BackupMaker(store.snapshots(), place, settings.backup, records, clock, again=again)
        for company_id in ids:
            if stopping():
                return
            yield maker.back_up(company_id)


def _records(stack: ExitStack, store: Store, warn: Callable[[str], object]) -> BackupRecords:
    """Take the lock and open the records; where neither can be written, as on a snapshot, they are only read."""
    try:
        workspace = stack.enter_context(store.workspace(create=True))
        assert workspace is not None, "made a moment ago"
        stack.enter_context(workspace.hold(BACKUP_LOCK))
        return BackupRecords(workspace.records())
    except NotWritable as problem:
        warn(f"this backup takes no lock and is not recorded, so no check or metric will know of it: {problem}")
        readable = stack.enter_context(store.workspace(create=False))
        return ReadOnlyRecords(readable.records() if readable else None)


@contextmanager
def maker_for_clean(
    settings: Settings, store: Store, workspace: Workspace, clock: Clock, again: str
) -> Iterator[BackupMaker]:
    """Give what makes the archives before a cleaning. Raises UsageProblem, LockHeld while a backup is at work."""
    with open_place(place_of(settings), store.contains) as place, workspace.hold(BACKUP_LOCK):
        yield BackupMaker(
            store.snapshots(), place, settings.backup, BackupRecords(workspace.records()), clock, again=again
        )


def back_up_one(settings: Settings, company_id: str, clock: Clock, again: str = "") -> str:
    """Make an archive of one company, read it back, and return where it is. Raises CleanupError when none was made."""
    (made,) = back_up_all(settings, [company_id], clock, lambda: False, rehearse=False, again=again)
    if made.status is not Status.BACKED_UP:
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
