"""What lies in a server and is not as the layout says: keys of another type, companies in the other layout."""

import re
from collections.abc import Iterator
from itertools import islice

import redis
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.key_names import TYPES
from baileys_cleanup.store.redis.layout import CREDS, OWN, Layout
from baileys_cleanup.store.redis.server import Server, encoded

_KINDS = ("string", "hash", "list", "set", "zset", "stream")
_PART = 2_000
"""Keys that one command goes through where it finds few: a millisecond of the server's."""
_ENOUGH = 1_000
"""Hashes that are looked at for the keys of a company: there may be very many of somebody else's."""
_KEY = re.compile(rf"(?P<company>.*[^A-Za-z0-9])(?:(?P<creds>{CREDS})|(?:{'|'.join(TYPES)})-.+)", re.DOTALL)
_ANY_KEY = "pre-key-*"
"""Every company has some of these."""


def odd_keys(server: Server, layout: Layout, fitting: int) -> dict[str, str]:
    """Return the keys that are called like a company's and are of another type than the layout says, with that type.

    None where there are no more keys than the `fitting` ones and the tool's own. Else it is one walk for each type: the
    names of all keys that are as they should be would take longer. Raises redis.RedisError.
    """
    odd: dict[str, str] = {}
    if server.call("DBSIZE") <= fitting + sum(1 for _ in server.scan(f"{OWN}*", part=_PART)):
        return odd
    for kind in _KINDS:
        if kind != layout.kind:
            walk = server.scan(layout.pattern, kind.upper(), part=_PART)
            odd.update((key, kind) for key in walk if layout.read(key))
    return odd


def in_other_layout(server: Server, layout: Layout) -> str | None:
    """Return in words where a company lies as the other layout has it, None where there is none.

    Raises redis.RedisError.
    """
    if layout.is_hash:
        found, is_what, other = next(_companies_of_strings(server), None), "one of the strings", "string"
    else:
        found, is_what, other = next(_companies_of_hashes(server), None), "a hash with the keys", "hash"
    if found is None:
        return None
    return (
        f'redis.layout is "{layout.kind}", and nothing is there that fits it, but {shown(found)} is {is_what} of a'
        f' company: set redis.layout = "{other}", and redis.key as the keys are called'
    )


def _companies_of_strings(server: Server) -> Iterator[str]:
    """Give creds that are a string, of companies that have another key."""
    creds, others = set[str](), set[str]()
    for key in server.scan("*", "STRING"):
        found = None if key.startswith(OWN) else _KEY.fullmatch(key)
        if found:
            (creds if found["creds"] else others).add(found["company"])
            if found["company"] in creds and found["company"] in others:
                yield found["company"] + CREDS


def _companies_of_hashes(server: Server) -> Iterator[str]:
    """Give hashes that hold creds, or keys."""
    for key in islice(server.scan("*", "HASH"), _ENOUGH):
        if key.startswith(OWN):
            continue
        try:
            holds = (
                server.call("HEXISTS", key, CREDS) or server.client.hscan(encoded(key), match=_ANY_KEY, count=500)[1]
            )
        except redis.ResponseError:  # this user may not look at it, or it is another by now
            continue
        if holds:
            yield key
