"""Leases: one run at a time, or many shards. Each is a token with an end, which its holder moves on."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import redis
from baileys_cleanup.errors import CompanyProblem, LockHeld
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.redis.layout import OWN
from baileys_cleanup.store.redis.scripts import FREE, RENEW, SHARE, TAKE
from baileys_cleanup.store.redis.server import Server, decoded
from baileys_cleanup.store.redis.trouble import as_not_writable, is_gone
from baileys_cleanup.store.store import BUSY, LOST

_MILLISECONDS = 300_000
_RENEW_AFTER = 30.0


class Leases:
    """The leases that this process holds."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._held: dict[str, tuple[tuple[str, str], float]] = {}

    @contextmanager
    def hold(self, name: str, *, shared: bool = False) -> Iterator[None]:
        """Hold a lease, without waiting for it. Raises LockHeld when another process has it.

        A `shared` one is held by many at once, and by nobody else meanwhile.
        """
        keys = (f"{OWN}lease:{{{name}}}", f"{OWN}lease-shared:{{{name}}}")  # one slot: a script asks for both
        token = f"process {os.getpid()} on {os.uname().nodename} {uuid4().hex}"
        now = time.monotonic()
        with as_not_writable("the lock of the store cannot be taken"):
            try:
                held = self._twice(SHARE if shared else TAKE, keys, [token, _MILLISECONDS])
            except redis.RedisError:
                self._free(keys, token)
                raise
            if held is not None:
                if name not in BUSY:
                    raise LockHeld(f"another run holds {shown(name)}; it was left alone")
                who = shown(decoded(held).rpartition(" ")[0])
                minutes = _MILLISECONDS // 60_000
                raise LockHeld(
                    f"another {BUSY[name]} is at work ({who}; its lease ends {minutes} minutes after it was heard of"
                    " last); nothing was touched"
                )
        self._held[token] = keys, now
        try:
            yield
        finally:
            del self._held[token]
            self._free(keys, token)

    def _free(self, keys: tuple[str, str], token: str) -> None:
        with suppress(redis.RedisError):  # it ends by itself
            self._twice(FREE, keys, [token])

    def _twice(self, source: str, keys: tuple[str, str], arguments: list[Any]) -> Any:  # noqa: ANN401 - what a server gives
        """Run a script, once more where its answer was lost: who has a token finds what is its own by it."""
        try:
            return self._server.script(source, keys, arguments)
        except redis.RedisError as error:
            if not is_gone(error):
                raise
            return self._server.script(source, keys, arguments)

    def renew(self) -> None:
        """Show that this process lives, where that was not done a moment ago.

        Raises redis.RedisError, and CompanyProblem where a lease is another's by now, or was.
        """
        for token, (keys, heard) in self._held.items():
            now = time.monotonic()
            if now - heard < _RENEW_AFTER:
                continue
            if not self._server.script(RENEW, keys, [token, _MILLISECONDS]):
                raise CompanyProblem(LOST)
            self._held[token] = keys, now
