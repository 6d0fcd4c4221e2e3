"""A backup run: lock, then one company after the other."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from baileys_cleanup.backups.make import BackedUp, Keeper, Moment, Status
from baileys_cleanup.backups.places.open import open_store
from baileys_cleanup.backups.places.place import Rehearsal, Store
from baileys_cleanup.backups.record import Book, ClosedBook
from baileys_cleanup.errors import CleanupError, UsageProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.folder.folder_store import open_store as open_sessions
from baileys_cleanup.store.store import BACKUP_LOCK


def back_up_all(
    settings: Settings,
    wanted: Sequence[str],
    moment: Moment,
    stopping: Callable[[], bool],
    *,
    rehearse: bool,
    again: str = "",
) -> Iterator[BackedUp]:
    """Back up the wanted companies, or all, and give each outcome as it comes; ends early when told to stop.

    A rehearsal makes every archive and reads it back, and keeps none. `again` are the options that lead a later command
    to the same sessions root and store. Raises UsageProblem or LockHeld before anything is written.
    """
    with ExitStack() as stack:
        root = stack.enter_context(open_sessions(settings.sessions_root))
        ids = root.select(wanted) if wanted else root.company_ids()[0]
        store = stack.enter_context(open_store(place_of(settings), root))
        if rehearse:
            tool = stack.enter_context(root.workspace(create=False))
            keeper = Keeper(root, Rehearsal(store), settings.backup, ClosedBook(tool), moment, again=again)
        else:
            tool = stack.enter_context(root.workspace(create=True))
            assert tool is not None, "made a moment ago"
            stack.enter_context(tool.hold(BACKUP_LOCK))
            keeper = Keeper(root, store, settings.backup, Book(tool), moment, again=again)
        for company_id in ids:
            if stopping():
                return
            yield keeper.back_up(company_id)


@contextmanager
def keeper_for_clean(settings: Settings, root: Any, tool: Any, moment: Moment, again: str) -> Iterator[Keeper]:  # noqa: ANN401
    """Give what makes the archives before a cleaning. Raises UsageProblem, LockHeld while a backup is at work."""
    with open_store(place_of(settings), root) as store, tool.hold(BACKUP_LOCK):
        yield Keeper(root, store, settings.backup, Book(tool), moment, again=again)


def back_up_one(settings: Settings, company_id: str, moment: Moment, again: str = "") -> str:
    """Make an archive of one company, read it back, and return where it is. Raises CleanupError when none was made."""
    (made,) = back_up_all(settings, [company_id], moment, lambda: False, rehearse=False, again=again)
    if made.status is not Status.BACKED_UP:
        raise CleanupError(f"no backup was made of company {shown(company_id)}: {'; '.join(made.errors + made.notes)}")
    return f"{place_of(settings).rstrip('/')}/{made.archive}"


def place_of(settings: Settings) -> str:
    """Return where archives go. Raises UsageProblem where nobody said."""
    if settings.backup.to is None:
        raise UsageProblem("nobody said where archives go: set backup.to, or give --to, a folder or s3://bucket/prefix")
    return settings.backup.to


@contextmanager
def looking(settings: Settings) -> Iterator[tuple[Store, Book]]:
    """Open the store to look at, and the facts where there is a sessions root: a new machine has none yet."""
    with ExitStack() as stack:
        store = stack.enter_context(open_store(place_of(settings)))
        tool = None
        try:
            root = stack.enter_context(open_sessions(settings.sessions_root))
            tool = stack.enter_context(root.workspace(create=False))
        except UsageProblem:
            pass  # archives can be read without it
        yield store, Book(tool)
