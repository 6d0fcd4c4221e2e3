"""What comes back together or not at all: this account's own sender key of a group, and the group's memory. Pure.

The memory lists who holds the key. A memory beside another key, or beside none, tells Baileys that everybody can read
what nobody can (`src/Socket/messages-send.ts`, 6.7.24 and 7.0.0-rc14).
"""

from collections import defaultdict
from collections.abc import Iterable

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.names import read_sender_key_memory
from baileys_cleanup.decision.sender_keys import STATUS_GROUP, bound_group


def group_pairs(names: Iterable[str], account: Account) -> dict[str, list[str]]:
    """Return what belongs together, by group: the memory, and every key that is or may be the own one."""
    pairs: dict[str, list[str]] = defaultdict(list)
    for name in names:
        group = read_sender_key_memory(name) or bound_group(name, account)
        if group and group != STATUS_GROUP:
            pairs[group].append(name)
    return pairs


def binds(name: str, group: str, account: Account) -> bool:
    """Tell whether a sender key is, or for all anybody knows may be, the own one of a group."""
    return bound_group(name, account) == group
