"""The settings of one run: flags, then environment, then a TOML file, then defaults, to one frozen value.

Reading and checking what people wrote is pydantic-settings' work, in `schema.py`; it is imported only when
somebody wrote something.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.level import Levels
from baileys_cleanup.retention import Policy

PREFIX = "BAILEYS_CLEANUP_"
CONFIG_VARIABLE = PREFIX + "CONFIG"
CONFIG_FILE = "/etc/baileys-cleanup.toml"
DEFAULT = "default"
FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Settings:
    """What is in force. Ages and `undo_days` are whole days, the rest are counts of files."""

    sessions_root: str = "/opt/ai-admin/baileys_sessions"
    undo_days: int = 7
    max_removals: int | None = None
    retention: Policy = field(default_factory=Policy)
    levels: Levels = field(default_factory=Levels)
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


def load(config: str | None = None, flags: Mapping[str, Any] | None = None) -> Loaded:
    """Return the settings in force; `flags` holds the values given on the command line.

    Raises UsageProblem with one sentence that names the file or variable, the key and what is allowed.
    """
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    path = _config_path(config)
    variables = {name for name in os.environ if name.upper().startswith(PREFIX)} - {CONFIG_VARIABLE}
    if path is None and not variables:
        return Loaded(replace(Settings(), **given), dict.fromkeys(given, FLAG))
    from baileys_cleanup import schema  # noqa: PLC0415 - costs a tenth of a second

    return schema.load(variables, path, given)


def _config_path(config: str | None) -> str | None:
    asked = config if config is not None else os.environ.get(CONFIG_VARIABLE)
    if asked is not None:
        if not asked:
            raise UsageProblem(f"{'--config' if config is not None else CONFIG_VARIABLE} is empty: name a TOML file")
        return asked
    # lexists: a dangling link, too, is a configuration that somebody meant.
    return CONFIG_FILE if os.path.lexists(CONFIG_FILE) else None
