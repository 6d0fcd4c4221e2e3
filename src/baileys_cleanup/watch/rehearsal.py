"""A look that touches nothing: what the monitor would do and send at this moment."""

from typing import NamedTuple

from baileys_cleanup.cleaning.world import World
from baileys_cleanup.decision.levels import Level
from baileys_cleanup.output.text import count
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.store import Store
from baileys_cleanup.watch.emergency import lowered, takes
from baileys_cleanup.watch.look import begin
from baileys_cleanup.watch.notify import Notifier
from baileys_cleanup.watch.remember.alerts_sent import read_memory
from baileys_cleanup.watch.response import Response
from baileys_cleanup.watch.result import LookResult
from baileys_cleanup.watch.see.all import terms_of
from baileys_cleanup.watch.see.company import View, view_all
from baileys_cleanup.watch.tell.messages import Message


class Rehearsal(NamedTuple):
    """What a look would do, by company, and send, by the number of the service; None where that hears nothing."""

    result: LookResult
    plans: dict[str, str]
    messages: list[Message | None]


def rehearse(settings: Settings, selection: Selection, world: World, response: Response) -> Rehearsal:
    """Look at the selected companies, and say what a look would do. No file, no date and no memory changes.

    Raises UsageProblem when the root or the tool's own folder cannot be used.
    """
    with open_store(settings.place, settings.exclude) as store, store.workspace(create=False) as workspace:
        result = begin(store, world)
        ids, doubts = selection.pick(store)
        result.warnings += doubts
        result.found = tuple(view_all(store, settings, ids, terms_of(settings, world, workspace), detail=True))
        plans = {view.company_id: _plan(store, settings, view, world) for view in result.views}
        memory, damage = read_memory(workspace)
        result.warnings += [damage] if damage else []
        notifier = Notifier(settings, world, response, result)
        dues = list(notifier.due(result.views, memory).values())
        return Rehearsal(result, {name: plan for name, plan in plans.items() if plan}, notifier.messages(dues))


def _plan(store: Store, settings: Settings, view: View, world: World) -> str:
    """Return in words what would be done about a company, nothing where nothing would."""
    if view.level is not Level.CRITICAL:
        return ""
    if not settings.monitor.emergency_cleanup:
        return "the emergency cleanup is switched off"
    ordinary = takes(store, settings, view.company_id, world)
    floor = takes(store, lowered(settings, [view.company_id]), view.company_id, world)
    if not floor:
        return "no emergency cleanup: no rule takes any of its files"
    more = floor - ordinary
    lowest = settings.policy_for(view.company_id).min_pre_keys
    if not ordinary:
        return f"an emergency cleanup would remove {count(more, 'pre-key')}, down to {lowest}"
    plan = f"an emergency cleanup would remove {count(ordinary, 'file')}"
    return f"{plan}, and {more:,} more, with pre-keys down to {lowest}, if that leaves it critical" if more else plan
