"""Whether a rotation nobody asked for is due: the decision, pure, and what asks for it when a cleanup did not help."""

from collections import Counter
from typing import NamedTuple

from baileys_cleanup.cleaning.look import Terms, look_at_all
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.decision.policy import DAY
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.output.text import count
from baileys_cleanup.rotation.at_work import looking
from baileys_cleanup.rotation.journal import read_journals
from baileys_cleanup.rotation.plan import choose
from baileys_cleanup.rotation.rotate import Rotated, rotate
from baileys_cleanup.rotation.states import Journal
from baileys_cleanup.rotation.walk import Connections
from baileys_cleanup.settings.values import Rotate, Settings
from baileys_cleanup.store.store import Store


class NotDue(NamedTuple):
    """Why no rotation is made. `of_no_use`: one would leave the company as full as it is, which is worth telling."""

    reason: str
    of_no_use: bool = False


def why_not(rotate: Rotate, counted: int | None, last: Journal | None, now: int) -> str | None:
    """Return why no rotation is due, None when one is.

    `counted` is the company's files after an emergency cleanup, as its summary counts them; None where that could not
    read the folder. `last` is the company's last rotation, whatever came of it: one that failed is not tried again
    every few minutes. `now` is in nanoseconds since the epoch.
    """
    hooks = (rotate.stop_command, rotate.start_command)
    reasons = (
        (rotate.auto == "off", "rotate.auto is off"),
        (None in hooks, "rotate.stop_command and rotate.start_command are not both set"),
        (counted is None, "its files could not be counted"),
        ((counted or 0) <= rotate.above, f"{count(counted or 0, 'file')} counted; rotate.above is {rotate.above:,}"),
        (last is not None and last.open, "its last rotation is still open"),
        (
            last is not None and now - last.started < rotate.min_days * DAY,
            f"its last rotation is less than {count(rotate.min_days, 'day')} ago",
        ),
    )
    return next((reason for is_so, reason in reasons if is_so), None)


def rotate_when_due(
    settings: Settings, company_id: str, counted: int | None, world: World, connections: Connections
) -> Rotated | NotDue:
    """Rotate a company softly where an emergency cleanup did not help; return what came of it, or why it is not due.

    It is not where the new folder would still be above the limit: then all conversations would begin anew for nothing.

    To be called without the run lock, after the cleanup has let go of it. Raises CleanupError as a rotation by hand
    does; the journal then counts as the company's last rotation, unless nothing was begun.
    """
    with looking(settings.place) as seen:
        last = read_journals(seen.records).last_of(company_id)
        reason = why_not(settings.rotate, counted, last, world.now)
        if reason is not None:
            return NotDue(reason)
        left, above = _left_after(seen.companies, settings, company_id, world), settings.rotate.above
    if left > above:
        sentence = f"the new folder would still have {count(left, 'counted file')}; rotate.above is {above:,}"
        return NotDue(sentence, of_no_use=True)
    return rotate(settings, company_id, world, connections, fresh=False)


def _left_after(store: Store, settings: Settings, company_id: str, world: World) -> int:
    """Return how many files would count in the new folder; 0 where the company cannot be looked at."""
    levels = settings.levels_for(company_id)
    terms = Terms(world.now, levels, settings.max_removals, world.wait, world.stopping)
    try:
        with store.company(company_id) as company:
            sight = look_at_all(company, settings.policy_for(company_id), terms)
    except (CompanyProblem, OSError):  # the rotation itself says better what is wrong
        return 0
    taken = [choice.file for choice in choose(sight.plan, sight.account) if choice.taken]
    return levels.count(Counter(file.kind for file in taken), sight.plan.advertised)
