"""Small records of the tool's own: one JSON object under a name. Readers find the old one or the new one."""

from typing import Any, Protocol, TypeVar

Number = TypeVar("Number", int, float)
_BOUND = 2**63
"""Nothing that is counted here comes near: as nanoseconds it is in the year 2262, and no disk has so many bytes."""


class SmallRecords(Protocol):
    """The records of one part of a workspace."""

    def names(self) -> list[str]:
        """Return the names of all records, sorted; none where the part does not exist yet."""

    def read(self, name: str) -> dict[str, Any]:
        """Return a record; empty where it is JSON, but no object.

        Raises FileNotFoundError where there is none, OSError or ValueError where it cannot be read.
        """

    def write(self, name: str, record: dict[str, Any], *, durable: bool = True) -> None:
        """Write a record in one step. Raises OSError. One that nothing hangs on need not be `durable`."""


def bounded(number: Number) -> Number:
    """Return a number out of a record that later arithmetic can bear. Raises ValueError for any other, NaN among it."""
    if not 0 <= number < _BOUND:
        raise ValueError(number)
    return number
