"""Cleans a company while its bot stands still: stops it before, and starts it again whatever happens."""

from collections.abc import Callable
from typing import NamedTuple

from baileys_cleanup.cleaning.company import clean_company
from baileys_cleanup.cleaning.hooks import Hook, hook_of, run_hook, why_missing
from baileys_cleanup.cleaning.look import Terms, look_and_plan
from baileys_cleanup.decision.outcome import CompanyOutcome, CompanyStatus, Problem, Reasons
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.errors import CompanyProblem, HookFailed
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.remover import Remover
from baileys_cleanup.store.store import Store


class Standstill(NamedTuple):
    """How bots are stopped and started; `hear` gets what a hook says: its setting and a line."""

    settings: Settings
    hear: Callable[[str, str], object]

    def clean(
        self, store: Store, company_id: str, policy: Policy, terms: Terms, remover: Remover, *, detail: Reasons
    ) -> CompanyOutcome:
        """Clean one company with its bot stopped; a company from which nothing would go is not disturbed.

        Where the bot cannot be stopped the company is left alone. Once it was stopped it is started again, also
        after an error or a signal; when that fails the company is `failed`, and told first.
        """
        if terms.held or terms.stopping() or not _removes_something(store, company_id, policy, terms):
            return clean_company(store, company_id, policy, terms, remover, detail=detail)
        try:
            for name in ("start_command", "stop_command"):  # never stop what cannot be started again
                self._check(name, store, company_id)
            self._call("stop_command", store, company_id)
        except HookFailed as problem:
            sentence = f"left alone, because its bot could not be stopped: {problem}"
            return CompanyOutcome(company_id, CompanyStatus.FAILED, errors=[Problem(None, sentence)])
        trouble: str | None = None
        try:
            outcome = clean_company(store, company_id, policy, terms, remover, detail=detail)
        finally:
            trouble = self._start_again(store, company_id)
        if trouble is not None:
            outcome.status = CompanyStatus.FAILED
            outcome.errors.insert(0, Problem(None, trouble))
        return outcome

    def _start_again(self, store: Store, company_id: str) -> str | None:
        """Start the bot; return in words what is so when that failed."""
        try:
            self._call("start_command", store, company_id)
        except HookFailed as problem:
            sentence = f"ITS BOT IS NOT RUNNING, start it by hand: {problem}"
            self.hear("rotate.start_command", sentence)
            return sentence
        return None

    def _check(self, name: str, store: Store, company_id: str) -> None:
        problem = why_missing(self._hook(name, store, company_id))
        if problem:
            raise HookFailed(problem)

    def _call(self, name: str, store: Store, company_id: str) -> None:
        hook = self._hook(name, store, company_id)
        run_hook(hook, lambda line: self.hear(hook.name, line))

    def _hook(self, name: str, store: Store, company_id: str) -> Hook:
        hook = hook_of(self.settings, name, company_id, store.place_of(company_id))
        assert hook is not None, "the settings were checked: both commands are there"
        return hook


def _removes_something(store: Store, company_id: str, policy: Policy, terms: Terms) -> bool:
    """Tell whether a cleaning would remove anything; where that cannot be told, the cleaning itself says why."""
    try:
        with store.company(company_id) as company:
            planned = len(look_and_plan(company, policy, terms).plan.removals)
    except (CompanyProblem, OSError):
        return False
    return planned > 0 and (terms.max_removals is None or planned <= terms.max_removals)
