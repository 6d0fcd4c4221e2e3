"""The way back from the quarantine: rows go in where nothing is, each in a transaction of its own.

In one transaction several rows could meet a bot that writes the same in another order, and one of the two would lose.
"""

from functools import cached_property

from psycopg import sql

from baileys_cleanup.store.postgresql import ledger
from baileys_cleanup.store.postgresql.columns import insertable
from baileys_cleanup.store.postgresql.company import PostgresqlCompany
from baileys_cleanup.store.postgresql.database import Database
from baileys_cleanup.store.postgresql.stamp import Stamp
from baileys_cleanup.store.postgresql.trouble import as_os_error

_NAMES = sql.SQL("select name from baileys_cleanup.quarantine where run_id = %s and company = %s order by name")
_PUT = sql.SQL(
    "with h as (select (json_populate_record(null::{keys}, q.row)).* from baileys_cleanup.quarantine q"
    " where q.run_id = %(run)s and q.company = %(company)s and q.name = %(name)s),"
    " i as (insert into {keys} as r ({columns}) overriding system value select {columns} from h"
    " where not exists (select from {keys} o where {same}) on conflict do nothing"
    " returning {key_type} as t, {key_id} as i, r.ctid::text as c, r.xmin::text as x),"
    " d as (delete from baileys_cleanup.quarantine"
    " where run_id = %(run)s and company = %(company)s and name = %(name)s and exists (select from i)"
    " returning modified)"
    " select i.t, i.i, i.c, i.x, d.modified from i left join d on true"
)


class PostgresqlReturning:
    """What a run took from one company, on its way back."""

    def __init__(self, store: Database, run_id: str, company_id: str) -> None:
        self._store = store
        self._key = [run_id, company_id]

    def names(self) -> list[str]:
        """Return what still lies in the quarantine, by name."""
        with as_os_error():
            return [row[0] for row in self._store.connection.rows(_NAMES, self._key)]

    def put_back(self, company: PostgresqlCompany, name: str) -> None:
        """Put one row back, as it was. Raises FileExistsError where the key is there, OSError where it cannot be."""
        with as_os_error():
            if not self._put_back(company, name):
                raise FileExistsError(name)

    def _put_back(self, company: PostgresqlCompany, name: str) -> bool:
        values = dict(zip(("run", "company", "name"), [*self._key, name], strict=True))
        statement = self._statement
        if not self._store.dates.uses_ledger:
            return bool(self._store.connection.rows(statement, values, writes=True))
        with self._store.connection.transaction(writes=True) as cursor:
            back = cursor.execute(statement, values).fetchone()
            if back is None:
                return False
            *stamp, modified = back
            if modified is not None:
                ledger.remember(cursor, company.raw_id, [Stamp(*stamp)], [modified])
        return True

    @cached_property
    def _statement(self) -> sql.Composed:
        keys = self._store.layout.keys
        with self._store.connection.transaction() as cursor:
            columns = insertable(cursor, keys)
        return _PUT.format(
            keys=keys.identifier,
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            same=self._same(),
            key_type=self._store.statements.key_type,
            key_id=self._store.statements.key_id,
        )

    def _same(self) -> sql.Composable:
        """Return that a row is of the key that comes back, also where no unique index says so."""
        layout = self._store.layout
        columns = [layout.key_id] if layout.company == layout.key_id else [layout.company, layout.key_id]
        columns += [layout.key_type] if layout.key_type else []
        same = [sql.SQL("o.{0} = h.{0}").format(sql.Identifier(column)) for column in columns]
        return sql.SQL(" and ").join(same)
