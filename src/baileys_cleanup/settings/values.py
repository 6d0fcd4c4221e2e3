"""What can be configured, as frozen values; where they come from is told beside them. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from baileys_cleanup.decision.levels import Levels
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.store.place import Place, Postgresql, Redis

PREFIX = "BAILEYS_CLEANUP_"
CONFIG_VARIABLE = PREFIX + "CONFIG"
"""Names the settings file."""
DEFAULT = "default"
FLAG = "flag"
PASSWORD = re.compile(r"[^/]+://[^/@]*:[^/@]*@")
"""How a URL begins that has a password in it: settings are shown, so none may stand there."""


@dataclass(frozen=True, slots=True)
class Backup:
    """Where archives of the companies go, and how many stay: the last ones, one of each of the last days and weeks.

    `to` is a folder or a URL. With `before_clean`, `clean` makes an archive of a company before it removes anything.
    `recipients` are age public keys that archives are encrypted to; none: they hold all keys in the clear.
    """

    to: str | None = None
    keep_last: int = 3
    keep_daily: int = 7
    keep_weekly: int = 4
    before_clean: bool = False
    recipients: tuple[str, ...] = ()


SECRETS = frozenset({"alerts.urls", "ping_url"})
"""Settings whose values open doors: they are never shown, logged or repeated in an error."""


@dataclass(frozen=True, slots=True)
class Monitor:
    """How `monitor` acts on what it sees, and after how many days without a write a company counts as silent.

    `clean_at` is the time of the day (`HH:MM`) of its own cleanup of all companies, None for none;
    `clean_jitter_minutes` how much later it may begin.
    """

    emergency_cleanup: bool = True
    silent_days: int = 30
    clean_at: str | None = None
    clean_jitter_minutes: int = 10


@dataclass(frozen=True, slots=True)
class Alerts:
    """Whom to tell of a full company: Apprise URLs, and after how many hours again."""

    urls: tuple[str, ...] = ()
    repeat_hours: int = 24


@dataclass(frozen=True, slots=True)
class Metrics:
    """Where `clean` and `monitor` leave metrics for node_exporter; None: nowhere.

    `detail` is how much is told of each company: `full`, `company` or `summary`; None hangs on how many there are.
    """

    textfile: str | None = None
    detail: str | None = None


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
    """How the commands of `rotate` are used. `around_clean`: the bot is stopped while it is cleaned.

    `environment` are the variables that a command gets beside the ordinary ones.
    """

    around_clean: bool = False
    environment: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """What is in force. Ages and `undo_days` are whole days, the rest are counts of files.

    `store` is the URL of a database with the companies in it, None where they lie in the folder `sessions_root`.
    `state_dir` is the folder that holds the tool's own records, None where they lie with the companies.
    `jobs` are the companies that `clean` works on at a time, None for as many as are worth it.

    `ping_url` hears when `clean` and `monitor --once` begin and how they end.
    """

    sessions_root: str = "/opt/ai-admin/baileys_sessions"
    store: str | None = None
    state_dir: str | None = None
    undo_days: int = 7
    max_removals: int | None = None
    jobs: int | None = None
    retention: Policy = field(default_factory=Policy)
    levels: Levels = field(default_factory=Levels)
    monitor: Monitor = field(default_factory=Monitor)
    alerts: Alerts = field(default_factory=Alerts)
    metrics: Metrics = field(default_factory=Metrics)
    ping_url: str | None = None
    backup: Backup = field(default_factory=Backup)
    rotate: Rotate = field(default_factory=Rotate)
    hooks: Hooks = field(default_factory=Hooks)
    postgresql: Postgresql = field(default_factory=Postgresql)
    redis: Redis = field(default_factory=Redis)
    exclude: tuple[str, ...] = ()
    companies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    company_levels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """Where the companies lie."""
        return Place(self.store or self.sessions_root, self.postgresql, self.redis, self.state_dir)

    def policy_for(self, company_id: str) -> Policy:
        """Return the policy of one company: its own values over the global ones, whatever their source."""
        own = self.companies.get(company_id)
        return replace(self.retention, **own) if own else self.retention

    @property
    def prepares_each(self) -> bool:
        """Whether something comes before the removals of each company: its archive, or its bot stopped."""
        return self.backup.before_clean or bool(self.hooks.around_clean)

    def levels_for(self, company_id: str) -> Levels:
        """Return the levels of one company, by the same order."""
        own = self.company_levels.get(company_id)
        return replace(self.levels, **own) if own else self.levels


def option_of(name: str) -> str:
    """Return the option that a setting's dotted name has on the command line."""
    return "--" + name.rpartition(".")[2].removesuffix("_minutes").replace("_", "-")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings together with where each value comes from: dotted name to `flag`, a variable, a file."""

    settings: Settings
    sources: Mapping[str, str]

    def source(self, name: str) -> str:
        """Return where the value of a dotted name comes from."""
        return self.sources.get(name, DEFAULT)

    def place(self, name: str) -> str:
        """Return the same as a sentence about the value names it: what a flag said by its option."""
        source = self.source(name)
        return option_of(name) if source == FLAG else source
