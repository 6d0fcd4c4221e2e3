"""What a server drops of its own accord when its memory is full, by what it says of itself. Pure."""

from collections.abc import Mapping
from typing import Any

_KEEPS = "noeviction"


def limit_of(told: Mapping[str, Any]) -> int:
    """Return the `maxmemory` that INFO tells, in bytes, 0 for none."""
    return int(told.get("maxmemory", 0))


def why_dropped(told: Mapping[str, Any]) -> str | None:
    """Return in words that the server drops keys, None where it never does."""
    policy, limit = str(told.get("maxmemory_policy", _KEEPS)), limit_of(told)
    if policy == _KEEPS:
        return None
    when = f"at {limit:,} bytes" if limit else "as soon as maxmemory is set"
    return f"maxmemory-policy is {policy}: the server drops keys of its own accord {when}; set {_KEEPS}"
