"""Names of keys outside of folders: by type and id as the library has them, and as its files are called. Pure.

`useMultiFileAuthState` writes `<type>-<id>.json` with `/` as `__` and `:` as `-`
(`src/Utils/use-multi-file-auth-state.ts`, `fixFileName`; the same in 6.7.24 and 7.0.0-rc14).
"""

import re

from baileys_cleanup.decision.names import CREDS_NAME

TYPES = (
    "pre-key",
    "session",
    "sender-key-memory",
    "sender-key",
    "app-state-sync-key",
    "app-state-sync-version",
    "lid-mapping",
    "device-list",
    "tctoken",
    "identity-key",
)
"""The library's types of keys (`SignalDataTypeMap`, `src/Types/Auth.ts`), those first that begin like another."""
END = ".json"
_SENDER_KEY = re.compile(r"(?P<group>.+?@[a-z.]+)--(?P<user>[0-9_]+)--(?P<device>[0-9]+)")


def fixed(text: str) -> str:
    """Return an id as the name of its file has it."""
    return text.replace("/", "__").replace(":", "-")


def file_name(key_type: str, key_id: str) -> str:
    """Return the file name of a key."""
    return f"{key_type}-{fixed(key_id)}{END}"


def read_file_name(name: str) -> tuple[str, str] | None:
    """Return type and id, as the library has them, of the key in a file; None where that cannot be told for sure."""
    if not name.endswith(END) or name == CREDS_NAME:
        return None
    stem = name[: -len(END)]
    for key_type in TYPES:
        if stem.startswith(f"{key_type}-") and len(stem) > len(key_type) + 1:
            return _raw(key_type, stem[len(key_type) + 1 :])
    return None


def _raw(key_type: str, key_id: str) -> tuple[str, str] | None:
    if key_type == "sender-key":
        found = _SENDER_KEY.fullmatch(key_id)
        return (key_type, f"{found['group']}::{found['user']}::{found['device']}") if found else None
    if key_type == "app-state-sync-key":
        key_id = key_id.replace("__", "/")  # base64, which has no underscore
    return key_type, key_id
