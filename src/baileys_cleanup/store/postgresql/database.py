"""A database with the keys of all companies: what every part of the store asks of it."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import psycopg
from psycopg import sql

from baileys_cleanup.errors import CompanyProblem, UsageProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.cache import Cache
from baileys_cleanup.store.place import Place
from baileys_cleanup.store.postgresql import obstacles, schema
from baileys_cleanup.store.postgresql.ahead import Ahead
from baileys_cleanup.store.postgresql.cached import CacheInFront
from baileys_cleanup.store.postgresql.columns import Column, insertable
from baileys_cleanup.store.postgresql.connection import Connection
from baileys_cleanup.store.postgresql.creds import CredsPlace, creds_place
from baileys_cleanup.store.postgresql.dates import Dates, dates_of
from baileys_cleanup.store.postgresql.layouts import CREDS_KEY, JOINED_CREDS, Form, Layout
from baileys_cleanup.store.postgresql.lease import Leases
from baileys_cleanup.store.postgresql.statements import read_as, statements
from baileys_cleanup.store.postgresql.trouble import as_company_problem, as_usage_problem
from baileys_cleanup.store.server_store import ServerStore

_SIZES = sql.SQL("select {company}, count(*) from {keys} r group by 1")
_CREDS_TYPE = sql.SQL(
    "select r.{type}::text from {keys} r where {id} = {creds} group by 1"
    " order by bool_or({is_company}) desc, count(*) desc, 1 limit 1"
)
_INDEXED = sql.SQL(
    "select exists (select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]"
    " where i.indrelid = %s::regclass and i.indisvalid and i.indpred is null and a.attname = %s)"
)


def is_text(company_id: str) -> bool:
    """Tell whether the server could have an id: it takes no text that is not UTF-8, nor one with a NUL."""
    try:
        company_id.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\0" not in company_id


class Database(ServerStore):
    """A database, connected, its layout known."""

    def __init__(self, place: Place, connection: Connection, layout: Layout, exclude: Sequence[str]) -> None:
        super().__init__(place.shown, exclude)
        self.place = place
        self.connection = connection
        self.layout = layout
        self.statements = statements(layout)
        self.leases = Leases(connection)
        self._sizes: Mapping[str, int] = {}
        with as_usage_problem(f"the store {self.path} cannot be looked at"):
            self.server = connection.state()
            self._access = schema.access(connection)
        self.has_schema = self._access.reads

    @cached_property
    def dates(self) -> Dates:
        """How the rows are dated."""
        return dates_of(self.layout, self.server, has_schema=self.has_schema)

    @cached_property
    def creds(self) -> CredsPlace:
        """Where creds lie."""
        return creds_place(self.layout, self.statements, self.dates)

    @cached_property
    def key_columns(self) -> list[Column]:
        """The columns of the table of keys that a row can be written into."""
        with as_company_problem(), self.connection.transaction() as cursor:
            return insertable(cursor, self.layout.keys)

    @cached_property
    def ahead(self) -> Ahead:
        """What looks at the companies."""
        return Ahead(self.connection, self.layout, self.statements, self.dates, self.creds)

    def creds_type(self, raw_id: str) -> str | None:
        """Return the type under which a company's creds lie among keys with types: its own, else that of most others.

        Empty where none tells, None where theirs is none at all. Raises CompanyProblem.
        """
        if not self.layout.has_typed_creds or self.layout.key_type is None:
            return ""
        query = _CREDS_TYPE.format(
            type=sql.Identifier(self.layout.key_type),
            id=self.statements.key_id,
            creds=sql.Literal(CREDS_KEY),
            is_company=self.statements.is_company,
            keys=self.layout.keys.identifier,
        )
        with as_company_problem():
            rows = self.connection.rows(query, {"company": raw_id})
        return rows[0][0] if rows else ""

    def cache_in_front(self) -> CacheInFront | None:
        """Return what clears the cache that bots read first, None where there is none. Raises UsageProblem."""
        asked = self.place.redis
        return CacheInFront(Cache(asked), self.connection, self.layout) if asked.cache else None

    def uncleared(self) -> str | None:
        """Return why the cache that bots read first could not be cleared, None where it could or there is none."""
        if self.place.redis.cache is None:
            return None
        cache = Cache(self.place.redis)
        why = cache.why_not()
        cache.close()
        return why

    def expect(self, ids: Sequence[str]) -> None:
        """Know which companies will be asked for, in which order: several are looked at in one go."""
        self.meet()
        self.ahead.expect([self.raw_id(each) for each in ids], self._sizes, indexed=self._indexed)

    @cached_property
    def _indexed(self) -> bool:
        """Whether an index leads to the keys of a company."""
        if self.layout.form is Form.JOINED:
            return False
        with as_usage_problem(f"the store {self.path} cannot be looked at"):
            name = self.layout.keys.identifier.as_string()
            return bool(self.connection.rows(_INDEXED, [name, self.layout.company])[0][0])

    def remarks(self) -> list[str]:
        """Return what people have to know of the dates here, of records that cannot be read, of what is not used."""
        unseen = self.unseen()
        told = self.dates.in_words(unseen)
        if unseen:
            told.append(f"what earlier runs left to be remembered cannot be read: {unseen}")
        if self.place.redis.creds is not None:
            told.append("redis.creds is for keys in Redis; with this store it is not used")
        return told

    def list_raw(self) -> Iterable[str]:
        """Return the ids of all companies as the database has them. Raises UsageProblem."""
        query = _SIZES.format(company=self.statements.company, keys=self.layout.keys.identifier)
        if self.layout.creds is not None:
            query += sql.SQL(" union all select {}::text, 0 from {}").format(
                sql.Identifier(self.layout.creds_company), self.layout.creds.identifier
            )
        sizes: dict[str, int] = {}
        with as_usage_problem(f"the companies of the store {self.path} cannot be listed"):
            for raw_id, rows in self.connection.rows(query):
                if raw_id is not None:
                    sizes[raw_id] = sizes.get(raw_id, 0) + rows
        self._sizes = sizes
        return sizes

    def is_there(self, raw_id: str) -> bool:
        """Tell whether there is any row of a company. Raises UsageProblem."""
        if not is_text(raw_id):
            return False
        where = sql.SQL("exists (select from {} r where {})")
        query = sql.SQL("select {} or {}").format(
            where.format(self.layout.keys.identifier, self.statements.is_company),
            where.format(self.creds.table.identifier, self.creds.is_company),
        )
        with as_usage_problem(f"the companies of the store {self.path} cannot be listed"):
            try:
                return bool(self.connection.rows(query, {"company": raw_id, "creds": self.creds.key})[0][0])
            except psycopg.DataError:  # the column is of a type that cannot hold such an id
                return False

    def require_own_form(self, raw_id: str) -> None:
        """Raise CompanyProblem for an id that would be taken for another: 007 is 7 to a column of numbers."""
        column, columns = self.layout.company, self.layout.keys.columns
        if self.layout.form is Form.JOINED:
            other = read_as(raw_id)
            if other is not None:
                raise CompanyProblem(
                    f"the layout {self.layout.name} has the id before the key, and {shown(raw_id)}:{JOINED_CREDS} would"
                    f" be a key of company {shown(other)}"
                )
            return
        question = sql.SQL("select (%s::text::{})::text").format(sql.SQL(columns[column]))
        with as_company_problem():
            try:
                ((kept,),) = self.connection.rows(question, [raw_id])
            except psycopg.DataError:
                kept = None
        if kept != raw_id:
            raise CompanyProblem(
                f"the column {shown(column)} is of type {columns[column]}, and cannot hold the id {shown(raw_id)}"
                + ("" if kept is None else f": it would be {shown(kept)}")
            )

    def why_it_cannot_write(self) -> str | None:
        """Return what would keep this role from removing, where that shows without trying."""
        return self._obstacle

    @cached_property
    def _obstacle(self) -> str | None:
        if self.server.replica:
            return "the server is a replica, and takes no writes"
        with as_company_problem():
            return obstacles.why_no_rights(self.connection, self.server, self.layout, self._access) or self._not_whole

    @cached_property
    def _not_whole(self) -> str | None:
        return obstacles.why_not_whole(self.connection, self.layout.keys, self.layout.keys)

    def require_whole(self) -> None:
        """Raise UsageProblem where more or less than the rows that go would be gone with them."""
        with as_usage_problem(f"the store {self.path} cannot be looked at"):
            why = self._not_whole
        if why is not None:
            raise UsageProblem(f"nothing can be removed here: {why}")

    def unseen(self) -> str | None:
        """Return in words that the tool's own schema is there, and this role may not read it; None where it may."""
        hidden = self._access.there and not self._access.reads
        return schema.lacking(self.server.role, writes=False) if hidden else None

    def make_schema(self) -> None:
        """Make the tool's own schema where it is missing. Raises UsageProblem where this role may not."""
        schema.prepare(self.connection)
        if not self.has_schema:
            self.has_schema, self._access = True, schema.Access(there=True, reads=True, writes=True)
            for name in ("dates", "creds", "ahead"):
                self.__dict__.pop(name, None)
