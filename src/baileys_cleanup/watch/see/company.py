"""The view of companies: what one look tells of each, for check, monitor, metrics and page alike.

Counting, deciding and judging are a cleanup's: a view is what a cleanup would see at this moment.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from baileys_cleanup.cleaning.look import Sight, Terms, look_at_all, observe, plan_listed
from baileys_cleanup.cleaning.second_look import with_second_look
from baileys_cleanup.decision.judgement import Cause, Judgement, Observation, PairingState, judge
from baileys_cleanup.decision.levels import Level, Levels
from baileys_cleanup.decision.names import Kind, sorted_by_kind
from baileys_cleanup.decision.policy import DAY, Policy
from baileys_cleanup.decision.pre_keys import may_hold_batch
from baileys_cleanup.decision.verdict import Plan, Rule
from baileys_cleanup.errors import CompanyProblem, in_words
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.company import Company, Look
from baileys_cleanup.store.store import Store


class Removable(NamedTuple):
    """Files that a cleanup would take now, and their bytes."""

    files: int
    size: int


@dataclass(frozen=True, slots=True)
class Detail:
    """What only a look at the files themselves tells of a company.

    `size` is in bytes. `oldest` is when the oldest session was written (nanoseconds since the epoch), None where
    there is none; sessions of this account's own devices do not age and are left out. `newest` is when anything was
    last written, None for an empty folder.
    """

    kinds: Mapping[Kind, int]
    removable: Removable
    size: int
    oldest: int | None
    newest: int | None = None


@dataclass(frozen=True, slots=True)
class View:
    """One company at the moment of a look; `counted`, `level` and `judgement` are as in a cleanup's summary."""

    company_id: str
    counted: int
    level: Level
    detail: Detail | None = None
    pairing: PairingState = PairingState.PAIRED
    judgement: Judgement = field(default_factory=Judgement)

    @property
    def silent(self) -> bool:
        """Tell whether nobody has written here for long."""
        return self._is_told_of(Cause.SILENT)

    @property
    def same_device(self) -> bool:
        """Tell whether another company has the same device."""
        return self._is_told_of(Cause.SAME_DEVICE)

    def _is_told_of(self, cause: Cause) -> bool:
        return any(finding.cause is cause for finding in self.judgement.findings)


class Unreadable(NamedTuple):
    """A company that could not be looked at, and why."""

    company_id: str
    problem: str


def view_all(
    store: Store, settings: Settings, ids: Sequence[str], terms: Terms, *, detail: bool
) -> Iterator[View | Unreadable]:
    """Look at companies, one after the other, until told to stop; one that disappeared meanwhile is left out.

    Without `detail` files are looked at only where the judgement hangs on them.
    """

    def look(company_id: str, wait: Callable[[], object]) -> View | Unreadable | None:
        if terms.stopping():
            return None
        seen = view_one(store, settings, company_id, terms._replace(wait=wait), detail=detail)
        return seen if isinstance(seen, View) or store.has(company_id) else None

    store.expect(ids)
    return filter(None, with_second_look(ids, look, terms.wait))


def view_one(
    store: Store, settings: Settings, company_id: str, terms: Terms, *, detail: bool = True
) -> View | Unreadable:
    """Look at one company, under its own policy and levels."""
    terms = terms._replace(levels=settings.levels_for(company_id))
    policy = settings.policy_for(company_id)
    try:
        with store.company(company_id, anywhere=True) as company:
            look = _thorough if detail else _quick
            return look(company, policy, terms, settings.monitor.silent_days)
    except CompanyProblem as problem:
        return Unreadable(company_id, str(problem))
    except OSError as error:
        return Unreadable(company_id, f"its folder cannot be read: {in_words(error)}")


def _quick(company: Company, policy: Policy, terms: Terms, silent_after: int) -> View:
    """Count names, and plan only where the count or the advice hangs on it."""
    listing, account = company.names(), company.account(terms.wait)
    kinds = {kind: len(names) for kind, names in sorted_by_kind(listing.names).items()}
    counted = terms.levels.count(kinds, 0)
    if terms.levels.alarms(counted) or may_hold_batch(kinds.get(Kind.PRE_KEY, 0), policy):
        observed = _observed(company, plan_listed(company, listing, account, policy, terms), terms.levels)
    else:
        unplanned = Sight(kinds, listing.strangers, Look([], [], {}), Plan([], []), account)
        observed = observe(company, unplanned, kinds=kinds, counted=counted, removable=None)
    return _view(observed._replace(shared=terms.met(company.id, account)), terms.levels, silent_after)


def _thorough(company: Company, policy: Policy, terms: Terms, silent_after: int) -> View:
    """Look at every file."""
    sight = look_at_all(company, policy, terms, sizes=True)
    files, plan = sight.look.files, sight.plan
    sessions = [
        verdict.file.modified
        for verdict in (*plan.removals, *plan.keeps)
        if verdict.file.kind is Kind.SESSION and verdict.rule is not Rule.OWN_SESSION
    ]
    newest = max((file.modified for file in files if file.modified is not None), default=None)
    observed = _observed(company, sight, terms.levels)._replace(shared=terms.met(company.id, sight.account))
    if newest is not None:
        observed = observed._replace(silent_days=max(terms.now - newest, 0) // DAY)
    detail = Detail(
        observed.kinds,
        Removable(len(plan.removals), sum(verdict.file.size for verdict in plan.removals)),
        sum(file.size for file in files),
        min((modified for modified in sessions if modified is not None), default=None),
        newest,
    )
    return _view(observed, terms.levels, silent_after, detail)


def _observed(company: Company, sight: Sight, levels: Levels) -> Observation:
    kinds = sight.left
    removable = Counter(verdict.file.kind for verdict in sight.plan.removals)
    counted = levels.count(kinds, sight.plan.advertised)
    return observe(company, sight, kinds=kinds, counted=counted, removable=removable)


def _view(observed: Observation, levels: Levels, silent_after: int, detail: Detail | None = None) -> View:
    level = levels.of(observed.counted)
    judgement = judge(observed, levels, silent_after)
    return View(observed.company_id, observed.counted, level, detail, observed.pairing, judgement)
