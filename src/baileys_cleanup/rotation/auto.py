"""Whether a rotation nobody asked for is due: the decision, pure, and what asks for it when a cleanup did not help."""

from baileys_cleanup.cleaning.world import World
from baileys_cleanup.decision.policy import DAY
from baileys_cleanup.output.text import count
from baileys_cleanup.rotation.journal import read_journals
from baileys_cleanup.rotation.rotate import Rotated, rotate
from baileys_cleanup.rotation.states import Journal
from baileys_cleanup.rotation.steps import Doors
from baileys_cleanup.settings.values import Rotate, Settings
from baileys_cleanup.store.folder.folder_store import open_store


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
    settings: Settings, company_id: str, counted: int | None, world: World, doors: Doors
) -> Rotated | str:
    """Rotate a company softly where an emergency cleanup did not help; return what came of it, or why it is not due.

    To be called without the run lock, after the cleanup has let go of it. Raises CleanupError as a rotation by hand
    does; the journal then counts as the company's last rotation, unless nothing was begun.
    """
    with open_store(settings.sessions_root) as root, root.workspace(create=False) as tool:
        last = read_journals(tool).last_of(company_id)
    reason = why_not(settings.rotate, counted, last, world.now)
    return reason if reason is not None else rotate(settings, company_id, world, doors, fresh=False)
