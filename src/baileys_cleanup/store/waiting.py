"""Waits for a lock that others hold only for a moment."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from baileys_cleanup.errors import LockHeld

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
