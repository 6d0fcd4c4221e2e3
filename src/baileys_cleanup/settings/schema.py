"""What people may write in the environment and in a TOML file, and the sentence for what they may not."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.settings.tables import TABLES, CompanyTable, RetentionTable, Written
from baileys_cleanup.settings.together import check_together
from baileys_cleanup.settings.types import Text, marked
from baileys_cleanup.settings.values import CONFIG_VARIABLE, FLAG, PREFIX, SECRETS, Loaded, Settings

_FILE_LIMIT = 1024 * 1024


class _Environment(EnvSettingsSource):
    """The library's environment source, its texts marked as such: a file's "7" is no number, a variable's is."""

    def __call__(self) -> dict[str, Any]:
        return {name: marked(value) for name, value in super().__call__().items()}


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
    check_together(loaded)
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
        said = shown(str(first["input"])) if isinstance(first["input"], Text) else shown(repr(first["input"]))
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
