"""Which archives of one company stay, each with its reason. Pure, in the manner of restic and borg.

What cannot be read is left where it lies and never counts: it makes no good archive go. Archives of a company that
was paired and of one that was not are two lists, because a folder that Baileys began anew looks healthy, and must not
push out the copies of the pairing it lost.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from baileys_cleanup.decision.policy import DAY
from baileys_cleanup.settings.values import Backup

_MONDAY = 3
"""Days from a Monday to 1 January 1970, a Thursday."""


class Candidate(NamedTuple):
    """One archive as the decision sees it.

    `made` is in nanoseconds since the epoch, `size` in bytes; `problem` says why it is no good copy (None: it is
    one); `paired` tells whether it holds a pairing; `new` whether it was made just now.
    """

    name: str
    made: int
    size: int
    paired: bool
    problem: str | None = None
    new: bool = False


class Fate(NamedTuple):
    """What happens to one archive, and why in words."""

    archive: Candidate
    keep: bool
    reason: str


def decide(archives: Iterable[Candidate], policy: Backup, now: int) -> list[Fate]:
    """Decide over all archives of one company, newest first; `now` is in nanoseconds since the epoch."""
    newest_first = sorted(archives, key=lambda archive: (archive.made, archive.name), reverse=True)
    fates: dict[str, Fate] = {}
    lists: dict[bool, list[Candidate]] = defaultdict(list)
    for archive in newest_first:
        if archive.problem is not None:
            fates[archive.name] = Fate(archive, True, f"left alone and not counted: {archive.problem}")
        elif archive.made > now and not archive.new:
            fates[archive.name] = Fate(archive, True, "left alone and not counted: its date is in the future")
        else:
            lists[archive.paired].append(archive)
    for good in lists.values():
        reasons = _reasons(good, policy)
        for archive in good:
            why = reasons[archive.name]
            fates[archive.name] = Fate(archive, bool(why), "; ".join(why) or "no rule keeps it")
    return [fates[archive.name] for archive in newest_first]


def _reasons(good: list[Candidate], policy: Backup) -> dict[str, list[str]]:
    """Return why each of these stays, newest first; nothing for one that goes."""
    reasons: dict[str, list[str]] = {archive.name: [] for archive in good}
    for archive in good[: policy.keep_last]:
        reasons[archive.name].append(f"one of the last {policy.keep_last}")
    rules: list[tuple[str, int, Callable[[int], int]]] = [
        ("day", policy.keep_daily, lambda day: day),
        ("week", policy.keep_weekly, lambda day: (day + _MONDAY) // 7),
    ]
    for word, most, period_of in rules:
        periods: set[int] = set()
        for archive in good:
            period = period_of(archive.made // DAY)
            if period not in periods and len(periods) < most:
                periods.add(period)
                reasons[archive.name].append(f"the last of {word} {len(periods)} of {most}")
    if not reasons[good[0].name]:
        reasons[good[0].name].append("the newest good one")
    for archive in good:
        if archive.new and not reasons[archive.name]:
            reasons[archive.name].append("made just now")
    return reasons
