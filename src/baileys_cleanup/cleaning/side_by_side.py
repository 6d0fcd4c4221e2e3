"""Companies side by side: each worker is a process that was forked from this one and takes one company at a time.

Companies are islands, so all that is shared is open already: folders, the audit log, the lock. What comes back comes in
the order of the ids. A worker that dies costs the company it was at, and no other.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from selectors import EVENT_READ, DefaultSelector
from typing import Any, NamedTuple, TypeVar

_Found = TypeVar("_Found")
_AHEAD = 16
"""Companies for each worker that may be begun before an earlier one has ended: what waits for its turn stays small."""
_AT_HAND = 2
"""Companies that a worker is given at once: while one is told of, the next is begun."""
_HEARTBEAT = 0.1
"""Seconds after which it is asked again whether the run is to stop."""


class Crew(NamedTuple):
    """Who works: `jobs` at a time; `lost` gives what is told of a company whose worker died, and why it did."""

    jobs: int
    stopping: Callable[[], bool]
    lost: Callable[[str, str], Any]


def can_fork() -> bool:
    """Tell whether a process may be forked here: another thread could hold what the child would wait for."""
    return threading.active_count() == 1


def side_by_side(ids: Iterable[str], work: Callable[[str], _Found], crew: Crew) -> Iterator[tuple[str, _Found]]:
    """Give each id with what `work` makes of it, in the order of the ids; stopped, only what was begun still comes."""
    gang = _Gang(work, crew)
    try:
        yield from gang.results(ids)
    finally:
        gang.end()


class _Worker:
    """A process, what it was given and has not answered, and the way to it."""

    def __init__(self, work: Callable[[str], Any], others: Iterable[Connection]) -> None:
        context = multiprocessing.get_context("fork")
        self.connection, theirs = context.Pipe()
        strangers = [self.connection, *others]
        self.process: ForkProcess = context.Process(target=_serve, args=(theirs, work, strangers), daemon=True)
        self.process.start()
        theirs.close()
        self.given: deque[tuple[int, str]] = deque()

    def give(self, number: int, company_id: str) -> None:
        """Give it one more company. A worker that is gone is found out when its answer is awaited."""
        self.given.append((number, company_id))
        with suppress(OSError):
            self.connection.send(company_id)


def _serve(connection: Connection, work: Callable[[str], Any], strangers: Iterable[Connection]) -> None:
    """Work until nobody asks any more. The connections of others are closed: each has to end with its own process."""
    for stranger in strangers:
        stranger.close()
    with suppress(EOFError, OSError):
        while True:
            company_id = connection.recv()
            answer: tuple[Any, Exception | None]
            try:
                answer = (work(company_id), None)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told where it would have been met
                answer = (None, error)
            connection.send(answer)


class _Gang:
    """The workers, and what is still to be done."""

    def __init__(self, work: Callable[[str], Any], crew: Crew) -> None:
        self._work = work
        self._crew = crew
        self._workers: list[_Worker] = []
        self._again: deque[tuple[int, str]] = deque()
        self._done: dict[int, tuple[str, Any]] = {}
        self._answers = DefaultSelector()

    def results(self, ids: Iterable[str]) -> Iterator[tuple[str, Any]]:
        """Give what was found, in order; numbers stand for the places of the ids."""
        coming = enumerate(ids)
        begun = ended = 0
        exhausted = False
        while True:
            while not (exhausted or self._stops()) and begun - ended < _AHEAD * self._crew.jobs:
                worker = self._free()
                if worker is None:
                    break
                following = self._again.popleft() if self._again else next(coming, None)
                if following is None:
                    exhausted = True
                    break
                worker.give(*following)
                begun = max(begun, following[0] + 1)
            exhausted = exhausted and not self._again
            if not any(worker.given for worker in self._workers) and not (self._again and not self._stops()):
                yield from (self._done[number] for number in sorted(self._done))
                return
            self._collect()
            while ended in self._done:
                yield self._done.pop(ended)
                ended += 1

    def _free(self) -> _Worker | None:
        """Return the worker with the least to do, a new one where there may be one more, None where all have enough."""
        idle = min(self._workers, key=lambda worker: len(worker.given), default=None)
        if idle is not None and not idle.given:
            return idle
        if len(self._workers) < self._crew.jobs:
            worker = _Worker(self._work, [worker.connection for worker in self._workers])
            self._answers.register(worker.connection, EVENT_READ, worker)
            self._workers.append(worker)
            return worker
        return idle if idle is not None and len(idle.given) < _AT_HAND else None

    def _collect(self) -> None:
        """Hear what has come in, and of whom nothing will come any more."""
        for key, _ in self._answers.select(_HEARTBEAT):
            worker: _Worker = key.data
            try:
                found, error = worker.connection.recv()
            except (EOFError, OSError):
                self._bury(worker)
                continue
            if error is not None:
                raise error
            number, company_id = worker.given.popleft()
            self._done[number] = (company_id, found)

    def _bury(self, worker: _Worker) -> None:
        """Tell of the company that a dead worker was at; what it had not begun others do."""
        self._workers.remove(worker)
        self._answers.unregister(worker.connection)
        worker.connection.close()
        worker.process.join()
        if not worker.given:
            return
        number, company_id = worker.given.popleft()
        code = worker.process.exitcode or 0
        why = f"by signal {-code}" if code < 0 else f"with status {code}"
        self._done[number] = (company_id, self._crew.lost(company_id, why))
        self._again.extend(worker.given)

    def _stops(self) -> bool:
        """Tell whether the run is to stop; the workers are told, each time: one that has just begun may not hear it."""
        if not self._crew.stopping():
            return False
        for worker in self._workers:
            if worker.process.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(worker.process.pid, signal.SIGTERM)
        return True

    def end(self) -> None:
        """Let the workers go, each after what it is at."""
        for worker in self._workers:
            worker.connection.close()
        for worker in self._workers:
            worker.process.join()
        self._answers.close()
