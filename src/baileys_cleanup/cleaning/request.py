"""What a run is asked for, and whom it tells."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from baileys_cleanup.decision.outcome import Reasons, RunOutcome
from baileys_cleanup.output.summary import Report
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.store import Workspace


class Request(NamedTuple):
    """What a run is asked for.

    `accept_clock` goes on although the clock does not fit the last run; `detail` says which verdicts are kept.
    """

    settings: Settings
    selection: Selection
    dry_run: bool = False
    accept_clock: bool = False
    detail: Reasons = Reasons.NONE


class Told(NamedTuple):
    """Whom a run tells.

    `report_for` makes the report once it is sure that the run goes ahead; `progress` wraps the ids to come; `record` is
    told how a real run ended while the lock is still held; `waiting` hears why the run is not over yet.
    """

    report_for: Callable[[RunOutcome], Report]
    progress: Callable[[Sequence[str]], AbstractContextManager[Iterable[str]]] = nullcontext
    record: Callable[[Workspace, RunOutcome], object] | None = None
    waiting: Callable[[str], object] = lambda _: None
