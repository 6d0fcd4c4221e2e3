"""What is wrong with a server as a store of keys, whatever a cleanup does. No value leaves the server for it."""

from collections.abc import Iterable

import redis
from baileys_cleanup.decision.policy import SECOND
from baileys_cleanup.output.text import count, few
from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.store.faults import indexed_keys
from baileys_cleanup.store.redis.database import Database
from baileys_cleanup.store.redis.eviction import limit_of, why_dropped
from baileys_cleanup.store.redis.layout import CREDS
from baileys_cleanup.store.redis.scripts import CHUNK, INDEXED_OF_HASH, INDEXED_OF_STRINGS

_IDENTITY_KEYS = "identity-key-"
_NEARLY_FULL = 90
"""Percent of `maxmemory` from which on it is told."""


def find_faults(store: Database) -> list[str]:
    """Return what is wrong, a sentence each with what to do. Raises redis.RedisError."""
    store.meet()
    ids = store.company_ids()[0]
    numbers = {company_id: number for company_id in ids if (number := _indexed(store, company_id))}
    return [*_durability(store), *_ends(store, ids), *([indexed_keys(numbers)] if numbers else [])]


def _durability(store: Database) -> Iterable[str]:
    try:
        told = store.server.client.info("everything")
    except redis.ResponseError:
        yield "nobody can tell whether the server keeps what it is given: let this user ask INFO"
        return
    if not int(told.get("aof_enabled", 1)):
        yield (
            "the server has no append-only file: a crash turns ratchets back, and messages are lost; set `appendonly"
            " yes`"
        )
    limit, dropped = limit_of(told), why_dropped(told)
    percent = int(told.get("used_memory", 0)) * 100 // limit if limit else 0
    if dropped:
        yield dropped
    elif percent >= _NEARLY_FULL:
        yield (
            f"the server's memory is {percent}% full: at maxmemory ({limit:,} bytes) it takes no writes, neither a"
            " bot's nor a cleanup's; raise maxmemory"
        )


def _ends(store: Database, ids: Iterable[str]) -> Iterable[str]:
    """Tell of creds that end by themselves, as those of Keyv do after two years: then the pairing is gone."""
    field = "" if store.layout.is_hash else CREDS
    ends: dict[str, int] = {}
    for company_id in ids:
        left = int(store.server.call("PTTL", store.key(company_id) + field))
        if left >= 0:
            ends[company_id] = left
    if ends:
        first = timestamp((store.now // SECOND + min(ends.values()) // 1_000) * SECOND)
        what = "the keys" if store.layout.is_hash else "the creds"
        yield (
            f"{what} of {count(len(ends), 'company', 'companies')} ({few(sorted(ends))}) end by themselves, the first"
            f" on {first}, and the pairing with them: let the bot's auth state write them without an end (PERSIST takes"
            " it away)"
        )


def _indexed(store: Database, company_id: str) -> int:
    """Return how many identity keys of a company are objects of numbered bytes."""
    server, found = store.server, 0
    if store.layout.is_hash:
        cursor: bytes = b"0"
        while True:
            cursor, number = server.script(INDEXED_OF_HASH, [store.key(company_id)], [cursor, _IDENTITY_KEYS + "*"])
            found += int(number)
            if cursor == b"0":
                return found
    keys = [store.key(company_id) + each for each in store.strings(company_id) if each.startswith(_IDENTITY_KEYS)]
    for number in range(0, len(keys), CHUNK):
        found += int(server.script(INDEXED_OF_STRINGS, keys[number : number + CHUNK]))
    return found
