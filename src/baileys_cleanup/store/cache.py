"""A cache of keys in front of a database: what was removed there is taken out of it as well, after the commit.

Whoever misses a key in it reads the database, so that to take one out too many costs nothing.
"""

from collections.abc import Sequence
from typing import Any

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.extras import to_install
from baileys_cleanup.store.place import Redis, without_password

_SECONDS = 5
_CHUNK = 500


class Cache:
    """A Redis that bots read keys from before the database. Trouble with it is told and fails nothing."""

    def __init__(self, asked: Redis) -> None:
        try:
            import redis  # noqa: PLC0415 - only where there is a cache
        except ImportError:
            raise UsageProblem(f"a cache in Redis needs redis-py: {to_install('redis')}") from None
        assert asked.cache is not None, "who makes one has looked"
        self._where = without_password(asked.cache)
        self._template = asked.cache_key
        self._trouble: type[Exception] = redis.RedisError
        try:
            self._client: Any = redis.Redis.from_url(
                asked.cache, socket_connect_timeout=_SECONDS, socket_timeout=_SECONDS
            )
        except ValueError as error:
            raise UsageProblem(f"redis.cache {self._where}: {error}") from None

    def why_not(self) -> str | None:
        """Return in words why the cache cannot be cleared, None where it can."""
        try:
            self._client.ping()
        except self._trouble:
            return f"the cache {self._where} cannot be reached: keys that are removed stay in it until they end there"
        return None

    def forget(self, company_id: str, keys: Sequence[tuple[str, str]]) -> bool:
        """Take keys (type and id) of a company out of the cache; tell whether that could be done."""
        names = [self._name(company_id, *key) for key in keys]
        try:
            for number in range(0, len(names), _CHUNK):
                self._client.execute_command("UNLINK", *names[number : number + _CHUNK])
        except self._trouble:
            return False
        return True

    def there(self, company_id: str, keys: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return those of the keys that the cache has, none where it cannot be asked."""
        try:
            with self._client.pipeline(transaction=False) as asking:
                for key in keys:
                    asking.exists(self._name(company_id, *key))
                return [key for key, found in zip(keys, asking.execute(), strict=True) if found]
        except self._trouble:
            return []

    def _name(self, company_id: str, key_type: str, key_id: str) -> str:
        parts = {"{company_id}": company_id, "{type}": key_type, "{id}": key_id}
        name = self._template
        for mark, value in parts.items():
            name = name.replace(mark, value)
        return name

    def close(self) -> None:
        """Let go of the server."""
        self._client.close()
