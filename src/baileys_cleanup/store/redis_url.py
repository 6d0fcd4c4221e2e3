"""A client of a Redis server, made of a URL that the driver reads as it was meant."""

import re
from typing import Any
from urllib.parse import urlsplit

import redis

_PATH = re.compile(r"/?[0-9]*")


def redis_client(url: str, **options: Any) -> redis.Redis:  # noqa: ANN401 - the driver's own
    """Return a client that has not connected yet. Raises ValueError, in words without the URL, where it cannot be read.

    The driver would take another database for one that has no number, and finds out late what it does not know.
    """
    if not _PATH.fullmatch(urlsplit(url).path):
        raise ValueError("after the host stands the number of a database, as in redis://host:6379/0")
    client = redis.Redis.from_url(url, **options)
    pool = client.connection_pool
    try:
        pool.connection_class(**pool.connection_kwargs)
    except TypeError:
        raise ValueError("after the question mark stands something that the driver does not know") from None
    if pool.connection_kwargs.get("decode_responses"):
        raise ValueError("decode_responses is none of its parameters: values are bytes")
    return client
