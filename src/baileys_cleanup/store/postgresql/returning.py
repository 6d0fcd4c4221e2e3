"""The way back from the quarantine: rows go in where nothing is, a hundred at a time where no bot is in the way.

Rows of one transaction could meet a bot that writes the same in another order, and one of the two would lose. So such a
transaction waits for nobody, and is over long before the server looks for deadlocks. Where a bot is in the way it is
none, and each of its rows goes in a transaction of its own.
"""

import errno
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import psycopg
from psycopg import sql

from baileys_cleanup.errors import CompanyProblem, CompanyUnreachable, ServerGone, ServerProblem
from baileys_cleanup.store.postgresql import escapes
from baileys_cleanup.store.postgresql.columns import Column, kept_in, named, readable, taken_from
from baileys_cleanup.store.postgresql.company import PostgresqlCompany
from baileys_cleanup.store.postgresql.database import Database
from baileys_cleanup.store.postgresql.ledger import BACK
from baileys_cleanup.store.postgresql.moved import why_not_here
from baileys_cleanup.store.postgresql.trouble import as_company_problem, as_os_error, is_gone
from baileys_cleanup.store.returning import Returned, one_by_one

TOGETHER = 100
"""Rows of one transaction: some milliseconds."""
_NAMES = sql.SQL("select name from baileys_cleanup.quarantine where run_id = %s and company = %s order by name")
_HELD = sql.SQL(
    "select held.* from unnest(%(names)s::text[]) wanted cross join lateral"
    " (select q.ctid as place, name, source, {row} as row from baileys_cleanup.quarantine q"
    " where run_id = %(run)s and company = %(company)s and name = wanted for update) held"
)
"""Each by its whole key: right after a removal the server knows nothing of a hundred thousand new rows of one run."""
_PUT = sql.SQL(
    "select count(*) from ({held}) q;"
    " with q as ({held}),"
    " h as (select q.place as baileys_cleanup_place, q.row as baileys_cleanup_row, k.*"
    " from q, json_populate_record(null::{keys}, q.row) k where q.source = %(source)s),"
    " i as (insert into {keys} as r ({columns}) overriding system value select {values} from h"
    " where not exists (select from {keys} o where {there}) on conflict do nothing"
    " returning r.*, {key_type} as baileys_cleanup_t, {key_id} as baileys_cleanup_i,"
    " pg_current_xact_id()::xid::text as baileys_cleanup_x),"
    " d as (delete from baileys_cleanup.quarantine b using h join i on {same}"
    " where b.ctid = h.baileys_cleanup_place"
    " returning b.name, b.modified, i.baileys_cleanup_t as t, i.baileys_cleanup_i as i, i.baileys_cleanup_x as x)"
    " {ledger} select name from q where name not in (select name from d)"
)
"""What one holds nobody else puts back: a transaction whose client is gone may be at work still. It is held first by a
statement of its own: only the one after that sees what came while it waited. Nobody moves a row that is held.

Their `xmin` is asked of the transaction: where a table has partitions an INSERT does not return it."""
_ELSEWHERE = sql.SQL(
    "select source from baileys_cleanup.quarantine where run_id = %s and company = %s and source <> %s limit 1"
)
_COLUMNS = sql.SQL(
    "select distinct k from baileys_cleanup.quarantine q,"
    " json_object_keys(case json_typeof(q.row) when 'object' then {row} else '{{}}' end) k"
    " where q.run_id = %s and q.company = %s and q.source = %s"
).format(row=escapes.without(sql.SQL("q.row")))
_RENAMING = sql.SQL("UPDATE baileys_cleanup.quarantine SET source = {} WHERE source = {}")
_HURRY = sql.SQL("set local lock_timeout = {}; set local statement_timeout = {}; ")
_LOCK, _STATEMENT = 20, 250
"""Milliseconds at most. A bot that waits for a row of ours waits no longer than the statement lasts; it would have to
wait for `deadlock_timeout`, a second, before the server could take its transaction for the victim."""


class PostgresqlReturning:
    """What a run took from one company, on its way back."""

    def __init__(self, store: Database, run_id: str, company_id: str) -> None:
        self._store = store
        self._key = [run_id, company_id]
        self._source = ".".join(store.layout.keys.name)
        self._columns: list[Column] = []

    def names(self) -> list[str]:
        """Return what still lies in the quarantine, by name."""
        with as_os_error():
            return [row[0] for row in self._store.connection.rows(_NAMES, self._key)]

    def require_same_place(self, company: PostgresqlCompany) -> None:  # noqa: ARG002 - a table has all companies
        """Raise CompanyProblem where it was taken from another table than the settings name now.

        Two tables of one database share the tool's schema: rows of one bot must not come into the table of another.
        """
        with as_company_problem():
            rows = self._store.connection.rows(_ELSEWHERE, [*self._key, self._source])
            if rows:
                former, here = rows[0][0], self._source
                renaming = _RENAMING.format(sql.Literal(here), sql.Literal(former)).as_string()
                raise CompanyProblem(why_not_here(self._store.connection, former, here, renaming))

    def put_back(
        self, company: PostgresqlCompany, names: Sequence[str], stopping: Callable[[], bool]
    ) -> Iterator[Returned]:
        """Put rows back as they were, and tell of each what became of it; of those left when told to stop nothing."""
        if not names:
            return
        try:
            self._columns = self._columns or self._kept_columns()
        except OSError as error:
            yield from (Returned(name, error) for name in names)
            return
        for number in range(0, len(names), TOGETHER):
            if stopping():
                return
            part = names[number : number + TOGETHER]
            try:
                taken = self._insert(company, part, self._hurry)
            except psycopg.Error as error:
                yield from self._each(company, part, stopping, lost=is_gone(error))
                continue
            yield from (Returned(name, FileExistsError(name) if name in taken else None) for name in part)

    def _kept_columns(self) -> list[Column]:
        """Return the columns that the rows were kept with."""
        layout = self._store.layout
        needed = {layout.company, layout.key_id, layout.value, *([layout.key_type] if layout.key_type else [])}
        with as_os_error():
            kept = {row[0] for row in self._store.connection.rows(_COLUMNS, [*self._key, self._source])}
        try:
            return kept_in(self._store.key_columns, kept, needed)
        except CompanyUnreachable as problem:
            raise ServerGone(errno.EIO, str(problem)) from None
        except CompanyProblem as problem:
            raise OSError(errno.EINVAL, str(problem)) from None

    def _each(
        self, company: PostgresqlCompany, names: Sequence[str], stopping: Callable[[], bool], *, lost: bool
    ) -> Iterator[Returned]:
        """Put back by themselves rows that could not go together.

        They may be back, and only the answer was `lost`. Where not, and the server does not even tell of them, none is.
        """
        try:
            left = set(self.names())
        except ServerProblem as problem:
            if lost or isinstance(problem, ServerGone):
                raise
            yield from (Returned(name, problem) for name in names)
            return
        yield from (Returned(name) for name in names if name not in left)
        yield from one_by_one(
            lambda name: self._alone(company, name), [name for name in names if name in left], stopping
        )

    def _alone(self, company: PostgresqlCompany, name: str) -> None:
        with as_os_error():
            if self._insert(company, [name], sql.SQL("")):
                raise FileExistsError(name)

    def _insert(self, company: PostgresqlCompany, names: Sequence[str], terms: sql.Composable) -> set[str]:
        """Insert rows where nothing is, in one transaction, and return the names that are taken by now.

        The others are back; where their row lies in the quarantine no more, by a transaction that was waited for.
        """
        run_id, company_id = self._key
        values = {"run": run_id, "company": company_id, "names": list(names), "raw": company.raw_id}
        values["source"] = self._source
        return {row[0] for row in self._store.connection.rows(terms + self._statement, values, writes=True)}

    @cached_property
    def _hurry(self) -> sql.Composed:
        quarter = max(1, self._store.server.deadlock_ms // 4)
        return _HURRY.format(sql.Literal(min(_LOCK, quarter)), sql.Literal(min(_STATEMENT, quarter)))

    @cached_property
    def _statement(self) -> sql.Composed:
        keys = self._store.layout.keys
        return _PUT.format(
            held=_HELD.format(row=readable(self._columns, sql.SQL("row"))),
            keys=keys.identifier,
            columns=named(self._columns),
            values=taken_from(self._columns, "h"),
            there=self._same("o", "h"),
            same=self._same("h", "i"),
            key_type=self._store.statements.key_type,
            key_id=self._store.statements.key_id,
            ledger=BACK if self._store.dates.uses_ledger else sql.SQL(""),
        )

    def _same(self, one: str, other: str) -> sql.Composable:
        """Return that two rows are of one key, also where no unique index says so."""
        layout = self._store.layout
        columns = [layout.key_id] if layout.company == layout.key_id else [layout.company, layout.key_id]
        columns += [layout.key_type] if layout.key_type else []
        same = sql.SQL("{}.{} = {}.{}")
        pairs = [(sql.SQL(one), sql.Identifier(name), sql.SQL(other), sql.Identifier(name)) for name in columns]
        return sql.SQL(" and ").join(same.format(*pair) for pair in pairs)
