"""The records of runs, and what of each lies in the quarantine."""

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from baileys_cleanup.store.postgresql.connection import BATCH, Connection
from baileys_cleanup.store.runs import Run
from baileys_cleanup.store.store import Purged, Quarantined

_ALL = sql.SQL("select run_id, started, undo_days, state, shard from baileys_cleanup.runs order by started, run_id")
_WRITE = sql.SQL(
    "insert into baileys_cleanup.runs (run_id, started, undo_days, state, shard) values (%s, %s, %s, %s, %s)"
    " on conflict (run_id) do update set started = excluded.started, undo_days = excluded.undo_days,"
    " state = excluded.state"
)
_EMPTY = sql.SQL(
    "delete from baileys_cleanup.runs r where r.run_id = %(run)s"
    " and not exists (select from baileys_cleanup.quarantine q where q.run_id = r.run_id)"
)
_PURGE = sql.SQL(
    "with g as (delete from baileys_cleanup.quarantine where ctid = any(array("
    "select ctid from baileys_cleanup.quarantine where run_id = %s and company = any(%s) limit %s)) returning size)"
    " select count(*), coalesce(sum(size), 0)::bigint from g"
)
_COMPANIES = sql.SQL("select distinct company from baileys_cleanup.quarantine where run_id = %s")
_HELD = sql.SQL(
    "select company, count(*), coalesce(sum(size), 0)::bigint from baileys_cleanup.quarantine where run_id = %s"
    " group by company order by company"
)
_UNRECORDED = sql.SQL(
    "select distinct run_id from baileys_cleanup.quarantine q"
    " where not exists (select from baileys_cleanup.runs r where r.run_id = q.run_id) order by run_id"
)


def read_runs(connection: Connection) -> list[Run]:
    """Return the recorded runs, oldest first."""
    return [Run(*row) for row in connection.rows(_ALL)]


def write_run(cursor: "psycopg.Cursor[tuple[Any, ...]]", run: Run) -> None:
    """Record a run."""
    cursor.execute(_WRITE, [run.run_id, run.started, run.undo_days, run.state, run.shard])


def forget_empty(cursor: "psycopg.Cursor[tuple[Any, ...]]", run: Run) -> None:
    """Forget a run of which nothing is left."""
    cursor.execute(_EMPTY, {"run": run.run_id})


def purge(connection: Connection, run: Run, stopping: Callable[[], bool], takes: Callable[[str], bool]) -> Purged:
    """Delete for good what a run removed from the companies that this one takes, some thousand rows at a time."""
    files = size = 0
    mine = [company for (company,) in connection.rows(_COMPANIES, [run.run_id]) if takes(company)]
    while not stopping():
        with connection.transaction(writes=True) as cursor:
            found = cursor.execute(_PURGE, [run.run_id, mine, BATCH]).fetchone()
            assert found is not None, "a count gives a row"
            forget_empty(cursor, run)
        files, size = files + found[0], size + found[1]
        if found[0] < BATCH:
            break
    return Purged(files, size, [])


def quarantined(connection: Connection, run: Run) -> dict[str, Quarantined]:
    """Return what of a run still lies in the quarantine, by company."""
    return {company: Quarantined(files, size) for company, files, size in connection.rows(_HELD, [run.run_id])}


def unrecorded(connection: Connection) -> list[str]:
    """Return the runs of which something lies in the quarantine, and no record tells."""
    return [row[0] for row in connection.rows(_UNRECORDED)]
