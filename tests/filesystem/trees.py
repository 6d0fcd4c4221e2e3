"""Sessions roots on disk, and pictures of them."""

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

DAY = 86_400
START = time.time_ns()
"""Ages count from here, so that a tree built again has the same dates."""
TOOL = ".baileys-cleanup"

NUMBER, DEVICE = "15550000001", 7
GROUP = "120363000000000001@g.us"
OTHER_GROUP = "120363000000000002@g.us"
OWN_KEY = f"sender-key-{GROUP}--{NUMBER}--{DEVICE}.json"
MEMORY = f"sender-key-memory-{GROUP}.json"


class Fact(NamedTuple):
    """What is known of one entry: a folder has no content, a link's content is its target."""

    content: bytes | None
    modified: int
    mode: int
    inode: int


def snapshot(top: Path | str, *, without: str | None = None) -> dict[str, Fact]:
    """Take a picture of everything below a folder, `without` one name."""
    picture: dict[str, Fact] = {}
    with os.scandir(top) as entries:
        for entry in entries:
            if entry.name == without:
                continue
            status = entry.stat(follow_symlinks=False)
            content = None
            if entry.is_symlink():
                content = os.fsencode(os.readlink(entry.path))
            elif entry.is_file(follow_symlinks=False):
                content = Path(entry.path).read_bytes()
            picture[entry.name] = Fact(content, status.st_mtime_ns, status.st_mode, status.st_ino)
            if entry.is_dir(follow_symlinks=False):
                below = snapshot(entry.path)
                picture |= {f"{entry.name}/{name}": fact for name, fact in below.items()}
    return picture


def creds(next_pre_key: int = 31, **more: object) -> bytes:
    """Give a `creds.json` that names this account."""
    me = {"id": f"{NUMBER}:{DEVICE}@s.whatsapp.net", "lid": "100000000000001:7@lid"}
    return json.dumps({"me": me, "nextPreKeyId": next_pre_key, "firstUnuploadedPreKeyId": next_pre_key} | more).encode()


def write(path: Path, age: float = 0.0, content: bytes | None = None) -> Path:
    """Write a file that was last modified `age` days and two minutes ago; its content tells it from all others."""
    path.write_bytes(f"{path.parent.name}/{path.name}".encode() if content is None else content)
    at = START - int((age * DAY + 120) * 10**9)  # a bot that wrote in the last minute is taken for one that runs
    os.utime(path, ns=(at, at))
    return path


def rewrite(path: Path | str, content: bytes, dir_fd: int | None = None) -> None:
    """Write a file the way Node's `writeFile` does: in place, truncating first."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666, dir_fd=dir_fd)
    try:
        os.write(fd, content)
    finally:
        os.close(fd)


def company(root: Path, company_id: str, *files: str, age: float = 20.0, account: bytes | None = None) -> Path:
    """Make a company folder with a `creds.json` and some old files."""
    folder = root / f"company_{company_id}"
    folder.mkdir(parents=True)
    write(folder / "creds.json", 0.5, creds() if account is None else account)
    for name in files:
        write(folder / name, age)
    return folder


def sessions(numbers: Iterable[int]) -> list[str]:
    """Give the names of other people's sessions."""
    return [f"session-1555100{number:04}.0.json" for number in numbers]


class Place(NamedTuple):
    """Where a file was found: in its company folder, or in the quarantine of a run."""

    run: str | None
    fact: Fact


def census(root: Path) -> dict[tuple[str, str], list[Place]]:
    """Find every auth file, in the company folders and in the quarantine: (company folder, name) to places."""
    found: dict[tuple[str, str], list[Place]] = {}
    quarantine = root / TOOL / "quarantine"
    runs = sorted(quarantine.iterdir()) if quarantine.is_dir() else []
    for run, top in [(None, root), *((run.name, run) for run in runs)]:
        for folder in sorted(top.glob("company_*")):
            for name, fact in snapshot(folder).items():
                found.setdefault((folder.name, name), []).append(Place(run, fact))
    return found


def quarantined(root: Path) -> set[tuple[str, str]]:
    """Give what lies in the quarantine as (company folder, name)."""
    return {key for key, places in census(root).items() if any(place.run for place in places)}


def survivors(root: Path) -> dict[tuple[str, str], bytes | None]:
    """Give what lies in the company folders, with its content."""
    return {key: place.fact.content for key, places in census(root).items() for place in places if place.run is None}


def leftovers(root: Path) -> set[str]:
    """Give what lies in the tool's own folder and should not: temporary files, empty folders, idle records."""
    tool = root / TOOL
    picture = snapshot(tool)
    expected = {
        "lock",
        "bytes.lock",
        "audit.log",
        "last-run.json",
        "history.json",
        "runs",
        "quarantine",
        "waiting-keys",
    }
    expected |= {f"waiting-keys/{folder.name}.json" for folder in root.glob("company_*")}
    for path in (tool / "quarantine").glob("*/company_*/*"):
        parts = path.relative_to(tool).parts
        expected |= {f"runs/{parts[1]}.json", f"runs/{parts[1]}.pairings"}
        expected |= {"/".join(parts[: depth + 1]) for depth in range(len(parts))}
    return set(picture) - expected


def remembered(root: Path, company_id: str) -> set[str]:
    """Give the sender keys that are remembered to wait because their group's memory is gone or goes."""
    record = root / TOOL / "waiting-keys" / f"company_{company_id}.json"
    return set(json.loads(record.read_text())["keys"]) if record.exists() else set()


def audited(root: Path) -> list[dict[str, object]]:
    """Read the audit log; every line has to be whole."""
    log = root / TOOL / "audit.log"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
