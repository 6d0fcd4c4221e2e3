"""Waiting for a lock that others hold only for a moment."""

from contextlib import contextmanager

import pytest

from baileys_cleanup.errors import LockHeld
from baileys_cleanup.store.waiting import hold_soon


class Lock:
    """A lock that is held for some tries."""

    def __init__(self, tries):
        self.left = tries
        self.held = False

    @contextmanager
    def hold(self):
        """Hold it."""
        self.left -= 1
        if self.left >= 0:
            raise LockHeld("busy")
        self.held = True
        yield
        self.held = False


def test_it_waits_until_the_lock_is_free():
    """After some tries it is held, and let go in the end."""
    lock = Lock(3)
    with hold_soon(lock.hold):
        assert lock.held
    assert not lock.held


def test_it_gives_up_in_the_end():
    """After its timeout, or at once when told to stop."""
    for how in ({"timeout": 0.0}, {"stopping": lambda: True}):
        with pytest.raises(LockHeld, match="busy"), hold_soon(Lock(10**9).hold, **how):
            pytest.fail("it was never free")


def test_what_is_raised_inside_is_no_reason_to_wait():
    """Only the taking of the lock is tried again."""
    with pytest.raises(LockHeld, match="mine"), hold_soon(Lock(0).hold):
        raise LockHeld("mine")
