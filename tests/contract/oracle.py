"""The rules of the contract once more, written down as plainly as can be: the judge of the property tests.

It knows companies with a readable creds.json and default settings, and nothing about folders.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

DAY = 86_400
GROUP = r"(?P<group>\d+(?:-\d+)?@g\.us|\d+@broadcast|status@broadcast)"
USER = r"(?P<user>\d+)(?:_\d+)?"
OLDER = {"session": 14 * DAY, "sender_key": 3 * DAY, "sender_key_memory": 3 * DAY}

# In this order: the first that fits the whole name is its kind.
PATTERNS = [
    ("creds", r"creds\.json"),
    ("sender_key_memory", r"sender-key-memory-.+\.json"),
    ("sender_key", r"sender-key-.+\.json"),
    ("session", r"session-.+\.json"),
    ("pre_key", r"pre-key-[1-9]\d*\.json"),
    ("app_state_sync_key", r"app-state-sync-key-.+\.json"),
    ("app_state_sync_version", r"app-state-sync-.+"),
    ("lid_mapping", r"lid-mapping-.+\.json"),
    ("device_list", r"device-list-.+\.json"),
    ("tctoken", r"tctoken-.+\.json"),
    ("identity_key", r"identity-key-.+\.json"),
]


def kind(name: str) -> str:
    """Give the kind of a name."""
    if any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in name):
        return "unknown"
    return next((kind for kind, pattern in PATTERNS if re.fullmatch(pattern, name, re.ASCII)), "unknown")


@dataclass(frozen=True)
class Account:
    """Who the company is, by creds.json."""

    own: frozenset[tuple[str, str]]
    upto: int
    uploaded: int


def removed(files: Mapping[str, float], account: Account) -> set[str]:
    """Give the names that go, of files with their ages in seconds."""
    gone = {name for name, age in files.items() if age >= OLDER.get(kind(name), float("inf"))}
    gone = {name for name in gone if not own_session(name, account)}
    return pair_up(gone, files, account) | spare_pre_keys(files, account)


def own_session(name: str, account: Account) -> bool:
    """Tell whether this is a session of a device of this account."""
    match = re.fullmatch(rf"session-{USER}\.\d{{1,5}}\.json", name, re.ASCII)
    return match is not None and match["user"] in {user for user, _ in account.own}


def pair_up(gone: set[str], files: Mapping[str, float], account: Account) -> set[str]:
    """Let each memory and the own keys of its group share the age of the newest."""
    for memory in files:
        match = re.fullmatch(rf"sender-key-memory-{GROUP}\.json", memory, re.ASCII)
        if match is None or match["group"] == "status@broadcast":
            continue
        pair = {memory, *(key for key in files if own_key_of(key, match["group"], account))}
        if min(files[name] for name in pair) < 3 * DAY:
            gone = gone - pair
    return gone


def own_key_of(name: str, group: str, account: Account) -> bool:
    """Tell whether this is an own sender key of that group."""
    match = re.fullmatch(rf"sender-key-{GROUP}--{USER}--(?P<device>\d{{1,5}})\.json", name, re.ASCII)
    return match is not None and match["group"] == group and (match["user"], match["device"]) in account.own


def spare_pre_keys(files: Mapping[str, float], account: Account) -> set[str]:
    """Give the pre-keys above the cap that no guard holds."""
    numbers = sorted(int(name[8:-5]) for name in files if kind(name) == "pre_key")
    guarded = {n for n in numbers if n >= account.uploaded or n == account.upto - 1}
    others = [n for n in numbers if n not in guarded]
    over = others[: max(0, len(others) - max(0, 50 - len(guarded)))]
    if account.upto >= 813:
        ages = {n: files[f"pre-key-{n}.json"] for n in over}
        batches: set[int] = set()
        for first in over:
            batch = [n for n in over if 0 <= ages[n] - ages[first] <= 60]
            if len(batch) >= 100:
                batches.update(batch)
        over = [n for n in over if n not in batches]
    return {f"pre-key-{n}.json" for n in over}
