"""Folders that only look like companies: copies that somebody laid beside the original before some work."""

import re
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from baileys_cleanup.decision.pairing import Pairing, is_same
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.output.toml import pattern_as_toml
from baileys_cleanup.store.store import Store

_BASE = re.compile(r"\w+?(?=[^\w]|_|$)", re.ASCII)


class Copies(NamedTuple):
    """The ids that look like a copy, each with the one that it looks like a copy of.

    `same` have its very pairing: nobody knows which keys in them are still of use, and the original's bot never reads
    them, so they are left alone. Of those that are `alike` nobody can tell.
    """

    same: dict[str, str]
    alike: dict[str, str]

    def told(self, ids: Collection[str]) -> list[str]:
        """Return a sentence about each of these companies that looks like a copy."""
        found = [(company_id, _left_alone(company_id, other)) for company_id, other in self.same.items()]
        found += [(company_id, _in_doubt(company_id, other)) for company_id, other in self.alike.items()]
        return [sentence for company_id, sentence in found if company_id in ids]


def find_copies(store: Store, ids: Sequence[str]) -> Copies:
    """Look at the pairing of each id that is another's with a tail (`1.bak`, `1_old`); no others are opened."""
    there = set(ids)
    found = Copies({}, {})
    for company_id in ids:
        base = _BASE.match(company_id)
        original = base[0] if base else company_id
        if original == company_id or original not in there:
            continue
        one, other = (_pairing(store, each) for each in (original, company_id))
        if is_same(one, other):
            found.same[company_id] = original
        elif one is None or other is None or one[:2] == other[:2]:
            found.alike[company_id] = original
    return found


def _left_alone(company_id: str, original: str) -> str:
    return (
        f"company {shown(company_id)} has the same pairing as company {shown(original)} and looks like a copy of it:"
        f" left alone; {_way_out(company_id)}"
    )


def _in_doubt(company_id: str, original: str) -> str:
    return (
        f"company {shown(company_id)} looks like a copy of company {shown(original)}, and its creds.json cannot tell;"
        f" where it is one, {_way_out(company_id)}"
    )


def _way_out(company_id: str) -> str:
    return f"the setting exclude = [{pattern_as_toml(company_id)}] says that it is no company, or move it out"


def _pairing(store: Store, company_id: str) -> Pairing | None:
    wait: Callable[[], object] = lambda: None  # noqa: E731 - a broken creds.json tells no pairing
    try:
        with store.company(company_id, anywhere=True) as company:
            return company.account(wait).pairing
    except (CompanyProblem, OSError):
        return None
