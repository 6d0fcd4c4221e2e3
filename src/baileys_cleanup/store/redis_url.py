"""A client of a Redis server, made of a URL that the driver reads as it was meant, and what of it fits no server."""

import os
import re
import ssl
from collections.abc import Mapping
from inspect import signature
from typing import Any
from urllib.parse import urlsplit

from redis.connection import URL_QUERY_ARGUMENT_PARSERS

import redis
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.place import scheme_of, wrong_parameters

_PATH = re.compile(r"/?[0-9]*")
_CUT = re.compile(r"Connection closed by server|Error (?:\S+ )?while (?:reading|writing)")
_NO_DATABASE = re.compile(r"DB index|value is (?:out of range|not an integer)")
_CLUSTER = "SELECT is not allowed"
_WORDS = {"username", "password", "client_name", "encoding", "encoding_errors"}
"""Parameters that are texts, beside those of TLS."""
_OF_POOLS = {"max_connections"}
"""Parameters that no connection takes, and yet a client does."""
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_ca_path")
"""Parameters that name a file, or the last one a folder. OpenSSL does not say which of them it did not find."""
_NO_TLS = ("WRONG_VERSION_NUMBER", "PACKET_LENGTH", "UNEXPECTED_EOF", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST")
"""How OpenSSL calls an answer that is no TLS."""
UNUSABLE = (AttributeError, LookupError, TypeError)
"""What the driver stumbles over, at the latest at its first word, where a parameter is none that a URL can give."""


def redis_client(url: str, **options: Any) -> redis.Redis:  # noqa: ANN401 - the driver's own
    """Return a client that has not connected yet. Raises ValueError, in words without the URL, where it cannot be read.

    The driver would take another database for one that has no number, and finds out late what it does not know.
    """
    if not _PATH.fullmatch(urlsplit(url).path):
        raise ValueError("after the host stands the number of a database, as in redis://host:6379/0")
    try:
        client = redis.Redis.from_url(url, **options)
        pool = client.connection_pool
        pool.connection_class(**pool.connection_kwargs)
    except redis.RedisError as error:
        raise ValueError(str(error)) from None
    except UNUSABLE as error:
        raise ValueError(why_unusable(url, error)) from None
    if pool.connection_kwargs.get("decode_responses"):
        raise ValueError("decode_responses is none of its parameters: values are bytes")
    return client


def why_unusable(url: str, error: Exception) -> str:
    """Return in words what the driver stumbled over in a URL: a parameter that it does not know, or what it said."""
    kind = redis.SSLConnection if scheme_of(url) == "rediss" else redis.Connection
    return wrong_parameters(url, _parameters(kind)) or f"the driver cannot use what its URL says: {error}"


def is_cut(error: redis.RedisError) -> bool:
    """Tell whether a connection that was there ended before the answer came."""
    return isinstance(error, redis.ConnectionError) and bool(_CUT.match(str(error)))


def misfit(client: redis.Redis, error: redis.RedisError) -> str | None:
    """Return in words what of its URL does not fit the server that a client asked first, None where that does not show.

    A server without TLS waits for more of what it takes for a line, and one that speaks TLS alone hangs up.
    """
    pool = client.connection_pool
    number, said = pool.connection_kwargs.get("db"), str(error)
    if number and isinstance(error, redis.ResponseError):
        if _NO_DATABASE.match(said):
            return (
                f"the server has no database {number}: they are numbered from 0, up to 15 unless its setting"
                " `databases` says otherwise"
            )
        if said.startswith(_CLUSTER):
            return f"the server is a cluster, which has no database {number}: write /0"
    if not issubclass(pool.connection_class, redis.SSLConnection):
        if is_cut(error) or isinstance(error, redis.InvalidResponse):
            return "the server does not answer as a Redis does: it may be another one, or speak TLS alone (rediss://)"
    elif unreadable := _unreadable(pool.connection_kwargs):
        return unreadable
    elif not is_cut(error) and _is_no_tls(error.__context__):  # a connection that was there had its handshake
        return "the server did not answer in TLS, which rediss:// asks for: where it has none write redis://"
    return None


def _unreadable(parameters: Mapping[str, object]) -> str | None:
    """Return in words which of the files that a URL names cannot be read, None where all can."""
    for name in _FILES:
        path = parameters.get(name)
        if isinstance(path, str):
            try:
                os.stat(path)
            except (OSError, ValueError) as error:
                return f"{name} names {shown(path)}: {getattr(error, 'strerror', None) or error}"
            if os.path.isdir(path) != (name == "ssl_ca_path"):
                return f"{name} names {shown(path)}: it has to be {'a folder' if name == 'ssl_ca_path' else 'a file'}"
            if not os.access(path, os.R_OK):
                return f"{name} names {shown(path)}: this user may not read it"
    return None


def _is_no_tls(why: BaseException | None) -> bool:
    """Tell whether a handshake failed because the server speaks no TLS: all else is no reason to do without it."""
    if isinstance(why, TimeoutError):
        return "handshake" in str(why)
    reason = getattr(why, "reason", None) or ""  # there is none where no library of TLS was asked
    return isinstance(why, ConnectionResetError | ssl.SSLEOFError) or reason.startswith(_NO_TLS)


def _parameters(kind: type) -> set[str]:
    """Return the parameters that make sense in a URL of such a connection, by what its class and its bases take."""
    taken = {name for each in kind.__mro__ if "__init__" in vars(each) for name in signature(each).parameters}
    of_a_url = _WORDS | set(URL_QUERY_ARGUMENT_PARSERS) | {name for name in taken if name.startswith("ssl_")}
    return taken & of_a_url | _OF_POOLS
