"""The tables that people may write, each with what is allowed in it, in words."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.policy import Preset
from baileys_cleanup.settings.types import (
    Address,
    Addresses,
    CacheKey,
    Column,
    Command,
    FilePath,
    FolderPath,
    Kinds,
    Names,
    Patterns,
    Place,
    PostgresqlUrl,
    Recipients,
    RedisUrl,
    StoreUrl,
    TimeOfDay,
    Truth,
    Whole,
)
from baileys_cleanup.settings.values import PREFIX

MOST_DAYS = 36_500
MOST_HOURS = 24 * MOST_DAYS
MOST_FILES = 1_000_000_000
MOST_MINUTES = 720
MOST_JOBS = 64
"""Half a day: a jitter must not lead from one night into the next."""
_COMMAND = 'a list of words, the program first: ["systemctl", "stop", "bot@{company_id}"]'
_TRUTH = "true or false"
_ENCODED = "a password in it percent-encoded: `/` is written %2F, `%` is written %25"


def _number(low: int, high: int, unit: str) -> Any:  # noqa: ANN401 - a pydantic field
    return Field(default=None, ge=low, le=high, description=f"a whole number {unit} from {low:,} to {high:,}")


def _name(what: str) -> Any:  # noqa: ANN401 - a pydantic field
    more = ", or schema.table" if what == "table" else ""
    return Field(default=None, description=f"the name of a {what}{more}")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RetentionTable(_Table):
    """`[retention]`, and the same under a company."""

    preset: Preset | None = Field(default=None, description=" or ".join(Preset))
    session_max_age_days: Whole | None = _number(1, MOST_DAYS, "of days")
    sender_key_max_age_days: Whole | None = _number(1, MOST_DAYS, "of days")
    max_pre_keys: Whole | None = _number(1, MOST_FILES, "of files")
    min_pre_keys: Whole | None = _number(1, MOST_FILES, "of files")
    keep_advertised_pre_keys: Truth | None = Field(default=None, description=_TRUTH)
    keep_own_sessions: Truth | None = Field(default=None, description=_TRUTH)
    former_pairing_days: Whole | None = _number(1, MOST_DAYS, "of days")


class LevelsTable(_Table):
    """`[levels]`, and the same under a company: the first count of each, and the kinds that the count leaves out."""

    normal: Whole | None = _number(1, MOST_FILES, "of files")
    attention: Whole | None = _number(1, MOST_FILES, "of files")
    warning: Whole | None = _number(1, MOST_FILES, "of files")
    critical: Whole | None = _number(1, MOST_FILES, "of files")
    not_counted: Kinds | None = Field(
        default=None, description=f"a list of kinds, with spaces between them in the environment: {', '.join(Kind)}"
    )


class MonitorTable(_Table):
    """`[monitor]`."""

    emergency_cleanup: Truth | None = Field(default=None, description=_TRUTH)
    silent_days: Whole | None = _number(1, MOST_DAYS, "of days")
    clean_at: TimeOfDay | None = Field(default=None, description="a time of day as HH:MM, from 00:00 to 23:59")
    clean_jitter_minutes: Whole | None = _number(0, MOST_MINUTES, "of minutes")


class AlertsTable(_Table):
    """`[alerts]`."""

    urls: Addresses | None = Field(
        default=None, description="a list of Apprise URLs; in the environment, with spaces between them"
    )
    repeat_hours: Whole | None = _number(1, MOST_HOURS, "of hours")


class MetricsTable(_Table):
    """`[metrics]`."""

    textfile: FilePath | None = Field(default=None, description="an absolute path that ends in .prom")
    detail: Literal["full", "company", "summary"] | None = Field(
        default=None, description='"full", "company" or "summary"'
    )


class BackupTable(_Table):
    """`[backup]`."""

    to: Place | None = Field(default=None, description="the path of a folder, or a URL without a password in it")
    keep_last: Whole | None = _number(0, MOST_DAYS, "of archives")
    keep_daily: Whole | None = _number(0, MOST_DAYS, "of days")
    keep_weekly: Whole | None = _number(0, MOST_DAYS, "of weeks")
    before_clean: Truth | None = Field(default=None, description=_TRUTH)
    recipients: Recipients | None = Field(
        default=None, description="a list of age public keys (age1...); in the environment, with spaces between them"
    )


class RotateTable(_Table):
    """`[rotate]`."""

    stop_command: Command | None = Field(default=None, description=_COMMAND)
    start_command: Command | None = Field(default=None, description=_COMMAND)
    qr_command: Command | None = Field(default=None, description=_COMMAND)
    bot_pairs: Truth | None = Field(default=None, description=_TRUTH)
    timeout: Whole | None = _number(1, 86_400, "of seconds")
    hook_timeout: Whole | None = _number(1, 3_600, "of seconds")
    auto: Literal["off", "soft"] | None = Field(default=None, description='"off" or "soft"')
    above: Whole | None = _number(1, MOST_FILES, "of files")
    min_days: Whole | None = _number(1, MOST_DAYS, "of days")


class HooksTable(_Table):
    """`[hooks]`."""

    around_clean: Truth | None = Field(default=None, description=_TRUTH)
    environment: Names | None = Field(
        default=None, description="a list of names of variables; in the environment, with spaces between them"
    )


class PostgresqlTable(_Table):
    """`[postgresql]`."""

    layout: Literal["split", "prisma", "postgres-baileys", "custom"] | None = Field(
        default=None, description='"split", "prisma", "postgres-baileys" or "custom"'
    )
    creds_table: Column | None = _name("table")
    keys_table: Column | None = _name("table")
    company: Column | None = _name("column")
    type: Column | None = _name("column")
    id: Column | None = _name("column")
    value: Column | None = _name("column")
    creds: Column | None = _name("column")
    updated: Column | None = _name("column")
    ids: Literal["raw", "file"] | None = Field(default=None, description='"raw" or "file"')


class RedisTable(_Table):
    """`[redis]`."""

    layout: Literal["hash", "string"] | None = Field(default=None, description='"hash" or "string"')
    key: str | None = Field(default=None, description="the name of a key with {company_id} in it")
    ids: Literal["raw", "file"] | None = Field(default=None, description='"raw" or "file"')
    creds: PostgresqlUrl | None = Field(
        default=None,
        description=f"a URL like postgresql://user@host:5432/database, {_ENCODED}",
    )
    cache: RedisUrl | None = Field(default=None, description=f"a URL like redis://host:6379/0, {_ENCODED}")
    cache_key: CacheKey | None = Field(
        default=None, description="the name of a key with {company_id}, {type} and {id} in it"
    )
    cache_again_seconds: Whole | None = _number(0, 3_600, "of seconds")


class CompanyTable(_Table):
    """`[companies.<id>]`."""

    retention: RetentionTable = Field(default_factory=RetentionTable, description="a table of retention settings")
    levels: LevelsTable = Field(default_factory=LevelsTable, description="a table of levels")


TABLES: dict[str, type[BaseModel]] = {
    "retention": RetentionTable,
    "levels": LevelsTable,
    "monitor": MonitorTable,
    "alerts": AlertsTable,
    "metrics": MetricsTable,
    "backup": BackupTable,
    "rotate": RotateTable,
    "hooks": HooksTable,
    "postgresql": PostgresqlTable,
    "redis": RedisTable,
}
"""Each is checked here, and filled into the field of that name of `Settings`."""


class Written(BaseSettings):
    """All that can be written; None is what nobody wrote."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid")

    sessions_root: str | None = Field(default=None, description="the path of a folder")
    store: StoreUrl | None = Field(
        default=None,
        description=f"a URL like postgresql://user@host:5432/database or redis://host:6379/0, {_ENCODED}",
    )
    state_dir: FolderPath | None = Field(default=None, description="the absolute path of a folder")
    undo_days: Whole | None = _number(0, MOST_DAYS, "of days")
    max_removals: Whole | None = _number(0, MOST_FILES, "of files")
    jobs: Whole | None = _number(1, MOST_JOBS, "of companies")
    exclude: Patterns | None = Field(
        default=None, description="a list of glob patterns of company ids; in the environment, with spaces between them"
    )
    ping_url: Address | None = Field(default=None, description="an http:// or https:// URL without ? and #")
    retention: RetentionTable = Field(default_factory=RetentionTable, description="a table")
    levels: LevelsTable = Field(default_factory=LevelsTable, description="a table")
    monitor: MonitorTable = Field(default_factory=MonitorTable, description="a table")
    alerts: AlertsTable = Field(default_factory=AlertsTable, description="a table")
    metrics: MetricsTable = Field(default_factory=MetricsTable, description="a table")
    backup: BackupTable = Field(default_factory=BackupTable, description="a table")
    rotate: RotateTable = Field(default_factory=RotateTable, description="a table")
    hooks: HooksTable = Field(default_factory=HooksTable, description="a table")
    postgresql: PostgresqlTable = Field(default_factory=PostgresqlTable, description="a table")
    redis: RedisTable = Field(default_factory=RedisTable, description="a table")
    companies: dict[str, CompanyTable] = Field(default_factory=dict, description="a table of companies")
