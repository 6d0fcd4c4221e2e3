"""What the tool itself has not done for too long: the last good cleanup, the last good backups. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from baileys_cleanup.backups.record import BackupRecord as Backups
from baileys_cleanup.decision.policy import SECOND
from baileys_cleanup.output.text import count, few
from baileys_cleanup.watch.remember.run_history import History

_MINUTE, _HOUR = 60, 3_600


class MaxAges(NamedTuple):
    """How old the last success may be, in seconds; None where nobody asked."""

    clean: int | None = None
    backup: int | None = None


def late(limits: MaxAges, history: History, backups: Iterable[Backups], ids: Sequence[str], now: int) -> list[str]:
    """Return in words what is older than it may be, for the companies of these ids; `now` is in nanoseconds."""
    found: list[str] = []
    if limits.clean is not None:
        if history.success is None:
            found.append("no cleanup has ever succeeded here")
        elif now - history.success > limits.clean * SECOND:
            age = _age((now - history.success) // SECOND)
            found.append(f"the last good cleanup is {age} old, and {_age(limits.clean)} are allowed")
    if limits.backup is not None:
        made = {each.company_id: each.succeeded for each in backups}
        old = [name for name in ids if now - (made.get(name) or 0) > limits.backup * SECOND]
        if old:
            some = count(len(old), "company", "companies")
            found.append(f"{some} without a good backup of the last {_age(limits.backup)}: {few(old)}")
    return found


def _age(seconds: int) -> str:
    """Return a time as the option takes it: `26h`, `90m`."""
    return f"{seconds // _HOUR}h" if seconds >= _HOUR and seconds % _HOUR < _MINUTE else f"{seconds // _MINUTE}m"
