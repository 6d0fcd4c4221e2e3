"""The rows of one company as they were listed, packed: there may be a million, and nearly all of them stay."""

from collections.abc import Iterable, Iterator
from struct import Struct

from baileys_cleanup.store.key_names import END
from baileys_cleanup.store.postgresql.layouts import JOINED_CREDS, Form, Layout
from baileys_cleanup.store.postgresql.stamp import Stamp

Row = tuple[str, str, str, bytes, bytes, int | None, int | None]
"""Company, type and id of a key, its place, the transaction that wrote it, its size, and when (microseconds).

Place and transaction are as the server has them in its own form, which is shorter.
"""
_PACKED = Struct("=6s4siqI")
_PLACE, _TRANSACTION = Struct(">IH"), Struct(">I")
_NEVER = -(2**63)


class ListedRows:
    """Rows by the names of files. `double` are names that two rows would have: nobody can tell which the bot reads."""

    def __init__(self, layout: Layout) -> None:
        self.double: set[str] = set()
        self._layout = layout
        self._rows: dict[str, bytes] = {}
        self._otherwise: dict[str, tuple[str, str]] = {}

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows of the company."""
        layout, found, pack = self._layout, self._rows, _PACKED.pack
        begins_with_type = layout.form is Form.SPLIT
        for _, key_type, key_id, place, xmin, size, micros in rows:
            name = plain = f"{key_type}-{key_id}{END}" if begins_with_type else key_id + END
            if "/" in key_id or ":" in key_id or key_id == JOINED_CREDS:
                name = layout.file_name(key_type, key_id)
                if name != plain:
                    self._otherwise[name] = key_type, key_id
            if name in found:
                self.double.add(name)
            found[name] = pack(place, xmin, size or 0, _NEVER if micros is None else micros, len(key_type))

    def drop(self, name: str) -> None:
        """Forget a row, if it is there."""
        self._rows.pop(name, None)

    def __contains__(self, name: str) -> bool:
        """Tell whether there is a row of this name."""
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        """Give the names."""
        return iter(self._rows)

    def size(self, name: str) -> int:
        """Return the size of a value, in bytes. Raises KeyError for a name that is not there, as all of these do."""
        return int(_PACKED.unpack(self._rows[name])[2])

    def written(self, name: str) -> int | None:
        """Return when a row was written, in microseconds since the epoch, None where nothing tells."""
        micros = int(_PACKED.unpack(self._rows[name])[3])
        return None if micros == _NEVER else micros

    def stamp(self, name: str, *, in_ledger: bool) -> Stamp:
        """Return what tells a row again."""
        place, xmin, _, _, length = _PACKED.unpack(self._rows[name])
        key_type, key_id = self._otherwise.get(name) or self._key(name, length)
        block, offset = _PLACE.unpack(place)
        return Stamp(key_type, key_id, f"({block},{offset})", str(_TRANSACTION.unpack(xmin)[0]), in_ledger)

    def _key(self, name: str, length: int) -> tuple[str, str]:
        stem = name[: -len(END)]
        return (stem[:length], stem[length + 1 :]) if self._layout.form is Form.SPLIT else ("", stem)
