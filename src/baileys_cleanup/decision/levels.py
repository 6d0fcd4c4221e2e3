"""How full a company folder is, in the five words operators use."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from baileys_cleanup.decision.names import Kind


class Level(StrEnum):
    """From healthy to urgent."""

    EXCELLENT = "excellent"
    NORMAL = "normal"
    ATTENTION = "attention"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Levels:
    """The first file count of each level; below `normal` a folder is excellent.

    `not_counted` are kinds that the count leaves out, for those who know that a bot needs them.
    """

    normal: int = 100
    attention: int = 151
    warning: int = 171
    critical: int = 181
    not_counted: tuple[Kind, ...] = ()

    def count(self, kinds: Mapping[Kind, int], advertised: int) -> int:
        """Return how many of a company's files count: without the advertised pre-keys above the cap."""
        files = sum(number for kind, number in kinds.items() if kind not in self.not_counted)
        return files if Kind.PRE_KEY in self.not_counted else files - advertised

    def of(self, counted: int) -> Level:
        """Return the level of a folder with this many counted files."""
        if counted >= self.critical:
            return Level.CRITICAL
        if counted >= self.warning:
            return Level.WARNING
        if counted >= self.attention:
            return Level.ATTENTION
        return Level.NORMAL if counted >= self.normal else Level.EXCELLENT

    def alarms(self, counted: int) -> bool:
        """Tell whether this many files deserve a warning (above 150 by default)."""
        return counted >= self.attention
