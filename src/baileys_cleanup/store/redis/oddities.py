"""What lies in a server and is not as the layout says: keys of another type, companies in the other layout."""

from collections.abc import Callable, Iterator
from itertools import islice

import redis
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.redis.layout import CREDS, OWN, Layout
from baileys_cleanup.store.redis.server import Server, encoded

_KINDS = ("string", "hash", "list", "set", "zset", "stream")
_PART = 2_000
"""Keys that one command goes through where it finds few: a millisecond of the server's."""
_ENOUGH = 1_000
"""What is looked at for a company of the other layout: there may be very much of somebody else's."""
_PRE_KEY = "pre-key-"
"""Every company has some of these."""
_COMPANY_IS = {"hash": "a hash", "string": "several strings"}


def odd_keys(server: Server, layout: Layout, fitting: int) -> Iterator[tuple[str, str]]:
    """Give the keys that are called like a company's and are of another type than the layout says, with that type.

    None where there are no more keys than the `fitting` ones and the tool's own. Else it is one walk for each type: the
    names of all keys that are as they should be would take longer. Raises redis.RedisError.
    """
    if server.call("DBSIZE") <= fitting + sum(1 for _ in server.scan(f"{OWN}*", part=_PART)):
        return
    for kind in _KINDS:
        if kind != layout.kind:
            walk = server.scan(layout.pattern, kind.upper(), part=_PART)
            yield from ((key, kind) for key in walk if layout.read(key))


def in_other_layout(server: Server, layout: Layout, is_excluded: Callable[[str], bool]) -> str | None:
    """Return in words what looks like a company of the other layout, None where nothing does.

    It may be somebody else's: then the setting exclude names it. Raises redis.RedisError.
    """
    found, other = (_creds_among_strings(server), "string") if layout.is_hash else (_hashes_of_keys(server), "hash")
    key = next((key for key in found if not (is_excluded(key) or is_excluded(key.removesuffix(f":{CREDS}")))), None)
    if key is None:
        return None
    what = "stands beside pre-keys" if layout.is_hash else "is a hash with creds and pre-keys in it"
    return (
        f"By redis.layout a company is {_COMPANY_IS[layout.kind]}, but {shown(key)} {what}: where that is a company of"
        f' yours, set redis.layout = "{other}", and redis.key as the keys are called'
    )


def _creds_among_strings(server: Server) -> Iterator[str]:
    """Give creds that are a string, and lie among pre-keys."""
    found = islice(server.scan(f"*{CREDS}", "STRING", part=_PART), _ENOUGH)
    companies = {key.removesuffix(CREDS) for key in found if not key.startswith(OWN)} - {""}
    if companies:
        beside = (key.rpartition(_PRE_KEY)[0] for key in server.scan(f"*{_PRE_KEY}*", "STRING", part=_PART))
        yield from (company + CREDS for company in beside if company in companies)


def _hashes_of_keys(server: Server) -> Iterator[str]:
    """Give hashes that hold creds and pre-keys."""
    for key in islice(server.scan("*", "HASH", part=_PART), _ENOUGH):
        if key.startswith(OWN):
            continue
        try:
            holds = (
                server.call("HEXISTS", key, CREDS)
                and server.client.hscan(encoded(key), match=f"{_PRE_KEY}*", count=_PART)[1]
            )
        except redis.ResponseError:  # this user may not look at it, or it is another by now
            continue
        if holds:
            yield key
