"""The small records and the audit log, as keys of the tool's own."""

import json
from typing import Any

from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.store.redis.layout import OWN
from baileys_cleanup.store.redis.runs import AUDIT
from baileys_cleanup.store.redis.server import Server
from baileys_cleanup.store.redis.trouble import as_os_error


def _key(part: str) -> str:
    return f"{OWN}records:{part}"


class RedisRecords:
    """Records of JSON by part and name: a hash for each part."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def where(self, part: str = "", name: str = "") -> str:
        """Return where the records of a part lie, or one of them, for people."""
        return f"{self._server.shown}, key {_key(part)}{f', field {name}' if name else ''}"

    def names(self, part: str) -> list[str]:
        """Return the names of all records of a part, sorted."""
        with as_os_error(self._server.shown):
            return sorted(name for name, _ in self._server.fields(_key(part)))

    def read(self, part: str, name: str) -> dict[str, Any]:
        """Return a record; empty where it is JSON, but no object."""
        with as_os_error(self._server.shown):
            told = self._server.call("HGET", _key(part), name)
        if told is None:
            raise FileNotFoundError(name)
        said = json.loads(told)
        return said if isinstance(said, dict) else {}

    def write(self, part: str, name: str, record: dict[str, Any], *, durable: bool = True) -> None:  # noqa: ARG002 - as durable as the server
        """Write a record in one step."""
        with as_os_error(self._server.shown):
            self._server.call("HSET", _key(part), name, json.dumps(record))


class RedisAudit:
    """The audit log."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def write(self, event: str, **fields: str | int | None) -> None:
        """Write one line. Raises OSError when it could not be written: then nothing may follow."""
        with as_os_error(self._server.shown):
            line = {"time": timestamp(self._server.now()), "event": event, **fields}
            self._server.call("RPUSH", AUDIT, json.dumps(line))
