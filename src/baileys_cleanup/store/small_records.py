"""The tool's own small records, by part and name: one JSON object each; and its audit log."""

from typing import Any, Protocol, TypeVar

Number = TypeVar("Number", int, float)
_BOUND = 2**63
"""Nothing that is counted here comes near: as nanoseconds it is in the year 2262, and no disk has so many bytes."""


def bounded(number: Number) -> Number:
    """Return a number out of a record that later arithmetic can bear. Raises ValueError for any other, NaN among it."""
    if not 0 <= number < _BOUND:
        raise ValueError(number)
    return number


class SmallRecords(Protocol):
    """Records that a later command finds again: `part` says what for (empty: for all), `name` which one."""

    def where(self, part: str = "", name: str = "") -> str:
        """Return where the records of a part lie, or one of them, for people."""

    def names(self, part: str) -> list[str]:
        """Return the names of all records of a part, sorted; none where nothing was recorded yet."""

    def read(self, part: str, name: str) -> dict[str, Any]:
        """Return a record; empty where it is JSON, but no object.

        Raises FileNotFoundError where there is none, OSError where it cannot be read now, ValueError where what is
        there is no record: that one may be begun anew.
        """

    def write(self, part: str, name: str, record: dict[str, Any], *, durable: bool = True) -> None:
        """Write a record in one step. Raises OSError when it cannot be written; the former one is there then.

        One that nothing hangs on need not be `durable`: a power cut may leave the former one, or none.
        """


class AuditLog(Protocol):
    """The log of what is done, written before it is done."""

    def write(self, event: str, **fields: str | int | None) -> None:
        """Write one line. Raises OSError when it could not be written whole: then nothing may follow."""
