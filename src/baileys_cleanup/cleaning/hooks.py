"""The operator's own commands, run for one company. The one room that starts other programs, and never by a shell.

A command is a list of words; `{company_id}` and `{folder}` are replaced inside them, so no word ever becomes two.
It runs in a process group of its own, reads nothing, and is ended when its time is up.
"""

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from baileys_cleanup.errors import HookFailed
from baileys_cleanup.output.text import shown
from baileys_cleanup.settings.values import Settings

MOST_LINES = 200
"""Lines of output that are told; of more only the number is."""
ORDINARY = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LANGUAGE",
        "LC_ALL",
        "LC_CTYPE",
        "LC_MESSAGES",
        "TZ",
        "TMPDIR",
    }
)
"""The variables that every command gets."""
_PLACES = re.compile(r"\{company_id\}|\{folder\}")
_LONGEST_LINE = 4096  # bytes; a QR payload has some 240
_LONGEST_TOLD = 500
_A_MOMENT = 0.05  # seconds between two looks at a program that says nothing
_GRACE = 3.0  # seconds between asking a program to end and ending it


class Hook(NamedTuple):
    """One command for one company. `name` is the setting it comes from, `limit` its time in seconds.

    `needs` are the variables that it gets beside the ordinary ones.
    """

    name: str
    words: tuple[str, ...]
    limit: float
    needs: tuple[str, ...] = ()


def make_hook(
    name: str, command: Sequence[str], company_id: str, folder: str, limit: float, *, needs: tuple[str, ...] = ()
) -> Hook:
    """Return the command of a setting for one company; `folder` is the path of its live folder."""
    values = {"{company_id}": company_id, "{folder}": folder}
    # In one pass: an id may itself hold a brace, and what was filled in is never looked at again.
    words = tuple(_PLACES.sub(lambda found: values[found[0]], word) for word in command)
    return Hook(name, words, limit, needs)


def hook_of(settings: Settings, name: str, company_id: str, folder: str) -> Hook | None:
    """Return one of the commands of `rotate` for a company, None where it is not set."""
    command: tuple[str, ...] | None = getattr(settings.rotate, name)
    if not command:
        return None
    limit, needs = settings.rotate.hook_timeout, settings.hooks.environment
    return make_hook(f"rotate.{name}", command, company_id, folder, limit, needs=needs)


def environment_of(hook: Hook) -> dict[str, str]:
    """Return the variables that a command gets: the ordinary ones and those it needs, and no secret of ours.

    A bot that a command starts inherits them, and its user can read them in `/proc`.
    """
    return {name: value for name, value in os.environ.items() if name in ORDINARY or name in hook.needs}


def why_missing(hook: Hook) -> str | None:
    """Return why a command cannot be started, None when it can: better told before the bot is stopped than after."""
    program = hook.words[0]
    places = [""] if "/" in program else os.get_exec_path()
    found = [os.path.join(place, program) for place in places]
    if any(os.path.isfile(path) and os.access(path, os.X_OK) for path in found):
        return None
    return f"{hook.name}: there is no program {shown(program)!r} that this user may run"


def run_hook(hook: Hook, hear: Callable[[str], object]) -> None:
    """Run a command to its end; `hear` gets each line of its output.

    Raises HookFailed when it cannot be started, ends with another status than 0, or its time is up.
    """
    process = _start(hook, subprocess.STDOUT)
    assert process.stdout is not None
    output = _Lines(process.stdout.fileno())
    told = _Told(hear)
    until = time.monotonic() + hook.limit
    try:
        while not output.ended:
            left = until - time.monotonic()
            if left <= 0:
                raise HookFailed(f"{hook.name} was ended: it took longer than {hook.limit:g} s{told.last()}")
            if _readable([output], min(left, _A_MOMENT)):
                told.lines(output.read())
            elif process.poll() is not None:
                told.lines(output.read())
                told.note(f"{hook.name} has ended, and a process that it started still holds its output")
                break
        try:
            status = process.wait(max(until - time.monotonic(), 0.0))
        except subprocess.TimeoutExpired:
            raise HookFailed(f"{hook.name} was ended: it took longer than {hook.limit:g} s{told.last()}") from None
        if status:
            raise HookFailed(f"{hook.name} ended with {_in_words(status)}{told.last()}")
    finally:
        told.close()
        process.stdout.close()
        if process.poll() is None:
            _end(process)


class Talk:
    """A command that is listened to while it runs."""

    def __init__(self, hook: Hook, process: "subprocess.Popen[bytes]", hear: Callable[[str], object]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self._hook = hook
        self._process = process
        self._said = _Lines(process.stdout.fileno())
        self._besides = _Lines(process.stderr.fileno())
        self.told = _Told(hear)
        self._waiting: list[str] = []

    def line(self, timeout: float) -> str | None:
        """Return the next line of stdout, None when none came within `timeout` seconds. stderr is told."""
        if not self._waiting:
            open_ends = [end for end in (self._said, self._besides) if not end.ended]
            if not open_ends:
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout)
            for end in _readable(open_ends, timeout):
                lines = end.read()
                if end is self._said:
                    self._waiting += lines
                else:
                    self.told.lines(lines)
        return self._waiting.pop(0) if self._waiting else None

    def status(self) -> int | None:
        """Return the exit status once the command has ended and all was read, None before."""
        if self._waiting or not self._said.ended:
            return None
        return self._process.poll()

    def failure(self) -> str:
        """Say how it ended, when it did not end well."""
        return f"{self._hook.name} ended with {_in_words(self._process.returncode)}{self.told.last()}"


@contextmanager
def listening(hook: Hook, hear: Callable[[str], object]) -> Iterator[Talk]:
    """Run a command and listen to its stdout; `hear` gets the lines of its stderr. It is ended on leaving.

    Raises HookFailed when it cannot be started.
    """
    process = _start(hook, subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    talk = Talk(hook, process, hear)
    try:
        yield talk
    finally:
        if process.poll() is None:
            _end(process)
        talk.told.close()
        process.stdout.close()
        process.stderr.close()


def _start(hook: Hook, errors: int) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(  # noqa: S603 - the operator's own command, as words
            hook.words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            env=environment_of(hook),
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise HookFailed(f"{hook.name} cannot be started: {shown(hook.words[0])}: {why}") from None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a program with all that is in its process group: first asked, then not."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)


def _in_words(status: int) -> str:
    return f"status {status}" if status >= 0 else f"signal {-status}"


class _Lines:
    """What a program writes, line by line, without ever waiting for it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.ended = False
        self._rest = b""
        os.set_blocking(fd, False)

    def read(self) -> list[str]:
        """Return the lines that are there now; a line without an end is one when the program has closed it."""
        try:
            data = os.read(self.fd, 65_536)
        except BlockingIOError:
            return []
        self.ended = not data
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = b"" if self.ended else rest[:_LONGEST_LINE]
        if self.ended and rest:
            lines.append(rest)
        return [line[:_LONGEST_LINE].decode("utf-8", "backslashreplace").rstrip("\r") for line in lines]


def _readable(ends: "list[_Lines]", timeout: float) -> "list[_Lines]":
    if not ends:
        return []
    found, _, _ = select.select([end.fd for end in ends], [], [], timeout)
    return [end for end in ends if end.fd in found]


class _Told:
    """Passes output on, escaped and bounded: it goes into a log."""

    def __init__(self, hear: Callable[[str], object]) -> None:
        self._hear = hear
        self._number = 0
        self._last = ""

    def lines(self, lines: list[str]) -> None:
        """Pass lines on."""
        for line in filter(str.strip, lines):
            self._number += 1
            self._last = shown(line)[:_LONGEST_TOLD]
            if self._number <= MOST_LINES:
                self._hear(self._last)

    def note(self, sentence: str) -> None:
        """Say something about it."""
        self._hear(sentence)

    def last(self) -> str:
        """Return the last line, to be put behind a sentence."""
        return f"; it said: {self._last}" if self._last else ""

    def close(self) -> None:
        """Say how much was not passed on."""
        if self._number > MOST_LINES:
            self._hear(f"and {self._number - MOST_LINES:,} more lines")
