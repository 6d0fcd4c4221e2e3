"""What tells a row again: its key, where it lies, and the transaction that wrote it."""

from typing import NamedTuple


class Stamp(NamedTuple):
    """A row as it was seen. `place` is its `ctid`; `xmin` is the transaction that wrote it."""

    key_type: str
    key_id: str
    place: str
    xmin: str
    in_ledger: bool = False
