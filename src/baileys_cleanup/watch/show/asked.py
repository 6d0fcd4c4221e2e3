"""What somebody asked of the page, as it stands in its address: a level, a part of a name, an order. Pure."""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qs, urlencode

from baileys_cleanup.decision.levels import Level
from baileys_cleanup.watch.see.company import View

DEAD = "dead"
"""Asks for companies whose bot will not come back, whatever their level."""
SILENT = "silent"
"""Asks for companies that nobody writes any more."""
_MOST_FIELDS = 20
_LONGEST = 200


def _freed(view: View) -> int:
    return view.detail.removable.files if view.detail else 0


def _written(view: View) -> int:
    return (view.detail.newest or 0) if view.detail else 0


ORDERS: Mapping[str, tuple[str, Callable[[View], object]]] = {
    "files": ("the fullest first", lambda view: (-view.counted, view.company_id)),
    "name": ("by name", lambda view: view.company_id),
    "frees": ("what a cleanup frees most of first", lambda view: (-_freed(view), view.company_id)),
    "written": ("the longest silent first", lambda view: (_written(view), view.company_id)),
}
"""The orders a table can have: in words, and as a key."""


class Asked(NamedTuple):
    """What was asked for; empty is everything, the fullest first. `still`: the page shall not load itself again."""

    level: str = ""
    text: str = ""
    order: str = "files"
    still: bool = False

    @classmethod
    def of(cls, query: str) -> "Asked":
        """Read an address's part after the question mark; what is not understood asks for nothing."""
        try:
            found = parse_qs(query, max_num_fields=_MOST_FIELDS)
        except ValueError:
            return cls()
        level, text, order = (found.get(name, [""])[-1][:_LONGEST] for name in ("level", "text", "order"))
        known = {*map(str, Level), DEAD, SILENT}
        return cls(
            level if level in known else "", text, order if order in ORDERS else "files", found.get("still") == ["1"]
        )

    def address(self) -> str:
        """Return the address that asks for this."""
        given = {"level": self.level, "text": self.text, "order": "" if self.order == "files" else self.order}
        given["still"] = "1" if self.still else ""
        return "?" + urlencode({name: value for name, value in given.items() if value}, errors="surrogateescape")

    def takes(self, view: View) -> bool:
        """Tell whether a company was asked for."""
        if self.text.casefold() not in view.company_id.casefold():
            return False
        if self.level == DEAD:
            return view.pairing.dead
        if self.level == SILENT:
            return view.silent
        return not self.level or view.level == self.level
