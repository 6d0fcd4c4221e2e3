"""A sessions root on disk, the tool as a child process, and what it said.

Nothing here imports the tool. `Root.run` starts it the way cron does and checks, on every
single run of the whole suite, the promises that hold for all of them: a known exit status,
no traceback, no key material, no escape codes in a pipe. `Result.summary` does the same for
the JSON document: its shape, and that every file is accounted for.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import pytest

from halting import PATIENCE

DAY = 86_400
HOUR = 3_600

# This account, as the default creds.json tells it.
PN, LID, DEVICE = "15550000001", "100000000000001", 7
# Somebody else, by phone number and by LID.
OTHER, OTHER_LID = "15550000002", "100000000000002"
GROUP = "120363000000000001@g.us"
OWN_KEY = f"sender-key-{GROUP}--{PN}--{DEVICE}.json"
OWN_LID_KEY = f"sender-key-{GROUP}--{LID}_1--{DEVICE}.json"
OTHER_KEY = f"sender-key-{GROUP}--{OTHER}--{DEVICE}.json"
MEMORY = f"sender-key-memory-{GROUP}.json"
OLD_SESSION = f"session-{OTHER}.0.json"

# Stands for key material: it is in creds.json and in every auth file, and may be in no output.
CANARY = "c4n4ryK3yM4t3r14l"

KINDS = frozenset(
    [
        "creds",
        "app_state_sync_key",
        "app_state_sync_version",
        "lid_mapping",
        "pre_key",
        "session",
        "sender_key",
        "sender_key_memory",
        "device_list",
        "tctoken",
        "identity_key",
        "unknown",
    ]
)
PROTECTED = ("creds", "app_state_sync_key", "app_state_sync_version", "lid_mapping")
STATUSES = frozenset({0, 1, 2, 3, 4, 130, 143})
LEVELS = ((100, "excellent"), (151, "normal"), (171, "attention"), (181, "warning"))
POWERLESS = str(Path(__file__).parents[1] / "powerless.py")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def creds(
    me: str | None = f"{PN}:{DEVICE}@s.whatsapp.net",
    lid: str | None = f"{LID}:{DEVICE}@lid",
    upto: int = 31,
    uploaded: int | None = None,
    **more: Any,
) -> bytes:
    """Give a creds.json as Baileys writes it; `upto` is nextPreKeyId, `uploaded` firstUnuploadedPreKeyId."""
    secret = {"type": "Buffer", "data": CANARY}
    value: dict[str, Any] = {
        "noiseKey": {"private": secret, "public": secret},
        "signedIdentityKey": {"private": secret, "public": secret},
        "signedPreKey": {"keyPair": {"private": secret, "public": secret}, "keyId": 1},
        "advSecretKey": CANARY,
        "registrationId": 77,
        "nextPreKeyId": upto,
        "firstUnuploadedPreKeyId": upto if uploaded is None else uploaded,
        "registered": False,
    }
    who = {"id": me, "lid": lid, "name": CANARY}
    if me is not None or lid is not None:
        value["me"] = {key: what for key, what in who.items() if what is not None}
    return json.dumps(value | more).encode()


def level_of(counted: int) -> str:
    """Give the level of a company folder with that many counted files, at the default limits."""
    return next((name for first, name in LEVELS if counted < first), "critical")


def tree(top: Path, *, without: str | None = None) -> dict[bytes, tuple[Any, ...]]:
    """Take a picture of a tree: every name with its mode, links, date and content."""
    picture: dict[bytes, tuple[Any, ...]] = {}

    def look(path: bytes, name: bytes) -> None:
        found = os.lstat(path)
        content: Any = None
        if os.path.islink(path):
            content = os.readlink(path)
        elif os.path.isfile(path):
            with open(path, "rb") as file:
                content = file.read()
        picture[name] = (oct(found.st_mode), found.st_nlink, found.st_mtime_ns, content)
        if os.path.isdir(path) and not os.path.islink(path):
            for entry in os.listdir(path):
                if entry != (without or "").encode():
                    look(os.path.join(path, entry), os.path.join(name, entry))

    look(os.fsencode(top), b"")
    return picture


@dataclass(frozen=True)
class Result:
    """What one run of the tool said, and how it ended."""

    args: tuple[str | bytes, ...]
    status: int
    out: bytes
    err: bytes

    @property
    def said(self) -> str:
        """Everything the tool printed."""
        return (self.out + self.err).decode()

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The one JSON document on stdout, checked against the contract."""
        summary: dict[str, Any] = json.loads(self.out)
        check_summary(summary)
        return summary

    @cached_property
    def companies(self) -> dict[str, dict[str, Any]]:
        """The companies of the JSON summary by their IDs."""
        return {company["company_id"]: company for company in self.summary["companies"]}

    @property
    def only(self) -> dict[str, Any]:
        """The one company of the JSON summary."""
        (company,) = self.summary["companies"]
        return dict(company)

    def removals(self, company: str | None = None) -> dict[str, dict[str, Any]]:
        """Give the removals a dry or verbose run lists for one company (the only one), by file."""
        of = self.only if company is None else self.companies[company]
        listed = {removal["file"]: removal for removal in of["removals"]}
        assert len(listed) == len(of["removals"]) == of["files"]["removed"]
        return listed

    def __str__(self) -> str:
        return f"{self.args} -> {self.status}\n{self.out.decode('utf-8', 'backslashreplace')}\n{self.err.decode('utf-8', 'backslashreplace')}"


FATES = ("removed", "kept", "failed", "changed")


def strings(value: Any) -> Iterator[str]:
    """Give every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from strings(each)


def check_summary(summary: Mapping[str, Any]) -> None:
    """Assert what the contract says about every JSON summary."""
    assert not any(CONTROL.search(text) for text in strings(summary)), "a name is not escaped"
    assert summary["schema_version"] == 2
    assert summary["store"] == summary["sessions_root"]
    assert re.fullmatch(r"\d{8}T\d{6}Z-\w+", summary["run_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", summary["started_at"])
    assert isinstance(summary["dry_run"], bool)
    assert summary["status"] in {"done", "partial", "refused", "stopped"}
    assert summary["duration_seconds"] >= 0
    totals = summary["totals"]
    assert totals["companies"] == len(summary["companies"])
    assert totals["companies_failed"] == sum(c["status"] == "failed" for c in summary["companies"])
    for company in summary["companies"]:
        check_company(company)
    for count in ("seen", *FATES):
        assert totals[count] == sum(company["files"][count] for company in summary["companies"]), count
    assert totals["bytes_removed"] == sum(company["bytes_removed"] for company in summary["companies"])


def check_company(company: Mapping[str, Any]) -> None:
    """Assert that one company of a summary adds up."""
    assert company["status"] in {"cleaned", "failed", "refused", "stopped"}
    assert all(isinstance(warning, str) for warning in company["warnings"])
    assert all(set(error) >= {"file", "error"} for error in company["errors"])
    files, kinds = company["files"], company["kinds"]
    assert files["seen"] == sum(files[fate] for fate in FATES)
    assert set(kinds) <= KINDS
    for kind, counts in kinds.items():
        assert counts["seen"] == sum(counts.get(fate, 0) for fate in FATES) > 0, kind
    for count in ("seen", *FATES):
        assert files[count] == sum(counts.get(count, 0) for counts in kinds.values()), count
    for kind in PROTECTED:
        assert kinds.get(kind, {"removed": 0})["removed"] == 0
    if files["changed"] == 0 and company["status"] != "failed":
        assert company["counted"] == files["seen"] - files["removed"] - company["advertised_pre_keys"]
    assert company["bytes_removed"] >= 0


def check_output(result: Result) -> None:
    """Assert what holds for every run, whatever it was asked."""
    assert result.status in STATUSES, result
    assert b"Traceback" not in result.out + result.err, result
    assert CANARY.encode() not in result.out + result.err, "key material was shown"
    assert not CONTROL.search(result.said.replace("\t", " ").replace("\n", " ")), "control codes in a pipe"


class Company:
    """One company folder of a sessions root."""

    def __init__(self, path: Path, content: bytes | None) -> None:
        self.path = path
        self.id = path.name.removeprefix("company_")
        path.mkdir()
        if content is not None:
            self.put("creds.json", content=content, age=3600)

    def put(self, *names: str | bytes, age: float = 0.0, content: bytes | None = None) -> Self:
        """Write files that were last modified `age` seconds ago."""
        at = time.time() - age
        for name in names:
            path = os.path.join(os.fsencode(self.path), os.fsencode(name))
            with open(path, "wb") as file:
                file.write(b'{"k":"%s"}' % CANARY.encode() if content is None else content)
            os.utime(path, (at, at))
        return self

    def pre_keys(self, numbers: Iterable[int], age: float = 100 * DAY, apart: float = 0.0) -> Self:
        """Write pre-keys, the first `age` seconds ago, each next one `apart` seconds later."""
        began = time.time()
        for nth, number in enumerate(numbers):
            self.put(f"pre-key-{number}.json", age=age - nth * apart + time.time() - began)
        return self

    def names(self) -> set[bytes]:
        """Give the names that are in the folder now."""
        return set(os.listdir(os.fsencode(self.path)))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and os.fsencode(name) in self.names()

    def numbers(self) -> set[int]:
        """Give the numbers of the pre-keys that are in the folder now."""
        found = (re.fullmatch(rb"pre-key-(\d+)\.json", name) for name in self.names())
        return {int(match[1]) for match in found if match}


class Root:
    """A sessions root, and the tool run on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)

    @property
    def tool(self) -> Path:
        """The tool's own folder."""
        return self.path / ".baileys-cleanup"

    def company(self, name: str = "962302", content: bytes | None = creds()) -> Company:
        """Make a company folder, with a healthy creds.json unless told otherwise."""
        return Company(self.path / f"company_{name}", content)

    @property
    def env(self) -> dict[str, str]:
        """The environment in which the tool finds this root without a flag."""
        return {"BAILEYS_CLEANUP_SESSIONS_ROOT": str(self.path)}

    def run(self, *args: str | bytes, **how: Any) -> Result:
        """Run the tool on this root: told by flag, as that start is the fastest."""
        return run(*args, "--sessions-root", str(self.path), **how)

    def clean(self, *args: str | bytes, status: int = 0, **how: Any) -> Result:
        """Clean, expect that status, and check the JSON summary."""
        result = self.run("--json", *args, **how)
        assert result.status == status, result
        assert result.summary["totals"] is not None
        return result

    def dry(self, *args: str | bytes, **how: Any) -> Result:
        """Ask for a dry run."""
        return self.clean("--dry-run", *args, **how)

    def tree(self) -> dict[bytes, tuple[Any, ...]]:
        """Take a picture of everything below the root but the tool's own folder and the root's own date."""
        picture = tree(self.path, without=".baileys-cleanup")
        del picture[b""]
        return picture

    def files(self) -> dict[bytes, tuple[Any, ...]]:
        """Take a picture of the files alone: a folder's own date moves with each rename."""
        return {name: what for name, what in self.tree().items() if not what[0].startswith("0o4")}

    def quarantine(self, run_id: str | None = None) -> dict[bytes, tuple[Any, ...]]:
        """Give what the quarantine holds of a run (of all) as company folder/file."""
        runs = sorted((self.tool / "quarantine").glob(run_id or "*"))
        return {
            os.path.join(os.fsencode(folder.name), name): what
            for one in runs
            for folder in one.glob("company_*")
            for name, what in tree(folder).items()
            if name
        }

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run lock as another run would."""
        self.tool.mkdir(mode=0o700, exist_ok=True)
        with (self.tool / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give this process's environment without anything that steers the tool, and with `extra`."""
    ours = ("BAILEYS_CLEANUP_", "COLUMNS", "NO_COLOR", "FORCE_COLOR")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return env | dict(extra or {})


def politely() -> None:
    """Let the child hear SIGINT even where this process was started in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def command(*args: str | bytes, before: Iterable[str] = ()) -> list[str | bytes]:
    """Give the command line of the tool."""
    return [*before, sys.executable, "-m", "baileys_cleanup", *args]


def start(
    *args: str | bytes, env: Mapping[str, str] | None = None, cwd: Path | None = None, before: Iterable[str] = ()
) -> subprocess.Popen[bytes]:
    """Start the tool and do not wait for it; `before` is a command that runs it."""
    return subprocess.Popen(
        command(*args, before=before),
        env=environment(env),
        cwd=cwd or "/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=politely,  # noqa: PLW1509 - no test has a second thread while it starts the tool
    )


def run(
    *args: str | bytes,
    env: Mapping[str, str] | None = None,
    clock: str | None = None,
    before: Iterable[str] = (),
    cwd: Path | None = None,
    timeout: float = PATIENCE,
) -> Result:
    """Run the tool to its end; `clock` is a time for faketime, `before` a command that runs it."""
    extra = dict(env or {})
    if clock is not None:
        before = (*before, faketime(), "-f", clock)
        extra |= {"NO_FAKE_STAT": "1", "DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}

    def once() -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            command(*args, before=before),
            env=environment(extra),
            cwd=cwd or "/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )

    done = once()
    # A killed faketime leaves its semaphore behind, called by its number; a later one of that number does not start.
    while clock is not None and done.stderr.startswith(b"faketime: sem_open: File exists"):
        done = once()
    result = Result(args, done.returncode, done.stdout, done.stderr)
    check_output(result)
    return result


def at_once(calls: Iterable[Callable[[], Result]]) -> list[Result]:
    """Make calls side by side, each of them a run of the tool that must leave the others alone."""
    with ThreadPoolExecutor(4) as pool:
        return [done.result() for done in [pool.submit(call) for call in calls]]


def faketime() -> str:
    """Give the path of faketime, or skip the test."""
    path = shutil.which("faketime")
    if path is None:
        pytest.skip("needs faketime (apt install faketime) to move the clock")
    return path


def powerless() -> tuple[str, ...]:
    """Give a command that runs the tool without root's power over permissions; anybody else has none to drop."""
    return (sys.executable, POWERLESS) if os.geteuid() == 0 else ()


def mounting(script: str) -> tuple[str, ...]:
    """Give a command that runs another after `script`, in a mount namespace of its own, or skip the test."""
    inner = ("unshare", "--mount", "--propagation", "private", "sh", "-ec")
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root and unshare (util-linux) to mount")
    if subprocess.run([*inner, script], check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let the test mount")
    return (*inner, script + '\nexec "$@"', "sh")


@contextlib.contextmanager
def immutable(path: Path) -> Iterator[None]:
    """Make a file one that not even root can rename or remove, or skip the test."""
    chattr = shutil.which("chattr")
    if chattr is None or subprocess.run([chattr, "+i", path], check=False, capture_output=True).returncode:
        pytest.skip("needs chattr (e2fsprogs), root, and a file system that knows it")
    try:
        yield
    finally:
        subprocess.run([chattr, "-i", path], check=True)
