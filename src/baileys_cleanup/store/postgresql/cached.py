"""A cache in front of the table: what was removed goes from it after the commit, and again later where it came back.

A bot that had read a key a moment before it was removed may put it into the cache right after. So what is there a while
later is compared with a hash of what was removed: where it is the same it goes, and whatever else is there a bot has
written anew.
"""

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import psycopg
from psycopg import sql

from baileys_cleanup.errors import CompanyDone, CompanyProblem
from baileys_cleanup.output.text import count
from baileys_cleanup.store.cache import Cache, Key
from baileys_cleanup.store.key_names import read_file_name
from baileys_cleanup.store.place import Redis
from baileys_cleanup.store.postgresql import escapes
from baileys_cleanup.store.postgresql.connection import Connection
from baileys_cleanup.store.postgresql.layouts import Layout

_MARKS_OF_RUN = sql.SQL(
    "select q.company, json_object_agg(q.name, {mark}) from (select company, name, {row} as row"
    " from baileys_cleanup.quarantine where run_id = %s) q, json_populate_record(null::{keys}, q.row) r"
    " group by q.company"
)
_MOST_FAILURES = 3
"""Failures in a row after which a cache is left alone: each may take seconds, and there may be many companies."""
_HASH = "encode(sha256({}), 'hex')"
_OF_JSONB = sql.SQL("select " + _HASH.format("convert_to((%s::text::jsonb)::text, 'UTF8')"))


def mark_of(layout: Layout, *, kept: bool = False) -> sql.Composed:
    """Return what the server says of a value `r`: a hash of its bytes, of `jsonb` in the one form that it has there.

    That `r` was made of a row that was `kept`, without what nobody can read in it.
    """
    column = sql.SQL("r.{}").format(sql.Identifier(layout.value))
    if layout.keys.columns[layout.value] == "bytea":
        return sql.SQL(_HASH).format(column)
    text = escapes.restored(column) if kept else sql.SQL("{}::text").format(column)
    return sql.SQL(_HASH).format(sql.SQL("convert_to({}, 'UTF8')").format(text))


@contextmanager
def cleared_after(asked: Redis, company_id: str, names: Callable[[], Iterable[str]]) -> Iterator[None]:
    """Take keys of a company, named as files, out of the cache once what is done here is done, where there is a cache.

    They have other values in the table now, or none. Once is enough: what puts a whole company in a place, or keys into
    one, is for a bot that is stopped. `company_id` is as the cache has it; `names` is asked afterwards.

    Raises CompanyProblem before anything is done where the cache cannot be reached, CompanyDone where it ceased to be.
    """
    if asked.cache is None:
        yield
        return
    cache = Cache(asked)
    if cache.why_not() is not None:
        raise CompanyProblem(
            f"the cache {cache.where} cannot be reached{cache.because}, and what it holds would be read before what is"
            " put into the table; nothing was changed"
        )
    yield
    keys = [key for name in names() if (key := read_file_name(name)) is not None]
    done = not keys or cache.forget(company_id, keys)
    cache.close()
    if not done:
        raise CompanyDone(
            f"what was asked for is done, but the cache {cache.where} ceased to answer{cache.because}: empty it before"
            " the bot starts, it may hold what is no longer in the table"
        )


class _Cleared(NamedTuple):
    """What was taken out of the cache, by type and id, with the hash of each value; `due` is on the monotonic clock."""

    due: float
    company_id: str
    marks: Mapping[Key, str]


class CacheInFront:
    """The cache of one run, and what it was cleared of lately."""

    def __init__(self, cache: Cache, connection: Connection, layout: Layout) -> None:
        self._cache = cache
        self._connection = connection
        self._layout = layout
        self._is_jsonb = layout.keys.columns[layout.value] == "jsonb"
        self._cleared: deque[_Cleared] = deque()
        self._failures = 0
        self._left = 0

    @property
    def because(self) -> str:
        """In brackets what went wrong last with it; empty where nothing did."""
        return self._cache.because

    def why_not(self) -> str | None:
        """Return in words why it cannot be cleared, None where it can."""
        return self._cache.why_not()

    def clear(self, company_id: str, marks: Mapping[str, str]) -> bool:
        """Take removed keys out, named as files, each with its hash; tell whether that could be done.

        What was taken out a while ago is looked at again meanwhile, so that there is never much to remember.
        """
        keys = {key: mark for name, mark in marks.items() if (key := read_file_name(name)) is not None}
        if not keys:
            return True
        done = self._heard(self._failures < _MOST_FAILURES and self._cache.forget(company_id, list(keys)))
        self._cleared.append(_Cleared(time.monotonic() + self._cache.again_after, company_id, keys))
        while self._cleared and self._cleared[0].due <= time.monotonic():
            self._look_at(self._cleared.popleft())
        return done

    def clear_of(self, run_id: str, raw_id: Callable[[str], str]) -> list[str]:
        """Take out what lies in the quarantine of a run that was cut short: it may have died before it did that.

        `raw_id` gives a company's id as the cache has it. Returns in words what could not be done.

        Raises psycopg.Error.
        """
        query = _MARKS_OF_RUN.format(
            row=escapes.without(sql.SQL("row")),
            mark=mark_of(self._layout, kept=True),
            keys=self._layout.keys.identifier,
        )
        for company_id, marks in self._connection.rows(query, [run_id]):
            self.clear(raw_id(company_id), marks)
        return self.look()

    def due_in(self) -> float:
        """Return the seconds until the last of all can be looked at again; nobody waits for a cache that failed."""
        if not self._cleared or self._failures:
            return 0.0
        return self._cleared[-1].due - time.monotonic()

    def look(self) -> list[str]:
        """Look again at all that is left, for the last time; return in words what could not be done."""
        while self._cleared:
            self._look_at(self._cleared.popleft())
        self._cache.close()
        if not self._left:
            return []
        keys = count(self._left, "removed key")
        untold = f"the cache {self._cache.where} could not be cleared of {keys}{self._cache.because}"
        return [f"{untold}: they stay in it until they end there"]

    def _look_at(self, cleared: _Cleared) -> None:
        there = self._cache.values(cleared.company_id, list(cleared.marks)) if self._failures < _MOST_FAILURES else None
        if not self._heard(there is not None):
            self._left += len(cleared.marks)
            return
        assert there is not None, "heard a moment ago"
        try:
            same = {key: value for key, value in there.items() if self._mark(value) == cleared.marks[key]}
        except psycopg.OperationalError:
            self._left += len(there)
            return
        if same and not self._heard(self._cache.forget_same(cleared.company_id, same)):
            self._left += len(same)

    def _heard(self, done: bool) -> bool:
        self._failures = 0 if done else self._failures + 1
        return done

    def _mark(self, value: bytes) -> str | None:
        """Return the hash of a value as the server has it; None for what its column could not hold."""
        if not self._is_jsonb:
            return hashlib.sha256(value).hexdigest()
        try:
            ((mark,),) = self._connection.rows(_OF_JSONB, [value.decode()])
        except (psycopg.DataError, UnicodeDecodeError):
            return None
        return str(mark)
