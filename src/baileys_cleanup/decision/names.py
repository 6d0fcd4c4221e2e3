"""What the name of an auth file says: its kind, and whose session, which group, which number.

Baileys writes one file per key as `<type>-<id>.json`, with `/` written as `__` and `:` as `-`
(`src/Utils/use-multi-file-auth-state.ts`, function `fixFileName`; the same in 6.7.24 and 7.0.0-rc14).
The key types are those of `SignalDataTypeMap` in `src/Types/Auth.ts`.

Two questions are kept apart. `kind_of` follows wide patterns on the whole name and decides which rule a
file falls under. The `read_*` functions follow the exact grammar of what the library writes; a name outside
that grammar keeps its kind's rule and is never taken for this account's own. Only what a sender key and a memory say
of their group is read as widely as can be, so that no new kind of group separates the two.
"""

import re
import unicodedata
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What an auth file is. These words stand in JSON, metrics and settings."""

    CREDS = "creds"
    APP_STATE_SYNC_KEY = "app_state_sync_key"
    APP_STATE_SYNC_VERSION = "app_state_sync_version"
    LID_MAPPING = "lid_mapping"
    PRE_KEY = "pre_key"
    SESSION = "session"
    SENDER_KEY = "sender_key"
    SENDER_KEY_MEMORY = "sender_key_memory"
    DEVICE_LIST = "device_list"
    TCTOKEN = "tctoken"
    IDENTITY_KEY = "identity_key"
    UNKNOWN = "unknown"


PROTECTED = frozenset({Kind.CREDS, Kind.APP_STATE_SYNC_KEY, Kind.APP_STATE_SYNC_VERSION, Kind.LID_MAPPING})
"""Kinds that no setting, flag or company override can ever make removable."""

REMOVABLE = frozenset({Kind.SESSION, Kind.SENDER_KEY, Kind.SENDER_KEY_MEMORY, Kind.PRE_KEY})
"""Kinds that have a rule. Whatever is neither here nor in `PROTECTED` is kept as well."""

COMPANY_PREFIX = "company_"
"""How the name of a company's folder begins; the rest is its id, as is."""
CREDS_NAME = "creds.json"
CREDS_LIMIT = 16 * 1024 * 1024
"""Bytes. A `creds.json` grows with `processedHistoryMessages`, but never to this."""
SECOND_NAME = ".bak"
"""The ending of a copy that the library's next file store keeps beside a file, and reads where that one is gone."""
PRE_KEY_BEGINNING = "pre-key-"

# The order matters: the first pattern that fits the whole name decides.
_KINDS = re.compile(
    r"(?P<session>session-.+\.json)"
    r"|(?P<sender_key_memory>sender-key-memory-.+\.json)"
    r"|(?P<sender_key>sender-key-.+\.json)"
    r"|(?P<pre_key>pre-key-[1-9][0-9]*\.json)"
    r"|(?P<lid_mapping>lid-mapping-.+\.json)"
    r"|(?P<device_list>device-list-.+\.json)"
    r"|(?P<identity_key>identity-key-.+\.json)"
    r"|(?P<tctoken>tctoken-.+\.json)"
    r"|(?P<app_state_sync_key>app-state-sync-key-.+\.json)"
    r"|(?P<app_state_sync_version>app-state-sync-.+)"
    r"|(?P<creds>creds\.json)"
)
_KIND_BY_GROUP = {kind.value: kind for kind in Kind}

_USER = r"(?P<user>[0-9]+)(?:_(?P<domain>[0-9]+))?"
_DEVICE = r"(?P<device>[0-9]{1,5})"
_SESSION = re.compile(rf"session-{_USER}\.{_DEVICE}\.json")
# Whatever stands before the sender is a group: the library knows `@g.us` and `@broadcast`, and more kinds may come.
_SENDER_KEY = re.compile(rf"sender-key-(?!memory-)(?P<group>.+)--{_USER}--{_DEVICE}\.json")
_SENDER_KEY_OF_ANYBODY = re.compile(r"sender-key-(?!memory-)(?P<group>.+?)--.+\.json")
_SENDER_KEY_MEMORY = re.compile(r"sender-key-memory-(?P<group>.+)\.json")


class Address(NamedTuple):
    """A device of a WhatsApp user, as the library writes it into a name.

    `domain` is None for a phone number, 1 for a LID, 128 and 129 for hosted numbers and hosted LIDs
    (`src/WABinary/jid-utils.ts`, 7.0.0-rc14). Version 6 writes LIDs without a domain.
    """

    user: str
    domain: int | None
    device: int


class SenderKeyName(NamedTuple):
    """The group and the sending device that a sender key belongs to; `sender` is None where nobody can tell."""

    group: str
    sender: Address | None


def kind_of(name: str) -> Kind:
    """Return the kind of a file name; `Kind.UNKNOWN` for whatever fits no pattern as a whole.

    A name with a control character, or with bytes that are not UTF-8 (Python shows them as lone
    surrogates), is unknown.
    """
    if not name.isprintable() and any(unicodedata.category(char) in {"Cc", "Cs"} for char in name):
        return Kind.UNKNOWN
    found = _KINDS.fullmatch(name)
    return _KIND_BY_GROUP[found.lastgroup] if found and found.lastgroup else Kind.UNKNOWN


def is_second_name(name: str) -> bool:
    """Tell whether a name is that of a copy beside a file that a rule may remove."""
    return name.endswith(".json" + SECOND_NAME) and kind_of(first_name(name)) in REMOVABLE


def first_name(second: str) -> str:
    """Return the name of the file that a copy under a second name belongs to."""
    return second.removesuffix(SECOND_NAME)


def read_session(name: str) -> Address | None:
    """Return whose session a name is, or None where the library would not write such a name."""
    found = _SESSION.fullmatch(name)
    return _address(found) if found else None


def read_sender_key(name: str) -> SenderKeyName | None:
    """Return whose sender key of which group a name is; None where it names no group."""
    found = _SENDER_KEY.fullmatch(name)
    if found:
        return SenderKeyName(found["group"], _address(found))
    found = _SENDER_KEY_OF_ANYBODY.fullmatch(name)
    return SenderKeyName(found["group"], None) if found else None


def read_sender_key_memory(name: str) -> str | None:
    """Return the group of a sender-key memory, None for any other name."""
    found = _SENDER_KEY_MEMORY.fullmatch(name)
    return found["group"] if found else None


def read_pre_key(name: str) -> int:
    """Return the number of a name that is known to be of kind `pre_key`."""
    return int(name[len(PRE_KEY_BEGINNING) : -len(".json")])


def memory_name(group: str) -> str:
    """Return the file name of a group's sender-key memory."""
    return f"sender-key-memory-{group}.json"


def mapping_name(session: Address) -> str | None:
    """Return the LID mapping that replaces a phone-number session once it exists; None for a LID session.

    Since version 7 every load of a phone number's session goes to its LID where a mapping is known
    (`src/Signal/libsignal.ts`, 7.0.0-rc14).
    """
    hosted_number = 128
    return f"lid-mapping-{session.user}.json" if session.domain in {None, hosted_number} else None


def _address(found: re.Match[str]) -> Address:
    domain = found["domain"]
    return Address(found["user"], None if domain is None else int(domain), int(found["device"]))
