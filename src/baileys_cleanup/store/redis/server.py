"""The connection to a Redis server, and what is asked of it. Only the SCAN family lists, never KEYS."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.store.place import Place, without_password
from baileys_cleanup.store.redis.scripts import CHUNK
from baileys_cleanup.store.redis.trouble import in_words
from baileys_cleanup.store.redis_url import UNUSABLE, misfit, redis_client, why_unusable

_SECONDS = 10
_SECONDS_TO_ANSWER = 60
_SCAN = 500


class Server:
    """A Redis server. Names are text with lone surrogates for what is no UTF-8; values stay bytes.

    `shown` is its URL as people may see it.
    """

    def __init__(self, url: str, seconds: int = _SECONDS_TO_ANSWER) -> None:
        self.shown = without_password(url)
        self.client = redis_client(
            url, socket_connect_timeout=_SECONDS, socket_timeout=seconds, client_name="baileys-cleanup"
        )

    def call(self, *words: Any) -> Any:  # noqa: ANN401 - what a server takes and gives
        """Carry out one command. Raises redis.RedisError."""
        return self.client.execute_command(*map(encoded, words))  # type: ignore[no-untyped-call]

    def script(self, source: str, keys: Sequence[str], arguments: Sequence[Any] = ()) -> Any:  # noqa: ANN401 - likewise
        """Run a script, by its hash where the server knows it. Raises redis.RedisError."""
        return self.client.register_script(source)(
            keys=[encoded(key) for key in keys], args=[encoded(each) for each in arguments]
        )

    def require_scripts(self) -> None:
        """Raise redis.RedisError where this user may run none: without them nothing here can even be looked at."""
        self.call("EVALSHA", self.call("SCRIPT", "LOAD", "return 1"), 0)

    def scan(self, pattern: str, kind: str | None = None, *, part: int = _SCAN) -> Iterator[str]:
        """Give the keys that fit a pattern, each at least once; one command goes through a `part` of all there are.

        Raises redis.RedisError.
        """
        for key in self.client.scan_iter(match=encoded(pattern), count=part, _type=kind):
            yield decoded(key)

    def fields(self, key: str) -> Iterator[tuple[str, bytes]]:
        """Give the fields of a hash with their values, part by part. Raises redis.RedisError."""
        for name, value in self.client.hscan_iter(encoded(key), count=_SCAN):
            yield decoded(name), value

    def set_fields(self, key: str, fields: Iterable[tuple[str, Any]]) -> None:
        """Write fields of a hash, a chunk at a time. Raises redis.RedisError."""
        for part in _chunks(list(fields)):
            self.call("HSET", key, *(encoded(word) for pair in part for word in pair))

    def forget_fields(self, key: str, names: Iterable[str]) -> None:
        """Delete fields of a hash, a chunk at a time. Raises redis.RedisError."""
        for part in _chunks(list(names)):
            self.call("HDEL", key, *map(encoded, part))

    def now(self) -> int:
        """Return the server's clock in nanoseconds since the epoch. Raises redis.RedisError."""
        seconds, micros = self.client.time()
        return int(seconds) * 1_000_000_000 + int(micros) * 1_000


def _chunks(several: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (several[number : number + CHUNK] for number in range(0, len(several), CHUNK))


def encoded(text: Any) -> Any:  # noqa: ANN401 - numbers and bytes pass
    """Return a name as the server has it."""
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text


def decoded(name: bytes) -> str:
    """Return a name as text."""
    return name.decode("utf-8", "surrogateescape")


@contextmanager
def connected(place: Place) -> Iterator[Server]:
    """Connect to the server of a URL. Raises UsageProblem where that cannot be done."""
    problem = f"the store {place.shown} cannot be opened"
    try:
        if place.scheme == "rediss":  # the driver lets a handshake take as long as an answer
            _greet(Server(place.where, _SECONDS), problem).close()
        server = Server(place.where)
        client = _greet(server, problem)
    except ValueError as error:
        raise UsageProblem(f"{problem}: {error}") from None
    except UNUSABLE as error:
        raise UsageProblem(f"{problem}: {why_unusable(place.where, error)}") from None
    try:
        yield server
    finally:
        client.close()


def _greet(server: Server, problem: str) -> redis.Redis:
    """Say the first word to a server, and return its client. Raises UsageProblem, which begins with `problem`."""
    try:
        server.call("PING")
    except redis.RedisError as error:
        raise UsageProblem(f"{problem}: {misfit(server.client, error) or in_words(error, opened=False)}") from None
    return server.client
