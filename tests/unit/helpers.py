"""Files and accounts that several tests need."""

import json
import os

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.names import kind_of
from baileys_cleanup.decision.verdict import AuthFile

SECOND = 10**9
DAY = 86_400 * SECOND
NOW = 1_795_316_400 * SECOND  # 2026-11-22T03:00:00Z
PN, LID, OTHER = "15550000001", "100000000000001", "15550000002"
OWN = frozenset({(PN, 7), (LID, 7)})
KNOWN = Account(True, OWN, 31, 31)
GROUP = "120363000000000001@g.us"


def creds(next_pre_key=31, first_not_uploaded=None, **more):
    """Give the bytes of a healthy creds.json."""
    first = next_pre_key if first_not_uploaded is None else first_not_uploaded
    me = {"id": f"{PN}:7@s.whatsapp.net", "lid": f"{LID}:7@lid"}
    return json.dumps({"me": me, "nextPreKeyId": next_pre_key, "firstUnuploadedPreKeyId": first, **more}).encode()


def auth_file(name, age=0, **more):
    """Give one file as the planner sees it, `age` in days or None for no date."""
    return AuthFile(name, kind_of(name), None if age is None else NOW - int(age * DAY), **more)


def put(folder, name, content=b"{}", age=0.0, now=NOW):
    """Write a file that was modified `age` days ago."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    os.utime(path, ns=(now - int(age * DAY),) * 2)
    return path


def names(folder):
    """Give the names in a folder."""
    return sorted(os.listdir(folder))
