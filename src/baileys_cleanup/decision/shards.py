"""Which companies fall to which shard: a hash that never changes, and that any other tool can compute."""

import re
from dataclasses import dataclass
from hashlib import sha256

MOST = 1_000
"""Shards: more would only be more to watch."""
_HEX_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `number` equal parts of the companies; `index` counts from 0."""

    index: int
    number: int

    def __str__(self) -> str:
        return f"{self.index}/{self.number}"

    def has(self, company_id: str) -> bool:
        """Tell whether a company falls to this shard.

        The first 8 hex digits of the SHA-256 of its id, taken as a number, modulo the number of shards.
        """
        digest = sha256(company_id.encode("utf-8", "surrogateescape")).hexdigest()
        return int(digest[:_HEX_DIGITS], 16) % self.number == self.index


def read_shard(text: str) -> Shard | None:
    """Return the shard that a text like `0/4` means, None where it means none."""
    found = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text, re.ASCII)
    if not found:
        return None
    shard = Shard(int(found[1]), int(found[2]))
    return shard if shard.index < shard.number <= MOST else None
