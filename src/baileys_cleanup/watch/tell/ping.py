"""The dead man's switch: tells a service like healthchecks.io that a run began and how it ended.

Who hears nothing for a day knows that the run did not come. A ping that fails is a warning, never a failure: the
URL is a secret, so no sentence repeats it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from baileys_cleanup.watch.tell.timeout import wait_for

_TIMEOUT = 5
"""Seconds for one ping, from the name of its server to the end of the answer."""


class Ending:
    """How the run ends: its exit status, None while nobody knows; and whether it found what is as bad as a failure."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.found_dead = False


def _never() -> bool:
    return False


@contextmanager
def pinging(url: str | None, warn: Callable[[str], object], stopping: Callable[[], bool] = _never) -> Iterator[Ending]:
    """Ping around a run: `/start`, then the URL itself for status 0, `/<status>` for another, `/fail` for an error.

    A run that did its work and found a bot that will not come back by itself is no success either: `/fail`.

    Without a URL nothing is sent. `warn` hears in words what went wrong with a ping. A run that is told to stop does
    not wait for its `/start`; how it ended it still tells.
    """
    ending = Ending()
    _ping(url, "/start", warn, stopping)
    try:
        yield ending
    finally:
        if ending.status is None or (ending.status == 0 and ending.found_dead):
            _ping(url, "/fail", warn, _never)
        else:
            _ping(url, f"/{ending.status}" if ending.status else "", warn, _never)


def _ping(url: str | None, signal: str, warn: Callable[[str], object], stopping: Callable[[], bool]) -> None:
    if url is None:
        return
    target = url.rstrip("/") + signal
    outcome: list[str | None] = []
    wait_for(lambda: outcome.append(_ask(target)), _TIMEOUT, stopping)
    late = "before the process was told to stop" if stopping() else f"within {_TIMEOUT} seconds"
    problem = outcome[0] if outcome else f"was not answered {late}"
    if problem:
        warn(f"the ping {signal or 'of success'} {problem}")


def _ask(target: str) -> str | None:
    """Ask for a URL; say in words what went wrong, None when nothing did."""
    from http.client import HTTPException  # noqa: PLC0415 - only who pings needs a network
    from urllib.error import HTTPError  # noqa: PLC0415 - likewise
    from urllib.request import urlopen  # noqa: PLC0415 - likewise

    try:
        # The scheme was checked with the settings. The limit is for each read alone: a slow server gets many of them.
        with urlopen(target, timeout=_TIMEOUT) as answer:  # noqa: S310
            answer.read(1024)
    except HTTPError as error:
        return f"was answered with {error.code}"
    except OSError as error:
        reason = getattr(error, "reason", error)
        return f"did not arrive: {(isinstance(reason, OSError) and reason.strerror) or 'no answer'}"
    except (HTTPException, ValueError) as error:
        return f"did not arrive: {type(error).__name__}"
    return None
