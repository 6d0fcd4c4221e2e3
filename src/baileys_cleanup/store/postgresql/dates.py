"""Where the dates of a database come from, and how far its clock is from this machine's."""

import time
from typing import NamedTuple

from baileys_cleanup.decision.policy import HOUR, SECOND
from baileys_cleanup.store.postgresql.connection import ServerState
from baileys_cleanup.store.postgresql.layouts import Layout


class Dates(NamedTuple):
    """How rows are dated. `now` is what a row counts from that is seen for the first time (nanoseconds)."""

    by_column: bool
    tracked: bool
    uses_ledger: bool
    now: int
    ahead: int

    def in_words(self, unseen: str | None = None) -> list[str]:
        """Return what people have to know of the dates; `unseen` says why a ledger that is there cannot be read."""
        told: list[str] = []
        if not (self.by_column or self.tracked):
            told.append(
                "this layout has no column of update times and track_commit_timestamp is off: a row is as old as the"
                " tool's own ledger has seen it unchanged"
                + (
                    ""
                    if self.uses_ledger or unseen
                    else "; the ledger begins with the first real run, which removes nothing by age"
                )
            )
        if abs(self.ahead) >= HOUR:
            which = "ahead of" if self.ahead > 0 else "behind"
            minutes = abs(self.ahead) // SECOND // 60
            told.append(
                f"the clock of this machine is {minutes:,} minutes {which} the server's, and all ages are counted by"
                " this machine's: set one of them right"
            )
        return told


def dates_of(layout: Layout, server: ServerState, *, has_schema: bool) -> Dates:
    """Return how the rows of a layout are dated on this server."""
    by_column = layout.updated is not None
    here = time.time_ns()
    return Dates(by_column, server.tracks, has_schema and not by_column, max(here, server.now), here - server.now)
