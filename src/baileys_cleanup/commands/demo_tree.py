"""Builds a sessions root to play with: invented companies, every kind of file, ages on both sides of the limits.

The names follow the library's grammar; the contents have its JSON shapes, with zeros where it keeps keys.
"""

import base64
import json
import os
import zlib
from typing import Any

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.decision.policy import DAY, SECOND
from baileys_cleanup.decision.pre_keys import FIRST_BATCH
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import shown

_COLLECTIONS = ("critical_block", "critical_unblock_low", "regular_high", "regular_low", "regular")


def build(directory: str, now: int) -> str:
    """Build the demo in a new or empty folder; `now` is in nanoseconds since the epoch. Returns its path.

    Raises UsageProblem when the folder is not empty or cannot be written.
    """
    if not directory.strip():
        raise UsageProblem("the demo wants the name of a new or an empty folder")
    path = os.path.abspath(directory)
    try:
        os.makedirs(path, exist_ok=True)
        if os.listdir(path):
            raise UsageProblem(f"{shown(path)} is not empty; the demo wants a new or an empty folder")
        for make in (_busy, _crowded, _fresh, _broken, _quiet):
            make(path, now)
    except FileExistsError:
        raise UsageProblem(f"{shown(path)} is no folder; the demo wants a new or an empty folder") from None
    except OSError as error:
        raise UsageProblem(f"the demo cannot be built in {shown(path)}: {error.strerror}") from None
    return path


class _Folder:
    """One company folder in the making; ages are in days."""

    def __init__(self, root: str, company_id: str, now: int) -> None:
        self.path = f"{root}/{COMPANY_PREFIX}{company_id}"
        self.now = now
        digits = str(zlib.crc32(company_id.encode()))
        self.number = f"1555{digits:0>10}"
        self.lid = f"1000{digits:0>11}"
        os.mkdir(self.path, 0o700)

    def write(self, name: str, content: Any, age: float) -> None:  # noqa: ANN401 - any JSON value
        text = content if isinstance(content, str) else json.dumps(content)
        with open(f"{self.path}/{name}", "x", encoding="utf-8") as file:
            file.write(text)
        # Ages lie a little past the named one, so that "14 days" is 14 days also a moment later.
        modified = self.now - int(age * DAY) - 60 * SECOND
        os.utime(f"{self.path}/{name}", ns=(modified, modified))

    def creds(self, next_pre_key: int, *, whole: bool = True) -> None:
        me = {"id": f"{self.number}:7@s.whatsapp.net", "lid": f"{self.lid}:7@lid", "name": "Demo"}
        text = json.dumps(
            {
                "noiseKey": {"private": _nothing(32), "public": _nothing(32)},
                "registrationId": 1,
                "nextPreKeyId": next_pre_key,
                "firstUnuploadedPreKeyId": next_pre_key,
                "registered": False,
                "me": me,
            }
        )
        self.write("creds.json", text if whole else text[: len(text) // 2], 0.01)

    def app_state(self) -> None:
        for number, name in enumerate(_COLLECTIONS):
            version = {"version": number, "hash": _nothing(128), "indexValueMap": {}}
            self.write(f"app-state-sync-version-{name}.json", version, 2 + 20 * number)
        for number in range(3):
            key_id = base64.b64encode(bytes((0, 0, 42 + number, 51))).decode().replace("/", "__")
            self.write(f"app-state-sync-key-{key_id}.json", {"keyData": _nothing(32)}, 100 + number)

    def contacts(self, mapped: int, plain: int, oldest: float) -> None:
        """Write contacts with a LID (mapping, session, device list, and more) and some known by number only."""
        for number in range(mapped + plain):
            age = oldest * number / max(mapped + plain - 1, 1)
            user = f"15557{number:06}"
            if number < mapped:
                lid = f"2000{number:011}"
                self.write(f"lid-mapping-{user}.json", json.dumps(lid), 200)
                self.write(f"lid-mapping-{lid}_reverse.json", json.dumps(user), 200)
                self.write(f"session-{lid}_1.0.json", _session(), age)
                if number % 3 == 0:
                    self.write(f"identity-key-{lid}_1.0.json", _nothing(33), age)
                if number % 4 == 0:
                    self.write(f"tctoken-{lid}@lid.json", {"token": _nothing(16), "timestamp": "1"}, age)
            else:
                self.write(f"session-{user}.0.json", _session(), age)
            if number % 2 == 0:
                self.write(f"device-list-{user}.json", ["0", "7"], age)
        self.write(f"session-{self.lid}_1.0.json", _session(), oldest)

    def groups(self, groups: int, members: int, oldest: float) -> None:
        """Write groups: own sender key and memory of one age, and members' keys."""
        for number in range(groups):
            group = f"12036{number:013}@g.us"
            age = oldest * number / max(groups - 1, 1)
            self.write(f"sender-key-{group}--{self.lid}_1--7.json", _nothing(200), age)
            self.write(f"sender-key-memory-{group}.json", {f"2000{number:011}:0@lid": True}, age)
            for member in range(members):
                self.write(f"sender-key-{group}--2000{member:011}_1--0.json", _nothing(200), age + member / 4)

    def pre_keys(self, first: int, count: int, age: float) -> None:
        for number in range(first, first + count):
            self.write(f"pre-key-{number}.json", {"private": _nothing(32), "public": _nothing(32)}, age)


def _nothing(length: int) -> dict[str, str]:
    return {"type": "Buffer", "data": base64.b64encode(bytes(length)).decode()}


def _session() -> dict[str, Any]:
    ratchet = {"registrationId": 1, "currentRatchet": {}, "indexInfo": {"closed": -1}, "_chains": {}}
    return {"_sessions": {"BQ==": ratchet}, "version": "v1"}


def _busy(root: str, now: int) -> None:
    folder = _Folder(root, "962302", now)
    folder.creds(41)
    folder.app_state()
    folder.contacts(18, 16, 30)
    folder.groups(4, 5, 6)
    folder.pre_keys(1, 40, 60)


def _crowded(root: str, now: int) -> None:
    folder = _Folder(root, "123456", now)
    folder.creds(121)
    folder.app_state()
    folder.contacts(40, 30, 45)
    folder.groups(10, 9, 9)
    for batch in range(4):
        folder.pre_keys(1 + 30 * batch, 30, 80 - 20 * batch)
    folder.write("session-backup.json.bak", "{}", 400)


def _fresh(root: str, now: int) -> None:
    folder = _Folder(root, "700001", now)
    folder.creds(FIRST_BATCH + 1)
    folder.app_state()
    folder.contacts(6, 0, 1)
    folder.groups(1, 3, 1)
    folder.pre_keys(1, FIRST_BATCH, 1)


def _broken(root: str, now: int) -> None:
    folder = _Folder(root, "404040", now)
    folder.creds(31, whole=False)
    folder.app_state()
    folder.contacts(8, 6, 40)
    folder.groups(3, 4, 8)
    folder.pre_keys(1, 30, 90)


def _quiet(root: str, now: int) -> None:
    folder = _Folder(root, "Zürich-2", now)
    folder.creds(31)
    folder.app_state()
    folder.contacts(3, 2, 5)
    folder.pre_keys(1, 30, 10)
