"""Commands whose connection to a server is cut, at each of some messages in turn."""

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

from click.testing import CliRunner

from baileys_cleanup import cli
from baileys_cleanup.errors import CleanupError
from servers import Server
from way import Way

Bench = TypeVar("Bench")


@dataclass
class Said:
    """What a command ended with, and what it said."""

    status: int
    text: str


def run(*words: str) -> Said:
    """Run the tool in this process. Fails for what is no sentence."""
    done = CliRunner().invoke(cli.commands, words)
    if isinstance(done.exception, CleanupError):
        return Said(done.exception.status, done.output + str(done.exception))
    assert done.exception is None or isinstance(done.exception, SystemExit), (done.exception, done.exc_info)
    return Said(done.exit_code, done.output)


def until_free(*words: str) -> Said:
    """Run it, and again while the server has not seen yet that a client is gone."""
    for _ in range(100):
        said = run(*words)
        if said.status != 3 and "another run" not in said.text:
            break
        time.sleep(0.1)
    return said


def check_restore_in_part(said: Said, before: set[str], there: set[str]) -> None:
    """Require that what a restore of three keys said of how far it came is true of what is there."""
    assert there == before or "was not restored:" not in said.text, said.text
    part = re.search(r"restored to the end: (\d) of 3 files are in(, and \S+ may be)?", said.text)
    if part:
        number = int(part[1])
        assert number <= len(there - before) <= number + bool(part[2])


def cut_anywhere(
    server: Server,
    filled: Callable[[], AbstractContextManager[Bench]],
    make: Callable[[Bench], object],
    words: Callable[[Bench, int], list[str]],
    check: Callable[[Bench, Said], None],
    *,
    step: int,
) -> None:
    """Run a command on something that was begun anew, with its connection cut at each message in turn of every `step`.

    `make` prepares what is `filled`. An odd message is passed on, and its answer lost. `words` are the command's for a
    port; `check` gets what was said. The first round is not disturbed.
    """
    number, at = 0, None
    while at is None or at < number:
        with filled() as bench:
            make(bench)
            way = Way(server, at, None, after=bool(at and at % 2))
            said = run(*words(bench, way.port))
            way.close()
            if at is None:
                number = way.said
                assert (True, 0) == (number > 10, said.status), said.text
            check(bench, said)
        at = 2 if at is None else at + step
