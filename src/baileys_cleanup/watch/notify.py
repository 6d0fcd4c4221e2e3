"""The alerts of one look: what is due, to whom, and what is remembered of it.

Each service gets one message a look: of one company, or a digest of several. One that fails is asked again at the next.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from baileys_cleanup.cleaning.world import World
from baileys_cleanup.decision.levels import Level
from baileys_cleanup.errors import LockHeld, NotWritable, UsageProblem, in_words
from baileys_cleanup.output.text import few
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.store import MONITOR_LOCK, Workspace
from baileys_cleanup.watch.remember.alerts_sent import Company, load_memory, still, write_memory
from baileys_cleanup.watch.response import Response
from baileys_cleanup.watch.result import LookResult, SentAlert
from baileys_cleanup.watch.see.company import View
from baileys_cleanup.watch.tell.alerts import HOUR, ActionTaken, Alert, LastAlert, due, remembered, unheard_of
from baileys_cleanup.watch.tell.apprise_services import Service
from baileys_cleanup.watch.tell.messages import Message, Place, Told, message, summary_of

_TIMEOUT = 60
"""Seconds to wait for another monitor that is telling, where something was done that it does not know of."""
_LAST_TIMEOUT = 2
"""The same for a process that was told to stop."""
_FORGETS = "what was told cannot be remembered, so the next look tells it again"
_MOST_ACTIONS = 20
"""What is remembered for a service that cannot be reached: the last ones. The audit log has all."""


class Due(NamedTuple):
    """An alert that is due: the company now, what was done in this look, and all that somebody has not heard of."""

    alert: Alert
    present: View
    done: str | None
    earlier: tuple[ActionTaken, ...]
    actions: tuple[ActionTaken, ...]

    def concerns(self, service: str) -> bool:
        """Tell whether a service is to hear of it."""
        return self.alert.to is None or service in self.alert.to

    def told(self, service: str | None) -> Told:
        """Return what a message to a service says of it."""
        return Told(self.alert, self.present, self.done, [each.text for each in self.earlier if service in each.owed])


class Notifier:
    """Tells of one look."""

    def __init__(self, settings: Settings, world: World, response: Response, result: LookResult) -> None:
        self._settings = settings
        self._world = world
        self._services = response.services
        self._shard = response.shard
        self._told = response.told
        self._result = result
        self._place = Place(result.sessions_root, response.host, world.again)

    def tell(self, workspace: Workspace | None, before: Sequence[View], there: Sequence[str] | None) -> None:
        """Send what is due about the companies as they were before, and remember it with their present counts.

        `there` are the companies that exist; None where that was not looked at.
        """

        def renewed(memory: dict[str, Company]) -> dict[str, Company]:
            dues = self.due(before, memory)
            failed = self._deliver(list(dues.values()))
            present = {view.company_id: view.counted for view in self._result.views}
            told = {}
            for view in before:
                name, old = view.company_id, memory.get(view.company_id)
                quiet = Company(present.get(name, view.counted), old and old.told)
                told[name] = self._remembered(dues[name], quiet.told, failed) if name in dues else quiet
            return memory | told if there is None else still(memory | told, there)

        self._remember(workspace, renewed)

    def keep(self, workspace: Workspace | None, before: Sequence[View]) -> None:
        """Remember what was done without telling of it: the next look does."""
        done = [view for view in before if self._actions(view.company_id)]

        def renewed(memory: dict[str, Company]) -> dict[str, Company]:
            for view in done:
                old = memory.get(view.company_id, Company(view.counted))
                memory[view.company_id] = old._replace(actions=(*old.actions, *self._actions(view.company_id)))
            return memory

        if done:
            self._remember(workspace, renewed)

    def due(self, before: Sequence[View], memory: dict[str, Company]) -> dict[str, Due]:
        """Return the alerts that are due, by company, and note the trends."""
        present = {view.company_id: view for view in self._result.views}
        self._result.trends = {
            name: view.counted - memory[name].counted for name, view in present.items() if name in memory
        }
        repeat = self._settings.alerts.repeat_hours * HOUR
        found: dict[str, Due] = {}
        for view in before:
            old = memory.get(view.company_id)
            earlier = old.actions if old else ()
            actions = (*earlier, *self._actions(view.company_id))[-_MOST_ACTIONS:]
            told = old.told.owed_to(self._fingerprints) if old and old.told else None
            alert = due(view, told, repeat, self._world.now, actions=actions)
            if alert is not None:
                now = present.get(view.company_id, view)
                found[view.company_id] = Due(alert, now, self._done(view), earlier, actions)
        return found

    def messages(self, dues: Sequence[Due]) -> list[Message | None]:
        """Return the message of each service, None where it is to hear nothing."""
        return [self._message(dues, service) for service in self._services]

    def _message(self, dues: Sequence[Due], service: Service) -> Message | None:
        told = [each.told(service.fingerprint) for each in dues if each.concerns(service.fingerprint)]
        return message(told, self._place, self._summary()) if told else None

    def _summary(self) -> str | None:
        """Return what the emergency cleanups of this look did, all in all."""
        cleaned = [cleanup for cleanup in self._result.emergencies.values() if cleanup.files]
        runs = sorted({run_id for cleanup in cleaned for run_id in cleanup.runs}, reverse=True)
        undo = [f"baileys-cleanup undo {run_id}{self._world.again}" for run_id in runs]
        known = undo if self._settings.undo_days else []
        return summary_of(sum(cleanup.files for cleanup in cleaned), len(cleaned), known)

    def _deliver(self, dues: Sequence[Due]) -> dict[str, str]:
        """Send each service its message; return what went wrong, by fingerprint, and note it in the result."""
        failed: dict[str, str] = {}
        numbers: dict[str, int] = {}
        for number, (service, text) in enumerate(zip(self._services, self.messages(dues), strict=True), 1):
            if text is None:
                continue
            problem = service.deliver(text.kind, text.title, text.body, self._world.stopping)
            if problem is not None:
                failed[service.fingerprint], numbers[service.fingerprint] = problem, number
                self._result.undelivered[number] = problem
        for each in dues:
            failures = {numbers[name]: problem for name, problem in failed.items() if each.concerns(name)}
            text = message([each.told(None)], self._place)
            self._result.alerts.append(SentAlert(each.alert, text.title, text.body, failures))
        return failed

    def _remembered(self, each: Due, told: LastAlert | None, failed: dict[str, str]) -> Company:
        missed = tuple(name for name in failed if each.concerns(name))
        last = remembered(each.alert, told, missed, self._world.now, each.present)
        last = last and last._replace(services=self._fingerprints)
        return Company(each.present.counted, last, unheard_of(each.actions, missed))

    def _done(self, view: View) -> str | None:
        """Return what was done about a company in this look, in words."""
        cleanup = self._result.emergencies.get(view.company_id)
        if cleanup is not None:
            return cleanup.in_words()
        return "the emergency cleanup is switched off" if view.level is Level.CRITICAL else None

    def _actions(self, company_id: str) -> tuple[ActionTaken, ...]:
        """Return what was done about a company in this look, of which no service has heard."""
        cleanup = self._result.emergencies.get(company_id)
        return (ActionTaken("; ".join(cleanup.actions), self._fingerprints),) if cleanup and cleanup.actions else ()

    @property
    def _fingerprints(self) -> tuple[str, ...]:
        return tuple(service.fingerprint for service in self._services)

    # --- the memory ---------------------------------------------------------------------------------------

    def _remember(
        self, workspace: Workspace | None, renewed: Callable[[dict[str, Company]], dict[str, Company]]
    ) -> None:
        result = self._result
        try:
            with ExitStack() as stack:
                unwritable = self._hold(stack, workspace)
                memory, damage, unread = _read(workspace)
                memory = renewed(dict(self._told or {}) if unread else memory)
                if self._told is not None:
                    self._told.clear()
                    self._told.update(memory)
                if workspace is None or unwritable or unread:
                    why = unwritable or "nothing can be made there"
                    result.problems.append(f"{_FORGETS}: {unread or f'{why}; set state_dir to a folder that takes it'}")
                    return
                result.warnings += [damage] if damage else []
                write_memory(workspace, memory)
        except LockHeld:
            others = "other companies at this moment; the next look tries again"
            same = "these companies at this moment; that was left to it"
            result.warnings.append(f"another monitor tells of {others if self._shard else same}")
            done = [name for name in result.emergencies if self._actions(name)]
            if done:
                result.problems.append(f"no alert tells what was done about {few(done)}: another monitor is at work")
        except UsageProblem as problem:
            result.problems.append(str(problem))
        except OSError as error:
            where = workspace.records().where() if workspace else "nowhere"
            result.problems.append(f"what was told cannot be remembered in {where}: {in_words(error)}")

    def _hold(self, stack: ExitStack, workspace: Workspace | None) -> NotWritable | None:
        """Hold the lock; wait for another monitor that does not know of these companies, or of what was done.

        Returns why nothing can be written there: then there is no lock, and nothing to be remembered.
        """
        waits = 0
        while workspace is not None:
            try:
                stack.enter_context(workspace.hold(MONITOR_LOCK))
            except NotWritable as problem:
                return problem
            except LockHeld:
                timeout = _LAST_TIMEOUT if self._world.stopping() else _TIMEOUT
                if waits >= timeout or not (self._shard or any(map(self._actions, self._result.emergencies))):
                    raise
            else:
                return None
            self._world.wait()
            waits += 1
        return None


def _read(workspace: Workspace | None) -> tuple[dict[str, Company], str | None, str | None]:
    """Return what was told, what is wrong with it, and why it cannot be read: it is told again rather than never."""
    try:
        return *load_memory(workspace), None
    except OSError as error:
        return {}, None, error.strerror
