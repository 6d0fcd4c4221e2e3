"""The types of single values: what was written, checked and taken as what it means."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from baileys_cleanup.decision.names import Kind
from baileys_cleanup.settings.values import PASSWORD
from baileys_cleanup.store.open import STORES
from baileys_cleanup.store.place import Place as StorePlace
from baileys_cleanup.store.place import as_drivers_take_it, has_no_escape, is_cut_wrongly

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_RECIPIENT = re.compile(r"age1[02-9ac-hj-np-z]{10,2000}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Text(str):
    """A value from the environment: text that may mean a number or a truth value."""

    __slots__ = ()


def _whole(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if isinstance(value, Text) and re.fullmatch(r"[+-]?[0-9]+", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("not a whole number")  # noqa: TRY004 - pydantic wants a ValueError
    return value


def _truth(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if isinstance(value, Text):
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


def _listed(value: Any, pattern: re.Pattern[str], what: str) -> Any:  # noqa: ANN401 - whatever was written
    """Return a list of texts that fit a pattern; a variable has them with spaces between."""
    if isinstance(value, Text):
        value = value.split()
    if not isinstance(value, list) or not all(isinstance(each, str) and pattern.fullmatch(each) for each in value):
        raise ValueError(f"no list of {what}")
    return tuple(str(each) for each in value)


def _addresses(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    return _listed(value, _URL, "URLs")


def _patterns(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if isinstance(value, Text):
        value = value.split()
    if not isinstance(value, list) or not all(isinstance(each, str) and each.strip("*") for each in value):
        raise ValueError("no list of patterns")  # one that leaves every company out is a slip of the pen
    return tuple(str(each) for each in value)


def _names(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    return _listed(value, _NAME, "names")


def _recipients(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    return _listed(value, _RECIPIENT, "age public keys")


def _address(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if not isinstance(value, str) or not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", value):
        raise ValueError("no URL")
    return str(value)


def _time(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if not isinstance(value, str) or not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value, re.ASCII):
        raise ValueError("no time of a day")
    return str(value)


def _path(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if not isinstance(value, str) or not re.fullmatch(r"/[^\0]*\.prom", value):
        raise ValueError("no such path")
    return str(value)


def _folder(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if not isinstance(value, str) or not re.fullmatch(r"/[^\0]+", value):
        raise ValueError("no such path")
    return str(value)


def _command(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    words = value if isinstance(value, list | tuple) else []
    if not words or not all(isinstance(word, str) and "\0" not in word for word in words) or not words[0].strip():
        raise ValueError("not a list of words")
    return tuple(words)


def _kinds(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if isinstance(value, Text):
        value = value.split()
    if not isinstance(value, list | tuple) or not all(isinstance(kind, str) and kind in set(Kind) for kind in value):
        raise ValueError("no list of kinds")
    return tuple(Kind(kind) for kind in value)


def _place(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004 - pydantic wants a ValueError
    if not value.strip():
        raise ValueError("empty")
    if PASSWORD.match(value):
        raise ValueError("a URL with a password in it")
    return value


def _store(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004 - pydantic wants a ValueError
    if StorePlace(value).scheme not in STORES:
        raise ValueError("no URL of a server that is known here")
    if re.search(r"[\s\0]", value):
        raise ValueError("a URL with a blank in it")
    if is_cut_wrongly(value):
        raise ValueError("a URL with a password in it that is not percent-encoded")
    if has_no_escape(value):
        raise ValueError("a URL with a % in it that stands for itself")
    return as_drivers_take_it(str(value))


def _store_in(scheme: str) -> BeforeValidator:
    """Return what takes a URL of one kind of server; `scheme` is how its schemes begin."""

    def check(value: Any) -> Any:  # noqa: ANN401 - whatever was written
        url: str = _store(value)
        if not StorePlace(url).scheme.startswith(scheme):
            raise ValueError("no URL of such a server")
        return url

    return BeforeValidator(check)


def _cache_key(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if not isinstance(value, str) or not all(mark in value for mark in ("{company_id}", "{type}", "{id}")):
        raise ValueError("no name of one key")  # one name for many would take other things out of the server
    return str(value)


def _column(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    if not isinstance(value, str) or not re.fullmatch(r"[^\0.]{1,63}(\.[^\0.]{1,63})?", value):
        raise ValueError("no name of a table or column")
    return str(value)


Command = Annotated[tuple[str, ...], BeforeValidator(_command)]
Whole = Annotated[int, BeforeValidator(_whole)]
TimeOfDay = Annotated[str, BeforeValidator(_time)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Addresses = Annotated[Any, BeforeValidator(_addresses)]  # Any: the library would read a list in a variable as JSON
Patterns = Annotated[Any, BeforeValidator(_patterns)]  # Any: likewise
Names = Annotated[Any, BeforeValidator(_names)]  # Any: likewise
Recipients = Annotated[Any, BeforeValidator(_recipients)]  # Any: likewise
Address = Annotated[str, BeforeValidator(_address)]
Kinds = Annotated[Any, BeforeValidator(_kinds)]  # Any: likewise
FilePath = Annotated[str, BeforeValidator(_path)]
FolderPath = Annotated[str, BeforeValidator(_folder)]
Place = Annotated[str, BeforeValidator(_place)]
StoreUrl = Annotated[str, BeforeValidator(_store)]
RedisUrl = Annotated[str, _store_in("redis")]
PostgresqlUrl = Annotated[str, _store_in("postgres")]
CacheKey = Annotated[str, BeforeValidator(_cache_key)]
Column = Annotated[str, BeforeValidator(_column)]


def marked(value: Any) -> Any:  # noqa: ANN401 - whatever was written
    """Return values of the environment with every text marked as such."""
    if isinstance(value, dict):
        return {name: marked(inner) for name, inner in value.items()}
    return Text(value) if isinstance(value, str) else value
