"""The tool, run inside this process with a world of one's own, in a forked child, or as a program."""

import ctypes
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from baileys_cleanup import cli
from baileys_cleanup.cleaning import run as cleanup
from baileys_cleanup.cleaning.request import Request, Told
from baileys_cleanup.commands import undo as undo_command
from baileys_cleanup.commands.options import holds
from baileys_cleanup.decision.outcome import CompanyOutcome, RunOutcome
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.shards import Shard
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.watch.remember.run_history import record_clean
from halting import PATIENCE
from powerless import become, import_all

from .trees import DAY

SMALL = Policy(max_pre_keys=2, min_pre_keys=2)
"""A policy under which three pre-keys are one too many."""
LAZY = Policy(session_max_age_days=9_999, sender_key_max_age_days=9_999, max_pre_keys=9_999)
"""A policy under which nothing goes."""


# --- inside this process --------------------------------------------------------------------------------


class Ran:
    """What an in-process run said; it is also the report that listens."""

    def __init__(self) -> None:
        self.run: RunOutcome | None = None
        self.closed = False
        self.companies: dict[str, CompanyOutcome] = {}

    def start(self, run: RunOutcome) -> "Ran":
        """Hear that a run begins."""
        self.run = run
        return self

    def company(self, outcome: CompanyOutcome) -> None:
        """Hear of one company."""
        self.companies[outcome.company_id] = outcome

    def close(self, run: RunOutcome) -> None:
        """Hear that the run is over."""
        self.closed = True

    @property
    def total(self) -> Any:
        """The tally of the run."""
        assert self.run is not None
        return self.run.total

    @property
    def only(self) -> CompanyOutcome:
        """The one company of the run."""
        (outcome,) = self.companies.values()
        return outcome

    def errors(self, company_id: str) -> str:
        """Everything said about the errors of one company."""
        return "\n".join(problem.error for problem in self.companies[company_id].errors)

    def check_accounts(self) -> None:
        """Assert that every file is accounted for once."""
        for outcome in self.companies.values():
            for tally in (*outcome.kinds.values(), outcome.total):
                assert tally.seen == tally.removed + tally.kept + tally.failed + tally.changed, outcome
        if self.run is not None and self.closed:
            assert self.run.total.seen == sum(outcome.total.seen for outcome in self.companies.values())


def world(now: int | None = None, stopping: Callable[[], bool] = lambda: False) -> cleanup.World:
    """Give the world: now by default, and no waiting."""
    ahead = now - time.time_ns() if now else 0  # the clock goes on from there
    clock = (lambda: time.time_ns() + ahead) if now else time.time_ns
    return cleanup.World(now or time.time_ns(), clock, lambda: None, stopping, time.monotonic, holds=holds)


def clean(
    root: Path | str,
    *wanted: str,
    now: int | None = None,
    stopping: Callable[[], bool] = lambda: False,
    undo_days: int = 7,
    policy: Policy = SMALL,
    max_removals: int | None = None,
    dry_run: bool = False,
    accept_clock: bool = False,
    ran: Ran | None = None,
    shard: Shard | None = None,
) -> Ran:
    """Clean inside this process; `ran` hears what is said even where an exception ends it."""
    heard = ran or Ran()
    settings = Settings(str(root), undo_days=undo_days, max_removals=max_removals, retention=policy)
    cleanup.clean(
        Request(settings, Selection(wanted, None, shard), dry_run, accept_clock),
        world(now, stopping),
        Told(heard.start, record=record_clean),
    )
    heard.check_accounts()
    return heard


def undo(
    root: Path | str,
    run_id: str = "latest",
    stopping: Callable[[], bool] = lambda: False,
    shard: Shard | None = None,
) -> dict[str, Any]:
    """Undo a run inside this process, whatever was written a moment ago, and return its JSON document."""
    said: list[str] = []
    settings = Settings(str(root))
    selection = Selection((), None, shard)
    undo_command.undo_run(settings, run_id, selection, world(stopping=stopping), said.append, as_json=True, anyway=True)
    document: dict[str, Any] = json.loads("".join(said))
    return document


def days_ago(days: float) -> int:
    """Give a moment in nanoseconds since the epoch."""
    return time.time_ns() - int(days * DAY) * 10**9


# --- in a child -----------------------------------------------------------------------------------------


class ChildFailed(AssertionError):
    """A forked child ended by an exception; the text is its traceback."""


def in_child(work: Callable[[], Any], uid: int | None = None) -> tuple[int, Any]:
    """Do some work in a forked child, as another user where `uid` says so.

    Returns how it ended (0, or minus the signal that killed it) and what it returned.
    """
    if uid is not None:
        import_all()
    with tempfile.TemporaryFile() as answer:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                if uid is not None:
                    become(uid)
                try:
                    value = (True, work())
                except BaseException:  # noqa: BLE001 - the parent wants to see whatever it was
                    value = (False, traceback.format_exc())
                answer.write(pickle.dumps(value))
                answer.flush()
                status = 0
            finally:
                os._exit(status)
        _, code = os.waitpid(pid, 0)
        if os.WIFSIGNALED(code):
            return -os.WTERMSIG(code), None
        answer.seek(0)
        fine, value = pickle.loads(answer.read())
        if not fine:
            raise ChildFailed(value)
        return os.WEXITSTATUS(code), value


_CLONE_NEWNS = 0x20000


def in_mounts(work: Callable[[], Any]) -> Any:
    """Do some work in a forked child with mounts of its own, which end with it."""

    def child() -> Any:
        if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS):
            raise OSError(ctypes.get_errno(), "unshare")
        mount("--make-rprivate", "/")
        return work()

    died, value = in_child(child)
    assert not died, f"killed by signal {-died}"
    return value


def mount(*arguments: str | Path) -> None:
    """Mount something."""
    subprocess.run(["mount", *map(str, arguments)], check=True, capture_output=True)


# --- as a program ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """What the program said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def only(self) -> dict[str, Any]:
        """The one company of the summary."""
        (outcome,) = self.json["companies"]
        return dict(outcome)

    def check(self) -> "Said":
        """Assert what holds for every run: no traceback, no bug, a known status, accounts that add up."""
        assert "Traceback" not in self.out + self.err, self
        assert "this is a bug" not in self.err, self
        assert self.status in {0, 1, 2, 3, 4, 130, 143}, self
        if self.out.startswith("{") and "seen" in self.json.get("totals", {}):
            for one in (*(each["files"] for each in self.json["companies"]), self.json["totals"]):
                assert one["seen"] == one["removed"] + one["kept"] + one["failed"] + one["changed"], self
        return self

    def sentence(self) -> str:
        """Assert that stderr is one sentence of the error edge, and return it."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self
        assert lines[0].startswith("baileys-cleanup: error: "), self
        return lines[0]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give this process's environment without anything the tool reads, and with `extra`."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("BAILEYS_CLEANUP_")}
    return env | {"PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "300"} | dict(extra or {})


def command(root: Path | str, *args: str) -> list[str]:
    """Give the command line of the tool on a sessions root; `args` may begin with a command's name."""
    name, *rest = args if args and not args[0].startswith("-") else ("clean", *args)
    return [sys.executable, "-m", "baileys_cleanup", name, "--sessions-root", str(root), *rest]


def tool(root: Path | str, *args: str, before: Sequence[str] = (), timeout: float = PATIENCE) -> Said:
    """Run the program to its end; `before` is a command that runs it."""
    done = subprocess.run(
        [*before, *command(root, *args)],
        env=environment(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr).check()


def tool_in_child(
    root: Path | str, *args: str, uid: int | None = None, around: Callable[[], Any] | None = None
) -> Said:
    """Run the command line in a forked child of this process: as another user, or inside a context `around`."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:

        def work() -> int:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
            for name in [name for name in os.environ if name.startswith("BAILEYS_CLEANUP_")]:
                del os.environ[name]
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - the child ends with it
            sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            sys.argv = command(root, *args)[2:]
            try:
                if around is None:
                    cli.main()
                else:
                    with around():
                        cli.main()
            except SystemExit as stop:
                return int(stop.code or 0)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
            return 0

        died, status = in_child(work, uid)
        out.seek(0)
        err.seek(0)
        return Said(died or status, out.read(), err.read()).check()
