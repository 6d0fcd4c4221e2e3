"""Folders that only look like companies: copies that somebody laid beside the original before some work."""

import re
from collections.abc import Callable, Sequence

from baileys_cleanup.decision.pairing import Pairing, is_same
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.store import Store

_BASE = re.compile(r"\w+?(?=[^\w]|_|$)", re.ASCII)


def copies_of(store: Store, ids: Sequence[str]) -> dict[str, str]:
    """Return the ids that are another's with a tail (`1.bak`, `1_old`) and have its very pairing, each with the other.

    Nobody knows which keys in a copy are still of use, and the original's bot never reads it: it is left alone.
    """
    there = set(ids)
    found: dict[str, str] = {}
    for company_id in ids:
        base = _BASE.match(company_id)
        original = base[0] if base else company_id
        if original != company_id and original in there:
            pairings = [_pairing(store, each) for each in (original, company_id)]
            if is_same(*pairings):
                found[company_id] = original
    return found


def told_of_copy(company_id: str, original: str) -> str:
    """Return the sentence about a copy that is left alone."""
    return (
        f"company {shown(company_id)} has the same pairing as company {shown(original)} and looks like a copy of it:"
        f' left alone; the setting exclude = ["{shown(company_id)}"] says that it is no company, or move it out'
    )


class SameDevice:
    """The device of each company, as they come: two folders of one device are what ends a pairing."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, int], str] = {}

    def told_of(self, company_id: str, pairing: Pairing | None) -> str | None:
        """Return the sentence about a company whose device was met before, None for any other."""
        if pairing is None:
            return None
        first = self._first.setdefault((pairing.user, pairing.device), company_id)
        if first == company_id:
            return None
        return (
            f"the same device ({pairing.user}:{pairing.device}) is also in company {shown(first)}: two bots on one"
            " login end each other's pairing (device_removed); stop one, and move its folder out"
        )


def _pairing(store: Store, company_id: str) -> Pairing | None:
    wait: Callable[[], object] = lambda: None  # noqa: E731 - a broken creds.json tells no pairing
    try:
        with store.company(company_id) as company:
            return company.account(wait).pairing
    except (CompanyProblem, OSError):
        return None
