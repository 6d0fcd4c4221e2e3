"""The pairing: which login of a device the keys in a company folder belong to. Pure.

Every ratchet, sender key, memory and pre-key is worth something under its own pairing alone. Of the identity key only
the public part is ever taken (`signedIdentityKey`, `src/Types/Auth.ts`), and of that only the beginning of its hash.
"""

import base64
import hashlib
import re
from typing import Any, NamedTuple, Self

_TEXT = re.compile(r"(?P<user>[0-9]+):(?P<device>[0-9]{1,5})(?: (?P<identity>[0-9a-f]{16}))?")


class Pairing(NamedTuple):
    """One login of a device. `identity` is 16 hex digits, None where `creds.json` held no public identity key."""

    user: str
    device: int
    identity: str | None = None

    def __str__(self) -> str:
        """Return the pairing as records hold it and people read it."""
        return f"{self.user}:{self.device}" + (f" {self.identity}" if self.identity else "")

    @classmethod
    def read(cls, text: object) -> Self | None:
        """Return the pairing that a record holds, None for anything that is none."""
        found = _TEXT.fullmatch(text) if isinstance(text, str) else None
        return cls(found["user"], int(found["device"]), found["identity"]) if found else None


def is_same(one: Pairing | None, other: Pairing | None) -> bool | None:
    """Tell whether two pairings are the same, None where nobody can tell."""
    if one is None or other is None:
        return None
    if one[:2] != other[:2]:
        return False
    if one.identity == other.identity:
        return True
    return False if one.identity and other.identity else None


def identity_of(creds: dict[str, Any]) -> str | None:
    """Return the beginning of the hash of the public identity key in a parsed `creds.json`, None where there is none.

    `BufferJSON` writes bytes as base64 (`src/Utils/generics.ts`), the plain `JSON.stringify` of Node as numbers.
    """
    pair = creds.get("signedIdentityKey")
    public = pair.get("public") if isinstance(pair, dict) else None
    value = public.get("data") if isinstance(public, dict) else None
    try:
        data = base64.b64decode(value + "=" * (-len(value) % 4)) if isinstance(value, str) else _listed(value)
    except ValueError:  # binascii.Error is one
        return None
    return hashlib.sha256(data).hexdigest()[:16] if data else None


def _listed(value: object) -> bytes:
    return bytes(value) if isinstance(value, list) and all(type(number) is int for number in value) else b""
