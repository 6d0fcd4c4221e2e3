"""Takes a lock with patience: one that others hold only for a moment, and one whose server lost the connection."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from baileys_cleanup.errors import CompanyProblem, LockHeld, UsageProblem

TIMEOUT = 120.0
"""Seconds. Among shards it is held for as long as it takes to end what a killed one left."""
_FIRST, _LONGEST = 0.01, 0.5
"""Seconds between two tries."""


@contextmanager
def hold_soon(
    hold: Callable[[], AbstractContextManager[None]],
    stopping: Callable[[], bool] = lambda: False,
    timeout: float = TIMEOUT,
) -> Iterator[None]:
    """Hold a lock as soon as it is free. Raises LockHeld after `timeout` (seconds), or when told to stop."""
    end = time.monotonic() + timeout
    pause = _FIRST
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(hold())
                break
            except LockHeld:
                if stopping() or time.monotonic() > end:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST)
        yield


@contextmanager
def hold_among_others(hold: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """Hold the lock of one company in the middle of others; where it cannot be asked for, once more.

    Raises LockHeld, and CompanyProblem where it still cannot be asked for: the others go on.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(hold())
        except UsageProblem:
            try:
                stack.enter_context(hold())
            except UsageProblem as problem:
                raise CompanyProblem(str(problem)) from None
        yield
