"""The rules once more, as plainly as can be and without a word of the planner's: the judge of the properties.

It takes names apart with string methods, counts batches by looking at every pair, and asks nothing of the modules it
judges but their values.
"""

import string
import unicodedata
from collections.abc import Iterable, Mapping

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import AuthFile, MemoryGone

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


def sender_key(name: str) -> tuple[str, tuple[str, int] | None] | None:
    """Give group and sender of `sender-key-<group>--<sender>.json`; None without a group, or without a sender to read.

    What ends in `--<user>[_<domain>]--<device>` has that sender, whatever the group is called.
    """
    parts = name.removeprefix("sender-key-").removesuffix(".json").split("--")
    if len(parts) > 2:
        group, user, device = "--".join(parts[:-2]), user_of(parts[-2]), parts[-1]
        if group and user is not None and digits(device) and len(device) <= 5:
            return group, (user, int(device))
    text = name.removeprefix("sender-key-").removesuffix(".json")
    end = text.find("--", 1)
    return (text[:end], None) if end > 0 and text[end + 2 :] else None


def binding(name: str, account: Account) -> str | None:
    """Give the group whose memory a sender key is tied to, None when it is tied to none."""
    key = sender_key(name) if kind(name) == "sender_key" else None
    if key is None or key[0] == "status@broadcast":
        return None
    return None if account.devices and key[1] is not None and key[1] not in account.devices else key[0]


def own(name: str, account: Account) -> bool:
    """Tell whether a sender key is certainly this device's own."""
    key = sender_key(name) if kind(name) == "sender_key" else None
    return key is not None and key[1] is not None and key[1] in account.devices


def number(file: AuthFile) -> int:
    """Give the number of a pre-key."""
    return int("".join(char for char in file.name if char in string.digits))


def dated(file: AuthFile, now: int) -> bool:
    """Tell whether a file has a date that can be: of 2015 or later, and not more than a day ahead."""
    return file.modified is not None and 1_420_070_400 * SECOND <= file.modified <= now + DAY


def can_go(file: AuthFile, now: int) -> bool:
    """Tell whether a file has a date that can be and is the only name of its content."""
    return dated(file, now) and file.sole


def old(file: AuthFile, days: int, now: int) -> bool:
    """Tell whether a file has reached a limit."""
    return can_go(file, now) and now - file.modified >= days * DAY


def beyond(file: AuthFile, account: Account) -> bool:
    """Tell whether a pre-key has a number that the counter has not reached."""
    return account.next_pre_key is not None and number(file) >= account.next_pre_key


def pre_keys_over_cap(files: Iterable[AuthFile], policy: Policy, account: Account) -> list[AuthFile]:
    """Give the pre-keys that only the guard of advertised ones can still save."""
    pre_keys = sorted((file for file in files if kind(file.name) == "pre_key"), key=number, reverse=True)
    counting = [file for file in pre_keys if not beyond(file, account)]
    guarded = [
        file
        for file in counting
        if (account.first_not_uploaded is not None and number(file) >= account.first_not_uploaded)
        or (account.next_pre_key is not None and number(file) == account.next_pre_key - 1)
    ]
    others = [file for file in counting if file not in guarded]
    return others[max(0, max(policy.max_pre_keys, policy.min_pre_keys) - len(guarded)) :]


def of_former_pairing(files: Iterable[AuthFile], account: Account) -> set[str]:
    """Give the pre-keys beyond the counter that were written more than a minute before one that it has passed."""
    pre_keys = [file for file in files if kind(file.name) == "pre_key" and file.modified is not None]
    newest = max((file.modified for file in pre_keys if not beyond(file, account)), default=0)
    return {file.name for file in pre_keys if beyond(file, account) and file.modified < newest - 60 * SECOND}


def advertised(files: Iterable[AuthFile], policy: Policy, account: Account) -> set[str]:
    """Give the names over the cap that share some 60 seconds with at least 99 others over the cap.

    One whose date could not be read may lie in any 60 seconds: it is counted everywhere.
    """
    listed = list(files)
    if not policy.keep_advertised_pre_keys:
        return set()
    upto = account.next_pre_key
    if upto is None:
        upto = 1 + max((number(file) for file in listed if kind(file.name) == "pre_key"), default=0)
    if upto < 813:
        return set()
    all_over = pre_keys_over_cap(listed, policy, account)
    over = [file for file in all_over if file.modified is not None]
    found: set[str] = set()
    for opening in over:
        window = [file.name for file in over if 0 <= file.modified - opening.modified <= 60 * SECOND]
        if len(window) + len(all_over) - len(over) >= 100:
            found |= set(window)
    return found


def unknown(account: Account) -> bool:
    """Tell whether creds.json is missing or broken, so that nobody knows whose folder this is."""
    return not account.present or bool(account.problem and not account.devices)


def removed(
    files: Iterable[AuthFile], policy: Policy, account: Account, now: int, waiting: Mapping[str, MemoryGone]
) -> set[str]:
    """Give the names that go, each with its copy; what has a copy that cannot go stays."""
    listed = list(files)
    copies = {file.name: file for file in listed if file.name.endswith(".json.bak")}
    gone: set[str] = set()
    for name in removed_alone(listed, policy, account, now, waiting):
        copy = copies.get(name + ".bak")
        if copy is None:
            gone.add(name)
        elif can_go(copy, now):
            gone |= {name, copy.name}
    return gone


def removed_alone(
    files: list[AuthFile], policy: Policy, account: Account, now: int, waiting: Mapping[str, MemoryGone]
) -> set[str]:
    """Give the names that go by a rule of their own."""
    gone: set[str] = set()
    spared = advertised(files, policy, account)
    for file in pre_keys_over_cap(files, policy, account):
        if can_go(file, now) and file.name not in spared and policy.preset != "gentle":
            gone.add(file.name)
    former = of_former_pairing(files, account) if policy.former_pairing_days is not None else set()
    gone |= {file.name for file in files if file.name in former and old(file, policy.former_pairing_days, now)}
    own_users = {user for user, _ in account.devices} if policy.keep_own_sessions else set()
    names = {file.name for file in files}
    for file in files:
        if kind(file.name) != "session" or unknown(account) or session_user(file.name) in own_users:
            continue
        if old(file, policy.session_max_age_days, now) and (policy.preset != "gentle" or replaced(file.name, names)):
            gone.add(file.name)
    return gone | sender_keys_removed(files, policy, account, now, waiting)


def missed(files: Iterable[AuthFile], account: Account) -> set[str]:
    """Give the names whose loss somebody would notice."""
    names = {file.name for file in files}
    former = of_former_pairing(files, account)
    found = {name for name in names if kind(name) == "pre_key" and name not in former}
    for name in names:
        if kind(name) == "session" and not replaced(name, names):
            found.add(name)
        if kind(name) == "sender_key" and not own(name, account):
            found.add(name)
    return found


def replaced(name: str, names: set[str]) -> bool:
    """Tell whether a session is under a phone number that a LID mapping speaks of."""
    user = name.removeprefix("session-").removesuffix(".json").rpartition(".")[0]
    number, _, domain = user.partition("_")
    return session_user(name) is not None and domain in {"", "128"} and f"lid-mapping-{number}.json" in names


def pairs(files: Iterable[AuthFile], account: Account) -> dict[str, set[str]]:
    """Give the memories that keys are tied to, each with those keys; a copy of a memory is one too."""
    names = {file.name for file in files}
    found: dict[str, set[str]] = {}
    for name in names:
        memory = f"sender-key-memory-{binding(name, account)}.json"
        if binding(name, account) is not None and names & {memory, memory + ".bak"}:
            found.setdefault(memory, set()).add(name)
    return found


def sender_keys_removed(
    files: list[AuthFile], policy: Policy, account: Account, now: int, waiting: Mapping[str, MemoryGone]
) -> set[str]:
    """Give the sender keys and memories that go: of a pair the memory, and a key without one after six hours."""
    by_name = {file.name: file for file in files}
    aged = {
        name
        for name, file in by_name.items()
        if kind(name) in {"sender_key", "sender_key_memory"} and old(file, policy.sender_key_max_age_days, now)
    }
    gone = set(aged)
    tied = pairs(files, account)
    for memory, keys in tied.items():
        if not keys | {memory} <= aged:
            gone.discard(memory)
        gone -= keys
    for name in gone - set(tied) - set().union(*tied.values()):
        if kind(name) != "sender_key":
            continue
        if policy.preset == "gentle" and not own(name, account):
            gone.discard(name)
        known = waiting.get(name)
        if binding(name, account) is None or (known is None and not own(name, account)):
            continue
        if known is None or by_name[name].modified > known.since or not 6 * 3600 * SECOND <= now - known.since:
            gone.discard(name)
    return gone
