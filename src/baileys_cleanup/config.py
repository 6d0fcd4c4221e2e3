"""What can be configured, as frozen values; where they come from is told beside them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from baileys_cleanup.level import Levels
from baileys_cleanup.retention import Policy

PREFIX = "BAILEYS_CLEANUP_"
CONFIG_VARIABLE = PREFIX + "CONFIG"
"""Names the settings file."""
DEFAULT = "default"
FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Rotate:
    """How a session is rotated. Commands are words, None where there is none; times are whole seconds.

    `above` is a count of files, `min_days` whole days between two rotations that nobody asked for.
    """

    stop_command: tuple[str, ...] | None = None
    start_command: tuple[str, ...] | None = None
    qr_command: tuple[str, ...] | None = None
    bot_pairs: bool = False
    timeout: int = 300
    hook_timeout: int = 60
    auto: str = "off"
    above: int = 170
    min_days: int = 30


@dataclass(frozen=True, slots=True)
class Hooks:
    """When the commands of `rotate` are used by others. `around_clean`: the bot is stopped while it is cleaned."""

    around_clean: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """What is in force. Ages and `undo_days` are whole days, the rest are counts of files."""

    sessions_root: str = "/opt/ai-admin/baileys_sessions"
    undo_days: int = 7
    max_removals: int | None = None
    retention: Policy = field(default_factory=Policy)
    levels: Levels = field(default_factory=Levels)
    rotate: Rotate = field(default_factory=Rotate)
    hooks: Hooks = field(default_factory=Hooks)
    companies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def policy_for(self, company_id: str) -> Policy:
        """Return the policy of one company: its own values over the global ones, whatever their source."""
        own = self.companies.get(company_id)
        return replace(self.retention, **own) if own else self.retention


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings together with where each value comes from: dotted name to `flag`, a variable, a file."""

    settings: Settings
    sources: Mapping[str, str]

    def source(self, name: str) -> str:
        """Return where the value of a dotted name comes from."""
        return self.sources.get(name, DEFAULT)
