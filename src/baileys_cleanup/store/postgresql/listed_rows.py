"""The rows of one company as they were listed, packed: there may be a million, and nearly all of them stay."""

import sys
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from struct import Struct
from typing import NamedTuple

from psycopg import sql

from baileys_cleanup.store.key_names import END
from baileys_cleanup.store.postgresql.layouts import JOINED_CREDS, Form, Layout
from baileys_cleanup.store.postgresql.stamp import Stamp

PACKED = sql.SQL(
    "select p.company, string_agg(p.name, ''), string_agg(int4send(length(p.name)), ''::bytea),"
    " string_agg(timestamptz_send(coalesce(p.written, '-infinity')), ''::bytea),"
    " string_agg(tidsend(p.place) || xidsend(p.xmin) || int4send(coalesce(p.size, 0)) || int4send(p.type_length),"
    " ''::bytea) from ({rows} offset 0) p where p.name is not null group by p.company"
)
"""Has the server pack rows of `name`, `place`, `xmin`, `size`, `type_length` and `written`, one line for each company.

A row costs more on its way here, column by column, than all that is done with most of them.
"""
_YEAR_2000 = 946_684_800_000_000
"""Microseconds since the epoch: from here PostgreSQL counts."""
_NEVER = {-(2**63), 2**63 - 1}
"""How it sends the dates that are none, minus infinity and infinity."""
_MARKS = Struct(">IHIiI")
"""Block and place in it, the transaction that wrote a row, the size of its value, the length of its type."""


class PackedRows(NamedTuple):
    """Rows of one company as the server packs them: each column as one value, with its rows one after the other.

    `names` are of files but for what `fixFileName` does, `lengths` how long each is, `written` when (microseconds since
    the year 2000), `marks` what tells it again (`_MARKS`). Numbers have their highest byte first.
    """

    names: str
    lengths: bytes
    written: bytes
    marks: bytes


class ListedRows:
    """Rows by the names of files. `double` are names that two rows would have: nobody can tell which the bot reads."""

    def __init__(self, layout: Layout, packed: PackedRows | None = None) -> None:
        self._layout = layout
        self._marks = packed.marks if packed else b""
        self._written = _numbers("q", packed.written) if packed else array("q")
        self._otherwise: dict[str, tuple[str, str]] = {}
        names = self._names(packed) if packed else []
        self._places = dict(zip(names, range(len(names)), strict=True))
        self.double = (
            set() if len(self._places) == len(names) else {name for name, times in Counter(names).items() if times > 1}
        )

    def _names(self, packed: PackedRows) -> list[str]:
        ends = list(accumulate(_numbers("i", packed.lengths), initial=0))
        if ends[-1] == len(packed.names):
            names = [packed.names[begin:end] for begin, end in pairwise(ends)]
        else:  # a server without an encoding counts bytes
            encoded = packed.names.encode()
            names = [encoded[begin:end].decode(errors="replace") for begin, end in pairwise(ends)]
        if any(each in packed.names for each in ("/", ":", JOINED_CREDS)):
            return [self._name(name, place) for place, name in enumerate(names)]
        return names

    def _name(self, plain: str, place: int) -> str:
        """Return what a file is called, and remember what the row is called where that differs."""
        key = self._key(plain, _MARKS.unpack_from(self._marks, place * _MARKS.size)[4])
        name = self._layout.file_name(*key)
        if name != plain:
            self._otherwise[name] = key
        return name

    def drop(self, name: str) -> None:
        """Forget a row, if it is there."""
        self._places.pop(name, None)

    def __contains__(self, name: str) -> bool:
        """Tell whether there is a row of this name."""
        return name in self._places

    def __len__(self) -> int:
        """Return how many names there are."""
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        """Give the names."""
        return iter(self._places)

    def size(self, name: str) -> int:
        """Return the size of a value, in bytes. Raises KeyError for a name that is not there, as all of these do."""
        return int(self._marks_of(name)[3])

    def written(self, name: str) -> int | None:
        """Return when a row was written, in microseconds since the epoch, None where nothing tells."""
        written = self._written[self._places[name]]
        return None if written in _NEVER else written + _YEAR_2000

    def all_written(self, names: Sequence[str]) -> list[int | None]:
        """Return the same of many rows, at a fraction of its cost."""
        written = [self._written[place] for place in map(self._places.__getitem__, names)]
        if _NEVER.isdisjoint(written):
            return [each + _YEAR_2000 for each in written]
        return [None if each in _NEVER else each + _YEAR_2000 for each in written]

    def stamp(self, name: str, *, in_ledger: bool) -> Stamp:
        """Return what tells a row again."""
        block, offset, xmin, _, length = self._marks_of(name)
        key_type, key_id = self._otherwise.get(name) or self._key(name, length)
        return Stamp(key_type, key_id, f"({block},{offset})", str(xmin), in_ledger)

    def _marks_of(self, name: str) -> tuple[int, ...]:
        return _MARKS.unpack_from(self._marks, self._places[name] * _MARKS.size)

    def _key(self, name: str, length: int) -> tuple[str, str]:
        stem = name[: -len(END)]
        return (stem[:length], stem[length + 1 :]) if self._layout.form is Form.SPLIT else ("", stem)


def plain_name(layout: Layout, key_type: sql.Composable, key_id: sql.Composable) -> sql.Composable:
    """Return the name of a row's file, but for what `fixFileName` does to its id."""
    stem = sql.SQL("{} || '-' || {}").format(key_type, key_id) if layout.form is Form.SPLIT else key_id
    return sql.SQL("{} || {}").format(stem, sql.Literal(END))


def _numbers(kind: str, sent: bytes) -> "array[int]":
    numbers = array(kind, sent)
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers
