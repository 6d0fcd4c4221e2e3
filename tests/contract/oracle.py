"""The rules of the contract once more, written down as plainly as can be: the judge of the property tests.

It knows first runs over companies with a readable creds.json and default settings, and nothing about folders.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

DAY = 86_400
FIRST_DATE = 1_420_070_400  # 2015-01-01: what is older carries no real date
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
    """Give the names that go, of files with their ages in seconds, each with its copy under a second name."""
    gone = {name for name, age in files.items() if age >= OLDER.get(kind(name), float("inf"))}
    gone = {name for name in gone if not own_session(name, account)}
    gone = pair_up(gone, files, account) | spare_pre_keys(files, account)
    gone = {name for name in gone if dated(files[name]) and dated(files.get(f"{name}.bak", 0))}
    return gone | {f"{name}.bak" for name in gone if f"{name}.bak" in files}


def dated(age: float) -> bool:
    """Tell whether an age can be: of 2015 or later, and not more than a day ahead."""
    return -DAY <= age <= time.time() - FIRST_DATE


def own_session(name: str, account: Account) -> bool:
    """Tell whether this is a session of a device of this account."""
    match = re.fullmatch(rf"session-{USER}\.\d{{1,5}}\.json", name, re.ASCII)
    return match is not None and match["user"] in {user for user, _ in account.own}


def pair_up(gone: set[str], files: Mapping[str, float], account: Account) -> set[str]:
    """Let a memory and the keys tied to it share the age of the newest; the keys stay, and so does an own one alone."""
    for key in files:
        group, is_own = tie(key, account)
        if group is None:
            continue
        memory = f"sender-key-memory-{group}.json"
        if memory in files or f"{memory}.bak" in files or is_own:
            gone = gone - {key}
        if files[key] < 3 * DAY or not dated(files[key]):
            gone = gone - {memory}
    return gone


def tie(name: str, account: Account) -> tuple[str | None, bool]:
    """Give the group whose memory a sender key is tied to, and whether the key is certainly this account's own."""
    if kind(name) != "sender_key":
        return None, False
    match = re.fullmatch(rf"sender-key-(?P<group>.+)--{USER}--(?P<device>\d{{1,5}})\.json", name, re.ASCII)
    is_own = match is not None and (match["user"], match["device"]) in account.own
    if match is None:  # nobody can tell whose it is
        match = re.fullmatch(r"sender-key-(?P<group>.+?)--.+\.json", name)
    elif not is_own:
        return None, False
    return (None, False) if match is None or match["group"] == "status@broadcast" else (match["group"], is_own)


def spare_pre_keys(files: Mapping[str, float], account: Account) -> set[str]:
    """Give the pre-keys above the cap that no guard holds; numbers the counter has not reached stay and do not count."""
    every = sorted(int(name[8:-5]) for name in files if kind(name) == "pre_key")
    numbers = [n for n in every if n < account.upto]
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
