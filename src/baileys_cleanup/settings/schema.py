"""What people may write in the environment and in a TOML file, and the sentence for what they may not."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from difflib import get_close_matches
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from baileys_cleanup.decision.plan import Preset
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.settings.values import CONFIG_VARIABLE, DEFAULT, FLAG, PASSWORD, PREFIX, SECRETS, Loaded, Settings
from baileys_cleanup.store.folder.root import PREFIX as COMPANY_PREFIX

MOST_DAYS = 36_500
MOST_HOURS = 24 * MOST_DAYS
MOST_FILES = 1_000_000_000
_FILE_LIMIT = 1024 * 1024
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")


class _Text(str):
    """A value from the environment: text that may mean a number or a truth value."""

    __slots__ = ()


def _whole(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if isinstance(value, _Text) and re.fullmatch(r"[+-]?[0-9]+", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("not a whole number")  # noqa: TRY004 - pydantic wants a ValueError
    return value


def _truth(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if isinstance(value, _Text):
        words = {
            "true": True,
            "1": True,
            "yes": True,
            "on": True,
            "false": False,
            "0": False,
            "no": False,
            "off": False,
        }
        value = words.get(value.lower(), value)
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")  # noqa: TRY004 - pydantic wants a ValueError
    return value


def _addresses(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if isinstance(value, _Text):
        value = value.split()
    if not isinstance(value, list) or not all(isinstance(url, str) and _URL.fullmatch(url) for url in value):
        raise ValueError("no list of URLs")
    return tuple(str(url) for url in value)


def _address(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if not isinstance(value, str) or not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", value):
        raise ValueError("no URL")
    return str(value)


def _path(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if not isinstance(value, str) or not re.fullmatch(r"/[^\0]*\.prom", value):
        raise ValueError("no such path")
    return str(value)


def _command(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    words = value if isinstance(value, list | tuple) else []
    if not words or not all(isinstance(word, str) and "\0" not in word for word in words) or not words[0].strip():
        raise ValueError("not a list of words")
    return tuple(words)


Command = Annotated[tuple[str, ...], BeforeValidator(_command)]
_COMMAND = 'a list of words, the program first: ["systemctl", "stop", "bot@{company_id}"]'
Whole = Annotated[int, BeforeValidator(_whole)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Addresses = Annotated[Any, BeforeValidator(_addresses)]  # Any: the library would read a list in a variable as JSON
Address = Annotated[str, BeforeValidator(_address)]
FilePath = Annotated[str, BeforeValidator(_path)]
_TRUTH = "true or false"


def _number(low: int, high: int, unit: str) -> Any:  # noqa: ANN401 - a pydantic field
    return Field(default=None, ge=low, le=high, description=f"a whole number {unit} from {low:,} to {high:,}")


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


class LevelsTable(_Table):
    """`[levels]`: the first count of each."""

    normal: Whole | None = _number(1, MOST_FILES, "of files")
    attention: Whole | None = _number(1, MOST_FILES, "of files")
    warning: Whole | None = _number(1, MOST_FILES, "of files")
    critical: Whole | None = _number(1, MOST_FILES, "of files")


class MonitorTable(_Table):
    """`[monitor]`."""

    emergency_cleanup: Truth | None = Field(default=None, description=_TRUTH)


class AlertsTable(_Table):
    """`[alerts]`."""

    urls: Addresses | None = Field(
        default=None, description="a list of Apprise URLs; in the environment, with spaces between them"
    )
    repeat_hours: Whole | None = _number(1, MOST_HOURS, "of hours")


class MetricsTable(_Table):
    """`[metrics]`."""

    textfile: FilePath | None = Field(default=None, description="an absolute path that ends in .prom")


def _place(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if not isinstance(value, str) or not value.strip() or PASSWORD.match(value):
        raise ValueError("no place for archives")  # the sentence is the field's
    return value


class BackupTable(_Table):
    """`[backup]`."""

    to: Annotated[str, BeforeValidator(_place)] | None = Field(
        default=None, description="the path of a folder, or a URL without a password in it"
    )
    keep_last: Whole | None = _number(0, MOST_DAYS, "of archives")
    keep_daily: Whole | None = _number(0, MOST_DAYS, "of days")
    keep_weekly: Whole | None = _number(0, MOST_DAYS, "of weeks")
    before_clean: Truth | None = Field(default=None, description=_TRUTH)


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


class CompanyTable(_Table):
    """`[companies.<id>]`."""

    retention: RetentionTable = Field(default_factory=RetentionTable, description="a table of retention settings")


TABLES: dict[str, type[BaseModel]] = {
    "retention": RetentionTable,
    "levels": LevelsTable,
    "monitor": MonitorTable,
    "alerts": AlertsTable,
    "metrics": MetricsTable,
    "backup": BackupTable,
    "rotate": RotateTable,
    "hooks": HooksTable,
}
"""Each is checked here, and filled into the field of that name of `Settings`."""


class Written(BaseSettings):
    """All that can be written; None is what nobody wrote."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid")

    sessions_root: str | None = Field(default=None, description="the path of a folder")
    undo_days: Whole | None = _number(0, MOST_DAYS, "of days")
    max_removals: Whole | None = _number(0, MOST_FILES, "of files")
    ping_url: Address | None = Field(default=None, description="an http:// or https:// URL without ? and #")
    retention: RetentionTable = Field(default_factory=RetentionTable, description="a table")
    levels: LevelsTable = Field(default_factory=LevelsTable, description="a table")
    monitor: MonitorTable = Field(default_factory=MonitorTable, description="a table")
    alerts: AlertsTable = Field(default_factory=AlertsTable, description="a table")
    metrics: MetricsTable = Field(default_factory=MetricsTable, description="a table")
    backup: BackupTable = Field(default_factory=BackupTable, description="a table")
    rotate: RotateTable = Field(default_factory=RotateTable, description="a table")
    hooks: HooksTable = Field(default_factory=HooksTable, description="a table")
    companies: dict[str, CompanyTable] = Field(default_factory=dict, description="a table of companies")


class _Environment(EnvSettingsSource):
    """The library's environment source, its texts marked as such: a file's "7" is no number, a variable's is."""

    def __call__(self) -> dict[str, Any]:
        return {name: _mark(value) for name, value in super().__call__().items()}


class _Document(PydanticBaseSettingsSource):
    """A document that was read already."""

    def __init__(self, settings_cls: type[BaseSettings], document: dict[str, Any]) -> None:
        super().__init__(settings_cls)
        self._document = document

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ANN401, ARG002
        """Return one value, as the base class asks for."""
        return self._document.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._document


def load(variables: Iterable[str], path: str | None, flags: Mapping[str, Any]) -> Loaded:
    """Read the environment's `variables` and the file at `path` (None: no file); flags come first.

    Raises UsageProblem at the first thing that may not be so.
    """
    _check_variables(variables)
    document = {} if path is None else _read_toml(path)
    environment = _Environment(Written)()
    origins: list[tuple[dict[str, Any], Callable[[str], str]]] = [
        (dict(flags), lambda _: FLAG),
        (environment, _variable),
        (document, lambda _: str(path)),
    ]
    for values, origin in origins:
        _check(values, origin)
    written = _assemble(*(values for values, _ in origins)).model_dump(exclude_none=True)
    sources: dict[str, str] = {}
    for values, origin in reversed(origins):
        sources.update((name, origin(name)) for name in _leaves(values))
    loaded = Loaded(_settings(written), sources)
    _check_together(loaded)
    return loaded


def _assemble(*documents: dict[str, Any]) -> Written:
    """Return the settings of these documents alone, the first one first."""

    class Sourced(Written):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - flags are among the documents
            env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - ours marks its texts
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a cron job has no .env file
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - nothing here is a secret
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return tuple(_Document(settings_cls, document) for document in documents)

    return Sourced()


def _settings(written: dict[str, Any]) -> Settings:
    overrides = {company: table["retention"] for company, table in written.pop("companies").items()}
    settings = Settings()
    tables = {name: replace(getattr(settings, name), **written.pop(name)) for name in TABLES}
    return replace(settings, companies=overrides, **tables, **written)


def _mark(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if isinstance(value, dict):
        return {name: _mark(inner) for name, inner in value.items()}
    return _Text(value) if isinstance(value, str) else value


def _variable(name: str) -> str:
    return PREFIX + name.upper().replace(".", "__")


def _leaves(values: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{before}{name}.")
        else:
            yield before + name


def names() -> list[str]:
    """Return the dotted names of all settings that have one global value."""
    found: list[str] = []
    for name, value in asdict(Settings()).items():
        if name in TABLES:
            found += (f"{name}.{inner}" for inner in value)
        elif name != "companies":
            found.append(name)
    return found


def _check_variables(variables: Iterable[str]) -> None:
    known = [_variable(name) for name in names()]
    for variable in sorted(variables):
        if variable.upper() in known:
            continue
        own = variable.upper().removeprefix(PREFIX)
        near = _near(own, [name.removeprefix(PREFIX) for name in (*known, CONFIG_VARIABLE)], PREFIX)
        only_file = "; allowed: companies in the TOML file, [companies.<id>.retention]"
        way_on = only_file if own.startswith("COMPANIES") else near
        raise UsageProblem(f"the environment variable {shown(variable)} is no setting{way_on}")


def _near(wrong: str, known: Iterable[str], prefix: str = "") -> str:
    close = get_close_matches(wrong, list(known), n=1)
    return (
        f"; did you mean {prefix}{close[0]}?" if close else f"; allowed: {', '.join(prefix + name for name in known)}"
    )


def _read_toml(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            data = file.read(_FILE_LIMIT + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageProblem(f"the settings file {shown(path)} cannot be read: {why}") from None
    if len(data) > _FILE_LIMIT:
        raise UsageProblem(f"the settings file {shown(path)} is larger than 1 MiB: that is no settings file")
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageProblem(f"the settings file {shown(path)} is not valid TOML: {error}") from None
    companies = document.get("companies")
    if isinstance(companies, dict):
        document["companies"] = {company.removeprefix(COMPANY_PREFIX): table for company, table in companies.items()}
        if len(document["companies"]) < len(companies):
            raise UsageProblem(f"the settings file {shown(path)} has settings for one company under two names")
    return document


def _check(values: dict[str, Any], origin: Callable[[str], str]) -> None:
    try:
        _assemble(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = [str(part) for part in first["loc"]]
        name = ".".join(where)
        place = shown(origin(name))
        table = _table_of(where)
        if first["type"] == "extra_forbidden":
            near = _near(where[-1], table.model_fields)
            raise UsageProblem(f"{place}: there is no setting {shown(name)}{near}") from None
        field = table.model_fields.get(where[-1])
        allowed = field.description if field else "a table"
        said = shown(str(first["input"])) if isinstance(first["input"], _Text) else shown(repr(first["input"]))
        said = "not shown here" if _is_secret(name) else said or "empty"
        spelled = name if place != _variable(name) else "its value"
        raise UsageProblem(f"{place}: {shown(spelled)} is {said[:80]}; allowed: {allowed}") from None


def _is_secret(name: str) -> bool:
    """Tell whether a value of this name may hold a secret: a table in the wrong form may, too."""
    return any(secret == name or secret.startswith(f"{name}.") for secret in SECRETS)


def _table_of(where: list[str]) -> type[BaseModel]:
    if where[0] == "companies":
        inside_retention = 3  # companies, id, retention
        return RetentionTable if len(where) > inside_retention else CompanyTable
    return TABLES[where[0]] if where[0] in TABLES and len(where) > 1 else Written


def _check_together(loaded: Loaded) -> None:
    """Check what only values together can get wrong."""
    settings = loaded.settings
    if not settings.sessions_root.strip():
        raise UsageProblem(f"{loaded.source('sessions_root')}: sessions_root is empty; allowed: the path of a folder")
    for company, prefix in [
        (None, "retention"),
        *((name, f"companies.{name}.retention") for name in settings.companies),
    ]:
        policy = settings.retention if company is None else settings.policy_for(company)
        if policy.max_pre_keys < policy.min_pre_keys:
            places = {loaded.source(f"{prefix}.{key}") for key in ("max_pre_keys", "min_pre_keys")}
            place = ", ".join(sorted(places - {DEFAULT})) or loaded.source("retention.max_pre_keys")
            raise UsageProblem(
                f"{place}: {prefix}.max_pre_keys is {policy.max_pre_keys}; allowed: at least min_pre_keys,"
                f" the floor, which is {policy.min_pre_keys}"
            )
    _check_backup(loaded)
    _check_hooks(loaded)
    levels = list(asdict(settings.levels).items())
    for (low, first), (high, second) in pairwise(levels):
        if first >= second:
            place = next(
                (loaded.source(f"levels.{name}") for name in (high, low) if f"levels.{name}" in loaded.sources),
                DEFAULT,
            )
            raise UsageProblem(f"{place}: levels.{high} is {second}; allowed: more than levels.{low}, which is {first}")


def _check_backup(loaded: Loaded) -> None:
    backup = loaded.settings.backup
    if not (backup.keep_last or backup.keep_daily or backup.keep_weekly):
        place = loaded.source("backup.keep_last")
        raise UsageProblem(
            f"{place}: backup.keep_last, backup.keep_daily and backup.keep_weekly are all 0; allowed: at least one of"
            " them above 0"
        )
    if backup.before_clean and backup.to is None:
        place = loaded.source("backup.before_clean")
        raise UsageProblem(f"{place}: backup.before_clean is true without backup.to; allowed: true when that is set")


def _check_hooks(loaded: Loaded) -> None:
    """Check that what nobody watches can stop the bot and start it again."""
    rotate = loaded.settings.rotate
    asked = {"hooks.around_clean": loaded.settings.hooks.around_clean, "rotate.auto": rotate.auto != "off"}
    missing = [name for name in ("stop_command", "start_command") if getattr(rotate, name) is None]
    for name, wanted in asked.items():
        if wanted and missing:
            raise UsageProblem(
                f"{loaded.source(name)}: {name} needs to stop the bot and start it again; allowed: only together with"
                f" rotate.stop_command and rotate.start_command (missing: rotate.{', rotate.'.join(missing)})"
            )
