"""The facts of one look: the companies, and what stands beside them in metrics and on the page."""

from collections.abc import Sequence
from typing import NamedTuple

from baileys_cleanup.backups.record import BackupRecord as Backups
from baileys_cleanup.backups.record import BackupRecords
from baileys_cleanup.cleaning.look import Terms
from baileys_cleanup.cleaning.undoable import undoable_runs
from baileys_cleanup.cleaning.waiting_keys import waiting_keys
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.decision.devices import Devices
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_to_look
from baileys_cleanup.store.passed_over import PassedOver
from baileys_cleanup.store.selection import ALL, Selection
from baileys_cleanup.store.store import Space, Store, Workspace
from baileys_cleanup.watch.remember.run_history import History, read_history
from baileys_cleanup.watch.see.company import Removable, Unreadable, View, view_all


class Facts(NamedTuple):
    """What one look found. `looked` is when, in nanoseconds since the epoch; `quarantine` is what lies there.

    `backups` are of the companies that were seen and ever had one made or tried. `undoable` are the runs that undo can
    take back. `waiting` is how many companies are not looked at yet. `again` are the options that lead a command to the
    same sessions store. `shard` is the part of the companies that these are, empty for all. `unread` tells, in words,
    what of the tool's own records could not be read: it is missing here.
    """

    looked: int
    sessions_root: str
    seen: tuple[View | Unreadable, ...]
    history: History
    quarantine: Removable
    space: Space | None
    backups: tuple[Backups, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    undoable: frozenset[str] = frozenset()
    waiting: int = 0
    again: str = ""
    shard: str = ""
    unread: tuple[str, ...] = ()

    @property
    def views(self) -> list[View]:
        """The companies that could be looked at, the fullest first."""
        views = (each for each in self.seen if isinstance(each, View))
        return sorted(views, key=lambda view: (-view.counted, view.company_id))

    @property
    def unreadable(self) -> list[Unreadable]:
        """The companies that could not be looked at."""
        return [each for each in self.seen if isinstance(each, Unreadable)]


def terms_of(settings: Settings, world: World, workspace: Workspace | None = None) -> Terms:
    """Return the terms of a look: those of a cleanup. Without a workspace nothing is known of earlier cleanups."""
    terms = Terms(world.now, settings.levels, settings.max_removals, world.wait, world.stopping, again=world.again)
    return terms._replace(waiting=waiting_keys(workspace), devices=Devices())


def gather(settings: Settings, selection: Selection, world: World) -> Facts:
    """Look at the selected companies in detail. Writes nothing.

    Raises UsageProblem when the root or the tool's own folder cannot be used.
    """
    with open_to_look(settings.place, settings.exclude) as store, store.workspace(create=False) as workspace:
        ids = selection.pick(store).ids
        seen = tuple(view_all(store, settings, ids, terms_of(settings, world, workspace), detail=True))
        return beside(store, workspace, ids, world, selection)._replace(seen=seen)


def beside(
    store: Store,
    workspace: Workspace | None,
    ids: Sequence[str],
    world: World,
    selection: Selection = ALL,
) -> Facts:
    """Return what stands beside companies, and of them that none is looked at yet.

    Of a `selection` by shard the quarantine counts alone, also that of companies that are gone.
    """
    runs = undoable_runs(workspace)[0] if workspace else []
    held = [each for run in runs for company_id, each in run.companies.items() if selection.takes(company_id)]
    quarantine = Removable(sum(each.files for each in held), sum(each.size for each in held))
    there = set(ids)
    records, unread = BackupRecords(workspace.records() if workspace else None).read_all()
    history, problem = read_history(workspace)
    return Facts(
        world.now,
        store.path,
        (),
        history,
        quarantine,
        store.space(),
        tuple(record for record in records if record.company_id in there),
        tuple(store.passed_over()),
        frozenset(each.run.run_id for each in runs),
        again=world.again,
        shard=str(selection.shard or ""),
        unread=(*([problem] if problem else []), *unread),
    )
