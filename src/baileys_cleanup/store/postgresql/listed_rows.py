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
from baileys_cleanup.store.postgresql.layouts import CREDS_KEY, JOINED_CREDS, Form, Layout
from baileys_cleanup.store.postgresql.stamp import Stamp

PACKED = sql.SQL(
    "select p.company, string_agg(p.name, ''), string_agg(int4send(length(p.name)), ''::bytea),"
    " string_agg(timestamptz_send(coalesce(p.written, '-infinity')), ''::bytea),"
    " string_agg(tidsend(p.place) || xidsend(p.xmin) || int4send(coalesce(p.size, 0)) || int4send(p.type_length),"
    " ''::bytea) from ({rows} offset 0) p where p.name is not null"
    " group by p.company, get_byte(tidsend(p.place), 3) %% %(parts)s"
)
"""Has the server pack rows of `name`, `place`, `xmin`, `size`, `type_length` and `written`: a line for each company.

A row costs more on its way here, column by column, than all that is done with most of them. All columns are gathered in
one pass, and so in one order; a removal looks at name, place and transaction together all the same. A company of very
many rows comes in several `parts`, because the driver never lets go of the room that its longest line took.
"""
MOST_PARTS = 256
"""A byte tells them apart, the last one of a row's block."""
_YEAR_2000 = 946_684_800_000_000
"""Microseconds since the epoch: from here PostgreSQL counts."""
_NEVER = {-(2**63), 2**63 - 1}
"""How it sends the dates that are none, minus infinity and infinity."""
_OTHERWISE = ("/", ":", JOINED_CREDS, f"-{CREDS_KEY}{END}")
"""What is in the name of every row that is called otherwise than its file."""
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

    def __init__(self, layout: Layout) -> None:
        self.double: set[str] = set()
        self._layout = layout
        self._places: dict[str, int] = {}
        self._marks = bytearray()
        self._written = array("q")
        self._otherwise: dict[str, tuple[str, str]] = {}

    def add(self, packed: PackedRows) -> None:
        """Add rows of the company."""
        names, first = self._names(packed), len(self._written)
        if len(set(names)) < len(names) or not self._places.keys().isdisjoint(names):
            times = Counter(names)
            self.double.update(name for name in names if times[name] > 1 or name in self._places)
        self._places.update(zip(names, range(first, first + len(names)), strict=True))
        self._written += _numbers("q", packed.written)
        self._marks += packed.marks

    def _names(self, packed: PackedRows) -> list[str]:
        ends = array("q", accumulate(_numbers("i", packed.lengths), initial=0))
        if ends[-1] == len(packed.names):
            names = [packed.names[begin:end] for begin, end in pairwise(ends)]
        else:  # a server without an encoding counts bytes
            encoded = packed.names.encode()
            names = [encoded[begin:end].decode() for begin, end in pairwise(ends)]
        if any(each in packed.names for each in _OTHERWISE):
            marks = _MARKS.iter_unpack(packed.marks)
            return [self._name(name, length) for name, (*_, length) in zip(names, marks, strict=True)]
        return names

    def _name(self, plain: str, length: int) -> str:
        """Return what a file is called, and remember what the row is called where that differs."""
        key = self._key(plain, length)
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
        written = (self._written[place] for place in map(self._places.__getitem__, names))
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
