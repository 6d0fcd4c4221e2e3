"""Copies under a second name: what goes takes its copy along, so that no older state comes back to life. Pure.

The library's next file store writes `<name>.json.bak` beside a file, and reads it where the file is gone.
"""

from collections.abc import Collection, Iterable, Mapping

from baileys_cleanup.decision.ages import why_it_cannot_go
from baileys_cleanup.decision.names import SECOND_NAME
from baileys_cleanup.decision.verdict import AuthFile, Rule, Verdict


def plan_second_names(
    verdicts: Iterable[Verdict], seconds: Mapping[str, AuthFile], present: Collection[str], now: int
) -> list[Verdict]:
    """Return the verdicts with each removal's copy right before it; a file whose copy cannot go stays.

    `present` are all names beside the files, `seconds` those of them that are copies and may be removed.
    """
    decided: list[Verdict] = []
    for verdict in verdicts:
        name = verdict.file.name + SECOND_NAME
        if not verdict.remove or name not in present:
            decided.append(verdict)
            continue
        second = seconds.get(name)
        problem = "it is no regular file" if second is None else _problem(second, now)
        if second is None or problem is not None:
            reason = f"its copy {name} would come to life, and cannot go: {problem}"
            decided.append(Verdict(verdict.file, False, Rule.SECOND_NAME_STAYS, reason))
        else:
            reason = f"the copy of a file that goes: {verdict.reason}"
            decided += [Verdict(second, True, Rule.SECOND_NAME, reason), verdict._replace(second=name)]
    return decided


def _problem(second: AuthFile, now: int) -> str | None:
    blocked = why_it_cannot_go(second, now)
    return blocked.reason if blocked else None
