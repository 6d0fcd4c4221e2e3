"""Takes rows out of the bot's table: into the quarantine, in one transaction for each company.

The rows are picked that are still what was planned, and locked unless somebody else holds them; they are copied, and
deleted. A bot that upserts in batches would meet a deadlock if a removal waited for its rows, and lose its write: so
what is locked is in use, and stays.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from baileys_cleanup.decision.verdict import Verdict
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.store.postgresql import ledger
from baileys_cleanup.store.postgresql.cached import mark_of
from baileys_cleanup.store.postgresql.columns import kept_row
from baileys_cleanup.store.postgresql.company import PostgresqlCompany
from baileys_cleanup.store.postgresql.database import Database
from baileys_cleanup.store.postgresql.runs import forget_empty, write_run
from baileys_cleanup.store.postgresql.trouble import in_words
from baileys_cleanup.store.remover import CompanyRemover, LaterLook, Outcome, Removal, Revision, refuse_protected_among
from baileys_cleanup.store.runs import RUNNING, SETTLED, Run

_REMOVE = sql.SQL(
    "with h as materialized (select from baileys_cleanup.lease where token = %(token)s for share), l as materialized"
    " (select pg_try_advisory_xact_lock(hashtextextended('baileys_cleanup ' || %(lock)s, 0))"
    " and (%(token)s::text is null or exists (select from h)) as alone),"
    " w as (select * from json_to_recordset(%(planned)s::json)"
    " as w(t text, i text, c text, x text, name text, size bigint, modified bigint, rule text)),"
    " s as (select r.o, r.c, w.name, w.size, w.modified, w.rule from w cross join lateral"
    " (select r.tableoid as o, r.ctid as c from {keys} r"
    " where r.ctid = w.c::tid and r.xmin = w.x::xid and {key_type} = w.t and {key_id} = w.i and {is_company}"
    " and (select alone from l) for update of r skip locked) r),"
    " g as (delete from {keys} r using s where r.ctid = s.c and r.tableoid = s.o"
    " returning s.name, s.size, s.modified, s.rule, {row} as row, {mark} as mark),"
    " a as (insert into baileys_cleanup.audit (event, run_id, company, name, rule, size, modified)"
    " select 'remove', %(run)s, %(id)s, g.name, g.rule, g.size, g.modified from g),"
    " q as (insert into baileys_cleanup.quarantine"
    " (run_id, company, name, source, row, size, modified, pairing, rule)"
    " select %(run)s, %(id)s, g.name, %(source)s, g.row, g.size, g.modified, %(pairing)s, g.rule from g"
    " where %(undo_days)s > 0)"
    " select l.alone, array(select name from g), array(select name from s), {marks} from l"
)
"""All of a removal in one statement. Two runs at one company: the one that comes later finds nothing to pick. Neither
does one whose lease another has taken; nobody takes it while this lasts.

Each row is looked up by its place, whatever the server knows of the table: it may have counted nothing yet."""
_MARKS = sql.SQL("(select json_object_agg(g.name, g.mark) from g)")
"""What tells a removed value again that comes back in a cache."""
_ARRIVED = sql.SQL("select name from baileys_cleanup.quarantine where run_id = %s and company = %s")
_DELETED = sql.SQL("select name from baileys_cleanup.audit where event = 'remove' and run_id = %s and company = %s")
"""What tells of a removal that keeps nothing: a line of the same transaction."""


_KEPT = "a trigger of the table keeps it"


class _Taken(NamedTuple):
    """What went, and what was picked and stayed all the same, by name."""

    gone: set[str]
    kept: set[str]


class _Changed(Exception):
    """Some rows are no longer what was planned, so none is removed."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(names)
        self.names = names


def _require_all(told: Sequence[tuple[Any, ...]], names: Sequence[str]) -> None:
    """Raise where a removal did not pick every row: inside of its transaction, which then ends with nothing done."""
    ((alone, gone, *_),) = told
    left = sorted(set(names) - set(gone))
    if alone and left:
        raise _Changed(left)


class PostgresqlRemover:
    """Removes for one run; its record is made with its first removal, in the same transaction."""

    def __init__(self, store: Database, run: Run) -> None:
        store.require_whole()
        self.store = store
        self.run = run
        self.recorded = False
        self.cache = store.cache_in_front()
        self._asked = False
        self.settled = True

    def leave_unsettled(self) -> None:
        """Leave nothing: what a transaction did stands, or nothing was done."""

    def begin(self) -> None:
        """Begin nothing: a connection is not shared among processes."""

    def doubt(self, company: PostgresqlCompany) -> str | None:  # noqa: ARG002 - the same shape as the dry one
        """Doubt the cache alone, and once: a removal that fails says so itself."""
        first, self._asked = not self._asked, True
        return self.cache.why_not() if self.cache and first else None

    @property
    def later(self) -> LaterLook | None:
        """The cache, which has to be looked at once more; None where there is none."""
        return self.cache

    def take_all(self, company: PostgresqlCompany, removals: Sequence[Verdict], pairing: str | None) -> list[str]:
        """Remove rows of one company, all of them or none; return the names of those that kept it from being done.

        An old memory out of a cache would speak of a key that is gone: so nothing goes where that cannot be cleared.
        Raises CompanyProblem where the server cannot be asked.
        """
        doubt = self.doubt(company) if removals else None
        if doubt:
            raise CompanyProblem(doubt)
        with self.company(company, pairing):
            return _CompanyRemover(self, company, pairing).take_all(removals)

    @contextmanager
    def company(self, company: PostgresqlCompany, pairing: str | None = None) -> Iterator[CompanyRemover]:
        """Return the remover for one company. The ledger remembers what was seen of it."""
        if self.store.dates.uses_ledger:
            self._remember(company)
        yield _CompanyRemover(self, company, pairing)

    def _remember(self, company: PostgresqlCompany) -> None:
        try:
            with self.store.connection.transaction(writes=True) as cursor:
                ahead = self.store.dates.ahead
                ledger.remember(cursor, company.raw_id, company.unremembered(), ahead=ahead)
                # Where all that is there is remembered, no more than that means that there is nothing to forget.
                if self.store.dates.tracked or ledger.count(cursor, company.raw_id) > company.listed_rows:
                    ledger.forget(cursor, company.raw_id, company.stamps())
        except psycopg.Error as error:
            raise CompanyProblem(
                f"since when its rows are as they are cannot be remembered: {in_words(error)}"
            ) from None

    def close(self) -> None:
        """End the run: forget one that has nothing in the quarantine, and mark any other as settled."""
        if self.recorded:
            with suppress(psycopg.Error), self.store.connection.transaction(writes=True) as cursor:
                write_run(cursor, self.run._replace(state=SETTLED))
                forget_empty(cursor, self.run)


class _CompanyRemover:
    """Removes rows of one company, all in one transaction."""

    def __init__(self, remover: PostgresqlRemover, company: PostgresqlCompany, pairing: str | None) -> None:
        self._remover = remover
        self._company = company
        self._pairing = pairing

    def remove(self, removals: Sequence[Verdict], stopping: Callable[[], bool]) -> Iterator[Removal]:
        """Carry out the planned removals; `stopping` is asked once, before the one step in which all go."""
        refuse_protected_among(verdict.file.name for verdict in removals)
        if removals and stopping():
            yield from (Removal(verdict, Outcome.STOPPED) for verdict in removals)
            return
        # Nothing here has a copy under a second name: such a pair would have to go in one step.
        able = [verdict for verdict in removals if verdict.second is None]
        try:
            taken = self._take(able) if able else _Taken(set(), set())
        except psycopg.Error as error:
            yield from self._after_trouble(removals, error)
            return
        for verdict in removals:
            if verdict.second is not None:
                yield Removal(verdict, Outcome.HELD)
            elif verdict.file.name in taken.kept:
                yield Removal(verdict, Outcome.FAILED, _KEPT)
            else:
                yield Removal(verdict, Outcome.REMOVED if verdict.file.name in taken.gone else Outcome.CHANGED)

    def take_all(self, removals: Sequence[Verdict]) -> list[str]:
        """Remove all of these or none; return the names of those that are no longer what was planned, or in use."""
        names = [verdict.file.name for verdict in removals]
        refuse_protected_among(names)
        if not removals:
            return []
        try:
            self._take(removals, all_or_none=True)
        except _Changed as changed:
            return changed.names
        except psycopg.Error as error:
            if not set(names) <= self._arrived():
                raise CompanyProblem(in_words(error)) from None
        return []

    def _take(self, removals: Sequence[Verdict], *, all_or_none: bool = False) -> _Taken:
        store, run = self._remover.store, self._remover.run
        source = ".".join(store.layout.keys.name)
        values: dict[str, Any] = {
            "planned": json.dumps([_as_row(verdict) for verdict in removals], ensure_ascii=False),
            "run": run.run_id,
            "undo_days": run.undo_days,
            "id": self._company.id,
            "company": self._company.raw_id,
            "source": source,
            "lock": f"{source} {self._company.raw_id}",
            "token": store.leases.token,
            "pairing": self._pairing,
        }
        parts = store.statements
        statement = _REMOVE.format(
            keys=store.layout.keys.identifier,
            key_type=parts.key_type,
            key_id=parts.key_id,
            is_company=parts.is_company,
            row=kept_row(store.key_columns, "r"),
            mark=mark_of(store.layout) if self._remover.cache else sql.SQL("null"),
            marks=_MARKS if self._remover.cache else sql.SQL("null"),
        )
        if all_or_none or (run.undo_days and not self._remover.recorded):
            with store.connection.transaction(writes=True) as cursor:
                write_run(cursor, run._replace(state=RUNNING))
                told = cursor.execute(statement, values).fetchall()
                if all_or_none:
                    _require_all(told, [verdict.file.name for verdict in removals])
            self._remover.recorded = True
        else:
            told = store.connection.rows(statement, values, writes=True)
        ((alone, names, picked, marks),) = told
        if not alone:  # and nothing was picked
            raise CompanyProblem(
                "another run is removing from this company at this moment, or has taken the lock of this one"
            )
        if not self._clear(marks or {}) and all_or_none:
            because = self._remover.cache.because if self._remover.cache else ""
            raise CompanyProblem(f"what was removed may still be in the cache, which does not answer any more{because}")
        return _Taken(set(names), set(picked) - set(names))

    def _clear(self, marks: Mapping[str, str]) -> bool:
        """Take what was removed out of the cache, where there is one; tell whether that could be done."""
        return self._remover.cache is None or self._remover.cache.clear(self._company.raw_id, marks)

    def _after_trouble(self, removals: Sequence[Verdict], error: psycopg.Error) -> Iterator[Removal]:
        """Tell what became of the removals after a transaction that did not end well: it went whole, or not at all."""
        sentence = in_words(error)
        arrived = self._arrived()
        for verdict in removals:
            if verdict.file.name in arrived:
                yield Removal(verdict, Outcome.REMOVED)
            else:
                yield Removal(verdict, Outcome.FAILED, sentence)

    def _arrived(self) -> set[str]:
        """Return what is removed by now, nothing where the server does not say; the cache loses it, too."""
        values = [self._remover.run.run_id, self._company.id]
        told = _ARRIVED if self._remover.run.undo_days else _DELETED
        arrived: set[str] = set()
        with suppress(psycopg.Error):
            arrived = {row[0] for row in self._remover.store.connection.rows(told, values)}
        self._clear(dict.fromkeys(arrived, ""))  # the hashes are lost with the answer
        return arrived

    def confirm(self) -> list[Revision]:
        """Look at nothing again: a transaction is over when it is over."""
        return []


def _as_row(verdict: Verdict) -> dict[str, str | int | None]:
    """Return a removal as the statement takes it: in one text, which costs a quarter of a list for each column."""
    file, stamp = verdict.file, verdict.file.stamp
    return {
        "t": stamp.key_type,
        "i": stamp.key_id,
        "c": stamp.place,
        "x": stamp.xmin,
        "name": file.name,
        "size": file.size,
        "modified": file.modified,
        "rule": verdict.rule.value,
    }
