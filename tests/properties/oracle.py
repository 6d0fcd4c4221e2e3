"""The rules once more, as plainly as can be and without a word of the planner's: the judge of the properties.

It takes names apart with string methods, counts batches by looking at every pair, and asks nothing of the modules it
judges but their values.
"""

import string
import unicodedata
from collections.abc import Iterable

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import AuthFile

SECOND = 10**9
DAY = 86_400 * SECOND
WORDS = ["session", "sender-key-memory", "sender-key", "app-state-sync-key", "lid-mapping", "device-list", "tctoken"]
WORDS += ["identity-key"]


def kind(name: str) -> str:
    """Give the word for a name: what the contract's table of patterns says."""
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in name):
        return "unknown"
    if name == "creds.json":
        return "creds"
    if name.startswith("pre-key-"):
        number = name[len("pre-key-") : -len(".json")] if name.endswith(".json") else ""
        return "pre_key" if digits(number) and number[0] != "0" else "unknown"
    for word in WORDS:
        if stands_for(name, word):
            return word.replace("-", "_")
    is_app_state = name.startswith("app-state-sync-") and len(name) > len("app-state-sync-")
    return "app_state_sync_version" if is_app_state else "unknown"


def stands_for(name: str, word: str) -> bool:
    """Tell whether a name is `<word>-*.json`, the star being at least one character."""
    return name.startswith(word + "-") and name.endswith(".json") and len(name) > len(word + "-.json")


def digits(text: str) -> bool:
    """Tell whether a text is ASCII digits and nothing else."""
    return bool(text) and all(char in string.digits for char in text)


def removable(name: str) -> bool:
    """Tell whether any rule may ever remove a name."""
    return kind(name) in {"session", "sender_key", "sender_key_memory", "pre_key"}


def protected(name: str) -> bool:
    """Tell whether a name may never be removed, whatever anybody sets."""
    return kind(name) in {"creds", "app_state_sync_key", "app_state_sync_version", "lid_mapping"}


def user_of(text: str) -> str | None:
    """Give the user of `user` or `user_domain`, None outside the grammar."""
    user, underscore, domain = text.partition("_")
    return user if digits(user) and (not underscore or digits(domain)) else None


def session_user(name: str) -> str | None:
    """Give whose session `session-<user>[_<domain>].<device>.json` is, None outside the grammar."""
    user, dot, device = name.removeprefix("session-").removesuffix(".json").rpartition(".")
    return user_of(user) if dot and digits(device) and len(device) <= 5 else None


def is_group(text: str) -> bool:
    """Tell whether a text is a group, an old group, a broadcast list or the status."""
    if text == "status@broadcast":
        return True
    name, _, server = text.partition("@")
    if server == "broadcast":
        return digits(name)
    first, dash, second = name.partition("-")
    return server == "g.us" and digits(first) and (not dash or digits(second))


def sender_key(name: str) -> tuple[str, tuple[str, int]] | None:
    """Give group and sender of `sender-key-<group>--<user>[_<domain>]--<device>.json`, None outside the grammar."""
    parts = name.removeprefix("sender-key-").removesuffix(".json").split("--")
    if len(parts) != 3:
        return None
    group, user, device = parts[0], user_of(parts[1]), parts[2]
    if not is_group(group) or user is None or not digits(device) or len(device) > 5:
        return None
    return group, (user, int(device))


def binding(name: str, account: Account) -> str | None:
    """Give the group whose memory a sender key is tied to, None when it is tied to none."""
    key = sender_key(name) if kind(name) == "sender_key" else None
    if key is None or key[0] == "status@broadcast" or not account.present:
        return None
    return key[0] if key[1] in account.devices or not account.devices else None


def number(file: AuthFile) -> int:
    """Give the number of a pre-key."""
    return int("".join(char for char in file.name if char in string.digits))


def can_go(file: AuthFile) -> bool:
    """Tell whether a file was looked at and is the only name of its content."""
    return file.modified is not None and file.sole


def old(file: AuthFile, days: int, now: int) -> bool:
    """Tell whether a file that was looked at has reached a limit."""
    return file.modified is not None and now - file.modified >= days * DAY


def pre_keys_over_cap(files: Iterable[AuthFile], policy: Policy, account: Account) -> list[AuthFile]:
    """Give the pre-keys that only the guard of advertised ones can still save."""
    pre_keys = sorted((file for file in files if kind(file.name) == "pre_key"), key=number, reverse=True)
    guarded = [
        file
        for file in pre_keys
        if (account.first_not_uploaded is not None and number(file) >= account.first_not_uploaded)
        or (account.next_pre_key is not None and number(file) == account.next_pre_key - 1)
    ]
    others = [file for file in pre_keys if file not in guarded]
    return others[max(0, max(policy.max_pre_keys, policy.min_pre_keys) - len(guarded)) :]


def advertised(files: Iterable[AuthFile], policy: Policy, account: Account) -> set[str]:
    """Give the names over the cap that share some 60 seconds with at least 99 others over the cap."""
    listed = list(files)
    if not (policy.keep_advertised_pre_keys and account.present):
        return set()
    upto = account.next_pre_key
    if upto is None:
        upto = 1 + max((number(file) for file in listed if kind(file.name) == "pre_key"), default=0)
    if upto < 813:
        return set()
    over = [file for file in pre_keys_over_cap(listed, policy, account) if file.modified is not None]
    found: set[str] = set()
    for opening in over:
        window = [file.name for file in over if 0 <= file.modified - opening.modified <= 60 * SECOND]
        if len(window) >= 100:
            found |= set(window)
    return found


def removed(files: Iterable[AuthFile], policy: Policy, account: Account, now: int) -> set[str]:
    """Give the names that go; to the preset gentle, what would be missed is as if it were not there."""
    listed = list(files)
    if policy.preset == "gentle":
        spared = missed(listed, account)
        listed = [file for file in listed if file.name not in spared]
    gone: set[str] = set()
    spared = advertised(listed, policy, account)
    for file in pre_keys_over_cap(listed, policy, account):
        if can_go(file) and file.name not in spared:
            gone.add(file.name)
    own_users = {user for user, _ in account.devices} if policy.keep_own_sessions else set()
    for file in listed:
        is_old = can_go(file) and old(file, policy.session_max_age_days, now)
        if kind(file.name) == "session" and is_old and session_user(file.name) not in own_users:
            gone.add(file.name)
    return gone | sender_keys_removed(listed, policy, account, now)


def missed(files: Iterable[AuthFile], account: Account) -> set[str]:
    """Give the names whose loss somebody would notice."""
    names = {file.name for file in files}
    found = {name for name in names if kind(name) == "pre_key"}
    for name in names:
        if kind(name) == "session" and not replaced(name, names):
            found.add(name)
        key = sender_key(name) if kind(name) == "sender_key" else None
        if kind(name) == "sender_key" and (key is None or key[1] not in account.devices):
            found.add(name)
    return found


def replaced(name: str, names: set[str]) -> bool:
    """Tell whether a session is under a phone number that a LID mapping speaks of."""
    user = name.removeprefix("session-").removesuffix(".json").rpartition(".")[0]
    number, _, domain = user.partition("_")
    return session_user(name) is not None and domain in {"", "128"} and f"lid-mapping-{number}.json" in names


def sender_keys_removed(files: list[AuthFile], policy: Policy, account: Account, now: int) -> set[str]:
    """Give the sender keys and memories that go, pair by pair."""
    limit = policy.sender_key_max_age_days
    wanted = {
        file.name
        for file in files
        if kind(file.name) in {"sender_key", "sender_key_memory"} and can_go(file) and old(file, limit, now)
    }
    by_name = {file.name: file for file in files}
    for group in {binding(file.name, account) for file in files} - {None}:
        keys = {file.name for file in files if binding(file.name, account) == group}
        memory = f"sender-key-memory-{group}.json"
        if account.devices:
            pair = keys | {memory}
            if memory in by_name and not pair <= wanted:
                wanted -= pair
        elif memory in by_name and keys & wanted:
            if can_go(by_name[memory]):
                wanted.add(memory)
            else:
                wanted -= keys
    return wanted
