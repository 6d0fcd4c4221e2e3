"""Opens a store in Redis, where the driver is installed."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.extras import to_install
from baileys_cleanup.store.place import Place

if TYPE_CHECKING:
    from baileys_cleanup.store.redis.store import RedisStore


@contextmanager
def open_store(place: Place, exclude: Sequence[str] = ()) -> Iterator["RedisStore"]:
    """Open a server by its URL. Raises UsageProblem where it cannot be used."""
    try:
        import redis  # noqa: F401, PLC0415 - only where such a store is asked for
    except ImportError:
        raise UsageProblem(f"a store in Redis needs redis-py: {to_install('redis')}") from None
    from baileys_cleanup.store.redis.server import connected  # noqa: PLC0415 - these need the driver
    from baileys_cleanup.store.redis.store import RedisStore  # noqa: PLC0415

    with connected(place) as server, ExitStack() as stack:
        apart = None
        if place.redis.creds is not None:
            from baileys_cleanup.store.redis.creds_apart import creds_apart  # noqa: PLC0415 - needs the other driver

            apart = stack.enter_context(creds_apart(place.redis.creds))
        yield RedisStore(place, server, exclude, apart)
