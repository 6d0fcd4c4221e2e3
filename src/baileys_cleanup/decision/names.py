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
from collections import defaultdict
from collections.abc import Iterable
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

    __hash__ = str.__hash__  # that of an Enum is a call of Python, for each file that is counted by its kind


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
SESSION_BEGINNING = "session-"

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
_MEMORY_BEGINNING = "sender-key-memory-"
_BEGINNINGS = {
    Kind.SESSION: SESSION_BEGINNING,
    Kind.SENDER_KEY: "sender-key-",
    Kind.PRE_KEY: PRE_KEY_BEGINNING,
    Kind.LID_MAPPING: "lid-mapping-",
    Kind.DEVICE_LIST: "device-list-",
    Kind.IDENTITY_KEY: "identity-key-",
    Kind.TCTOKEN: "tctoken-",
}
_PRINTABLE = bytes(range(ord(" "), ord("~") + 1))
_ALIKE = 8
"""Characters of a beginning that tell these kinds apart."""
_KIND_BY_BEGINNING = {beginning[:_ALIKE]: kind for kind, beginning in _BEGINNINGS.items()}

_USER = r"(?P<user>[0-9]+)(?:_(?P<domain>[0-9]+))?"
_DEVICE = r"(?P<device>[0-9]{1,5})"
_SESSION = re.compile(rf"session-{_USER}\.{_DEVICE}\.json")
# Whatever stands before the sender is a group: the library knows `@g.us` and `@broadcast`, and more kinds may come.
_SENDER_KEY = re.compile(rf"sender-key-(?!memory-)(?P<group>.+)--{_USER}--{_DEVICE}\.json")
_WITH_SENDER = re.compile(r"sender-key-(?!memory-).+--[0-9]+(?:_[0-9]+)?--[0-9]{1,5}\.json")
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


def sorted_by_kind(names: Iterable[str]) -> dict[Kind, list[str]]:
    """Sort names by their kinds: as `kind_of` says, at a fraction of its cost.

    Names that begin alike are taken together. Where all of them plainly are of one kind, none is looked at by itself.
    """
    alike: dict[str, list[str]] = defaultdict(list)
    for name in names:
        alike[name[:_ALIKE]].append(name)
    found: dict[Kind, list[str]] = defaultdict(list)
    for beginning, several in alike.items():
        kind = _KIND_BY_BEGINNING.get(beginning)
        if kind is None or not _are_plainly(kind, several):
            for name in several:
                found[kind_of(name)].append(name)
        elif kind is Kind.SENDER_KEY:
            memories, keys = found[Kind.SENDER_KEY_MEMORY], found[kind]
            for name in several:
                (memories if name.startswith(_MEMORY_BEGINNING) else keys).append(name)
        else:
            found[kind] += several
    return {kind: members for kind, members in found.items() if members}


def _are_plainly(kind: Kind, names: list[str]) -> bool:
    """Tell whether all names are `<beginning><id>.json` of a kind, with an id that it may have, in printable letters.

    They are looked at as one text, with a slash between two names: no name has one.
    """
    beginning = _BEGINNINGS[kind]
    text, between = "/".join(names), f".json/{beginning}"
    if not (
        text.startswith(beginning)
        and text.endswith(".json")
        and text.count("/") == text.count(between) == len(names) - 1
        and ((text.isascii() and not text.encode().translate(None, _PRINTABLE)) or text.isprintable())
    ):
        return False
    ids = f"/{text[len(beginning) : -len('.json')].replace(between, '/')}/"
    if kind is Kind.PRE_KEY:
        numbers = ids.replace("/", "")
        return numbers.isascii() and numbers.isdigit() and "//" not in ids and "/0" not in ids
    return "//" not in ids and "/memory-/" not in ids


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


def with_sender(names: Iterable[str]) -> list[str]:
    """Return those sender keys whose names say whose they are: what `read_sender_key` takes apart."""
    return list(filter(_WITH_SENDER.fullmatch, names))


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
