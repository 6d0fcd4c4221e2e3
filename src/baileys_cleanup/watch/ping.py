"""The dead man's switch: tells a service like healthchecks.io that a run began and how it ended.

Who hears nothing for a day knows that the run did not come. A ping that fails is a warning, never a failure: the
URL is a secret, so no sentence repeats it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PATIENCE = 5
"""Seconds for one ping."""


class Ending:
    """How the run ends: its exit status, None while nobody knows."""

    def __init__(self) -> None:
        self.status: int | None = None


@contextmanager
def pinging(url: str | None, warn: Callable[[str], object]) -> Iterator[Ending]:
    """Ping around a run: `/start`, then the URL itself for status 0, `/<status>` for another, `/fail` for an error.

    Without a URL nothing is sent. `warn` hears in words what went wrong with a ping.
    """
    ending = Ending()
    _ping(url, "/start", warn)
    try:
        yield ending
    finally:
        if ending.status is None:
            _ping(url, "/fail", warn)
        else:
            _ping(url, f"/{ending.status}" if ending.status else "", warn)


def _ping(url: str | None, signal: str, warn: Callable[[str], object]) -> None:
    if url is None:
        return
    from http.client import HTTPException  # noqa: PLC0415 - only who pings needs a network
    from urllib.error import HTTPError, URLError  # noqa: PLC0415 - likewise
    from urllib.request import urlopen  # noqa: PLC0415 - likewise

    try:
        # The scheme was checked with the settings.
        with urlopen(url.rstrip("/") + signal, timeout=_PATIENCE) as answer:  # noqa: S310
            answer.read(1024)
    except HTTPError as error:
        warn(f"the ping {signal or 'of success'} was answered with {error.code}")
    except (URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        why = reason.strerror if isinstance(reason, OSError) and reason.strerror else "no answer"
        warn(f"the ping {signal or 'of success'} did not arrive: {why}")
    except (HTTPException, ValueError) as error:
        warn(f"the ping {signal or 'of success'} did not arrive: {type(error).__name__}")
