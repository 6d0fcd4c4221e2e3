"""One look of the monitor: see every company, clean what is critical, tell whom it concerns, remember.

A cleanup comes before any message, so that no service can hold it up. Nothing here ends the watch: what goes wrong
is in the report, and the next look tries again.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from baileys_cleanup.cleaning.company import Terms, clean_company
from baileys_cleanup.cleaning.world import CleanOne, World
from baileys_cleanup.decision.levels import Level
from baileys_cleanup.errors import CleanupError, LockHeld, Refused, UsageProblem, in_words
from baileys_cleanup.output.text import few, shown
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.store import MONITOR_LOCK, Store, Workspace
from baileys_cleanup.watch.emergency import Relief, relieve
from baileys_cleanup.watch.remember.alerts_sent import Company, read_memory, still, write_memory
from baileys_cleanup.watch.see.all import Facts, beside, terms_of
from baileys_cleanup.watch.see.company import Blind, View, view_all, view_one
from baileys_cleanup.watch.tell.alerts import HOUR, Alert, Deed, body, due, remembered, title, unheard_of
from baileys_cleanup.watch.tell.apprise_services import Service

_PATIENCE = 60
"""Seconds to wait for another monitor that is telling, where something was done that it does not know of."""
_LAST_PATIENCE = 2
"""The same for a process that was told to stop."""
_MOST_DEEDS = 20
"""What is remembered for a service that cannot be reached: the last ones. The audit log has all."""


class Teller(NamedTuple):
    """What a look needs to tell of companies: the services, and the name of this machine.

    `clean_one` cleans each company in an emergency cleanup. `rotate` gets a company that stayed full after that, with
    its count, and says what it did; None where nothing was due.
    """

    services: Sequence[Service]
    host: str
    clean_one: CleanOne = clean_company
    rotate: Callable[[str, int], str | None] = lambda _company_id, _counted: None


class Message(NamedTuple):
    """An alert that was due, its texts, and what kept it from being delivered, by the number of the service."""

    alert: Alert
    title: str
    body: str
    failures: Mapping[int, str]


class Depth(IntEnum):
    """How closely a look looks: names for the levels; the files themselves; and what stands beside the companies."""

    LEVELS = 1
    FILES = 2
    FACTS = 3


@dataclass(slots=True)
class Seen:
    """What one look saw and did. `looked` is when, in nanoseconds since the epoch.

    `found` is empty when it was stopped before all was seen, and `facts` is None unless somebody wanted them.
    `trends` are files more (or fewer) than at the look before, by company. `problems` are what went wrong and makes
    the look a failure; `warnings` do not.
    """

    looked: int
    sessions_root: str
    found: tuple[View | Blind, ...] = ()
    facts: Facts | None = None
    trends: dict[str, int] = field(default_factory=dict)
    reliefs: dict[str, Relief] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def views(self) -> list[View]:
        """The companies that were seen, the fullest first."""
        views = (each for each in self.found if isinstance(each, View))
        return sorted(views, key=lambda view: (-view.counted, view.company_id))

    @property
    def blind(self) -> list[Blind]:
        """The companies that could not be looked at."""
        return [each for each in self.found if isinstance(each, Blind)]

    @property
    def exit_status(self) -> int:
        """The exit status of one look: 4 when a guard refused, 1 when a company, an alert or a cleanup failed.

        A cleanup that was postponed is no failure: another run is at work there.
        """
        if any(relief.refused for relief in self.reliefs.values()):
            return Refused.status
        lost = any(message.failures for message in self.messages)
        failed = any(relief.problem and not relief.later for relief in self.reliefs.values())
        return int(bool(self.blind or lost or failed or self.problems))


def look(settings: Settings, wanted: Sequence[str], world: World, teller: Teller, depth: Depth) -> Seen:
    """Look once at the wanted companies, or all.

    Raises UsageProblem when the root or the tool's own folder cannot be used.
    """
    with open_store(settings.sessions_root) as store, store.workspace(create=True) as workspace:
        seen = Seen(world.now, store.path)
        ids = store.select(wanted) or store.company_ids()[0]
        if not ids:
            seen.warnings.append(f"{store.path} holds no company_<id> folder: is the right disk mounted?")
        terms = terms_of(settings, world)
        found = list(view_all(store, settings, ids, terms, detail=depth > Depth.LEVELS))
        before = [each for each in found if isinstance(each, View)]
        critical = [view.company_id for view in before if view.level is Level.CRITICAL]
        if critical and settings.monitor.emergency_cleanup and not world.stopping():
            seen.reliefs = relieve(store, settings, critical, world, teller.clean_one)
            cleaned = {name for name, relief in seen.reliefs.items() if relief.files}
            found = _again(store, settings, found, cleaned, terms)
            rotated = _rotate(found, seen, teller, world)
            found = _again(store, settings, found, rotated, terms)
            left = {each.company_id for each in found}
            before = [view for view in before if view.company_id in left]
            seen.reliefs = {name: relief for name, relief in seen.reliefs.items() if name in left}
        if workspace is None:
            return seen
        post = _Post(settings, world, teller, seen)
        if world.stopping():
            post.keep(workspace, before)
            return seen
        seen.found = tuple(found)
        # An empty root is more likely an unmounted disk than the end of all companies: then nothing is forgotten.
        there = None if wanted or not ids else [each.company_id for each in found]
        post.tell(workspace, before, there)
        if depth is Depth.FACTS:
            seen.facts = beside(store, workspace, seen.found, world.now)
    return seen


def _again(
    store: Store, settings: Settings, found: Iterable[View | Blind], changed: Collection[str], terms: Terms
) -> list[View | Blind]:
    """Look again at the companies that were changed, and leave out those that are gone by now."""
    again = (
        view_one(store, each.company_id, settings.policy_for(each.company_id), terms)
        if each.company_id in changed
        else each
        for each in found
    )
    return [each for each in again if store.has(each.company_id)]


def _rotate(found: Iterable[View | Blind], seen: Seen, teller: Teller, world: World) -> set[str]:
    """Rotate what an emergency cleanup did not help, where that is due; return the companies."""
    rotated: set[str] = set()
    for each in found:
        relief = seen.reliefs.get(each.company_id)
        if relief is None or relief.later or isinstance(each, Blind) or world.stopping():
            continue
        try:
            relief.rotation = teller.rotate(each.company_id, each.counted)
        except CleanupError as problem:
            relief.unrotated = str(problem)
            relief.refused |= isinstance(problem, Refused)
            seen.problems.append(f"company {shown(each.company_id)}: a rotation could not be done: {problem}")
        if relief.rotation or relief.unrotated:
            rotated.add(each.company_id)
    return rotated


class _Post:
    """Sends the alerts of one look. A service that failed once is not tried again before the next look."""

    def __init__(self, settings: Settings, world: World, teller: Teller, seen: Seen) -> None:
        self._settings = settings
        self._world = world
        self._teller = teller
        self._seen = seen
        self._failed: dict[str, str] = {}

    def tell(self, workspace: Workspace, before: Sequence[View], there: Sequence[str] | None) -> None:
        """Send what is due about the companies as they were before, and remember it with their present counts.

        `there` are the companies that exist; None where that was not looked at.
        """
        seen = self._seen
        present = {view.company_id: view for view in seen.views}

        def renewed(memory: dict[str, Company]) -> dict[str, Company]:
            seen.trends = {
                name: view.counted - memory[name].counted for name, view in present.items() if name in memory
            }
            told = {
                view.company_id: self._send(view, present.get(view.company_id, view), memory.get(view.company_id))
                for view in before
            }
            return memory | told if there is None else still(memory | told, there)

        self._remember(workspace, renewed)

    def keep(self, workspace: Workspace, before: Sequence[View]) -> None:
        """Remember what was done without telling of it: the next look does."""
        done = [view for view in before if self._deeds(view.company_id)]

        def renewed(memory: dict[str, Company]) -> dict[str, Company]:
            for view in done:
                old = memory.get(view.company_id, Company(view.counted))
                memory[view.company_id] = old._replace(deeds=(*old.deeds, *self._deeds(view.company_id)))
            return memory

        if done:
            self._remember(workspace, renewed)

    def _remember(self, workspace: Workspace, renewed: Callable[[dict[str, Company]], dict[str, Company]]) -> None:
        seen = self._seen
        try:
            with ExitStack() as stack:
                self._hold(stack, workspace)
                memory, damage = read_memory(workspace)
                seen.warnings += [damage] if damage else []
                write_memory(workspace, renewed(memory))
        except LockHeld:
            seen.warnings.append("another monitor tells of these companies at this moment; that was left to it")
            done = [name for name in seen.reliefs if self._deeds(name)]
            if done:
                seen.problems.append(f"no alert tells what was done about {few(done)}: another monitor is at work")
        except UsageProblem as problem:
            seen.problems.append(str(problem))
        except OSError as error:
            seen.problems.append(f"what was told cannot be remembered in {workspace.path}: {in_words(error)}")

    def _hold(self, stack: ExitStack, workspace: Workspace) -> None:
        """Hold the lock; where something was done that the other monitor does not know of, wait for it."""
        waits = 0
        while True:
            try:
                stack.enter_context(workspace.hold(MONITOR_LOCK))
            except LockHeld:
                patience = _LAST_PATIENCE if self._world.stopping() else _PATIENCE
                if waits >= patience or not any(map(self._deeds, self._seen.reliefs)):
                    raise
            else:
                return
            self._world.wait()
            waits += 1

    def _deeds(self, company_id: str) -> tuple[Deed, ...]:
        """Return what was done about a company in this look, of which no service has heard."""
        relief = self._seen.reliefs.get(company_id)
        services = tuple(service.fingerprint for service in self._teller.services)
        return (Deed("; ".join(relief.deeds), services),) if relief and relief.deeds else ()

    def _send(self, view: View, present: View, old: Company | None) -> Company:
        told, earlier = (old.told, old.deeds) if old else (None, ())
        deeds = (*earlier, *self._deeds(view.company_id))[-_MOST_DEEDS:]
        now, repeat = self._world.now, self._settings.alerts.repeat_hours * HOUR
        alert = due(view, told, self._settings.levels, repeat, now, deeds=deeds)
        if alert is None:
            return Company(present.counted, told)
        relief = self._seen.reliefs.get(view.company_id)
        off = "the emergency cleanup is switched off" if view.level is Level.CRITICAL else None
        done = relief.in_words() if relief else off
        place = f"{self._seen.sessions_root} on {self._teller.host}"

        def text(service: str | None) -> str:
            return body(alert, present, done, place, [deed.text for deed in earlier if service in deed.owed])

        failures, missed = self._deliver(alert, title(alert), text)
        self._seen.messages.append(Message(alert, title(alert), text(None), failures))
        return Company(present.counted, remembered(alert, told, missed, now), unheard_of(deeds, missed))

    def _deliver(
        self, alert: Alert, subject: str, text: Callable[[str], str]
    ) -> tuple[dict[int, str], tuple[str, ...]]:
        failures: dict[int, str] = {}
        missed: list[str] = []
        for number, service in enumerate(self._teller.services, 1):
            name = service.fingerprint
            if alert.to is not None and name not in alert.to:
                continue
            if name not in self._failed:
                problem = service.deliver(alert.kind, subject, text(name), self._world.stopping)
                if problem is None:
                    continue
                self._failed[name] = problem
            failures[number] = self._failed[name]
            missed.append(name)
        return failures, tuple(missed)
