"""What carries a plan out: the protocol, and the one for a dry run, which touches nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from baileys_cleanup.decision.names import PROTECTED, REMOVABLE, is_second_name, kind_of, sorted_by_kind
from baileys_cleanup.decision.verdict import Verdict
from baileys_cleanup.errors import ProtectedFile


class Outcome(StrEnum):
    """What became of one planned removal.

    `held`: the memory of its group could not go, so the key stays. `stopped`: the run was told to stop before it.
    """

    REMOVED = "removed"
    CHANGED = "changed"
    VANISHED = "vanished"
    HELD = "held"
    STOPPED = "stopped"
    FAILED = "failed"


class Removal(NamedTuple):
    """A planned removal, carried out or not; `problem` says in words why a failed one could not be done."""

    verdict: Verdict
    outcome: Outcome
    problem: str | None = None


class Revision(NamedTuple):
    """A removal that the last look undid: the file went back, or `problem` says why it lies in the quarantine."""

    verdict: Verdict
    problem: str | None = None


class Doubted(Protocol):
    """A company, as far as a remover that does nothing needs it."""

    id: str

    def doubt(self) -> str | None:
        """Return why nothing could be removed here, where that shows without trying."""


class CompanyRemover(Protocol):
    """Removes files of one company."""

    def remove(self, removals: Sequence[Verdict], stopping: Callable[[], bool]) -> Iterator[Removal]:
        """Carry out planned removals in their order; `stopping` is asked between two files.

        Tells of each one that met another end than its removal. What is not told of was removed.
        """

    def confirm(self) -> list[Revision]:
        """Look a last time at all that was removed, and return what did not stay so."""


class LaterLook(Protocol):
    """What a remover has to look at once more a while after its last removal: a cache in front of the store."""

    def due_in(self) -> float:
        """Return the seconds until then; it is time at 0."""

    def look(self) -> list[str]:
        """Look, for the last time; return in words what could not be done."""


class Remover(Protocol):
    """What carries the plans of a run out: for real, or in words only."""

    def doubt(self, company: Any) -> str | None:  # noqa: ANN401 - a company as the same store opened it
        """Return why removals in this company will fail, where that shows before the first one."""

    def company(self, company: Any, pairing: str | None = None) -> AbstractContextManager[CompanyRemover]:  # noqa: ANN401 - likewise
        """Return the remover for one company; `pairing` is recorded with what it removes, None for an unknown one."""

    @property
    def settled(self) -> bool:
        """Tell whether everything that was moved stands as it was told, so that nothing is left to the next run."""

    @property
    def later(self) -> LaterLook | None:
        """What has to be looked at once more when the run is over, None for nothing. It needs no lock."""

    def leave_unsettled(self) -> None:
        """Leave it to the next run to look after what this one could not end; nothing is purged before that."""

    def begin(self) -> None:
        """Make what the companies of a run share, before processes are forked that remove side by side.

        Only called where the store is `forkable`. Raises OSError or CompanyProblem where nothing can be removed.
        """


def refuse_protected(name: str) -> None:
    """Raise ProtectedFile for a name no plan may hold: the second check, beside the planner's."""
    kind = kind_of(name)
    if kind in PROTECTED or (kind not in REMOVABLE and not is_second_name(name)):
        raise ProtectedFile(f"{name!r} is of kind {kind} and is never removed")


def refuse_protected_among(names: Iterable[str]) -> None:
    """Raise ProtectedFile where one of many names is one that no plan may hold."""
    for kind, several in sorted_by_kind(names).items():
        if kind not in REMOVABLE:
            for name in several:
                refuse_protected(name)


class DryRun:
    """The remover without hands: says what the other would do, and touches nothing.

    `uncleared` tells why a cache in front would keep what is removed; it is asked once, before the first removal.
    """

    settled = True
    later = None

    def __init__(self, uncleared: Callable[[], str | None] = lambda: None) -> None:
        self._uncleared = uncleared
        self._asked = False

    def leave_unsettled(self) -> None:
        """Leave nothing: nothing was moved."""

    def begin(self) -> None:
        """Begin nothing."""

    def doubt(self, company: Doubted) -> str | None:
        """Return what would keep the other from removing, or all of it from being gone."""
        doubt = company.doubt()
        if doubt is None and not self._asked:
            self._asked = True
            doubt = self._uncleared()
        return doubt

    @contextmanager
    def company(self, company: Doubted, pairing: str | None = None) -> Iterator[CompanyRemover]:  # noqa: ARG002 - the same shape as the real one
        """Return a remover that only says yes."""
        yield self

    def remove(self, removals: Sequence[Verdict], stopping: Callable[[], bool]) -> Iterator[Removal]:
        """Say nothing of the files that would be removed: only of those that a stop keeps."""
        refuse_protected_among(verdict.file.name for verdict in removals)
        for verdict in removals:
            if stopping():
                yield Removal(verdict, Outcome.STOPPED)

    def confirm(self) -> list[Revision]:
        """Look at nothing: nothing was moved."""
        return []
