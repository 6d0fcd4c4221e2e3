"""Leases: one run at a time, for as long as it shows that it lives.

A lock of a session does not hold through a pooler, so a lock is a row with an end that its holder moves on. Where
nothing stands between the holder and the server, a lease also ends with the holder's connection. Who lost one while its
connection was away removes nothing any more: another may have taken back the run, and forgotten it.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
from psycopg import sql

from baileys_cleanup.errors import CompanyProblem, LockHeld
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.postgresql.connection import Connection
from baileys_cleanup.store.postgresql.trouble import as_usage_problem
from baileys_cleanup.store.store import BUSY, LOST

_SECONDS = 900
"""How long a lease lives after its holder was heard of last."""
_RENEW_AFTER = 60.0
_SHARE = " shared by "
"""Between the name of a lease that is shared, and the token of one of those that share it: each has a row."""
_ONE_BY_ONE = sql.SQL("select pg_advisory_xact_lock(hashtextextended('baileys_cleanup lease ' || %(base)s, 0))")
"""Two that ask for the same at once would both find it free."""
_DEAD = (
    "(l.until < clock_timestamp()"
    " or (l.pid is not null and not exists (select from pg_stat_activity a where a.pid = l.pid)))"
)
_FORGET_DEAD = sql.SQL(
    f"delete from baileys_cleanup.lease l where starts_with(l.name, %(base)s || '{_SHARE}') and {_DEAD}"  # noqa: S608 - ours
)
_RIVALS = {
    True: sql.SQL(f"select 1 from baileys_cleanup.lease l where l.name = %(base)s and not {_DEAD}"),  # noqa: S608 - ours
    False: sql.SQL(f"select 1 from baileys_cleanup.lease l where starts_with(l.name, %(base)s || '{_SHARE}')"),  # noqa: S608 - ours
}
"""Who is in the way of one that shares, and of one that does not."""
_TAKE = sql.SQL(
    "insert into baileys_cleanup.lease as l (name, token, holder, pid, until)"
    " values (%(name)s, %(token)s, %(holder)s, %(pid)s, clock_timestamp() + make_interval(secs => %(seconds)s))"
    " on conflict (name) do update"
    " set token = excluded.token, holder = excluded.holder, pid = excluded.pid, until = excluded.until"
    " where l.until < clock_timestamp()"
    " or (l.pid is not null and not exists (select from pg_stat_activity a where a.pid = l.pid))"
    " returning token"
)
_RENEW = sql.SQL(
    "update baileys_cleanup.lease set until = clock_timestamp() + make_interval(secs => %s), pid = %s where token = %s"
    " returning token"
)
_FREE = sql.SQL("delete from baileys_cleanup.lease where token = %s")
_HOLDER = sql.SQL(
    "select holder, to_char(until at time zone 'UTC', 'YYYY-MM-DD HH24:MI') from baileys_cleanup.lease l"
    " where l.name = %(base)s or starts_with(l.name, %(base)s || ' shared by ') order by l.until desc limit 1"
)


class _Heard(NamedTuple):
    """When a lease was shown to live, in seconds, and over which of the connections that there were."""

    at: float
    renewals: int


class Leases:
    """The leases that this process holds."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._held: dict[str, _Heard] = {}

    @property
    def token(self) -> str | None:
        """The token of the lease that was taken first, that of the whole run; None where none is held."""
        return next(iter(self._held), None)

    @contextmanager
    def hold(self, name: str, *, shared: bool = False) -> Iterator[None]:
        """Hold a lease, without waiting for it. Raises LockHeld when another process has it.

        A `shared` one is held by many at once, and by nobody else meanwhile.
        """
        token = uuid4().hex
        heard = self._now()
        with as_usage_problem(f"the lock of the store {self._connection.shown} cannot be taken"):
            values = {
                "base": name,
                "name": f"{name}{_SHARE}{token}" if shared else name,
                "token": token,
                "holder": f"process {os.getpid()} on {os.uname().nodename}",
                "pid": self._connection.direct_pid(),
                "seconds": _SECONDS,
            }
            try:
                taken = self._take(values, shared=shared)
            except psycopg.Error:
                self._free(token)  # it may be taken, and only the answer was lost
                raise
            if not taken:
                held = self._connection.rows(_HOLDER, values)
                who, until = held[0] if held else ("another process", "now")
                if name not in BUSY:
                    raise LockHeld(f"another run holds {shown(name)}; it was left alone")
                raise LockHeld(
                    f"another {BUSY[name]} is at work ({shown(who)}; its lease ends {until} UTC if nothing is heard of"
                    " it); nothing was touched"
                )
        self._held[token] = heard
        try:
            yield
        finally:
            del self._held[token]
            self._free(token)

    def _free(self, token: str) -> None:
        with suppress(psycopg.Error):  # it ends by itself
            self._connection.write(_FREE, [token])

    def _take(self, values: Mapping[str, Any], *, shared: bool) -> bool:
        """Take a lease where nobody has it, and tell whether that is so. Raises psycopg.Error."""
        with self._connection.transaction(writes=True) as cursor:
            try:
                cursor.execute(_ONE_BY_ONE, values)
            except psycopg.errors.LockNotAvailable:  # who has that is about to have the lease
                return False
            cursor.execute(_FORGET_DEAD, values)
            if cursor.execute(_RIVALS[shared], values).fetchone():
                return False
            return cursor.execute(_TAKE, values).fetchone() is not None

    def renew(self) -> None:
        """Show that this process lives, where that was not done a moment ago over this connection.

        A lease ends with the connection that it was taken over. Raises psycopg.Error, and CompanyProblem where a lease
        is another's by now, or was.
        """
        for token, heard in self._held.items():
            now = self._now()
            if now.at - heard.at < _RENEW_AFTER and now.renewals == heard.renewals:
                continue
            values = [_SECONDS, self._connection.direct_pid(), token]
            if not self._connection.rows(_RENEW, values, writes=True):
                raise CompanyProblem(LOST)
            self._held[token] = now

    def _now(self) -> _Heard:
        return _Heard(time.monotonic(), self._connection.renewals)
