"""`watch.services`: what may not happen while a message goes out, with senders that do as told."""

import logging
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from baileys_cleanup.errors import CleanupError, UsageProblem
from baileys_cleanup.watch.tell import apprise_services as services
from baileys_cleanup.watch.tell.apprise_services import Messenger, _Apprise, open_services


class Sender:
    """Stands in for Apprise's own object."""

    def __init__(self, act):
        self.act = act
        self.heard = []

    def notify(self, **message):
        """Take a message as Apprise does, and act."""
        self.heard.append(message)
        return self.act()


def deliver(sender, stopping=lambda: False, picture=None):
    """Deliver one message."""
    return _Apprise(sender, "x").deliver("failure", "title", "body", stopping, picture)


def test_a_message_that_was_taken_is_delivered():
    """Title, text and kind go to Apprise; no problem comes back."""
    sender = Sender(lambda: True)
    assert deliver(sender) is None
    assert [{"body": "body", "title": "title", "notify_type": "failure", "attach": None}] == sender.heard


def test_a_picture_goes_along():
    """What is to be scanned is attached."""
    sender = Sender(lambda: True)
    deliver(sender, picture=Path("/tmp/qr.png"))
    assert "/tmp/qr.png" == sender.heard[0]["attach"]


def test_a_messenger_tells_every_service_and_says_who_did_not_hear(monkeypatch):
    """One that does not take it keeps no other from hearing; it is named by its number, never by its URL."""
    senders = [Sender(lambda: True), Sender(lambda: False), Sender(lambda: True)]
    monkeypatch.setattr(services, "open_services", lambda _urls: [_Apprise(sender, "x") for sender in senders])
    with pytest.raises(CleanupError, match=r"^alerts\.urls, number 2: it did not take the message$"):
        Messenger(["json://s3cret"] * 3, lambda: False).send("title", "text")
    assert [1, 1, 1] == [len(sender.heard) for sender in senders]
    assert "warning" == senders[0].heard[0]["notify_type"]


def test_a_result_that_is_false_is_no_delivery():
    """Apprise's answer is an object; only its truth counts."""

    class Result:
        def __bool__(self):
            return False

    assert "did not take" in deliver(Sender(Result))


def test_a_plugin_that_breaks_is_no_delivery():
    """An exception in a plugin is told by its kind; its text may hold an address."""

    def breaks():
        raise ValueError("s3cret")

    assert "Apprise failed: ValueError" == deliver(Sender(breaks))


def test_a_service_that_hangs_is_left_behind(monkeypatch):
    """When its time is over the watch goes on, and does not ask again while the first message still hangs."""
    monkeypatch.setattr(services, "_TIMEOUT", 0.2)
    end = threading.Event()
    service = _Apprise(Sender(end.wait), "x")
    began = time.monotonic()
    try:
        assert "did not answer" in service.deliver("failure", "t", "b", lambda: False)
        assert "still hangs" in service.deliver("failure", "t", "b", lambda: False)
    finally:
        end.set()
    assert time.monotonic() - began < 20


def test_told_to_stop_it_does_not_wait(monkeypatch):
    """A signal while a service hangs ends the waiting."""
    monkeypatch.setattr(services, "_TIMEOUT", 600)
    end = threading.Event()
    try:
        assert "told to stop" in deliver(Sender(end.wait), stopping=lambda: True)
    finally:
        end.set()


def test_no_urls_need_no_apprise(monkeypatch):
    """Without a service the extra is not asked for."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert [] == open_services(())


def test_without_the_library_there_is_one_sentence(monkeypatch):
    """Where the extra is missing, the sentence says what to install, and not the URL."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(UsageProblem, match=r"pip install 'baileys-cleanup\[alerts\]'") as caught:
        open_services(("json://s3cret",))
    assert "s3cret" not in str(caught.value)


class Crowded:
    """Stands in for a service that says 429 so many times, through Apprise's log, as its plugins do."""

    def __init__(self, times, words="Failed to send JSON POST notification: error=429."):
        self.times, self.words, self.asked = times, words, 0

    def notify(self, **_message):
        """Refuse, and say so where Apprise does."""
        self.asked += 1
        if self.asked > self.times:
            return True
        logging.getLogger("apprise").warning(self.words)
        return False


@pytest.fixture
def pauses(monkeypatch):
    """Listen to Apprise as the room does, and wait for nothing but a moment; give the waits."""
    logger = logging.getLogger("apprise")
    handlers, propagate = logger.handlers[:], logger.propagate
    services._silence()
    waited = []
    monkeypatch.setattr(services, "time", SimpleNamespace(sleep=waited.append))  # nobody else's time
    yield waited
    logger.handlers[:], logger.propagate = handlers, propagate


@pytest.mark.parametrize(("times", "problem"), [(1, None), (2, None), (3, "it says that it gets too many messages")])
def test_a_service_that_gets_too_many_messages_is_waited_for(pauses, times, problem):
    """20 seconds, then a minute; after that the next look tries again."""
    sender = Crowded(times)
    assert problem == deliver(sender)
    assert [20.0, 60.0][:times] == pauses
    assert min(times + 1, 3) == sender.asked


@pytest.mark.parametrize("words", ["error=500.", "error=4290.", "nothing of the kind"])
def test_whoever_says_something_else_is_not_waited_for(pauses, words):
    """It did not take the message, and that is all."""
    sender = Crowded(1, words)
    assert "it did not take the message" == deliver(sender)
    assert ([], 1) == (pauses, sender.asked)


def test_told_to_stop_nobody_waits(pauses):
    """The process ends instead."""
    sender = Crowded(9)
    deliver(sender, stopping=lambda: sender.asked > 0)
    assert (1, []) == (sender.asked, pauses)
