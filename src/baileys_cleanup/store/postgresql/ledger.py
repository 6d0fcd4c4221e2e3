"""The ledger: since when each row has been what it is, where nothing else tells when it was written.

A row is as old as it has been seen unchanged. Its mark is `xmin`, the transaction that wrote it: that moves also where
the same value is written again.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import sql

from baileys_cleanup.decision.policy import SECOND
from baileys_cleanup.store.postgresql.connection import Connection
from baileys_cleanup.store.postgresql.stamp import Stamp

_REMEMBER = sql.SQL(
    "insert into baileys_cleanup.ledger as l (company, key_type, key_id, mark, since)"
    " select %s, t, i, m, coalesce(to_timestamp(s / 1e9), clock_timestamp() + make_interval(secs => %s))"
    " from unnest(%s::text[], %s::text[], %s::text[], %s::bigint[]) w(t, i, m, s)"
    " on conflict (company, key_type, key_id) do update set mark = excluded.mark, since = excluded.since"
    " where l.mark <> excluded.mark"
)
"""Where no dates are given the server fills their column with nulls; a null in an array is one word to some databases
(`array_nulls`)."""
BACK = sql.SQL(
    ", l as (insert into baileys_cleanup.ledger as l (company, key_type, key_id, mark, since)"
    " select %(raw)s, d.t, d.i, d.x, to_timestamp(d.modified / 1e9) from d where d.modified is not null"
    " on conflict (company, key_type, key_id) do update set mark = excluded.mark, since = excluded.since)"
)
"""A part of a statement: remember rows `d` of the company `raw` that come back as old as they were."""
_ALL = (
    "select key_type, key_id, mark, (extract(epoch from since) * 1000000)::bigint * 1000"
    " from baileys_cleanup.ledger where company = %s"
)
_COUNT = "select count(*) from baileys_cleanup.ledger where company = %s"
_FORGET = sql.SQL(
    "delete from baileys_cleanup.ledger l where l.company = %s"
    " and not exists (select from unnest(%s::text[], %s::text[]) w(t, i) where w.t = l.key_type and w.i = l.key_id)"
)


def remembered(connection: Connection, company_id: str) -> dict[tuple[str, str, str], int]:
    """Return since when (nanoseconds since the epoch) each row of a company is what it is: by type, id and mark.

    Raises psycopg.Error.
    """
    rows = connection.rows(sql.SQL(_ALL), [company_id])
    return {(key_type, key_id, mark): since for key_type, key_id, mark, since in rows}


def remember(
    cursor: "psycopg.Cursor[tuple[Any, ...]]",
    company_id: str,
    stamps: Iterable[Stamp],
    since: Sequence[int] = (),
    *,
    ahead: int = 0,
) -> None:
    """Remember the marks of rows: from now on where they are new, `since` (nanoseconds) where that is known.

    Now is by this machine's clock where that is `ahead` of the server's (nanoseconds): ages are counted by it.
    """
    rows = [(stamp.key_type, stamp.key_id, stamp.xmin) for stamp in stamps]
    if rows:
        types, ids, marks = (list(column) for column in zip(*rows, strict=True))
        cursor.execute(_REMEMBER, [company_id, max(0, ahead) / SECOND, types, ids, marks, list(since)])


def count(cursor: "psycopg.Cursor[tuple[Any, ...]]", company_id: str) -> int:
    """Return how many rows of a company are remembered."""
    ((known,),) = cursor.execute(_COUNT, [company_id]).fetchall()
    return int(known)


def forget(cursor: "psycopg.Cursor[tuple[Any, ...]]", company_id: str, present: Iterable[Stamp]) -> None:
    """Forget what is said of rows that are no more."""
    stamps = list(present)
    cursor.execute(_FORGET, [company_id, [each.key_type for each in stamps], [each.key_id for each in stamps]])
