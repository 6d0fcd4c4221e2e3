"""One connection to the server, made anew where it broke; transactions that wait for no lock for long.

Through PgBouncer in transaction mode nothing outlives a transaction: no prepared statement, no session lock, no SET.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

import psycopg
from psycopg import IsolationLevel, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo, TransactionStatus

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.store.place import Place, wrong_parameters
from baileys_cleanup.store.postgresql.trouble import as_usage_problem

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

Answer = TypeVar("Answer")
Query = sql.SQL | sql.Composed
Values = Sequence[Any] | Mapping[str, Any]
LOCK_TIMEOUT = "5s"
"""How long a statement of ours waits for a lock on a table; locked rows are skipped and never waited for."""
BATCH = 5_000
"""Rows that come over the wire at a time."""
_AS_IT_WAS = (
    "; set local extra_float_digits = 1; set local datestyle = 'ISO'; set local xmloption = content;"
    " set local array_nulls = on"
)
"""What a type writes of a value is read again as the very value, whatever the database has set: rows are kept so."""
_BEGIN = {
    writes: f"begin isolation level read committed read {mode}; set local lock_timeout = '{LOCK_TIMEOUT}'{more}"
    for writes, mode, more in ((False, "only", ""), (True, "write", _AS_IT_WAS))
}
"""One message for both: each way to the server and back counts. Read committed, whatever the server's default is."""
_CONNECT_SECONDS = "10"
IDLE = 30.0
"""Seconds without a question after which a connection may have been ended (by the server, a pooler, a firewall)."""
_PAUSES = (0.0, 1.0, 2.0, 4.0)
"""Seconds before each attempt to connect again: a server that is restarted is back by then. After the last no more is
tried."""


class ServerState(NamedTuple):
    """What is known of the server. `tracks` tells whether it keeps the commit times of transactions.

    `deadlock_ms` is how long it lets a transaction wait before it looks for a deadlock, in milliseconds.
    """

    database: str
    role: str
    tracks: bool
    replica: bool
    now: int
    deadlock_ms: int


class Connection:
    """A connection as the store uses it. `renewals` are how often it was made anew."""

    def __init__(self, place: Place) -> None:
        self.renewals = 0
        self._place = place
        self._is_gone = False
        self._live = self._connect()
        self._asked_at = time.monotonic()
        self._beside: tuple[Connection, ThreadPoolExecutor] | None = None
        self._asked: Future[Any] | None = None

    def _connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        given = conninfo_to_dict(self._place.where)
        ours = {"connect_timeout": _CONNECT_SECONDS, "application_name": "baileys-cleanup", "client_encoding": "UTF8"}
        missing = {name: value for name, value in ours.items() if name not in given}
        info = make_conninfo(self._place.where, **missing)
        live: psycopg.Connection[tuple[Any, ...]] = psycopg.connect(info, autocommit=True, prepare_threshold=None)
        return live

    def close(self) -> None:
        """Let go of the server; what was begun meanwhile and is not over is broken off."""
        if self._beside is not None:
            second, thread = self._beside
            if self._asked is not None and not self._asked.done():
                with suppress(psycopg.Error):
                    second._live.cancel()  # noqa: SLF001 - it is one of these
            thread.shutdown(cancel_futures=True)
            second.close()
        with suppress(psycopg.Error):
            self._live.close()

    @property
    def shown(self) -> str:
        """The URL of the store, for people."""
        return self._place.shown

    @property
    def is_idle(self) -> bool:
        """Whether no transaction is open here: inside of `still` all that is asked has to see the same moment."""
        return self._live.info.transaction_status is TransactionStatus.IDLE

    def meanwhile(self, ask: "Callable[[Connection], Answer]") -> "Future[Answer]":
        """Begin to ask something over a second connection, and go on; what it raises comes with its answer.

        One question at a time. Raises psycopg.Error without a second connection, RuntimeError without a thread.
        """
        if self._beside is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only where there is much to look at

            self._beside = Connection(self._place), ThreadPoolExecutor(1)
        second, thread = self._beside
        answer = self._asked = thread.submit(ask, second)
        return answer

    def _alive(self) -> "psycopg.Connection[tuple[Any, ...]]":
        idle_since, self._asked_at = self._asked_at, time.monotonic()
        if self.is_idle and self._asked_at - idle_since > IDLE:
            with suppress(psycopg.Error):  # a statement that is sent to nobody may not be sent again, but this may
                self._live.execute("select")
        if self._is_broken:
            self._live = self._connect_again()
            self.renewals += 1
        return self._live

    @property
    def _is_broken(self) -> bool:
        return self._live.closed or self._live.broken

    def _connect_again(self) -> "psycopg.Connection[tuple[Any, ...]]":
        problem: psycopg.Error = psycopg.OperationalError("the connection to the server broke, and does not come back")
        for pause in () if self._is_gone else _PAUSES:
            time.sleep(pause)
            try:
                return self._connect()
            except psycopg.Error as error:
                problem = error
        self._is_gone = True
        raise problem

    @contextmanager
    def transaction(self, *, writes: bool = False) -> Iterator[psycopg.Cursor[tuple[Any, ...]]]:
        """Begin a transaction, and end it with what is inside. Raises psycopg.Error."""
        live = self._alive()
        if not self.is_idle:  # inside of `still`
            with live.transaction(), live.cursor() as cursor:
                yield cursor
            return
        with live.cursor() as cursor:
            cursor.execute(_BEGIN[writes])
            try:
                yield cursor
            except BaseException:
                with suppress(psycopg.Error):
                    cursor.execute("rollback")
                raise
            cursor.execute("commit")

    def rows(self, query: Query, values: Values = (), *, writes: bool = False) -> list[tuple[Any, ...]]:
        """Return the rows of one statement, in a transaction of its own. Raises psycopg.Error.

        Beginning, statement and end go in one message, with the values in the text: of four ways to the server and
        back three are spared, and on a busy machine they are what a statement costs. What only reads is asked once more
        where the connection broke.
        """
        self._alive()
        if not self.is_idle:  # inside of `still`
            with self.transaction() as cursor:
                return cursor.execute(query, values).fetchall()
        try:
            return self._rows(query, values, writes=writes)
        except psycopg.Error:
            if writes or not self._is_broken:
                raise
            return self._rows(query, values, writes=writes)

    def _rows(self, query: Query, values: Values, *, writes: bool) -> list[tuple[Any, ...]]:
        live = self._alive()
        whole = sql.SQL("{}; {}; commit").format(sql.SQL(_BEGIN[writes]), query)
        found: list[tuple[Any, ...]] = []
        with psycopg.ClientCursor(live) as cursor:
            try:
                cursor.execute(whole, values)
                while cursor.nextset():
                    if cursor.description:
                        found = cursor.fetchall()
            except BaseException:
                with suppress(psycopg.Error):
                    live.execute("rollback")
                raise
        return found

    def stream(
        self, query: Query, values: Values = (), *, binary: bool = False, batch: int = BATCH
    ) -> Iterator[tuple[Any, ...]]:
        """Give the rows of a question batch by batch: no more than one is ever held here. Raises psycopg.Error.

        In `binary` form what the driver knows nothing of stays the bytes that the server has. It is asked once more
        where the connection broke before the first of them came.
        """
        self._alive()
        again = self.is_idle  # else inside of `still`
        try:
            for part in self._parts(query, values, binary=binary, batch=batch):
                again = False
                yield from part
        except psycopg.Error:
            if not (again and self._is_broken):
                raise
            for part in self._parts(query, values, binary=binary, batch=batch):
                yield from part

    def _parts(self, query: Query, values: Values, *, binary: bool, batch: int) -> Iterator[Sequence[tuple[Any, ...]]]:
        with self.transaction(), self._live.cursor(name="baileys_cleanup", binary=binary) as cursor:
            cursor.execute(query, values)
            while part := cursor.fetchmany(batch):
                yield part
                if len(part) < batch:
                    break

    @contextmanager
    def still(self) -> Iterator[Self]:
        """Let all that is asked inside see the very same moment. Raises psycopg.Error."""
        live = self._alive()
        live.read_only, live.isolation_level = True, IsolationLevel.REPEATABLE_READ
        with live.transaction():
            yield self

    def write(self, query: Query, values: Values = ()) -> int:
        """Carry out a statement in a transaction of its own; return how many rows it met. Raises psycopg.Error."""
        with self.transaction(writes=True) as cursor:
            return cursor.execute(query, values).rowcount

    def direct_pid(self) -> int | None:
        """Return the server's process for this connection; None where a pooler stands between, and it is nobody's."""
        with self.transaction() as cursor:
            found = cursor.execute("select pg_backend_pid()").fetchone()
        assert found is not None, "a function gives a row"
        return int(found[0]) if found[0] == self._alive().info.backend_pid else None

    def state(self) -> ServerState:
        """Return what is known of the server; `now` is its clock in nanoseconds since the epoch."""
        question = sql.SQL(
            "select current_database()::text, current_user::text, current_setting('track_commit_timestamp') = 'on',"
            " pg_is_in_recovery(), (extract(epoch from clock_timestamp()) * 1000000)::bigint * 1000,"
            " (select setting::integer from pg_settings where name = 'deadlock_timeout')"
        )
        return ServerState(*self.rows(question)[0])


@contextmanager
def connected(place: Place) -> Iterator[Connection]:
    """Connect to the server of a URL. Raises UsageProblem where that cannot be done."""
    what = f"the store {place.shown} cannot be opened"
    with as_usage_problem(what):
        try:
            connection = Connection(place)
        except psycopg.ProgrammingError:
            known = {each.keyword.decode() for each in Conninfo.get_defaults()}
            unknown = wrong_parameters(place.where, known)
            if unknown is None:
                raise
            raise UsageProblem(f"{what}: {unknown}") from None
    try:
        yield connection
    finally:
        connection.close()
