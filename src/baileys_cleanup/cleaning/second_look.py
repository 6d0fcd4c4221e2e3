"""The second look at a company whose `creds.json` does not parse: Baileys rewrites it in place.

It may be whole a moment later. The look comes after all others: a hundred broken ones cost one second, not a hundred.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Found = TypeVar("_Found")


class LookAgain(Exception):
    """This company's `creds.json` does not parse at this moment."""


def _postpone() -> None:
    raise LookAgain


def _go_on() -> None:
    """Wait no more: this is the second look."""


def with_second_look(
    ids: Iterable[str], look: Callable[[str, Callable[[], object]], _Found], wait: Callable[[], object]
) -> Iterator[_Found]:
    """Give what `look` finds of each company; one that has to be looked at again comes last, after one `wait`.

    `look` gets an id and what it has to call before it reads a `creds.json` again. Nothing may have been changed by
    then: the look at that company is begun anew.
    """
    later: list[str] = []
    for company_id in ids:
        try:
            found = look(company_id, _postpone)
        except LookAgain:
            later.append(company_id)
        else:
            yield found
    if later:
        wait()
    for company_id in later:
        yield look(company_id, _go_on)
