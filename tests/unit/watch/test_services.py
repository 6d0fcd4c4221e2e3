"""`watch.services`: what may not happen while a message goes out, with senders that do as told."""

import sys
import threading
import time

import pytest

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.watch import services
from baileys_cleanup.watch.alerts import Alert
from baileys_cleanup.watch.services import _Apprise, open_services

from .helpers import view


class Sender:
    """Stands in for Apprise's own object."""

    def __init__(self, act):
        self.act = act
        self.heard = []

    def notify(self, **message):
        """Take a message as Apprise does, and act."""
        self.heard.append(message)
        return self.act()


def deliver(sender, counted=200, stopping=lambda: False):
    """Deliver one alert."""
    return _Apprise(sender, "x").deliver(Alert(view(counted), None), "title", "body", stopping)


def test_a_message_that_was_taken_is_delivered():
    """Title, text and kind go to Apprise; no problem comes back."""
    sender = Sender(lambda: True)
    assert deliver(sender) is None
    assert [{"body": "body", "title": "title", "notify_type": "failure"}] == sender.heard


@pytest.mark.parametrize(("counted", "kind"), [(200, "failure"), (160, "warning"), (90, "success")])
def test_the_kind_tells_how_bad_it_is(counted, kind):
    """Critical is a failure, full a warning, an all-clear a success."""
    sender = Sender(lambda: True)
    deliver(sender, counted)
    assert kind == sender.heard[0]["notify_type"]


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
    """After its patience the watch goes on, and does not ask again while the first message still hangs."""
    monkeypatch.setattr(services, "_PATIENCE", 0.2)
    monkeypatch.setattr(services, "_GLANCE", 0.05)
    end = threading.Event()
    service = _Apprise(Sender(end.wait), "x")
    began = time.monotonic()
    try:
        assert "did not answer" in service.deliver(Alert(view(200), None), "t", "b", lambda: False)
        assert "still hangs" in service.deliver(Alert(view(200), None), "t", "b", lambda: False)
    finally:
        end.set()
    assert time.monotonic() - began < 20


def test_told_to_stop_it_does_not_wait(monkeypatch):
    """A signal while a service hangs ends the waiting."""
    monkeypatch.setattr(services, "_PATIENCE", 600)
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
