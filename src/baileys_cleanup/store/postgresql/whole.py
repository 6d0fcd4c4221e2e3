"""Whole companies: one is built in memory and takes the place of the live one in a single transaction.

What was live until then lies in the tool's own schema, and can change places with it again.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
from psycopg import sql

from baileys_cleanup.decision.names import CREDS_NAME
from baileys_cleanup.decision.policy import SECOND
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.store.company import Company
from baileys_cleanup.store.postgresql import escapes
from baileys_cleanup.store.postgresql.cached import cleared_after
from baileys_cleanup.store.postgresql.columns import insertable, kept_in, kept_row, named, readable, taken_from
from baileys_cleanup.store.postgresql.company import PostgresqlCompany
from baileys_cleanup.store.postgresql.database import Database
from baileys_cleanup.store.postgresql.layouts import Form, Table
from baileys_cleanup.store.postgresql.moved import AND, why_not_here
from baileys_cleanup.store.postgresql.obstacles import why_not_whole
from baileys_cleanup.store.postgresql.records import WRITE
from baileys_cleanup.store.postgresql.rows import RowWriter, Value
from baileys_cleanup.store.postgresql.schema import SCHEMA
from baileys_cleanup.store.postgresql.statements import is_company
from baileys_cleanup.store.postgresql.trouble import as_company_problem, as_os_error
from baileys_cleanup.store.snapshots import MOST_BYTES
from baileys_cleanup.store.store import SetAside
from baileys_cleanup.store.whole_folders import Aside, Late

_RECORD = sql.SQL(
    "insert into baileys_cleanup.aside (run_id, company, why, started, former) values (%s, %s, %s, %s, true)"
    " on conflict (run_id, company) do update set former = not baileys_cleanup.aside.former"
)
_PART = "set_aside"
"""The part of the records that say from which tables a company was taken."""
_WHENCE = "select record ->> 'tables' from baileys_cleanup.records where part = %s and name = %s"
_RENAMING = sql.SQL(
    "UPDATE baileys_cleanup.records SET record = json_build_object('tables', {}::text)"
    " WHERE part = 'set_aside' AND record ->> 'tables' = {}"
)
_AWAY = sql.SQL(
    "with g as (delete from {table} r where {where} returning {row} as row, pg_column_size(r) as size)"
    " insert into baileys_cleanup.set_aside (run_id, company, part, row, size)"
    " select %(run)s, %(id)s, %(part)s, row, size from g"
)
_BACK = sql.SQL(
    "with g as (delete from baileys_cleanup.set_aside where number = any(%(numbers)s) and part = %(part)s"
    " returning {row} as row)"
    " insert into {table} ({columns}) overriding system value"
    " select {values}"
    " from (select k.*, g.row as baileys_cleanup_row from g, json_populate_record(null::{table}, g.row) k) h"
)
_KEPT = sql.SQL(
    "select distinct k from baileys_cleanup.set_aside, json_object_keys({}) k where number = any(%s) and part = %s"
).format(escapes.without(sql.SQL("row")))
_NUMBERS = sql.SQL("select number from baileys_cleanup.set_aside where run_id = %s and company = %s")
_ASIDE = sql.SQL("select row::text from baileys_cleanup.set_aside where run_id = %s and company = %s and part = 'keys'")
_LIST = sql.SQL(
    "select a.run_id, a.company, a.why, a.started, count(s.number), coalesce(sum(s.size), 0)::bigint, a.former"
    " from baileys_cleanup.aside a left join baileys_cleanup.set_aside s using (run_id, company)"
    " group by a.run_id, a.company, a.why, a.started, a.former order by a.started desc, a.run_id desc, a.company"
)
_LOCK = sql.SQL("select pg_advisory_xact_lock(hashtextextended('baileys_cleanup whole ' || %s, 0))")


class MemoryWriter:
    """Keys on their way into a company, whole."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self._size = 0

    def write(self, name: str, content: Iterable[bytes], modified: int, like: Any = None) -> None:  # noqa: ANN401, ARG002 - opaque
        """Write one key with its date, in nanoseconds."""
        data = b"".join(content)
        self._size += len(data)
        if self._size > MOST_BYTES:
            raise CompanyProblem("it holds more than a company can: that is none")
        self.values[name] = Value(data, modified)


class RowInsertion(MemoryWriter):
    """Keys on their way into a company that is live, one by one."""

    def __init__(self, database: Database, company_id: str) -> None:
        super().__init__()
        self._database = database
        self._rows = RowWriter(database, company_id)
        self.inserted: list[str] = []

    def insert(self, name: str) -> None:
        """Let a key appear. Raises FileExistsError where one of that name is: it is never replaced."""
        with as_os_error(), self._database.connection.transaction(writes=True) as cursor:
            there = self._rows.insert(cursor, {name: self.values.pop(name)})
        if not there:
            raise FileExistsError(name)
        self.inserted.append(name)


def _name_of(aside: Aside | SetAside) -> str:
    return f"{aside.run_id} {aside.company_id}"


class PostgresqlWhole:
    """Builds whole companies, and lets them change places with the live ones."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._built: dict[tuple[str, str], MemoryWriter] = {}

    def settle_all(self) -> list[str]:
        """End nothing: a transaction is never half over."""
        return []

    def begin(self, company_id: str, run_id: str, *, why: str, now: int) -> Aside:
        """Begin an empty company to be filled."""
        self._built[run_id, company_id] = MemoryWriter()
        return Aside(run_id, company_id, why, now, 0)

    @contextmanager
    def fill(self, aside: Aside) -> Iterator[MemoryWriter]:
        """Fill a company that was begun."""
        yield self._built[aside.run_id, aside.company_id]

    def discard(self, aside: Aside) -> None:
        """Forget a company that was never live."""
        self._built.pop((aside.run_id, aside.company_id), None)

    def switch(self, aside: Aside) -> Aside:
        """Let the built company go live; the former one lies in the tool's own schema."""
        built = self._built.pop((aside.run_id, aside.company_id))
        self._database.require_own_form(self._database.raw_id(aside.company_id))
        rows = RowWriter(self._database, aside.company_id)
        with self._both_out_of_the_cache(aside), as_company_problem(), self._writing() as cursor:
            cursor.execute(_LOCK, [aside.company_id])
            if self._take_away(cursor, aside):
                cursor.execute(_RECORD, [aside.run_id, aside.company_id, aside.why, aside.started])
                cursor.execute(WRITE, [_PART, _name_of(aside), json.dumps({"tables": self._tables()})])
            try:
                alone = rows.fill(cursor, built.values)
            except psycopg.errors.UniqueViolation:
                alone = False
            if not alone:
                raise CompanyProblem("the bot wrote meanwhile; nothing was changed: stop it first")
        return aside._replace(lived=True)

    def _writing(self) -> AbstractContextManager["psycopg.Cursor[tuple[Any, ...]]"]:
        return self._database.connection.transaction(writes=True)

    def _both_out_of_the_cache(self, aside: Aside | SetAside) -> AbstractContextManager[None]:
        """Take what two companies that change places hold out of the cache, once they have."""
        company_id = aside.company_id
        return self._out_of_the_cache(company_id, lambda: [*self._names_live(company_id), *self._names_aside(aside)])

    def _out_of_the_cache(self, company_id: str, names: Callable[[], Iterable[str]]) -> AbstractContextManager[None]:
        return cleared_after(self._database.place.redis, self._database.raw_id(company_id), names)

    def _names_live(self, company_id: str) -> list[str]:
        return [file.name for file in PostgresqlCompany(self._database, company_id).names().files]

    def forget_former(self, company_id: str) -> None:
        """Take what the live company holds out of the cache, where there is one. Raises CompanyProblem."""
        with self._out_of_the_cache(company_id, lambda: self._names_live(company_id)):
            pass

    def _tables(self) -> str:
        """Return the tables that a company lies in, for people and to be told again."""
        return AND.join(".".join(table.name) for _, table, _ in self._parts())

    def _require_same_tables(self, cursor: "psycopg.Cursor[tuple[Any, ...]]", folder: SetAside) -> None:
        """Raise CompanyProblem where it was taken from other tables than the settings name now.

        Two bots' tables in one database share the tool's schema: a company of one must not come into those of another.
        """
        whence = cursor.execute(_WHENCE, [_PART, _name_of(folder)]).fetchone()
        if whence is not None and whence[0] != self._tables():
            former, here = whence[0], self._tables()
            renaming = _RENAMING.format(sql.Literal(here), sql.Literal(former)).as_string()
            raise CompanyProblem(why_not_here(self._database.connection, former, here, renaming))

    def _take_away(self, cursor: "psycopg.Cursor[tuple[Any, ...]]", aside: Aside | SetAside) -> int:
        moved, database = 0, self._database
        for part, table, where in self._parts():
            why = why_not_whole(database.connection, table, database.layout.keys)
            if why is not None:
                raise CompanyProblem(why)
            raw = database.raw_id(aside.company_id)
            values = {"run": aside.run_id, "id": aside.company_id, "company": raw, "part": part}
            row = kept_row(insertable(cursor, table), "r")
            moved += cursor.execute(_AWAY.format(table=table.identifier, where=where, row=row), values).rowcount
        return moved

    def _needed(self, part: str) -> set[str]:
        """Return the columns without which a row of a part says nothing."""
        layout = self._database.layout
        if part == "creds":
            return {layout.creds_company, layout.creds_value}
        return {layout.company, layout.key_id, layout.value}

    def _parts(self) -> list[tuple[str, Table, sql.Composable]]:
        layout = self._database.layout
        parts = [("keys", layout.keys, self._database.statements.is_company)]
        if layout.creds is not None:
            parts.append(("creds", layout.creds, is_company(layout.creds, "r", layout.creds_company)))
        return parts

    def bring_late(self, aside: Aside, seen: Iterable[AuthFile], wait: Callable[[], object]) -> Late:  # noqa: ARG002 - nothing comes later
        """Bring over nothing: what was there at the switch is aside as a whole; what nobody had seen is named."""
        known = {file.name for file in seen} | {CREDS_NAME}
        return Late([], sorted(self._names_aside(aside) - known))

    def _names_aside(self, aside: Aside | SetAside) -> set[str]:
        """Return the names of the keys that lie aside."""
        with as_company_problem():
            rows = self._database.connection.rows(_ASIDE, [aside.run_id, aside.company_id])
        return {self._name(row[0], aside.company_id) for row in rows}

    def _name(self, row: str, company_id: str) -> str:
        layout, read = self._database.layout, json.loads(row)
        key_id = str(read[layout.key_id])
        if layout.form is Form.JOINED:
            key_id = key_id.removeprefix(f"{self._database.raw_id(company_id)}:")
        return layout.file_name(str(read[layout.key_type]) if layout.key_type else "", key_id)

    def listed(self) -> Sequence[SetAside]:
        """Return the whole companies that lie aside, newest first."""
        with as_os_error():
            return [SetAside(*row) for row in self._database.connection.rows(_LIST)]

    def switch_set_aside(self, folder: SetAside) -> Late:
        """Let a company that lies aside go live; the present one takes its place. Raises CompanyProblem."""
        with self._both_out_of_the_cache(folder), as_company_problem(), self._writing() as cursor:
            cursor.execute(_LOCK, [folder.company_id])
            self._require_same_tables(cursor, folder)
            former = [row[0] for row in cursor.execute(_NUMBERS, [folder.run_id, folder.company_id])]
            self._take_away(cursor, folder)
            for part, table, _ in reversed(self._parts()):  # keys may refer to creds by a foreign key
                kept = {row[0] for row in cursor.execute(_KEPT, [former, part])}
                if not kept:
                    continue
                columns = kept_in(insertable(cursor, table), kept, self._needed(part))
                query = _BACK.format(
                    table=table.identifier,
                    row=readable(columns, sql.SQL("row")),
                    columns=named(columns),
                    values=taken_from(columns, "h"),
                )
                cursor.execute(query, {"numbers": former, "part": part})
            cursor.execute(_RECORD, [folder.run_id, folder.company_id, folder.why, folder.started // SECOND * SECOND])
        return Late([], [])

    def where(self, aside: Aside) -> str:
        """Return where the company that is not live lies, for people."""
        return f"{self._database.path}, table {SCHEMA}.set_aside, run {aside.run_id}"

    @contextmanager
    def insertion(self, company_id: str) -> Iterator[RowInsertion]:
        """Begin to put keys into a company that is live."""
        into = RowInsertion(self._database, company_id)
        with self._out_of_the_cache(company_id, lambda: into.inserted):
            yield into

    def shrunk(self, aside: Aside) -> list[str]:  # noqa: ARG002 - rows belong to the table
        """Return nothing: who may read a table may read its rows."""
        return []

    def find(self, run_id: str, company_id: str) -> Aside | None:  # noqa: ARG002 - the same shape
        """Return nothing: no company is ever half switched."""
        return None

    def is_live(self, aside: Aside) -> bool:
        """Tell whether the built company is the live one."""
        return aside.lived

    def copy(self, company: Company, aside: Aside, files: Iterable[AuthFile]) -> bool:  # noqa: ARG002 - the same shape
        """Raise CompanyProblem: a rotation works on folders."""
        raise CompanyProblem("a rotation works on folders")

    def differences(self, aside: Aside, files: Iterable[AuthFile]) -> list[str]:  # noqa: ARG002 - the same shape
        """Raise CompanyProblem: a rotation works on folders."""
        raise CompanyProblem("a rotation works on folders")

    def switch_back(self, aside: Aside, wait: Callable[[], object]) -> Late:  # noqa: ARG002 - the same shape
        """Raise CompanyProblem: a rotation works on folders."""
        raise CompanyProblem("a rotation works on folders")

    def try_owners(self, company: Company) -> None:
        """Require nothing: rows belong to the table."""

    def give_to_bot(self, aside: Aside, company: Company) -> list[str]:  # noqa: ARG002 - rows belong to the table
        """Give nothing: rows belong to the table."""
        return []
