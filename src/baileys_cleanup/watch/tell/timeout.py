"""Waits for what may hang: for a while, and no longer once the process is told to stop."""

import time
from collections.abc import Callable
from threading import Thread

_GLANCE = 0.1
"""Seconds between two questions whether to stop."""


def wait_for(work: Callable[[], object], seconds: float, stopping: Callable[[], bool]) -> Thread:
    """Do work in a thread of its own and wait for its end; return the thread.

    Where the time is over first, the thread is left behind: it keeps nobody waiting, nor the process from ending.
    """
    thread = Thread(target=work, daemon=True)
    thread.start()
    end = time.monotonic() + seconds
    while thread.is_alive() and (left := end - time.monotonic()) > 0 and not stopping():
        thread.join(min(left, _GLANCE))
    return thread
