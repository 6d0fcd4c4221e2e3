"""The emergency cleanup of companies that are critical: ordinary runs of `clean`, nothing else.

First the ordinary rules. Where that is not enough, the same with pre-keys down to the floor. Lock, clock check,
quarantine, audit log and guards are those of every run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from baileys_cleanup.cleaning.company import clean_company
from baileys_cleanup.cleaning.request import Request, Told
from baileys_cleanup.cleaning.run import clean
from baileys_cleanup.cleaning.world import CleanOne, World
from baileys_cleanup.decision.levels import Level
from baileys_cleanup.decision.outcome import CompanyOutcome, CompanyStatus, RunOutcome
from baileys_cleanup.decision.shards import Shard
from baileys_cleanup.errors import CleanupError, LockHeld, Refused, UsageProblem, in_words
from baileys_cleanup.output.sentences import problems_in_words
from baileys_cleanup.output.summary import Report
from baileys_cleanup.output.text import argument, count, shown, size
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.store import Store
from baileys_cleanup.watch.remember.run_history import record_emergency
from baileys_cleanup.watch.see.all import terms_of
from baileys_cleanup.watch.see.company import Unreadable, View, view_one


@dataclass(slots=True)
class EmergencyCleanup:
    """What an emergency cleanup did for one company. `runs` are the ids that `undo` takes.

    `undo` are the commands that take it back, none where all was deleted for good. `problem` says why it could not be
    done, or not wholly; `barred` that this was of the whole company, not of some files; `refused` that a guard said
    no; `later` that only another run was in the way. `rotation` says what a rotation did that followed because the
    cleanup did not help, `unrotated` why one that was due could not be done, `not_rotated` why one would be of no use;
    None where there was none.
    """

    files: int = 0
    size: int = 0
    runs: list[str] = field(default_factory=list)
    undo: list[str] = field(default_factory=list)
    problem: str | None = None
    barred: bool = False
    refused: bool = False
    later: bool = False
    rotation: str | None = None
    unrotated: str | None = None
    not_rotated: str | None = None

    @property
    def actions(self) -> list[str]:
        """What was done, and has to be told; none where nothing was changed."""
        parts: list[str] = []
        if self.files:
            undo = ", then ".join(reversed(self.undo))
            back = f"to take it back: {undo}" if undo else "deleted for good, because undo_days is 0"
            parts.append(f"an emergency cleanup removed {count(self.files, 'file')} ({size(self.size)}); {back}")
        return parts + ([self.rotation] if self.rotation else [])

    def in_words(self) -> str:
        """Return what was done, and what could not be, as the end of a sentence."""
        parts = self.actions
        if self.problem:
            what = "the emergency cleanup could not be done"
            if self.files:
                what = "it could not do all"
            elif self.later:
                what = "the emergency cleanup is postponed to the next look"
            parts.append(f"{what}: {self.problem}")
        if self.unrotated:
            parts.append(f"a rotation could not be done: {self.unrotated}")
        if self.not_rotated:
            parts.append(f"no rotation: {self.not_rotated}")
        return "; ".join(parts) or "nothing: no rule takes any of its files"


def lowered(settings: Settings, company_ids: Sequence[str]) -> Settings:
    """Return the settings with these companies' pre-key cap at their floor, everything else as ever."""
    companies = dict(settings.companies)
    for company_id in company_ids:
        floor = settings.policy_for(company_id).min_pre_keys
        companies[company_id] = {**companies.get(company_id, {}), "max_pre_keys": floor}
    return replace(settings, companies=companies)


def clean_critical(
    store: Store,
    settings: Settings,
    company_ids: Sequence[str],
    world: World,
    clean_one: CleanOne = clean_company,
    *,
    shard: Shard | None = None,
) -> dict[str, EmergencyCleanup]:
    """Clean critical companies, and say of each what became of it. Trouble is in the answer, never raised.

    All of a `shard` are cleaned beside other shards.
    """
    cleanups = {company_id: EmergencyCleanup() for company_id in company_ids}
    run = partial(_run, world=world, cleanups=cleanups, clean_one=clean_one, shard=shard)
    floor = lowered(settings, company_ids)
    # Where even the floor leaves nothing to take, a run would only take the lock.
    able = [name for name in company_ids if takes(store, floor, name, world)]
    run(settings, able)
    still = [name for name in able if not cleanups[name].barred and _critical(store, settings, name, world)]
    run(floor, [name for name in still if takes(store, floor, name, world)])
    return cleanups


def takes(store: Store, settings: Settings, company_id: str, world: World) -> int:
    """Return how many files of a company a cleanup under these settings would take now."""
    seen = _look(store, settings, company_id, world)
    return seen.detail.removable.files if isinstance(seen, View) and seen.detail is not None else 0


def _critical(store: Store, settings: Settings, company_id: str, world: World) -> bool:
    seen = _look(store, settings, company_id, world)
    return isinstance(seen, View) and seen.level is Level.CRITICAL


def _look(store: Store, settings: Settings, company_id: str, world: World) -> View | Unreadable:
    """Look again; a `creds.json` that does not parse had its second look already."""
    with store.workspace(create=False) as workspace:
        terms = terms_of(settings, world, workspace)._replace(wait=lambda: None)
        return view_one(store, settings, company_id, terms)


def _run(
    settings: Settings,
    company_ids: Sequence[str],
    *,
    world: World,
    cleanups: Mapping[str, EmergencyCleanup],
    clean_one: CleanOne,
    shard: Shard | None,
) -> None:
    if not company_ids or world.stopping():
        return
    try:
        clean(
            Request(settings, Selection(company_ids, None, shard)),
            world._replace(now=world.clock()),
            Told(lambda run: _Notes(run, cleanups, world.again), record=record_emergency),
            clean_one,
        )
    except (CleanupError, OSError) as error:
        if isinstance(error, UsageProblem) and len(company_ids) > 1:  # one that is gone must not hold up the others
            for company_id in company_ids:
                _run(settings, [company_id], world=world, cleanups=cleanups, clean_one=clean_one, shard=shard)
            return
        for company_id in company_ids:
            cleanup = cleanups[company_id]
            cleanup.problem = in_words(error)
            cleanup.barred = True
            cleanup.refused = isinstance(error, Refused)
            cleanup.later = isinstance(error, LockHeld)


class _Notes(Report):
    """Takes down what a run did for each company."""

    def __init__(self, run: RunOutcome, cleanups: Mapping[str, EmergencyCleanup], again: str) -> None:
        self._run = run
        self._cleanups = cleanups
        self._again = again

    def company(self, outcome: CompanyOutcome) -> None:
        """Add one company's removals and problems."""
        cleanup = self._cleanups[outcome.company_id]
        removed = outcome.total.removed
        if removed:
            cleanup.files += removed
            cleanup.size += outcome.size
            cleanup.runs.append(self._run.run_id)
            if self._run.undo_days:
                company = argument(outcome.company_id)
                cleanup.undo.append(f"baileys-cleanup undo {self._run.run_id} --company {company}{self._again}")
        cleanup.problem = shown("; ".join(problems_in_words(outcome))) or None
        cleanup.barred = any(problem.file is None for problem in outcome.errors)
        cleanup.refused = outcome.status is CompanyStatus.REFUSED

    def close(self, run: RunOutcome) -> None:
        """Hear the end, which the run's own record tells."""
