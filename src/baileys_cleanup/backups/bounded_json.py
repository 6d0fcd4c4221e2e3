"""Reads a JSON object that somebody else may have written, without its becoming many times its size in memory.

Parsed whole, `[[],[],...` takes twenty times as much as its text. So the one list is given entry by entry, each of them
short, and everything else is a plain value. Pure.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

_SPACE = re.compile(r"[ \t\n\r]*")
_PLAIN = frozenset('"-0123456789tfn')
_DECODER = json.JSONDecoder()


class ListedObject:
    """One object: its plain values are in `values` once `entries` has been taken to its end."""

    def __init__(self, data: bytes, name: str, longest: int) -> None:
        """Read the object in `data`; `name` is its one list, and no entry of that has more than `longest` letters."""
        self.values: dict[str, Any] = {}
        self._text = data.decode("utf-8")
        self._name = name
        self._longest = longest
        self._at = 0

    def entries(self) -> Iterator[Any]:
        """Give the entries of the list one by one. Raises ValueError where this is no such object."""
        self._take("{")
        seen: set[str] = set()
        while not self._follows("}"):
            if seen:
                self._take(",")
            name = self._plain()
            if not isinstance(name, str) or name in seen:
                raise ValueError("a name is missing, or there twice")
            seen.add(name)
            self._take(":")
            if name == self._name:
                yield from self._list()
            else:
                self.values[name] = self._plain()
        self._skip()
        if self._at != len(self._text):
            raise ValueError("something follows the end")
        if self._name not in seen:
            raise ValueError("the list is missing")

    def _list(self) -> Iterator[Any]:
        self._take("[")
        if self._follows("]"):
            return
        while True:
            self._skip()
            try:
                value, length = _DECODER.raw_decode(self._text[self._at : self._at + self._longest])
            except RecursionError:
                raise ValueError("an entry is too deep") from None
            self._at += length
            yield value
            if self._follows("]"):
                return
            self._take(",")

    def _plain(self) -> Any:  # noqa: ANN401 - text, number, truth or null
        self._skip()
        if self._text[self._at : self._at + 1] not in _PLAIN:
            raise ValueError("a plain value is missing")
        value, self._at = _DECODER.raw_decode(self._text, self._at)
        return value

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _follows(self, letter: str) -> bool:
        """Go over a letter if it is the next one."""
        self._skip()
        if self._text[self._at : self._at + 1] != letter:
            return False
        self._at += 1
        return True

    def _take(self, letter: str) -> None:
        if not self._follows(letter):
            raise ValueError(f"{letter} is missing")
