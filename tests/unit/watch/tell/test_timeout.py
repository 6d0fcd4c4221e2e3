"""`watch.tell.timeout`: waiting ends with the work, with the time limit, or with the order to stop."""

import threading
import time

import pytest

from baileys_cleanup.watch.tell.timeout import wait_for


def test_work_that_ends_is_waited_for():
    """The thread is over, and what it did is there."""
    done = []
    assert not wait_for(lambda: done.append(1), 60, lambda: False).is_alive()
    assert [1] == done


@pytest.mark.parametrize(("seconds", "stopping"), [(0.2, False), (600, True)])
def test_work_that_hangs_is_left_behind(seconds, stopping):
    """When the time is over, or the process is told to stop; and the thread does not outlive the process."""
    end = threading.Event()
    began = time.monotonic()
    try:
        thread = wait_for(end.wait, seconds, lambda: stopping)
        assert (True, True) == (thread.is_alive(), thread.daemon)
    finally:
        end.set()
    assert time.monotonic() - began < 20
