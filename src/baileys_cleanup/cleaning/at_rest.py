"""Whether a company's folder is at rest: what is put into the folder of a bot that runs meets what it has in memory.

A bot that is connected and silent cannot be seen. One that wrote a moment ago can.
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.names import CREDS_NAME
from baileys_cleanup.decision.policy import SECOND
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.company import Company

LAST_MINUTE = 60 * SECOND


class Written(Protocol):
    """A file and when it was last written, in nanoseconds since the epoch."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def modified(self) -> int | None:
        """Its date, None where nobody looked."""


class AtWork(NamedTuple):
    """Why a folder is not at rest: the file that was written last, and how many seconds ago."""

    name: str
    seconds: int

    def in_words(self) -> str:
        """Return what was seen, and what it means."""
        ago = f"{self.seconds} s ago" if self.seconds > 0 else "just now"
        return f"{shown(self.name)} was written {ago}, so its bot seems to run"

    def __str__(self) -> str:
        """Return the same as a guard says it, with the way on."""
        return f"{self.in_words()}: stop it first; where you know that it is stopped, `--anyway` goes on"


def why_not_at_rest(files: Iterable[Written], now: int, *, creds_broken: bool = False) -> AtWork | None:
    """Return what was written in the last minute before `now` (nanoseconds since the epoch), None for nothing.

    So counts a date up to a minute ahead: a share has a clock of its own. A `creds.json` that is broken tells nothing:
    what broke it may have been the end of the bot.
    """
    near = [
        (file.modified, file.name)
        for file in files
        if file.modified is not None
        and abs(now - file.modified) < LAST_MINUTE
        and not (creds_broken and file.name == CREDS_NAME)
    ]
    if not near:
        return None
    modified, name = max(near)
    return AtWork(name, (now - modified) // SECOND)


def why_company_not_at_rest(company: Company, account: Account, now: int) -> AtWork | None:
    """Look at the dates of a company's files, and return what was written in the last minute before `now`."""
    files = company.names().files
    dated = [file for file in company.look(files, files).files if not file.first_seen]
    return why_not_at_rest(dated, now, creds_broken=account.unknown)
