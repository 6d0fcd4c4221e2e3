"""Signals that only ask."""

import os
import signal

import pytest

from baileys_cleanup.commands.stop import Stop
from baileys_cleanup.errors import LockHeld, Stopped


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_is_remembered_and_given_back(number, status):
    """While it listens a signal only asks to stop, the first one counts; later handlers are as before."""
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    stop = Stop()
    assert (False, 4) == (stop(), stop.exit_status(4))
    with stop.listening():
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), signal.SIGINT)
        assert (True, status) == (stop(), stop.exit_status(4))
    assert before == [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]


def test_who_gave_up_waiting_for_another_run_was_stopped_by_the_signal():
    """Not by the other one: the status is the signal's. Without a signal it is the other one's."""

    def be_told_and_find_it_busy():
        os.kill(os.getpid(), signal.SIGTERM)
        raise LockHeld("busy")

    stop = Stop()
    with pytest.raises(LockHeld, match="busy"), stop.listening():
        raise LockHeld("busy")
    with pytest.raises(Stopped, match="stopped by SIGTERM: busy") as stopped, stop.listening():
        be_told_and_find_it_busy()
    assert stopped.value.status == 128 + signal.SIGTERM
