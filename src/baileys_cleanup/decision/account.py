"""Who a company folder belongs to, as far as `creds.json` tells.

Only five values are ever taken from `creds.json` (`src/Types/Auth.ts`, `AuthenticationCreds`): `me.id`, `me.lid`,
`nextPreKeyId`, `firstUnuploadedPreKeyId`, and the public part of `signedIdentityKey`, of which the beginning of a hash
is kept. The key material beside them is dropped unread.
"""

import json
import re
from typing import Any, NamedTuple

from baileys_cleanup.decision.names import Address
from baileys_cleanup.decision.pairing import Pairing, identity_of
from baileys_cleanup.errors import CredsUnreadable

# `15550000001:7@s.whatsapp.net`; the first device is written without `:0`.
_JID = re.compile(r"(?P<user>[0-9]+)(?:_[0-9]+)?(?::(?P<device>[0-9]{1,5}))?@.+")


class Account(NamedTuple):
    """What the guards need to know of the account that owns a company folder.

    `devices` are this device's own (user, device) pairs, under its phone number and its LID; empty means
    that nobody can tell. `next_pre_key` and `first_not_uploaded` are None where nothing usable was said.
    `problem` says what is wrong with `creds.json`, None when nothing is. `pairing` is the login that the keys belong
    to, None where `creds.json` tells none.
    """

    present: bool
    devices: frozenset[tuple[str, int]] = frozenset()
    next_pre_key: int | None = None
    first_not_uploaded: int | None = None
    problem: str | None = None
    pairing: Pairing | None = None

    @property
    def unknown(self) -> bool:
        """Tell whether `creds.json` fails to say who this is; one that is not paired yet says so."""
        return self.problem is not None and not self.devices

    def owns_key(self, sender: Address) -> bool:
        """Tell whether a sender key is this very device's own. The domain does not matter."""
        return (sender.user, sender.device) in self.devices

    def owns_session(self, peer: Address) -> bool:
        """Tell whether a session is with a device of this same account: the phone, another companion."""
        return any(peer.user == user for user, _ in self.devices)


_UNTIL_THEN = "until then no session goes, and the highest pre-key number stands in for its counter"

ABSENT = Account(present=False, problem=f"creds.json is missing; {_UNTIL_THEN}")


def unreadable(why: str) -> Account:
    """Return the account of a folder whose `creds.json` is there and cannot be used."""
    return Account(present=True, problem=f"creds.json {why}; {_UNTIL_THEN}")


def read_account(data: bytes) -> Account:
    """Take the account out of the bytes of a `creds.json`.

    Raises CredsUnreadable when the bytes are not a JSON object: Baileys rewrites the file in place, so it
    may be whole a moment later.
    """
    if not data.strip():
        raise CredsUnreadable("is empty")
    try:
        creds = json.loads(data.decode("utf-8"))  # the one encoding that Baileys reads
    except (ValueError, RecursionError):
        raise CredsUnreadable("is not valid JSON") from None
    if not isinstance(creds, dict):
        raise CredsUnreadable("is not a JSON object")
    problems: list[str] = []
    devices = _devices(creds.get("me"), problems)
    next_pre_key = _counter(creds, "nextPreKeyId", problems)
    first_not_uploaded = _counter(creds, "firstUnuploadedPreKeyId", problems)
    return Account(
        present=True,
        devices=devices,
        next_pre_key=next_pre_key,
        first_not_uploaded=first_not_uploaded,
        problem=f"creds.json is incomplete: {', '.join(problems)}" if problems else None,
        pairing=_pairing(creds),
    )


def _devices(me: Any, problems: list[str]) -> frozenset[tuple[str, int]]:  # noqa: ANN401 - any JSON value
    if me is None:  # not paired yet: a state, not a fault
        return frozenset()
    jids = [me.get("id"), me.get("lid")] if isinstance(me, dict) else []
    found = [_JID.fullmatch(jid) for jid in jids if isinstance(jid, str)]
    devices = frozenset((jid["user"], int(jid["device"] or 0)) for jid in found if jid)
    if not devices:
        problems.append("me.id names no account")
    return devices


def _pairing(creds: dict[str, Any]) -> Pairing | None:
    me = creds.get("me")
    jid = me.get("id") if isinstance(me, dict) else None
    found = _JID.fullmatch(jid) if isinstance(jid, str) else None
    return Pairing(found["user"], int(found["device"] or 0), identity_of(creds)) if found else None


def _counter(creds: dict[str, Any], key: str, problems: list[str]) -> int | None:
    value = creds.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    problems.append(f"{key} is no pre-key number")
    return None
