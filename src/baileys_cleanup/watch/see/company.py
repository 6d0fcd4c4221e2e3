"""The view of companies: what one look tells of each, for check, monitor, metrics and page alike.

Counting and deciding are `company`'s: a view is what a cleanup would see at this moment.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from baileys_cleanup.cleaning.company import Sight, Terms, count_company, look_and_plan
from baileys_cleanup.decision.levels import Level, Levels
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import Rule
from baileys_cleanup.errors import CompanyProblem, in_words
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.store import Company, Store


class Removable(NamedTuple):
    """Files that a cleanup would take now, and their bytes."""

    files: int
    size: int


@dataclass(frozen=True, slots=True)
class Detail:
    """What only a look at the files themselves tells of a company.

    `size` is in bytes. `oldest` is when the oldest session was written (nanoseconds since the epoch), None where
    there is none; sessions of this account's own devices do not age and are left out. `creds_problem` says what is
    wrong with `creds.json`, None when nothing is.
    """

    kinds: Mapping[Kind, int]
    removable: Removable
    size: int
    oldest: int | None
    creds_problem: str | None


@dataclass(frozen=True, slots=True)
class View:
    """One company at the moment of a look; `counted` and `level` are as in a cleanup's summary."""

    company_id: str
    counted: int
    level: Level
    detail: Detail | None = None


class Blind(NamedTuple):
    """A company that could not be looked at, and why."""

    company_id: str
    problem: str


def view_all(
    store: Store, settings: Settings, ids: Iterable[str], terms: Terms, *, detail: bool
) -> Iterator[View | Blind]:
    """Look at companies, one after the other, until told to stop; one that disappeared meanwhile is left out.

    Without `detail` names are counted, and files are looked at only where the count hangs on them.
    """
    look = _detailed if detail else _counted
    for company_id in ids:
        if terms.stopping():
            return
        seen = _view(store, company_id, settings.policy_for(company_id), terms, look)
        if isinstance(seen, View) or store.has(company_id):
            yield seen


def view_one(store: Store, company_id: str, policy: Policy, terms: Terms) -> View | Blind:
    """Look at one company in detail, under a policy."""
    return _view(store, company_id, policy, terms, _detailed)


def _view(
    store: Store, company_id: str, policy: Policy, terms: Terms, look: Callable[[Company, Policy, Terms], View]
) -> View | Blind:
    try:
        with store.company(company_id) as company:
            return look(company, policy, terms)
    except CompanyProblem as problem:
        return Blind(company_id, str(problem))
    except OSError as error:
        return Blind(company_id, f"its folder cannot be read: {in_words(error)}")


def _counted(company: Company, policy: Policy, terms: Terms) -> View:
    counted = count_company(company, policy, terms)
    return View(company.id, counted, terms.levels.of(counted))


def _detailed(company: Company, policy: Policy, terms: Terms) -> View:
    return _summed(company.id, look_and_plan(company, policy, terms, sizes=True), terms.levels)


def _summed(company_id: str, sight: Sight, levels: Levels) -> View:
    files, plan = sight.look.files, sight.plan
    counted = len(files) - plan.advertised
    sessions = [
        verdict.file.modified
        for verdict in (*plan.removals, *plan.keeps)
        if verdict.file.kind is Kind.SESSION and verdict.rule is not Rule.OWN_SESSION
    ]
    detail = Detail(
        Counter(file.kind for file in files),
        Removable(len(plan.removals), sum(verdict.file.size for verdict in plan.removals)),
        sum(file.size for file in files),
        min((modified for modified in sessions if modified is not None), default=None),
        sight.creds_problem,
    )
    return View(company_id, counted, levels.of(counted), detail)
