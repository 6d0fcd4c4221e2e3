"""How much metrics tell of each company, so that many companies do not make millions of series. Pure."""

from collections.abc import Iterable
from enum import StrEnum

from baileys_cleanup.output.text import shown
from baileys_cleanup.watch.see.company import Unreadable, View

_MOST_IN_FULL = 1_000
_MOST_EACH = 10_000
FULLEST = 50
"""Companies that a summary names."""

Labelled = list[tuple[str, View | Unreadable]]
"""Companies with the label that each goes by."""


class MetricsDetail(StrEnum):
    """`full`: everything of each. `company`: one series each, more of those that want something. `summary`: totals."""

    FULL = "full"
    COMPANY = "company"
    SUMMARY = "summary"


def detail_for(asked: str | None, companies: int) -> MetricsDetail:
    """Return how much is told of this many companies: what was asked for, else less the more they are."""
    if asked is not None:
        return MetricsDetail(asked)
    if companies <= _MOST_IN_FULL:
        return MetricsDetail.FULL
    return MetricsDetail.COMPANY if companies <= _MOST_EACH else MetricsDetail.SUMMARY


def labelled(seen: Iterable[View | Unreadable]) -> Labelled:
    """Give each company its label: the id as it is shown elsewhere. Two that look alike get two labels."""
    found: dict[str, View | Unreadable] = {}
    for each in seen:
        name = label = shown(each.company_id)
        number = 1
        while label in found:
            number += 1
            label = f"{name} ({number})"
        found[label] = each
    return list(found.items())


def told_of(companies: Labelled, detail: MetricsDetail) -> Labelled:
    """Return the companies that have a count of their own: all, or the fullest."""
    if detail is not MetricsDetail.SUMMARY:
        return companies
    return fullest((label, each) for label, each in companies if isinstance(each, View))


def troubled(companies: Labelled, detail: MetricsDetail) -> Labelled:
    """Return the companies that want something, of which a short list is told more; bounded in a summary."""
    wanting = [
        (label, each)
        for label, each in companies
        if not isinstance(each, View) or each.judgement.trouble or each.judgement.fullness
    ]
    return fullest(wanting) if detail is MetricsDetail.SUMMARY else wanting


def fullest(companies: Iterable[tuple[str, View | Unreadable]]) -> Labelled:
    """Return the fullest, those that could not be looked at and those with a dead pairing first."""

    def key(company: tuple[str, View | Unreadable]) -> tuple[bool, int, str]:
        label, each = company
        if not isinstance(each, View):
            return False, 0, label
        return not each.pairing.dead, -each.counted, label

    return sorted(companies, key=key)[:FULLEST]
