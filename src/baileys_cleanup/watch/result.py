"""What one look saw and did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from baileys_cleanup.errors import Refused
from baileys_cleanup.store.passed_over import PassedOver
from baileys_cleanup.watch.emergency import EmergencyCleanup
from baileys_cleanup.watch.see.all import Facts
from baileys_cleanup.watch.see.company import Unreadable, View
from baileys_cleanup.watch.tell.alerts import Alert


class SentAlert(NamedTuple):
    """An alert that was due, its texts, and what kept it from being delivered, by the number of the service."""

    alert: Alert
    title: str
    body: str
    failures: Mapping[int, str]


class Depth(IntEnum):
    """How closely a look looks: what the judgement hangs on; the files themselves; and what stands beside them."""

    LEVELS = 1
    FILES = 2
    FACTS = 3


@dataclass(slots=True)
class LookResult:
    """What one look saw and did. `looked` is when, in nanoseconds since the epoch.

    `found` is empty when it was stopped before all was seen, and `facts` is None unless somebody wanted them.
    `trends` are files more (or fewer) than at the look before, by company. `undelivered` is what kept services from
    taking messages, by their number. `problems` are what went wrong and makes the look a failure; `warnings` do not.
    """

    looked: int
    sessions_root: str
    found: tuple[View | Unreadable, ...] = ()
    passed_over: list[PassedOver] = field(default_factory=list)
    facts: Facts | None = None
    trends: dict[str, int] = field(default_factory=dict)
    emergencies: dict[str, EmergencyCleanup] = field(default_factory=dict)
    alerts: list[SentAlert] = field(default_factory=list)
    undelivered: dict[int, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def views(self) -> list[View]:
        """The companies that were seen, the fullest first."""
        views = (each for each in self.found if isinstance(each, View))
        return sorted(views, key=lambda view: (-view.counted, view.company_id))

    @property
    def unreadable(self) -> list[Unreadable]:
        """The companies that could not be looked at."""
        return [each for each in self.found if isinstance(each, Unreadable)]

    @property
    def pairings_dead(self) -> int:
        """How many bots will not come back by themselves."""
        return sum(view.pairing.dead for view in self.views)

    @property
    def exit_status(self) -> int:
        """The exit status of one look: 4 when a guard refused, 1 when a company, an alert or a cleanup failed.

        A cleanup that was postponed is no failure: another run is at work there.
        """
        if any(cleanup.refused for cleanup in self.emergencies.values()):
            return Refused.status
        failed = any(cleanup.problem and not cleanup.later for cleanup in self.emergencies.values())
        return int(bool(self.unreadable or self.undelivered or failed or self.problems))
