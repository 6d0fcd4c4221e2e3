"""What is looked at and not taken for a company, and how that is said. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from baileys_cleanup.output.text import few
from baileys_cleanup.store.place import is_folder

NO_ID = "no company id; allowed: a name without a slash that is not empty, `.` or `..`"
"""Why a word is none."""


class PassedOver(NamedTuple):
    """What lies beside the companies and is not taken for one, and why.

    `keys` tells whether auth files may lie there, so that somebody should know.
    """

    name: str
    why: str
    keys: bool


def passed_over_in_words(found: Iterable[PassedOver]) -> list[tuple[str, bool]]:
    """Return a sentence for each reason, with the names, and whether auth files may lie there."""
    reasons: dict[tuple[str, bool], list[str]] = {}
    for each in found:
        reasons.setdefault((each.why, each.keys), []).append(each.name)
    return [(f"passed over: {few(names)}: {why}", keys) for (why, keys), names in reasons.items()]


def no_companies(path: str, hint: str | None) -> str:
    """Return the warning about a store, named by its path, in which nothing looks like a company; `hint` ends it."""
    if is_folder(path):
        return f"the sessions root {path} holds no company_<id> folder: is the right disk mounted?"
    right = "are its keys called as redis.key says" if path.startswith("redis") else "may this role see its rows"
    return f"the store {path} holds no company: is it the right database, and {right}?{f' {hint}' if hint else ''}"
