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
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
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
_AT_A_TIME = 10_000
"""Names that are made one text: a company may have a million."""
_AFTER_HYPHEN = "."
"""The character after a hyphen, in the order of characters."""
_BEGINNINGS = (
    ("app-state-sync-key-", Kind.APP_STATE_SYNC_KEY),
    ("app-state-sync-version-", Kind.APP_STATE_SYNC_VERSION),
    ("device-list-", Kind.DEVICE_LIST),
    ("identity-key-", Kind.IDENTITY_KEY),
    ("lid-mapping-", Kind.LID_MAPPING),
    (PRE_KEY_BEGINNING, Kind.PRE_KEY),
    ("sender-key-", Kind.SENDER_KEY),
    (SESSION_BEGINNING, Kind.SESSION),
    ("tctoken-", Kind.TCTOKEN),
)
"""How the names of these kinds begin, in the order of the alphabet. Memories stand in the middle of sender keys."""

_PRINTABLE = bytes(range(ord(" "), ord("~") + 1))

_USER = r"(?P<user>[0-9]+)(?:_(?P<domain>[0-9]+))?"
_DEVICE = r"(?P<device>[0-9]{1,5})"
_SESSION = re.compile(rf"session-{_USER}\.{_DEVICE}\.json")
# Whatever stands before the sender is a group: the library knows `@g.us` and `@broadcast`, and more kinds may come.
_SENDER_KEY = re.compile(rf"sender-key-(?!memory-)(?P<group>.+)--{_USER}--{_DEVICE}\.json")
_SENDERS = re.compile(r"--([0-9]+)(?:_[0-9]+)?--[0-9]{1,5}\.json/")
_WITHOUT_GROUP = "sender-key---"
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
    """Sort names by their kinds: as `kind_of` says, at a fraction of its cost. Each kind's names come sorted.

    Names that begin alike are taken together, as one text with a slash between two names: no name has one. Where all of
    them plainly are of one kind, none is looked at by itself.
    """
    ordered = sorted(names)
    if not all(map(_are_printable, _some_at_a_time(ordered))):
        return _sorted_one_by_one(ordered)
    found: dict[Kind, list[str]] = {}
    others: list[str] = []
    done = 0
    for beginning, kind in _BEGINNINGS:
        first = bisect_left(ordered, beginning)
        after = bisect_left(ordered, beginning[:-1] + _AFTER_HYPHEN)
        others += ordered[done:first]
        done = after
        several = ordered[first:after]
        if several and kind is Kind.SENDER_KEY:
            memories = [name for name in several if name.startswith(_MEMORY_BEGINNING)]
            if memories:
                several = [name for name in several if not name.startswith(_MEMORY_BEGINNING)]
                _take(Kind.SENDER_KEY_MEMORY, _MEMORY_BEGINNING, memories, found, others)
        _take(kind, beginning, several, found, others)
    others += ordered[done:]
    for kind, several in _sorted_one_by_one(others).items():
        found[kind] = sorted([*found.get(kind, ()), *several])
    return found


def _take(kind: Kind, beginning: str, names: list[str], found: dict[Kind, list[str]], others: list[str]) -> None:
    """Put names that begin alike to their kind, or to those that are looked at one by one."""
    if names and all(_are_plainly(kind, beginning, some) for some in _some_at_a_time(names)):
        found[kind] = names
    else:
        others += names


def _some_at_a_time(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[first : first + _AT_A_TIME] for first in range(0, len(names), _AT_A_TIME))


def _are_printable(names: Sequence[str]) -> bool:
    """Tell whether all of several names are printable and have no slash, sooner where all is ASCII."""
    text = "/".join(names)
    if text.count("/") >= len(names):
        return False
    return not text.encode().translate(None, _PRINTABLE) if text.isascii() else text.isprintable()


def _sorted_one_by_one(names: Iterable[str]) -> dict[Kind, list[str]]:
    found: dict[Kind, list[str]] = {}
    for name in names:
        found.setdefault(kind_of(name), []).append(name)
    return found


def _are_plainly(kind: Kind, beginning: str, names: Sequence[str]) -> bool:
    """Tell whether printable names that all begin so are `<beginning><id>.json`, with an id that this kind may have."""
    text, between = "/".join(names), f".json/{beginning}"
    if not (text.endswith(".json") and text.count(between) == len(names) - 1 and f"{beginning}.json" not in text):
        return False
    if kind is Kind.PRE_KEY:
        numbers = text[len(beginning) : -len(".json")].replace(between, "")
        return numbers.isascii() and numbers.isdigit() and f"{beginning}0" not in text
    return True


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


def senders_of(names: Sequence[str]) -> list[str] | None:
    """Return the user that sent each of these sender keys, as `read_sender_key` says, at a fraction of its cost.

    None where one of the names does not plainly tell it. They are looked at as one text: no name has a slash.
    """
    text = "/".join([*names, ""])
    senders = _SENDERS.findall(text)
    return senders if len(senders) == len(names) and _WITHOUT_GROUP not in text else None


@lru_cache(maxsize=1_000)  # the same few names are asked for again and again, while one company is decided over
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
