"""How many companies are cleaned at a time: as asked, or as many as are worth it."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from baileys_cleanup.cleaning.second_look import Spread, one_after_the_other
from baileys_cleanup.decision.outcome import CompanyOutcome, CompanyStatus, Problem
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.remover import Remover
from baileys_cleanup.store.store import Store

_WORTH = 100
"""Companies that make one more process worth its start."""


def jobs_for(settings: Settings, companies: int) -> int:
    """Return how many are worked on at a time: never more than there are, and by default never more than processors."""
    if settings.jobs is not None:
        return max(min(settings.jobs, companies), 1)
    return max(min(len(os.sched_getaffinity(0)), companies // _WORTH), 1)


def spread_of(
    settings: Settings, store: Store, remover: Remover, ids: Sequence[str], stopping: Callable[[], bool]
) -> Spread:
    """Return how the cleaning of these companies is spread.

    One after the other, too, where each is backed up first or its bot stopped, where the store cannot be shared, and
    where nothing could be removed: then each company says so itself.
    """
    jobs = jobs_for(settings, len(ids))
    if jobs == 1 or settings.prepares_each or not store.forkable:
        return one_after_the_other
    # Its import costs more than a small run.
    from baileys_cleanup.cleaning.side_by_side import Crew, can_fork, side_by_side  # noqa: PLC0415

    if not can_fork():
        return one_after_the_other
    try:
        remover.begin()
    except (CompanyProblem, OSError):
        return one_after_the_other

    def lost(company_id: str, why: str) -> tuple[CompanyOutcome, bool]:
        sentence = (
            f"the process that cleaned it was ended {why}; what it removed lies in the quarantine, and the next run"
            " puts right what it left half done"
        )
        return CompanyOutcome(company_id, CompanyStatus.FAILED, errors=[Problem(None, sentence)]), False

    def spread(some: Iterable[str], work: Callable[[str], Any]) -> Iterator[tuple[str, Any]]:
        crew = Crew(jobs, stopping, lost)
        for company_id, (found, settled) in side_by_side(some, lambda each: (work(each), remover.settled), crew):
            if not settled:
                remover.leave_unsettled()
            yield company_id, found

    return spread
