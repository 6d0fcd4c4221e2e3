"""What is removed from the bot's folder before life goes on: one case, one removal.

A case is a value: its name, what it is called in the table, and a function that takes the folder and
removes. The scenarios of `lab/talk.mjs` run after each of them, in every version it applies to.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from authfolder import AuthFolder

LID_VERSIONS = ("7.0.0-rc14", "7.0.0-rc.9", "7.0.0-rc.3")
BATCH_VERSIONS = ("7.0.0-rc14", "7.0.0-rc.9")
"""Versions that upload 812 pre-keys at the first login."""

ALL_VERSIONS = (*LID_VERSIONS, "6.7.24")

KEPT_PRE_KEYS = 50


@dataclass(frozen=True)
class Case:
    """One removal. `options` go to `lab/talk.mjs` as they are."""

    name: str
    title: str
    remove: Callable[[AuthFolder], list[str]]
    versions: tuple[str, ...] = ALL_VERSIONS
    options: dict[str, Any] = field(default_factory=dict)


def nothing(folder: AuthFolder) -> list[str]:
    return []


def own_sender_key(folder: AuthFolder) -> list[str]:
    return folder.remove(folder.sender_keys(own=True))


def own_pair(folder: AuthFolder) -> list[str]:
    return folder.remove([*folder.memories(), *folder.sender_keys(own=True)])


def memory(folder: AuthFolder) -> list[str]:
    return folder.remove(folder.memories())


def others_sender_keys(folder: AuthFolder) -> list[str]:
    return folder.remove(folder.sender_keys(own=False))


def sessions_of(*users: str) -> Callable[[AuthFolder], list[str]]:
    return lambda folder: folder.remove(folder.sessions(*users))


def all_sessions(folder: AuthFolder) -> list[str]:
    return folder.remove(folder.sessions())


def orphans(folder: AuthFolder) -> list[str]:
    return folder.remove(folder.orphans())


def capped_pre_keys(folder: AuthFolder) -> list[str]:
    return folder.remove(folder.pre_keys()[:-KEPT_PRE_KEYS])


def newest_pre_key(folder: AuthFolder) -> list[str]:
    return folder.remove([f"pre-key-{folder.next_pre_key - 1}.json"])


def prefix(*prefixes: str) -> Callable[[AuthFolder], list[str]]:
    return lambda folder: folder.remove(name for start in prefixes for name in folder.names(start))


def tokens(folder: AuthFolder) -> list[str]:
    """The contacts' tokens. Their index is left: it is written after a while, which may be after the lab's end."""
    return folder.remove(name for name in folder.names("tctoken-") if name != "tctoken-__index.json")


def gentle(folder: AuthFolder) -> list[str]:
    """What never needed a retry, all at once: what the preset of that name is made of."""
    own = [*folder.memories(), *folder.sender_keys(own=True)]
    return folder.remove([*own, *folder.orphans()])


ALICE = ("15550000002", "100000000000002")
PHONE = ("15550000001", "100000000000001")
HENRY = ("15550000005", "100000000000005")
FRANK = ("15550000007", "100000000000007")


def old_session_back(folder: AuthFolder) -> list[str]:
    """Not a removal: the session with Alice's second device, as it was three messages ago, out of a backup.

    With a device 0 nothing would be seen: 7.x makes a new session with it at the first message after a
    start (`getUSyncDevices`, lib/Socket/messages-send.js).
    """
    folder.put_back(name for name in folder.sessions(*ALICE) if name.endswith(".3.json"))
    return []


CASES = (
    Case("nothing", "nothing", nothing),
    Case("own_sender_key", "own sender key, memory kept", own_sender_key),
    Case("own_pair", "own sender key and memory", own_pair),
    Case("memory", "sender-key memory only", memory),
    Case("others_sender_keys", "others' sender keys", others_sender_keys),
    Case("session_live", "one session, contact writes next", sessions_of(*HENRY)),
    Case("session_queued", "one session, messages already waiting", sessions_of(*ALICE)),
    Case("session_unanswered", "session of a contact never answered", sessions_of(*FRANK)),
    Case("own_sessions", "sessions with this account's own devices", sessions_of(*PHONE)),
    Case("all_sessions", "all sessions", all_sessions),
    Case("orphans", "sessions replaced by a LID's", orphans, LID_VERSIONS),
    Case("pre_keys", "pre-keys, 50 highest of 812 kept", capped_pre_keys, BATCH_VERSIONS),
    Case(
        "pre_keys_drained",
        "the same, server holds its last 5 only",
        capped_pre_keys,
        BATCH_VERSIONS,
        {"drain": 5},
    ),
    Case(
        "pre_keys_newest_first",
        "the same, server hands out the newest first",
        capped_pre_keys,
        BATCH_VERSIONS,
        {"order": "newest"},
    ),
    Case("newest_pre_key", "newest pre-key only", newest_pre_key),
    Case("lid_mapping", "lid-mapping", prefix("lid-mapping-"), LID_VERSIONS),
    Case("device_list", "device-list", prefix("device-list-"), BATCH_VERSIONS),
    Case("tctoken", "tctoken", tokens, BATCH_VERSIONS),
    Case("identity_key", "identity-key", prefix("identity-key-"), ("7.0.0-rc14",)),
    Case("app_state_version", "app-state-sync-version", prefix("app-state-sync-version-")),
    Case("app_state_key", "app-state-sync-key", prefix("app-state-sync-key-")),
    Case("creds", "creds.json", prefix("creds.json")),
    Case("old_session_back", "an old session put back over a newer one", old_session_back),
    Case("gentle", "own pairs, memories and replaced sessions", gentle),
)
