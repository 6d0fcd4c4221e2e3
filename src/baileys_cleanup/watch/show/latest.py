"""The board: what the last look told, for whoever asks between two looks, from any thread."""

from collections.abc import Callable, Mapping
from functools import cached_property

from baileys_cleanup.watch.see.all import Facts
from baileys_cleanup.watch.show.page import page
from baileys_cleanup.watch.show.prometheus import exposition


class Snapshot:
    """One look, and the texts made of it: each once, when somebody asks first."""

    def __init__(self, facts: Facts, trends: Mapping[str, int]) -> None:
        self._facts = facts
        self._trends = trends

    @cached_property
    def metrics(self) -> bytes:
        """The look as Prometheus metrics."""
        return exposition(self._facts)

    @cached_property
    def page(self) -> bytes:
        """The look as a page."""
        return page(self._facts, self._trends).encode()


class Board:
    """Holds the last look. `patience` is for how many seconds it counts as the present; `clock` gives seconds."""

    def __init__(self, patience: float, clock: Callable[[], float]) -> None:
        self._patience = patience
        self._clock = clock
        self._snapshot: Snapshot | None = None
        self._shown = 0.0
        self._problem: str | None = "no look has ended yet"

    def show(self, snapshot: Snapshot) -> None:
        """Show a new look."""
        self._snapshot, self._shown, self._problem = snapshot, self._clock(), None

    def fail(self, problem: str) -> None:
        """Take the last look down: what it told is not so any more, or nobody knows."""
        self._problem = problem

    def read(self) -> tuple[Snapshot | None, str | None]:
        """Return the last look, and in words why it is not the present; None when it is."""
        problem = self._problem
        if problem is None and self._clock() - self._shown > self._patience:
            problem = "the last look was too long ago"
        return self._snapshot, problem
