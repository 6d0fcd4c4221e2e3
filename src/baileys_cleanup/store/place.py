"""Where a store is, as people say it: the path of a sessions root or a URL, and what else has to be known to open it.

Pure values; no driver of a database is imported for them.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

_HOST = r"(?:\[[0-9A-Fa-f:.%]*\])?:?[0-9]*(?:,[^/?#@]*)?(?:/[^/?#@]*)?\?[^@]*="
"""What an at sign may stand behind without a password before it: a port, a database and a parameter."""
_USER_PART = re.compile(
    rf"(?P<before>[A-Za-z][A-Za-z0-9+.-]*://(?!{_HOST})[^/?#@:]*):(?!{_HOST})(?P<password>[^?]*|.*)@"
)
"""A user and a password, also one that has `/`, `?`, `#` or `@` in it as they are."""
_PARAMETER = re.compile(r"(?P<before>[?&](?P<name>[^=&#]*)=)[^&#]*")
_SECRETS = ("password", "secret")
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
        before, mark, _ = self.where.partition("://")
        return before.lower() if mark else ""


def has_password(url: str) -> bool:
    """Tell whether a URL has a password in it, before the host or among its parameters."""
    return bool(_USER_PART.match(url) or any(map(_is_secret, _PARAMETER.finditer(url))))


def without_password(url: str) -> str:
    """Return a URL as it may be shown."""
    return _PARAMETER.sub(
        lambda found: found["before"] + _HIDDEN if _is_secret(found) else found[0],
        _USER_PART.sub(r"\g<before>@", url),
    )


def cuts_password(url: str) -> bool:
    """Tell whether a driver would cut the password of a URL: `/`, `?` and `#` end what it takes for the host."""
    found = _USER_PART.match(url)
    return found is not None and any(sign in found["password"] for sign in "/?#")


def _is_secret(parameter: re.Match[str]) -> bool:
    return any(word in unquote(parameter["name"]).lower() for word in _SECRETS)


def is_folder(where: str) -> bool:
    """Tell whether the name of a store is the path of a folder."""
    return "://" not in where
