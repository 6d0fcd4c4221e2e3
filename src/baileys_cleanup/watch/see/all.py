"""The facts of one look: the companies, and what stands beside them in metrics and on the page."""

from collections.abc import Iterable
from typing import NamedTuple

from baileys_cleanup.backups.record import Facts as Backups
from baileys_cleanup.backups.record import read_facts
from baileys_cleanup.cleaning.company import Terms
from baileys_cleanup.cleaning.undoable import undoable_runs
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.store import Space, Store, Workspace
from baileys_cleanup.watch.remember.run_history import History, read_history
from baileys_cleanup.watch.see.company import Blind, Removable, View, view_all


class Facts(NamedTuple):
    """What one look found. `looked` is when, in nanoseconds since the epoch; `quarantine` is what lies there.

    `backups` are of the companies that were seen and ever had one made or tried.
    """

    looked: int
    sessions_root: str
    seen: tuple[View | Blind, ...]
    history: History
    quarantine: Removable
    space: Space
    backups: tuple[Backups, ...] = ()


def terms_of(settings: Settings, world: World) -> Terms:
    """Return the terms of a look: those of a cleanup."""
    return Terms(world.now, settings.levels, settings.max_removals, world.wait, world.stopping)


def gather(settings: Settings, wanted: Iterable[str], world: World) -> Facts:
    """Look at the wanted companies, or all, in detail. Writes nothing.

    Raises UsageProblem when the root or the tool's own folder cannot be used.
    """
    with open_store(settings.sessions_root) as store, store.workspace(create=False) as workspace:
        ids = store.select(wanted) or store.company_ids()[0]
        seen = tuple(view_all(store, settings, ids, terms_of(settings, world), detail=True))
        return beside(store, workspace, seen, world.now)


def beside(store: Store, workspace: Workspace | None, seen: tuple[View | Blind, ...], now: int) -> Facts:
    """Return the facts of companies that were looked at already."""
    runs = undoable_runs(workspace)[0] if workspace else []
    quarantine = Removable(sum(run.files for run in runs), sum(run.size for run in runs))
    there = {each.company_id for each in seen}
    backups = tuple(facts for facts in read_facts(workspace) if facts.company_id in there) if workspace else ()
    return Facts(now, store.path, seen, read_history(workspace)[0], quarantine, store.space(), backups)
