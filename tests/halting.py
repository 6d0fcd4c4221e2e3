"""The tool, held still in the middle of its work: after one of its moves it stops itself, as SIGSTOP does.

Whoever watched it from outside and stopped it would come too late on a busy machine. Each worker of a run counts its
own moves.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

PATIENCE = 300
"""Seconds for what is otherwise there at once: this machine may be busy."""
_NOREPLACE = 1  # RENAME_NOREPLACE of linux/fs.h


def halting(after: int) -> tuple[str, ...]:
    """Give a command that runs `python -m baileys_cleanup`, which follows it, and halts it after so many moves.

    After 0 moves: before the pause of a second that it makes where a creds.json is broken.
    """
    return (sys.executable, str(Path(__file__)), str(after))


def await_halt(process: "subprocess.Popen[Any]") -> None:
    """Wait until a child has halted itself; fail where it ended before."""
    found = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    assert found is not None
    assert found.si_code == os.CLD_STOPPED, f"it ended before its move: {found}"


def await_halts(pids: list[int]) -> None:
    """Wait until processes that are no children of this one have halted themselves."""
    until(lambda: all(_stat(pid, "State").startswith("T") for pid in pids), f"a halt of {pids}")


def await_signal(pids: list[int], number: int) -> None:
    """Wait until each of these halted processes was sent a signal: it hears it first of all when it goes on."""
    bit = 1 << (number - 1)
    until(lambda: all(int(_stat(pid, "ShdPnd"), 16) & bit for pid in pids), f"signal {number} to {pids}")


def _stat(pid: int, name: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:"))


def until(seen: Callable[[], object], what: str) -> None:
    """Wait for something that is on its way."""
    end = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.01)


class _Moves:
    """Counts the moves of auth files, which keep their name, into the quarantine and out of it."""

    def __init__(self, after: int) -> None:
        self._left = after

    def count(self, old: object, new: object) -> None:
        """Count one, and halt where it is the one."""
        self._left -= old == new
        if old == new and self._left == 0:
            os.kill(os.getpid(), signal.SIGSTOP)

    def watch_pauses(self) -> None:
        """Halt before the first pause of a second."""
        sleep = time.sleep

        def pause(seconds: float) -> None:
            if seconds >= 1:
                time.sleep = sleep
                os.kill(os.getpid(), signal.SIGSTOP)
            sleep(seconds)

        time.sleep = pause

    def watch(self) -> None:
        """Count both kinds of rename from now on."""
        rename = os.rename
        renaming = import_module("baileys_cleanup.store.folder.renaming")
        renameat2 = renaming._renameat2()

        def away(old: Any, new: Any, **where: Any) -> None:
            rename(old, new, **where)
            self.count(old, new)

        def back(source: int, old: bytes, target: int, new: bytes, how: int) -> int:
            failed = int(renameat2(source, old, target, new, how))
            if not failed and how == _NOREPLACE:
                self.count(old, new)
            return failed

        os.rename = away
        if renameat2 is not None:
            renaming._renameat2 = lambda: back


def main() -> None:
    """Run `python -m baileys_cleanup`, the command that follows the number, and halt it."""
    after, *before = sys.argv[1:5]
    assert before == [sys.executable, "-m", "baileys_cleanup"], sys.argv
    del sys.argv[1:5]
    moves = _Moves(int(after))
    (moves.watch if int(after) else moves.watch_pauses)()
    import_module("baileys_cleanup.cli").main()


if __name__ == "__main__":
    main()
