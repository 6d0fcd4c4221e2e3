"""The check of the clock: all ages hang on it, and a wrong one would make every file old."""

from collections.abc import Sequence

from baileys_cleanup.decision.policy import DAY
from baileys_cleanup.errors import (
    CompanyProblem,
    CompanyUnreachable,
    CompanyUntold,
    Refused,
    ServerGone,
    ServerProblem,
    UsageProblem,
    in_words,
)
from baileys_cleanup.output.text import shown
from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.store.store import Store, Workspace

YEAR = 365 * DAY
QUIET = 3 * DAY
"""After this long without one file written since the last run, either the clock is wrong or all bots are dead."""
_WAY_ON = "check the date; `baileys-cleanup clean --accept-clock` goes on all the same"


def check_clock(workspace: Workspace, now: int) -> None:
    """Raise Refused when the clock stands a day behind or a year ahead of the last recorded run.

    A first run has nothing to compare. Raises UsageProblem where a server does not tell of that run now: it may later.
    """
    last = _last_start(workspace)
    if last is None:
        return
    if now - last <= -DAY:
        raise Refused(f"the clock stands more than a day before the last run of {timestamp(last)}; {_WAY_ON}")
    if now - last >= YEAR:
        raise Refused(f"the clock stands more than a year after the last run of {timestamp(last)}; {_WAY_ON}")


def check_trace(store: Store, workspace: Workspace, ids: Sequence[str], now: int) -> None:
    """Raise Refused when time has passed since the last run and left no trace: no file of any company is newer.

    Ages would all be what a wrong clock says. Nothing is looked at but `creds.json` where that is new enough. Raises
    UsageProblem as `check_clock` does.
    """
    last = _last_start(workspace)
    if last is None or now - last <= QUIET or not ids:
        return
    untold = ""
    for company_id in ids:
        try:
            if _written_since(store, company_id, last):
                return
        except (CompanyUntold, ServerProblem) as problem:
            untold = untold or f"company {shown(company_id)} cannot be looked at: {in_words(problem)}"
            if isinstance(problem, CompanyUnreachable | ServerGone):
                break
    if untold:
        raise UsageProblem(
            f"whether anything was written since the last run of {timestamp(last)} cannot be told now, and so the clock"
            f" cannot be checked: {untold}; nothing was touched"
        )
    raise Refused(
        f"more than {QUIET // DAY} days have passed since the last run of {timestamp(last)}, and no file of any company"
        f" was written after it: either the clock is wrong, or no bot runs any more; {_WAY_ON}"
    )


def _last_start(workspace: Workspace) -> int | None:
    try:
        return workspace.last_start()
    except (OSError, ValueError) as error:
        unread = f"the record of the last run, {workspace.records().where(name='last-run')}, cannot be read"
        if isinstance(error, ServerProblem):
            raise UsageProblem(f"{unread}: {error.strerror}; nothing was touched") from None
        why = f" ({in_words(error)})" if isinstance(error, OSError) else ""
        raise Refused(f"{unread}{why}, so the clock cannot be checked; {_WAY_ON}") from None


def _written_since(store: Store, company_id: str, last: int) -> bool:
    """Tell whether there is a trace; where a company is odd in itself it has none."""
    try:
        with store.company(company_id) as company:
            return company.written_since(last)
    except (CompanyUntold, ServerProblem):
        raise
    except (CompanyProblem, OSError):
        return False
