"""The beginning of a run on a disk without a free inode: some of what would be deleted at once anyway goes first.

Only with `--undo-days 0`, and only files that stand for themselves: sessions and pre-keys, which no record of another
file hangs on. All rules and guards decide as ever.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial

from baileys_cleanup.cleaning.look import Terms, look_and_plan
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.outcome import CompanyOutcome, Reasons, Tally
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import Rule, Verdict
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.output.text import count, shown
from baileys_cleanup.store.small_records import AuditLog
from baileys_cleanup.store.store import RoomMaker, Store

_ALONE = frozenset({Kind.SESSION, Kind.PRE_KEY})


def make_room(
    room: RoomMaker,
    store: Store,
    wanted: Iterable[tuple[str, Policy]],
    terms: Terms,
    announce: Callable[[str, Verdict], object],
) -> dict[str, list[Verdict]]:
    """Delete as many files as a run lacks inodes to begin with; return which, by company.

    `wanted` are the companies, each with its policy; `announce` is told of each file before it goes. A company that
    cannot be worked on, or whose fuse blows, is left to the run.
    """
    gone: dict[str, list[Verdict]] = {}
    left = room.missing
    for company_id, policy in wanted:
        with suppress(CompanyProblem, OSError), store.company(company_id) as company:
            for verdict in _alone(look_and_plan(company, policy, terms).plan.removals, terms):
                if not left or terms.stopping():
                    break
                if room.delete(company, verdict, partial(announce, company_id, verdict)):
                    gone.setdefault(company_id, []).append(verdict)
                    left -= 1
        if not left:
            break
    return gone


def told_of(gone: Mapping[str, list[Verdict]]) -> list[str]:
    """Return in words what went ahead of the run, nothing where nothing did."""
    number = sum(map(len, gone.values()))
    ahead = f"the disk had hardly a free inode, so {count(number, 'file')} went before there was a record of the run"
    return [ahead] if number else []


def count_in(outcome: CompanyOutcome, gone: Iterable[Verdict], *, detail: Reasons) -> None:
    """Count what went ahead among what the run removed from a company."""
    counts = dict(outcome.kinds)
    for verdict in gone:
        kind = verdict.file.kind
        counts[kind] = counts.get(kind, Tally()).plus(Tally(seen=1, removed=1))
        outcome.size += verdict.file.size
        if detail:
            outcome.removed.append(verdict)
    outcome.kinds = {kind: counts[kind] for kind in Kind if kind in counts}


def _alone(removals: Iterable[Verdict], terms: Terms) -> list[Verdict]:
    """Return the removals of files that nothing else hangs on; none where the fuse of a company blows."""
    planned = list(removals)
    if terms.max_removals is not None and len(planned) > terms.max_removals:
        return []
    return [
        each
        for each in planned
        if each.file.kind in _ALONE and each.second is None and each.rule is not Rule.SECOND_NAME
    ]


def teller(run_id: str, audit: AuditLog | None) -> Callable[[str, Verdict], object]:
    """Return what tells of a removal before it: the audit log, and where none can be made yet, stderr."""

    def announce(company_id: str, verdict: Verdict) -> None:
        file = verdict.file
        if audit is not None:
            told: dict[str, str | int | None] = {"file": file.name, "rule": verdict.rule, "size": file.size}
            audit.write("remove", run=run_id, company=company_id, **told, modified=file.modified)
        else:
            sys.stderr.write(
                f"baileys-cleanup: warning: no free inode for an audit log; run {run_id} deletes"
                f" {shown(company_id)}/{shown(file.name)} ({verdict.rule})\n"
            )

    return announce
