"""A cache of keys in front of a database: what was removed there is taken out of it as well, after the commit.

Whoever misses a key in it reads the database, so that to take one out too many costs nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.extras import to_install
from baileys_cleanup.store.place import Redis, without_password

Key = tuple[str, str]
"""Type and id of a key, as the library has them."""
_SECONDS = 5
_CHUNK = 500
_FORGET_SAME = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('UNLINK', KEYS[1]) end"
"""Takes a key out, unless somebody has written it anew since it was read."""


class Cache:
    """A Redis that bots read keys from before the database. Trouble with it is told and fails nothing.

    `where` is its URL as people may see it, `again_after` how many seconds later it is looked at again.
    """

    def __init__(self, asked: Redis) -> None:
        try:
            import redis  # noqa: PLC0415 - only where there is a cache
            from baileys_cleanup.store.redis.trouble import in_words  # noqa: PLC0415 - likewise
            from baileys_cleanup.store.redis_url import (  # noqa: PLC0415 - likewise
                UNUSABLE,
                misfit,
                redis_client,
                why_unusable,
            )
        except ImportError:
            raise UsageProblem(f"a cache in Redis needs redis-py: {to_install('redis')}") from None
        assert asked.cache is not None, "who makes one has looked"
        self.where = without_password(asked.cache)
        self.again_after = asked.cache_again_seconds
        self._template = asked.cache_key
        self._trouble: tuple[type[Exception], ...] = (redis.RedisError, ValueError, *UNUSABLE)
        self._answered = False
        self._why = ""

        def words(error: Exception) -> str:
            if not isinstance(error, redis.RedisError):
                return why_unusable(str(asked.cache), error)
            unfit = None if self._answered else misfit(self._client, error)
            return unfit or in_words(error, opened=self._answered).removeprefix("the server cannot be reached: ")

        self._words: Callable[[Exception], str] = words
        try:
            self._client: Any = redis_client(asked.cache, socket_connect_timeout=_SECONDS, socket_timeout=_SECONDS)
        except ValueError as error:
            raise UsageProblem(f"redis.cache {self.where}: {error}") from None

    @property
    def because(self) -> str:
        """In brackets what went wrong last with it; empty where nothing did."""
        return f" ({self._why})" if self._why else ""

    def why_not(self) -> str | None:
        """Return in words why the cache cannot be cleared, None where it can."""
        try:
            self._client.ping()
        except self._trouble as error:
            self._note(error)
            return (
                f"the cache {self.where} cannot be reached{self.because}: keys that are removed stay in it until they"
                " end there"
            )
        self._answered = True
        return None

    def _note(self, error: Exception) -> None:
        self._why = self._words(error)

    def forget(self, company_id: str, keys: Sequence[Key]) -> bool:
        """Take keys (type and id) of a company out of the cache; tell whether that could be done."""
        names = [self._name(company_id, *key) for key in keys]
        try:
            for number in range(0, len(names), _CHUNK):
                self._client.execute_command("UNLINK", *names[number : number + _CHUNK])
        except self._trouble as error:
            self._note(error)
            return False
        self._answered = True
        return True

    def values(self, company_id: str, keys: Sequence[Key]) -> dict[Key, bytes] | None:
        """Return what the cache has of these keys, None where it cannot be asked."""
        try:
            with self._client.pipeline(transaction=False) as asking:
                for key in keys:
                    asking.get(self._name(company_id, *key))
                found = zip(keys, asking.execute(), strict=True)
                self._answered = True
                return {key: value for key, value in found if value is not None}
        except self._trouble as error:
            self._note(error)
            return None

    def forget_same(self, company_id: str, values: Mapping[Key, bytes]) -> bool:
        """Take keys out that still have these very values; tell whether that could be done."""
        try:
            for key, value in values.items():
                self._client.eval(_FORGET_SAME, 1, self._name(company_id, *key), value)
        except self._trouble as error:
            self._note(error)
            return False
        return True

    def _name(self, company_id: str, key_type: str, key_id: str) -> str:
        parts = {"{company_id}": company_id, "{type}": key_type, "{id}": key_id}
        name = self._template
        for mark, value in parts.items():
            name = name.replace(mark, value)
        return name

    def close(self) -> None:
        """Let go of the server."""
        self._client.close()
