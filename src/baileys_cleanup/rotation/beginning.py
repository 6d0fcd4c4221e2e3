"""What can stand in the way of a rotation before it touches anything: a server that does not tell, owners."""

from collections.abc import Iterator
from contextlib import contextmanager

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.errors import (
    CleanupError,
    CompanyProblem,
    CompanyUnreachable,
    Refused,
    ServerGone,
    ServerProblem,
    UsageProblem,
    in_words,
)
from baileys_cleanup.output.text import shown
from baileys_cleanup.rotation.journal import way_on
from baileys_cleanup.rotation.states import Journal, State
from baileys_cleanup.rotation.walk import RotationStore, Walk
from baileys_cleanup.store.store import ROTATIONS, Store


@contextmanager
def before_anything(wanted: str, companies: Store) -> Iterator[None]:
    """Raise UsageProblem where a server goes away, or does not tell: that is no guard, and nothing was touched."""
    try:
        yield
    except (CompanyUnreachable, ServerProblem) as problem:
        company, why = shown(wanted.removeprefix(COMPANY_PREFIX)), in_words(problem)
        raise UsageProblem(
            f"company {company} is not rotated: the store {shown(companies.path)} cannot be asked: {why}; nothing was"
            " changed"
        ) from None


def try_owners(store: RotationStore, company_id: str) -> None:
    """Raise MayNotGive where the new folder could not get the owners of the former one: before the bot is stopped."""
    try:
        with store.companies.company(company_id) as company:
            store.folders.try_owners(company)
    except (CompanyUnreachable, ServerProblem):
        raise
    except (CompanyProblem, OSError) as problem:
        raise Refused(f"company {shown(company_id)} is not rotated: {in_words(problem)}; nothing was changed") from None


def begin(rotator: Walk, store: RotationStore, journal: Journal, again: str) -> Journal:
    """Record that a rotation begins. Raises Refused where that cannot be done, CleanupError where nobody can tell."""
    try:
        return rotator.record(journal, State.PLANNED)
    except ServerGone as error:
        raise CleanupError(
            f"company {shown(journal.company_id)} is not rotated: {in_words(error)}; that it begins may be on record"
            f" all the same, and then {way_on(journal, again)}"
        ) from None
    except OSError as error:
        raise Refused(
            f"company {shown(journal.company_id)} is not rotated: nothing can be written in"
            f" {shown(store.records.where(ROTATIONS))}: {in_words(error)}; nothing was changed"
        ) from None
