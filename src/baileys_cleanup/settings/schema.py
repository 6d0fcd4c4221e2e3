"""What people may write in the environment and in a TOML file, read and checked."""

import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import shown
from baileys_cleanup.settings.tables import TABLES, Written
from baileys_cleanup.settings.together import wrong_together
from baileys_cleanup.settings.trust import names_commands, why_distrusted
from baileys_cleanup.settings.types import marked
from baileys_cleanup.settings.values import FLAG, Loaded, Settings, option_of
from baileys_cleanup.settings.wrong import variable_of, wrong_value, wrong_variable

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

    Raises UsageProblem with a sentence for each thing that may not be so.
    """
    wrong = [wrong_variable(name, names()) for name in sorted(variables) if not _is_known(name)]
    document = {} if path is None else _read_toml(path)
    environment = {} if wrong else _Environment(Written)()
    origins: list[tuple[dict[str, Any], Callable[[str], str]]] = [
        (dict(flags), option_of),
        (environment, variable_of),
        (document, lambda _: str(path)),
    ]
    for values, origin in origins:
        wrong += _check(values, origin)
    if wrong:
        raise UsageProblem(*wrong)
    written = _assemble(*(values for values, _ in origins)).model_dump(exclude_none=True)
    sources: dict[str, str] = {}
    for values, origin in reversed(origins):
        sources.update((name, FLAG if origin is option_of else origin(name)) for name in _leaves(values))
    if "sessions_root" in flags:
        written["store"] = None  # a folder that is asked for is meant
        sources.pop("store", None)
    loaded = Loaded(_settings(written), sources)
    wrong = wrong_together(loaded)
    if wrong:
        raise UsageProblem(*wrong)
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
    companies = written.pop("companies").items()
    overrides = {company: table["retention"] for company, table in companies}
    levels = {company: table["levels"] for company, table in companies if table["levels"]}
    settings = Settings()
    tables = {name: replace(getattr(settings, name), **written.pop(name)) for name in TABLES}
    return replace(settings, companies=overrides, company_levels=levels, **tables, **written)


def _is_known(variable: str) -> bool:
    return variable.upper() in map(variable_of, names())


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
        elif name not in {"companies", "company_levels"}:
            found.append(name)
    return found


def _read_toml(path: str) -> dict[str, Any]:
    user = os.geteuid()
    try:
        # Without blocking: a pipe that lies there must not hold the run up before anybody has looked whose it is.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK | os.O_NOCTTY)) as file:
            doubt = why_distrusted(path, file.fileno(), user)
            if doubt and user == 0:
                raise _distrusted(path, doubt)
            os.set_blocking(file.fileno(), True)
            data = file.read(_FILE_LIMIT + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageProblem(f"the settings file {shown(path)} cannot be read: {why}") from None
    if len(data) > _FILE_LIMIT:
        raise UsageProblem(f"the settings file {shown(path)} is larger than 1 MiB: that is no settings file")
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageProblem(f"the settings file {shown(path)} is not valid TOML: {_why_no_toml(error)}") from None
    if doubt and names_commands(document):
        raise _distrusted(path, doubt)
    companies = document.get("companies")
    if isinstance(companies, dict):
        document["companies"] = {company.removeprefix(COMPANY_PREFIX): table for company, table in companies.items()}
        if len(document["companies"]) < len(companies):
            raise UsageProblem(f"the settings file {shown(path)} has settings for one company under two names")
    return document


def _why_no_toml(error: Exception) -> str:
    """Return what is wrong with a file, in the words of who reads TOML and not in those of Python."""
    if isinstance(error, tomllib.TOMLDecodeError):
        return str(error)
    if isinstance(error, UnicodeDecodeError):
        line = error.object.count(b"\n", 0, error.start) + 1
        return f"it is no text in UTF-8 (at line {line:,})"
    too_deep = isinstance(error, RecursionError)
    return "tables or lists lie too deep in one another" if too_deep else "a number is too long"


def _distrusted(path: str, doubt: str) -> UsageProblem:
    return UsageProblem(f"the settings file {shown(path)} is not followed, because it could have commands run: {doubt}")


def _check(values: dict[str, Any], origin: Callable[[str], str]) -> list[str]:
    """Return what is wrong with these values, a sentence each."""
    try:
        _assemble(values)
    except ValidationError as error:
        return [wrong_value(each, origin, names()) for each in error.errors()]
    return []
