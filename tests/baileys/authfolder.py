"""The bot's auth folder as the removals of the lab see it: who it belongs to, and which files are what.

This reads names on its own and not through `baileys_cleanup`, so that the lab does not take the tool's word
for what it removes.
"""

import json
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

BOT = "bot.7"


class AuthFolder:
    """One auth folder, and the removals that are tried on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        me = json.loads((folder / "creds.json").read_text()).get("me", {})
        self.own = {re.split("[:@]", me[field])[0] for field in ("id", "lid") if me.get(field)}
        self.own_device = re.search(r":(\d+)@", me["id"]).group(1)
        self.next_pre_key = json.loads((folder / "creds.json").read_text())["nextPreKeyId"]

    def names(self, prefix: str = "") -> list[str]:
        """Every file whose name starts so."""
        return sorted(name for name in os.listdir(self.folder) if name.startswith(prefix))

    def memories(self) -> list[str]:
        return self.names("sender-key-memory-")

    def sender_keys(self, *, own: bool) -> list[str]:
        """Sender keys of this device, or of everybody else."""
        found = []
        for name in self.names("sender-key-"):
            if name.startswith("sender-key-memory-"):
                continue
            _, user, device = name.removesuffix(".json").split("--")
            mine = user.split("_")[0] in self.own and device == self.own_device
            if mine == own:
                found.append(name)
        return found

    def sessions(self, *users: str) -> list[str]:
        """All sessions, or those of some users (numbers or LIDs)."""
        found = self.names("session-")
        if not users:
            return found
        return [name for name in found if re.match(r"session-(\d+)", name).group(1) in users]

    def contact_sessions(self) -> list[str]:
        """Every session but those with devices of this account."""
        return [name for name in self.sessions() if re.match(r"session-(\d+)", name).group(1) not in self.own]

    def orphans(self) -> list[str]:
        """Sessions under a phone number whose LID is known: 7.x never loads them."""
        known = set(self.names("lid-mapping-"))
        pattern = re.compile(r"session-(\d+)\.\d+\.json")
        return [
            name
            for name in self.sessions()
            if (match := pattern.fullmatch(name)) and f"lid-mapping-{match.group(1)}.json" in known
        ]

    def pre_keys(self) -> list[str]:
        """Pre-keys in the order of their numbers."""
        return sorted(self.names("pre-key-"), key=lambda name: int(name[len("pre-key-") : -len(".json")]))

    def remove(self, names: Iterable[str]) -> list[str]:
        """Remove them. Return what was removed."""
        gone = list(names)
        for name in gone:
            (self.folder / name).unlink()
        return gone

    def put_back(self, names: Iterable[str]) -> None:
        """Put back an older copy, made before the last conversation (`lab/make.mjs`)."""
        old = self.folder.parents[1] / "old-copy"
        for name in names:
            shutil.copy2(old / name, self.folder / name)

    def age(self, days: float, *prefixes: str) -> None:
        """Make files look `days` old, all of them or those with a prefix."""
        for name in self.names():
            if not prefixes or name.startswith(prefixes):
                path = self.folder / name
                then = path.stat().st_mtime - days * 86_400
                os.utime(path, (then, then))
