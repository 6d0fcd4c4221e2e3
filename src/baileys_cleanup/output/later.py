"""Text that is to be said later: kept compressed, so that a run over many companies stays small. Pure.

Names of auth files resemble one another: a hundred take the room of five.
"""

import zlib
from collections.abc import Callable


class Later:
    """Takes text now and gives it back at the end."""

    def __init__(self) -> None:
        self._squeeze = zlib.compressobj(1)
        self._parts: list[bytes] = []

    def write(self, text: str) -> None:
        """Take a text."""
        self._parts.append(self._squeeze.compress(text.encode()))

    def say(self, write: Callable[[str], object]) -> None:
        """Give everything back, in its order. Afterwards nothing more can be taken."""
        self._parts.append(self._squeeze.flush())
        loosen = zlib.decompressobj()
        rest = b""
        for part in self._parts:
            whole, line_end, rest = (rest + loosen.decompress(part)).rpartition(b"\n")
            write((whole + line_end).decode())
        write(rest.decode())
