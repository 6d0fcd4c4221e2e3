"""What is looked at and not taken for a company, and how that is said. Pure."""

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from baileys_cleanup.output.text import few
from baileys_cleanup.store.place import is_folder

NO_ID = "no company id; allowed: a name without a slash that is not empty, `.` or `..`"
"""Why a word is none."""
_NAMED = 20
"""How many are named for one reason where there may be very many."""


class PassedOver(NamedTuple):
    """What lies beside the companies and is not taken for one, and why.

    `keys` tells whether auth files may lie there, so that somebody should know, and `foreign` whether it is as likely
    somebody else's: then a run every night is not the one to say so. One that stands for `more` is called after their
    number.
    """

    name: str
    why: str
    keys: bool
    foreign: bool = False
    more: int = 0


class Foreign:
    """Takes down what may be somebody else's, however much that is: for each reason the first names."""

    def __init__(self) -> None:
        self._named: dict[tuple[str, bool], list[str]] = {}
        self._more: Counter[tuple[str, bool]] = Counter()

    def add(self, name: str, why: str, *, keys: bool) -> None:
        """Take down one of them."""
        names = self._named.setdefault((why, keys), [])
        if name not in names:
            insort(names, name)
            if len(names) > _NAMED:
                names.pop()
                self._more[why, keys] += 1

    def found(self) -> Iterator[PassedOver]:
        """Give those with a name, sorted, and then for each reason how many more there are."""
        yield from sorted(
            PassedOver(name, why, keys, foreign=True) for (why, keys), names in self._named.items() for name in names
        )
        for (why, keys), more in sorted(self._more.items()):
            yield PassedOver(f"{more:,} more", why, keys, foreign=True, more=more)


def in_few_words(found: Iterable[PassedOver]) -> str:
    """Return the first names, and how many more there are."""
    each_one = list(found)
    return few((each.name for each in each_one if not each.more), more=sum(each.more for each in each_one))


def passed_over_in_words(found: Iterable[PassedOver]) -> list[tuple[str, bool]]:
    """Return a sentence for each reason, with the names, and whether auth files may lie there."""
    reasons: dict[tuple[str, bool], list[PassedOver]] = {}
    for each in found:
        reasons.setdefault((each.why, each.keys), []).append(each)
    return [(f"passed over: {in_few_words(some)}: {why}", keys) for (why, keys), some in reasons.items()]


def no_companies(path: str, hint: str | None) -> str:
    """Return the warning about a store, named by its path, in which nothing looks like a company; `hint` ends it."""
    if is_folder(path):
        return f"the sessions root {path} holds no company_<id> folder: is the right disk mounted?"
    right = "are its keys called as redis.key says" if path.startswith("redis") else "may this role see its rows"
    return f"the store {path} holds no company: is it the right database, and {right}?{f' {hint}' if hint else ''}"
