"""The sentence for what may not be written: where it stands, what it is, and what is allowed there. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pydantic import BaseModel

from baileys_cleanup.output.text import shown
from baileys_cleanup.output.toml import as_toml, key_as_toml
from baileys_cleanup.settings.tables import CompanyTable, Written
from baileys_cleanup.settings.types import Text
from baileys_cleanup.settings.values import CONFIG_VARIABLE, PREFIX, SECRETS, option_of

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_COMPANIES = "companies"
_NOT_REPEATED = SECRETS | {"backup.to", "backup.recipients", "store", "redis.cache", "redis.creds"}
"""Settings of which a wrong value is not shown: a private key in the place of its public one would be."""
_SHOWN = 80
"""Characters of a wrong value; what is longer is no slip that the end would show."""
_ALIKE = 0.75
"""From which likeness on one name is taken for another that was misspelled; less is only of the same letters."""


def variable_of(name: str) -> str:
    """Return the environment variable of a setting's dotted name."""
    return PREFIX + name.upper().replace(".", "__")


def wrong_variable(variable: str, names: Sequence[str]) -> str:
    """Return the sentence for a variable with our prefix that is no setting; `names` are those there are."""
    own = variable.upper().removeprefix(PREFIX)
    if own.startswith(_COMPANIES.upper()):
        way_on = "; allowed: companies in the TOML file, [companies.<id>.retention]"
    else:
        spellings = {each.removeprefix(PREFIX): each for each in (*map(variable_of, names), CONFIG_VARIABLE)}
        in_table = [each for each in spellings.values() if each.endswith(f"__{own}")]
        way_on = _meant(in_table) or _near(own, spellings, spellings.values())
    return f"the environment variable {shown(variable)} is no setting{way_on}"


def wrong_value(error: "ErrorDetails", origin: Callable[[str], str], names: Sequence[str]) -> str:
    """Return the sentence for one value that the tables refused.

    `error` is pydantic's own; `origin` says where a dotted name was written; `names` are the settings.
    """
    path = [str(part) for part in error["loc"]]
    name = ".".join(path)
    place = shown(origin(name))
    if error["type"] == "extra_forbidden":
        return f"{place}: there is no setting {shown(name)}{_other_place(path, names)}"
    field = _table_of(path[:-1]).model_fields.get(path[-1])
    allowed = field.description if field else "a table"
    spelled = "its value" if place in {variable_of(name), option_of(name)} else name
    return f"{place}: {shown(spelled)} is {_said(name, error)}; allowed: {allowed}"


def _said(name: str, error: "ErrorDetails") -> str:
    """Return a wrong value as it was written, and of one that may hold a secret only what is wrong with it."""
    value = error["input"]
    if _is_secret(name):
        return str(error["ctx"]["error"]) if error["type"] == "value_error" else "no table"
    said = shown(value) if isinstance(value, Text) else as_toml(value)
    return said[:_SHOWN] or "empty"


def _is_secret(name: str) -> bool:
    """Tell whether a value of this name may hold a secret: a table in the wrong form may, too."""
    return any(secret == name or secret.startswith(f"{name}.") for secret in _NOT_REPEATED)


def _other_place(path: list[str], names: Iterable[str]) -> str:
    """Return the way on from a key that is not known where it stands: its right place, the right spelling, or all."""
    key = path[-1]
    if path[0] == _COMPANIES and len(path) > 1:
        known = {name for table in CompanyTable.model_fields for name in _inside([*path[:2], table])}
    else:
        known = {*names, *Written.model_fields}
    elsewhere = [name for name in sorted(known) if name.rpartition(".")[2] == key]
    if elsewhere:
        return _meant(name if "." in name else f"{name}, above the first table" for name in elsewhere)
    here = list(_table_of(path[:-1]).model_fields)
    # What was nearly written in a table is looked for there: two tables may have words that are alike.
    anywhere = len(path) == 1 or path[0] == _COMPANIES
    spellings = {name.rpartition(".")[2]: name for name in sorted(known)} if anywhere else {}
    return _meant(get_close_matches(key, here, n=1, cutoff=_ALIKE)) or _near(key, spellings, here)


def _inside(path: list[str]) -> list[str]:
    return [".".join(map(key_as_toml, [*path, key])) for key in _table_of(path).model_fields]


def _table_of(path: Sequence[str]) -> type[BaseModel]:
    """Return the table at a path; the id of a company may be anything."""
    of_a_company = path[:1] == [_COMPANIES]
    table: type[BaseModel] = CompanyTable if of_a_company else Written
    for part in path[2:] if of_a_company else path:
        factory = table.model_fields[part].default_factory
        table = factory if isinstance(factory, type) and issubclass(factory, BaseModel) else table
    return table


def _near(wrong: str, spellings: Mapping[str, str], allowed: Iterable[str]) -> str:
    """Return the nearest of these spellings by its full name; where none is near, what is allowed."""
    close = get_close_matches(wrong, spellings, n=1, cutoff=_ALIKE)
    return _meant(spellings[each] for each in close) or f"; allowed: {', '.join(allowed)}"


def _meant(names: Iterable[str]) -> str:
    meant = " or ".join(shown(name) for name in names)
    return f"; did you mean {meant}?" if meant else ""
