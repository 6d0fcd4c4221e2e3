"""What is remembered of each company between two runs: sender keys whose group's memory is gone, and since when.

A group's memory goes in one run, its own sender key in a later one (`decision/sender_keys.py`). What the next run has
to know is recorded before the memory goes: whoever is killed in between makes the key wait longer, never shorter.
"""

from collections.abc import Callable, Mapping
from typing import Any

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.decision.verdict import MemoryGone
from baileys_cleanup.errors import CompanyProblem, in_words
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.small_records import SmallRecords, bounded
from baileys_cleanup.store.store import Workspace

_PART = "waiting-keys"


class WaitingKeys:
    """The records of one run. Without a workspace nothing is remembered; a dry run, without a `clock`, only reads."""

    def __init__(self, records: SmallRecords | None, clock: Callable[[], int] | None) -> None:
        self._records = records
        self._clock = clock
        self._known = frozenset(records.names(_PART)) if records is not None else frozenset()

    def read(self, company_id: str) -> Mapping[str, MemoryGone]:
        """Return what is remembered of a company. A record that cannot be read is none: its keys wait anew."""
        name = COMPANY_PREFIX + company_id
        if self._records is None or name not in self._known:
            return {}
        try:
            keys: dict[str, Any] = self._records.read(_PART, name)["keys"]
            return {key: MemoryGone(bounded(int(since)), bool(removed)) for key, (since, removed) in keys.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def write(self, company_id: str, waiting: Mapping[str, MemoryGone]) -> None:
        """Remember, durably, what the next run has to know: what is new waits from this moment on, not from the plan's.

        Raises CompanyProblem where that cannot be written: then nothing may go from this company.
        """
        if self._records is None or self._clock is None:
            return
        known = self.read(company_id)
        if waiting == known:
            return
        now = self._clock()
        keys = {
            name: gone if gone == known.get(name) else gone._replace(since=max(gone.since, now))
            for name, gone in waiting.items()
        }
        try:
            self._records.write(_PART, COMPANY_PREFIX + company_id, {"keys": keys})
        except OSError as error:
            raise CompanyProblem(
                "left alone, because what the next run has to know of its sender keys cannot be written in"
                f" {shown(self._records.where(_PART))}: {in_words(error)}"
            ) from None


NOTHING_WAITS = WaitingKeys(None, None)


def waiting_keys(workspace: Workspace | None, clock: Callable[[], int] | None = None) -> WaitingKeys:
    """Return what earlier runs left to be remembered; with a `clock` (nanoseconds) more may be."""
    return WaitingKeys(None if workspace is None else workspace.records(), clock)
