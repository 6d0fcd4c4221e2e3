"""Where a store is, as people say it: the path of a sessions root or a URL, and what else has to be known to open it.

Pure values; no driver of a database is imported for them.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from baileys_cleanup.output.text import few

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HOST = r"(?:\[[^\]@]*\]|[^][:/?#@]*)(?::[0-9]*)?"
_PLACE = re.compile(rf"{_HOST}(?:,{_HOST})*(?:/[^/?#@]*)?")
"""Hosts with their ports, and a database."""
_PARAMETERS = re.compile(r"[^=&]+=[^&]*(?:&[^=&]+=[^&]*)*")
_PARAMETER = re.compile(r"(?P<name>[^?&=]+)=(?P<value>[^&#]*)")
_SECRET = re.compile(r"passw|pwd|secret|token|credential|scram_|^(?:pass|pw|auth)$", re.IGNORECASE)
_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
"""A percent sign that begins no character, or one that no server takes."""
_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Postgresql:
    """How keys lie in a PostgreSQL database: a layout, and names of tables and columns where they are not its own.

    `ids` says how a column names a key: `raw`, as the library does, or `file`, as its files are called.
    """

    layout: str = "split"
    creds_table: str | None = None
    keys_table: str | None = None
    company: str | None = None
    type: str | None = None
    id: str | None = None
    value: str | None = None
    creds: str | None = None
    updated: str | None = None
    ids: str | None = None


@dataclass(frozen=True, slots=True)
class Redis:
    """How keys lie in Redis: `hash` or `string`, and the name of a key with `{company_id}` (and `{field}`) in it.

    `ids` says how a new key is named: `raw`, as the library does, or `file`, as files are called. `creds` is the URL of
    a PostgreSQL that holds the creds, None where they lie beside the keys. `cache` is the URL of a Redis in front of a
    database, None for none, `cache_key` how a key is named there, and `cache_again_seconds` how long after a removal it
    is looked at again.
    """

    layout: str = "hash"
    key: str | None = None
    ids: str = "raw"
    creds: str | None = None
    cache: str | None = None
    cache_key: str = "baileys:{company_id}:{type}-{id}"
    cache_again_seconds: int = 60


@dataclass(frozen=True, slots=True)
class Place:
    """A store by what people call it: `where` is a path or a URL, the rest is how keys lie there.

    `state` is the folder that holds the tool's own records of a sessions root, None where they lie in the root itself.
    """

    where: str
    postgresql: Postgresql = field(default_factory=Postgresql)
    redis: Redis = field(default_factory=Redis)
    state: str | None = None

    @property
    def shown(self) -> str:
        """It as people may see it, without a password."""
        return without_password(self.where)

    @property
    def scheme(self) -> str:
        """The scheme of the URL, empty for a path."""
        return scheme_of(self.where)


class _Parts(NamedTuple):
    """A URL, cut where a password could begin and end; `password` is None where there is none before the host."""

    user: str
    password: str | None
    place: str
    parameters: str


def _parts(url: str) -> _Parts:
    """Cut a URL as a person means it who did not escape the password: drivers cut it at each `/`, `?`, `#` or `@`.

    So the parameters begin at the first question mark that follows hosts and a database and is followed by names and
    values, and the password ends at the last `@` before them.
    """
    found = _SCHEME.match(url)
    begin = found.end() if found else 0
    end = len(url)
    for mark in re.finditer(r"\?", url[begin:]):
        place = url[begin : begin + mark.start()].rpartition("@")[2]
        if _PLACE.fullmatch(place) and _PARAMETERS.fullmatch(url[begin + mark.end() :]):
            end = begin + mark.start()
            break
    who, at, place = url[begin:end].rpartition("@")
    user, colon, password = who.partition(":")
    return _Parts(url[:begin] + user + at, password if colon else None, place, url[end:])


def scheme_of(where: str) -> str:
    """Return the scheme of a URL, whose case says nothing, in lower case; empty for a path."""
    before, mark, _ = where.partition("://")
    return before.lower() if mark else ""


def as_drivers_take_it(where: str) -> str:
    """Return the name of a store with its scheme in lower case: a driver knows no other."""
    scheme = scheme_of(where)
    return scheme + where[len(scheme) :]


def _is_secret(name: str) -> bool:
    return bool(_SECRET.search(unquote(name)))


def wrong_parameters(url: str, known: Collection[str]) -> str | None:
    """Return in words which parameters of a URL are none of those a driver knows, None where all are."""
    names = dict.fromkeys(unquote(each["name"]) for each in _PARAMETER.finditer(_parts(url).parameters))
    unknown = [name for name in names if name not in known]
    if not unknown:
        return None
    return f"no parameter is called {few(unknown)}; allowed after the question mark: {', '.join(sorted(known))}"


def has_password(url: str) -> bool:
    """Tell whether a URL has a password in it, before the host or among its parameters, however its name is escaped."""
    parts = _parts(url)
    named = any(_is_secret(each["name"]) for each in _PARAMETER.finditer(parts.parameters))
    return not is_folder(url) and (parts.password is not None or named)


def is_cut_wrongly(url: str) -> bool:
    """Tell whether a driver would take a part of the password for a host, because it is not escaped there."""
    parts = _parts(url)
    if is_folder(url) or parts.password is None:
        return False
    if scheme_of(url).startswith("postgres"):
        return parts.user.count("@") > 1 or any(mark in parts.password for mark in "@/")
    return any(mark in parts.password for mark in "/?#")


def has_no_escape(url: str) -> bool:
    """Tell whether a percent sign in the URL of a PostgreSQL is meant as itself, which libpq does not take."""
    return scheme_of(url).startswith("postgres") and bool(_NO_ESCAPE.search(url))


def without_password(url: str) -> str:
    """Return a URL as it may be shown."""
    if is_folder(url):
        return url
    parts = _parts(url)

    def hide(found: re.Match[str]) -> str:
        return f"{found['name']}={_HIDDEN if _is_secret(found['name']) else found['value']}"

    return parts.user + parts.place + _PARAMETER.sub(hide, parts.parameters)


def is_folder(where: str) -> bool:
    """Tell whether the name of a store is the path of a folder."""
    return "://" not in where
