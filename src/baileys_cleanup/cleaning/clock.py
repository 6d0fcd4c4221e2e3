"""The check of the clock: all ages hang on it, and a wrong one would make every file old."""

from baileys_cleanup.decision.policy import DAY
from baileys_cleanup.errors import Refused
from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.store.store import Workspace

YEAR = 365 * DAY


def check_clock(workspace: Workspace, now: int) -> None:
    """Raise Refused when the clock stands a day behind or a year ahead of the last recorded run.

    A first run has nothing to compare.
    """
    way_on = "check the date; `baileys-cleanup clean --accept-clock` goes on all the same"
    try:
        last = workspace.last_start()
    except (OSError, ValueError):
        raise Refused(
            f"the record of the last run, {workspace.path}/last-run.json, cannot be read, so the clock cannot be"
            f" checked; {way_on}"
        ) from None
    if last is None:
        return
    if now - last <= -DAY:
        raise Refused(f"the clock stands more than a day before the last run of {timestamp(last)}; {way_on}")
    if now - last >= YEAR:
        raise Refused(f"the clock stands more than a year after the last run of {timestamp(last)}; {way_on}")
