"""The world as the use cases meet it: clocks, signals, and what holds a company. Pure values, filled by who calls."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from baileys_cleanup.cleaning.look import Terms
from baileys_cleanup.decision.outcome import CompanyOutcome, Reasons
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.store.remover import Remover
from baileys_cleanup.store.store import Store, Workspace


class Holds(Protocol):
    """Work that holds companies for longer than a run: nobody else may change their folders meanwhile."""

    @property
    def unreadable(self) -> Sequence[str]:
        """Sentences about records of such work that cannot be read."""

    @property
    def open(self) -> Mapping[str, str]:
        """The companies that are held, each with the sentence that says how to end that."""

    def paired_anew(self, company_id: str, since: int) -> str | None:
        """Return the work that gave a company a new pairing since a moment (nanoseconds), None where none did."""


class NothingHeld:
    """No such work."""

    unreadable: Sequence[str] = ()
    open: Mapping[str, str] = {}

    def paired_anew(self, company_id: str, since: int) -> str | None:  # noqa: ARG002 - the same shape
        """Return None: nothing did."""
        return None


def nothing_held(workspace: Workspace | None, again: str) -> Holds:  # noqa: ARG001 - the same shape
    """Return that nothing is held."""
    return NothingHeld()


class World(NamedTuple):
    """The world as the use cases meet it. `now` and `clock` are in nanoseconds since the epoch.

    `wait` is called before a broken `creds.json` is read again; `stopping` is asked between two files;
    `stopwatch` gives seconds for durations. `again` are the options that lead a later command to the same sessions
    root, for the commands that are printed. `holds` tells which companies other work holds at this moment.
    """

    now: int
    clock: Callable[[], int]
    wait: Callable[[], object]
    stopping: Callable[[], bool]
    stopwatch: Callable[[], float]
    again: str = ""
    holds: Callable[[Workspace | None, str], Holds] = nothing_held


class CleanOne(Protocol):
    """Cleans one company, with or without anything around it."""

    def __call__(
        self, store: Store, company_id: str, policy: Policy, terms: Terms, remover: Remover, *, detail: Reasons
    ) -> CompanyOutcome:
        """Return what became of the company; whatever goes wrong is in the outcome."""
