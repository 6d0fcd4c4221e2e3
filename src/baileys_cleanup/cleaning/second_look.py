"""The second look at a company whose `creds.json` does not parse: Baileys rewrites it in place.

It may be whole a moment later. The look comes after all others: a hundred broken ones cost one second, not a hundred.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Any, TypeVar

_Found = TypeVar("_Found")


class LookAgain(Exception):
    """This company's `creds.json` does not parse at this moment."""


def _postpone() -> None:
    raise LookAgain


def _go_on() -> None:
    """Wait no more: this is the second look."""


class _Later(Enum):
    """What stands for what was not found yet."""

    LATER = "later"


def one_after_the_other(ids: Iterable[str], work: Callable[[str], Any]) -> Iterator[tuple[str, Any]]:
    """Give each id with what `work` makes of it."""
    for company_id in ids:
        yield company_id, work(company_id)


Spread = Callable[[Iterable[str], Callable[[str], Any]], Iterator[tuple[str, Any]]]
"""How work over ids is done: one after the other, or several at a time; what comes back has the order of the ids."""


def with_second_look(
    ids: Iterable[str],
    look: Callable[[str, Callable[[], object]], _Found],
    wait: Callable[[], object],
    spread: Spread = one_after_the_other,
) -> Iterator[_Found]:
    """Give what `look` finds of each company; one that has to be looked at again comes last, after one `wait`.

    `look` gets an id and what it has to call before it reads a `creds.json` again. Nothing may have been changed by
    then: the look at that company is begun anew.
    """
    later: list[str] = []

    def first(company_id: str) -> _Found | _Later:
        try:
            return look(company_id, _postpone)
        except LookAgain:
            return _Later.LATER

    for company_id, found in spread(ids, first):
        if isinstance(found, _Later):
            later.append(company_id)
        else:
            yield found
    if later:
        wait()
    for _, found in spread(later, lambda company_id: look(company_id, _go_on)):
        yield found
