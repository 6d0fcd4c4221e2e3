"""Looks at several companies in one go where it is known which come next: each question costs a way to the server.

What was seen ahead is given out once, and only for a moment: a removal compares each row with what was seen of it.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import psycopg
from psycopg import sql

from baileys_cleanup.store.postgresql.connection import Connection
from baileys_cleanup.store.postgresql.creds import CredsPlace
from baileys_cleanup.store.postgresql.dates import Dates
from baileys_cleanup.store.postgresql.layouts import Layout
from baileys_cleanup.store.postgresql.listed_rows import MOST_PARTS, PACKED, ListedRows, PackedRows, plain_name
from baileys_cleanup.store.postgresql.statements import Statements, updated

if TYPE_CHECKING:
    from concurrent.futures import Future

ROWS, ROWS_OF_A_SCAN = 20_000, 100_000
"""Rows of one look, about: where an index leads to a company, and where each look goes through the whole table."""
_ROWS_OF_A_PART, _PARTS = 4_000, 25
"""Rows of a large company that come in one line, about, and lines that come at a time: some megabytes at most."""
_MOST = 200
"""Companies of one look: their creds come over whole where they are no JSON to the server."""
_FRESH = 10.0
"""Seconds for which a look is good for a company whose turn comes only now."""
_ROWS = sql.SQL(
    'select {company} collate "C" as company, {name} as name, r.ctid as place, r.xmin as xmin,'
    " pg_column_size(r.{value}) as size, {written} as written, length({key_type}) as type_length"
    " from {keys} r {ledger} where {among}"
)
"""A collation of the column's own may take two ids for one, and this packs only what is one to the byte."""
_LEDGER = sql.SQL(
    "left join baileys_cleanup.ledger l on l.company = any(%(companies)s::text[]) and l.company = {company}"
    " and l.key_type = {key_type} and l.key_id = {key_id} and l.mark = r.xmin::text"
)
"""The companies are named once more, or the server would go through all that the ledger has at each look."""
_CREDS = sql.SQL("select {company}, {date}, {said} from {table} r where {among}")


class Creds(NamedTuple):
    """A row of creds: when it was written (microseconds since the epoch), and what of it may be known, None if not."""

    micros: int | None
    said: str | bytes | None


class Sight(NamedTuple):
    """What was seen of one company."""

    rows: ListedRows
    creds: Sequence[Creds]


class _Seen(NamedTuple):
    """A look at several companies, and when it began, on the monotonic clock. `after` is whose turn comes then."""

    at: float
    companies: dict[str, Sight]
    after: int | None = None

    def has(self, raw_id: str) -> bool:
        """Tell whether a company is there that was not given out yet, and the look is still good."""
        return raw_id in self.companies and time.monotonic() - self.at < _FRESH


class Ahead:
    """Looks at companies, several at a time where they are expected."""

    def __init__(
        self, connection: Connection, layout: Layout, parts: Statements, dates: Dates, creds: CredsPlace
    ) -> None:
        self._connection = connection
        self._layout = layout
        self._creds_place = creds
        rows = _ROWS.format(
            company=parts.company,
            name=plain_name(layout, parts.key_type, parts.key_id),
            key_type=parts.key_type,
            value=sql.Identifier(layout.value),
            written=_written(layout, dates),
            keys=layout.keys.identifier,
            ledger=_LEDGER.format(company=parts.company, key_type=parts.key_type, key_id=parts.key_id)
            if dates.uses_ledger
            else sql.SQL(""),
            among=parts.among,
        )
        self._question = PACKED.format(rows=rows)
        self._coming: Sequence[str] = ()
        self._turns: dict[str, int] = {}
        self._sizes: Mapping[str, int] = {}
        self._most = 0
        self._seen = _Seen(0.0, {})
        self._begun: Future[_Seen] | None = None
        self._goes_ahead = True

    def expect(self, raw_ids: Sequence[str], sizes: Mapping[str, int], *, indexed: bool) -> None:
        """Know which companies come, in which order, and about how many rows each has."""
        self._coming = raw_ids
        self._turns = {raw_id: number for number, raw_id in enumerate(raw_ids)}
        self._sizes = sizes
        self._most = ROWS if indexed else ROWS_OF_A_SCAN
        self._seen, self._begun = _Seen(0.0, {}), None

    def look(self, raw_id: str) -> Sight:
        """Return what is there of a company. Raises psycopg.Error."""
        if not self._seen.has(raw_id):
            self._seen = self._begun_for(raw_id) or self._look_from(raw_id)
            if self._seen.after is not None:
                self._begin(self._seen.after)
        return self._seen.companies.pop(raw_id)

    def _begun_for(self, raw_id: str) -> "_Seen | None":
        """Return the look that was begun, if it is one at this company, and still good."""
        begun, self._begun = self._begun, None
        with suppress(psycopg.Error):  # then it is looked at over the first connection
            if begun is not None and (seen := begun.result()).has(raw_id):
                self._turns.pop(raw_id, None)
                return seen
        return None

    def _look_from(self, raw_id: str) -> "_Seen":
        """Look at this company, and where it is its turn at those after it."""
        turn = self._turns.pop(raw_id, None)
        if turn is None:
            return self._look(self._connection, [raw_id], None)
        return self._look(self._connection, self._from(turn), turn)

    def _begin(self, turn: int) -> None:
        """Begin the look from this turn on, so that the server is at work while the last one is gone through."""
        some = self._from(turn)
        large = sum(self._sizes.get(raw_id, 0) for raw_id in some) > self._most  # one at a time, or two were held
        if large or not (some and self._goes_ahead and self._connection.is_idle):
            return
        try:
            self._begun = self._connection.meanwhile(lambda second: self._look(second, some, turn))
        except (psycopg.Error, RuntimeError):
            self._goes_ahead = False

    def _look(self, connection: Connection, raw_ids: Sequence[str], turn: int | None) -> "_Seen":
        """Look at companies; only at the first where one of them has what cannot be said: each has its own turn."""
        at = time.monotonic()
        try:
            rows = self._rows(connection, raw_ids)
        except psycopg.DataError:
            if len(raw_ids) == 1:
                raise
            raw_ids = raw_ids[:1]
            rows = self._rows(connection, raw_ids)
        creds = self._creds(connection, raw_ids)
        seen = {each: Sight(rows[each], creds[each]) for each in raw_ids}
        return _Seen(at, seen, None if turn is None else turn + len(raw_ids))

    def _from(self, turn: int) -> Sequence[str]:
        """Return the company of a turn, and those after it as long as all of them are few rows."""
        rows = 0
        for number in range(turn, min(turn + _MOST, len(self._coming))):
            rows += self._sizes.get(self._coming[number], 0)
            if rows > self._most:
                return self._coming[turn : max(number, turn + 1)]
        return self._coming[turn : turn + _MOST]

    def _rows(self, connection: Connection, raw_ids: Sequence[str]) -> dict[str, ListedRows]:
        """Return the rows of each company; a collation may take other ids for the same, and they are nobody's."""
        found = {raw_id: ListedRows(self._layout) for raw_id in raw_ids}
        largest = max((self._sizes.get(raw_id, 0) for raw_id in raw_ids), default=0)
        values = {"companies": raw_ids, "parts": min(MOST_PARTS, 1 + largest // _ROWS_OF_A_PART)}
        for company, *packed in connection.stream(self._question, values, binary=True, batch=_PARTS):
            if company in found:
                found[company].add(PackedRows(*packed))
        return found

    def _creds(self, connection: Connection, raw_ids: Sequence[str]) -> dict[str, list[Creds]]:
        place = self._creds_place
        said = sql.SQL("case when {} then {} end").format(place.fits, place.said)
        try:
            return self._creds_as(connection, raw_ids, said)
        except psycopg.DataError:  # one that cannot be taken apart: each is read alone when its turn comes
            return self._creds_as(connection, raw_ids, sql.SQL("null::text"))

    def _creds_as(self, connection: Connection, raw_ids: Sequence[str], said: sql.Composable) -> dict[str, list[Creds]]:
        place = self._creds_place
        query = _CREDS.format(
            company=place.company, date=place.written, said=said, table=place.table.identifier, among=place.among
        )
        found: dict[str, list[Creds]] = {raw_id: [] for raw_id in raw_ids}
        values = {"companies": raw_ids, "creds_of": place.keys(raw_ids)}
        for company, micros, text in connection.rows(query, values):
            if company in found:
                found[company].append(Creds(micros, text))
        return found


def _written(layout: Layout, dates: Dates) -> sql.Composable:
    """Return when a row was written, null where nothing tells."""
    if layout.updated is not None:
        return updated(layout.keys, layout.updated)
    if dates.tracked:
        since = sql.SQL("pg_xact_commit_timestamp(r.xmin)")
        return sql.SQL("least({}, l.since)").format(since) if dates.uses_ledger else since
    return sql.SQL("l.since") if dates.uses_ledger else sql.SQL("null::timestamptz")
