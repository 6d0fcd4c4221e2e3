"""How full a company folder is, in the five words operators use."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """From healthy to urgent."""

    EXCELLENT = "excellent"
    NORMAL = "normal"
    ATTENTION = "attention"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Levels:
    """The first file count of each level; below `normal` a folder is excellent."""

    normal: int = 100
    attention: int = 151
    warning: int = 171
    critical: int = 181

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
