"""The latest snapshot: what the last look told, for whoever asks between two looks, from any thread."""

from collections.abc import Callable, Mapping
from functools import cached_property

from baileys_cleanup.watch.see.all import Facts
from baileys_cleanup.watch.show.asked import Asked
from baileys_cleanup.watch.show.page import page
from baileys_cleanup.watch.show.prometheus import exposition


class Snapshot:
    """One look, and the texts made of it. `host` is the name of this machine, `detail` how much metrics tell.

    `refresh` is after how many seconds a page is worth loading again.
    """

    def __init__(
        self,
        facts: Facts,
        trends: Mapping[str, int],
        host: str = "",
        *,
        detail: str | None = None,
        refresh: int = 60,
    ) -> None:
        self._facts = facts
        self._trends = trends
        self._host = host
        self._detail = detail
        self._refresh = refresh

    @property
    def whole(self) -> bool:
        """Tell whether all companies were looked at."""
        return not self._facts.waiting

    @cached_property
    def metrics(self) -> bytes:
        """The look as Prometheus metrics: made once, when somebody asks first."""
        return exposition(self._facts, self._detail)

    def page(self, asked: Asked) -> bytes:
        """Return the look as a page, with what was asked for."""
        return page(self._facts, self._trends, self._host, asked, self._refresh).encode()


class LatestSnapshot:
    """Holds the last look. `max_age` is for how many seconds it counts as the present; `clock` gives seconds."""

    def __init__(self, max_age: float, clock: Callable[[], float]) -> None:
        self._max_age = max_age
        self._clock = clock
        self._snapshot: Snapshot | None = None
        self._shown = 0.0
        self._problem: str | None = "no look has begun yet"

    def show(self, snapshot: Snapshot) -> None:
        """Show a new look, also one that is not over, as long as there is none before it."""
        if snapshot.whole or self._snapshot is None or not self._snapshot.whole:
            self._snapshot, self._shown, self._problem = snapshot, self._clock(), None

    def keep_fresh(self) -> None:
        """Count the time from now on: whoever looks is alive and busy."""
        self._shown = self._clock()

    def fail(self, problem: str) -> None:
        """Take the last look down: what it told is not so any more, or nobody knows."""
        self._problem = problem

    def read(self) -> tuple[Snapshot | None, str | None]:
        """Return the last look, and in words why it is not the present; None when it is."""
        problem = self._problem
        if problem is None and self._clock() - self._shown > self._max_age:
            problem = "the last look was too long ago"
        return self._snapshot, problem
