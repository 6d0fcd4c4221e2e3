"""One look of the monitor: see every company, clean what is critical, tell whom it concerns, remember.

A cleanup comes before any message, so that no service can hold it up. Nothing here ends the watch: what goes wrong
is in the result, and the next look tries again.
"""

from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack

from baileys_cleanup.cleaning.look import Terms
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.decision.levels import Level
from baileys_cleanup.errors import CleanupError, Refused
from baileys_cleanup.output.text import shown
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.recording import open_to_record
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.store import Store
from baileys_cleanup.watch.emergency import clean_critical
from baileys_cleanup.watch.notify import Notifier
from baileys_cleanup.watch.response import Response
from baileys_cleanup.watch.result import Depth, LookResult
from baileys_cleanup.watch.see.all import Facts, beside, terms_of
from baileys_cleanup.watch.see.company import Unreadable, View, view_all, view_one

Publish = Callable[[Facts], object]
"""Hears what a look has seen so far, for whoever wants to see it before the look is over."""
_SECONDS = 1.0
"""Between two of these."""


def look(
    settings: Settings,
    selection: Selection,
    world: World,
    response: Response,
    depth: Depth,
    *,
    publish: Publish | None = None,
) -> LookResult:
    """Look once at the selected companies; `publish` hears of what was seen before anything is done about it.

    Where nothing can be noted the look goes on, and says so. Raises UsageProblem when the root or the tool's own folder
    cannot be used.
    """
    response = response._replace(shard=selection.shard)
    with open_store(settings.place, settings.exclude) as store, ExitStack() as stack:
        workspace, _ = open_to_record(stack, store)
        result = begin(store, world)
        ids, doubts = selection.pick(store)
        result.warnings += doubts
        terms = terms_of(settings, world, workspace)
        seeing = view_all(store, settings, ids, terms, detail=depth > Depth.LEVELS)
        facts = beside(store, workspace, ids, world, selection) if publish else None
        found = list(_told_of(seeing, facts, len(ids), world, publish))
        before = [each for each in found if isinstance(each, View)]
        if settings.monitor.emergency_cleanup and not world.stopping():
            found = _respond(store, settings, found, result, terms, world=world, response=response)
            left = {each.company_id for each in found}
            before = [view for view in before if view.company_id in left]
        notifier = Notifier(settings, world, response, result)
        if world.stopping():
            notifier.keep(workspace, before)
            return result
        result.found = tuple(found)
        # An empty root is more likely an unmounted disk than the end of all companies: then nothing is forgotten.
        there = None if not (selection.is_all and ids) else [each.company_id for each in found]
        notifier.tell(workspace, before, there)
        if depth is Depth.FACTS:
            seen = [each.company_id for each in found]
            facts = beside(store, workspace, seen, world, selection)
            result.facts = facts._replace(seen=tuple(found))
    return result


def begin(store: Store, world: World) -> LookResult:
    """Return the result of a look that has just begun."""
    return LookResult(world.now, store.path, passed_over=store.passed_over())


def _told_of(
    seeing: Iterable[View | Unreadable], facts: Facts | None, expected: int, world: World, publish: Publish | None
) -> Iterable[View | Unreadable]:
    """Pass on what is seen; tell of it at once, every second, and when all is seen."""
    if facts is None or publish is None:
        yield from seeing
        return
    found: list[View | Unreadable] = []
    publish(facts._replace(waiting=expected))
    last = world.stopwatch()
    for each in seeing:
        found.append(each)
        yield each
        if world.stopwatch() - last >= _SECONDS:
            last = world.stopwatch()
            publish(facts._replace(seen=tuple(found), waiting=expected - len(found)))
    if not world.stopping():
        publish(facts._replace(seen=tuple(found)))


def _respond(
    store: Store,
    settings: Settings,
    found: list[View | Unreadable],
    result: LookResult,
    terms: Terms,
    *,
    world: World,
    response: Response,
) -> list[View | Unreadable]:
    """Clean what is critical, rotate what stays so where that is due; return what is seen then."""
    critical = [each.company_id for each in found if isinstance(each, View) and each.level is Level.CRITICAL]
    if not critical:
        return found
    terms = terms._replace(wait=lambda: None)  # each had its second look
    emergencies = clean_critical(store, settings, critical, world, response.clean_one, shard=response.shard)
    result.emergencies = emergencies
    cleaned = {name for name, cleanup in emergencies.items() if cleanup.files}
    found = _again(store, settings, found, cleaned, terms)
    rotated = _rotate(found, result, response, world)
    found = _again(store, settings, found, rotated, terms)
    left = {each.company_id for each in found}
    result.emergencies = {name: cleanup for name, cleanup in emergencies.items() if name in left}
    return found


def _again(
    store: Store, settings: Settings, found: Iterable[View | Unreadable], changed: Collection[str], terms: Terms
) -> list[View | Unreadable]:
    """Look again at the companies that were changed, and leave out those that are gone by now."""
    again = (
        view_one(store, settings, each.company_id, terms) if each.company_id in changed else each for each in found
    )
    return [each for each in again if store.has(each.company_id)]


def _rotate(found: Iterable[View | Unreadable], result: LookResult, response: Response, world: World) -> set[str]:
    """Rotate what an emergency cleanup did not help, where that is due; return the companies."""
    rotated: set[str] = set()
    for each in found:
        cleanup = result.emergencies.get(each.company_id)
        if cleanup is None or cleanup.later or isinstance(each, Unreadable) or world.stopping():
            continue
        try:
            cleanup.rotation, cleanup.not_rotated = response.rotate(each.company_id, each.counted)
        except CleanupError as problem:
            cleanup.unrotated = str(problem)
            cleanup.refused |= isinstance(problem, Refused)
            result.problems.append(f"company {shown(each.company_id)}: a rotation could not be done: {problem}")
        if cleanup.rotation or cleanup.unrotated:
            rotated.add(each.company_id)
    return rotated
