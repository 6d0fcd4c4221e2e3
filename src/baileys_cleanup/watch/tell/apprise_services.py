"""The services that alerts go to. Apprise knows them all; here is what may not happen while it delivers.

A service's URL is a secret: it is never logged, and it goes by a fingerprint. A service that hangs is left behind
after a while, and so is one when the process is told to stop. One that gets too many messages is waited for.
"""

import hashlib
import re
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, Protocol

from baileys_cleanup.errors import CleanupError, UsageProblem
from baileys_cleanup.output.extras import to_install
from baileys_cleanup.watch.tell.timeout import wait_for

_TIMEOUT = 30.0
"""Seconds for one message. Apprise's own limits for connecting and reading (4 s each) do not cover all of it."""


_PAUSES = (20.0, 60.0)
"""Seconds to wait for a service that says that it gets too many messages, before each further try."""
_TOO_MANY = "it says that it gets too many messages"
_SAYS_SO = re.compile(r"error=429\b|too many requests|rate.?limit", re.IGNORECASE)


class Service(Protocol):
    """Delivers messages to one place."""

    @property
    def fingerprint(self) -> str:
        """What tells this service from others, without telling its URL."""

    def deliver(
        self, kind: str, title: str, body: str, stopping: Callable[[], bool], picture: Path | None = None
    ) -> str | None:
        """Deliver a message of one of Apprise's kinds; say in words what went wrong, None when nothing did."""


def open_services(urls: Sequence[str]) -> list[Service]:
    """Return the services of these URLs. Raises UsageProblem for one that Apprise does not know."""
    if not urls:
        return []
    try:
        import apprise  # noqa: PLC0415 - an extra, and half a second
    except ImportError:
        raise UsageProblem(f"alerts.urls needs Apprise, which is not installed: {to_install('alerts')}") from None
    _silence()
    services: list[Service] = []
    for number, url in enumerate(urls, 1):
        # The plugin itself: Apprise's own object would deliver in threads that the end of the process waits for.
        sender = apprise.Apprise.instantiate(url)
        if sender is None:
            raise UsageProblem(
                f"alerts.urls: number {number} is no URL that Apprise knows; allowed: a list of Apprise URLs"
            )
        services.append(_Apprise(sender, hashlib.sha256(url.encode()).hexdigest()[:12]))
    return services


class Messenger:
    """Sends messages that are no alert about a count: of backups, of rotations. To every service, each once."""

    def __init__(self, urls: Sequence[str], stopping: Callable[[], bool]) -> None:
        self._services = open_services(urls)
        self._stopping = stopping

    def send(self, title: str, text: str, picture: Path | None = None, *, kind: str = "warning") -> None:
        """Send one message. Raises CleanupError that says by number which of `alerts.urls` did not take it."""
        problems = [service.deliver(kind, title, text, self._stopping, picture) for service in self._services]
        failed = [f"number {number}: {problem}" for number, problem in enumerate(problems, 1) if problem]
        if failed:
            raise CleanupError(f"alerts.urls, {'; '.join(failed)}")


def _silence() -> None:
    """Keep Apprise from writing to stderr by itself: its words may hold an address or an answer."""
    import logging  # noqa: PLC0415 - only beside Apprise, which imports it

    class Listener(logging.Handler):
        """Hears what Apprise says, keeps none of it, and remembers whether a service gets too many messages."""

        def emit(self, record: logging.LogRecord) -> None:
            if _SAYS_SO.search(record.getMessage()):
                _heard.too_many = True

    for name in ("apprise", "urllib3"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [Listener()]
        logger.propagate = False


_heard = threading.local()
"""What Apprise said in this thread: each message is sent in one of its own."""


class _Apprise:
    """A service that Apprise delivers to."""

    def __init__(self, sender: Any, fingerprint: str) -> None:  # noqa: ANN401 - Apprise's own
        self._sender = sender
        self._busy: Thread | None = None
        self.fingerprint = fingerprint

    def deliver(
        self, kind: str, title: str, body: str, stopping: Callable[[], bool], picture: Path | None = None
    ) -> str | None:
        """Deliver in a thread of its own, so that nothing there can hold the watch up."""
        if self._busy is not None and self._busy.is_alive():
            return "it still hangs from an earlier message"
        problem = self._try(title, body, kind, picture, stopping)
        for pause in _PAUSES:
            if problem != _TOO_MANY or stopping():
                break
            wait_for(partial(time.sleep, pause), pause, stopping)
            problem = self._try(title, body, kind, picture, stopping)
        return problem

    def _try(self, title: str, body: str, kind: str, picture: Path | None, stopping: Callable[[], bool]) -> str | None:
        outcome: list[str | None] = []
        self._busy = wait_for(lambda: self._send(outcome, title, body, kind, picture), _TIMEOUT, stopping)
        if not outcome:
            return "the process was told to stop" if stopping() else f"it did not answer within {_TIMEOUT:.0f} seconds"
        return outcome[0]

    def _send(self, outcome: list[str | None], title: str, body: str, kind: str, picture: Path | None) -> None:
        attach = None if picture is None else str(picture)
        _heard.too_many = False
        try:
            done = bool(self._sender.notify(body=body, title=title, notify_type=kind, attach=attach))
        except Exception as error:  # noqa: BLE001 - a plugin's bug is an alert that was not delivered
            outcome.append(f"Apprise failed: {type(error).__name__}")
        else:
            outcome.append(None if done else _TOO_MANY if _heard.too_many else "it did not take the message")
