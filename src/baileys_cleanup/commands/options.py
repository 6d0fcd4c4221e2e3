"""The frame around every command: shared options, output, signals, settings and the world as it is."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

import click

from baileys_cleanup.commands import completion
from baileys_cleanup.errors import UsageProblem

if TYPE_CHECKING:
    from baileys_cleanup.cleaning.world import CleanOne, Holds, World
    from baileys_cleanup.decision.shards import Shard
    from baileys_cleanup.output.log import Log
    from baileys_cleanup.settings.values import Loaded, Settings
    from baileys_cleanup.store.selection import Selection
    from baileys_cleanup.store.store import Workspace


def several(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return one decorator that does the work of several, the first one outermost."""

    def decorate(function: Any) -> Any:  # noqa: ANN401 - Click's decorators take what they get
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def _only(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> str | None:
    """Return the one value of an option. Raises a usage error where it has two: nobody could tell which is meant."""
    if len(set(values)) > 1:
        raise click.UsageError(f"{parameter.opts[0]} is given {len(values)} times; allowed: once.", ctx)
    return values[0] if values else None


def once(*names: str, **attributes: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - Click's own
    """Return an option that says where something is, and so may not be given twice with two values."""
    return click.option(*names, multiple=True, callback=_only, **attributes)


config_file = once("--config", metavar="FILE", shell_complete=completion.file, help="A TOML file of settings.")
where = several(
    once(
        "--sessions-root",
        metavar="DIR",
        shell_complete=completion.folder,
        help="The folder of the company folders, instead of the setting.",
    ),
    once("--store", metavar="URL", help="A database instead of a folder: postgresql://user@host/database."),
    config_file,
)
only_companies = click.option(
    "--company",
    "companies",
    metavar="ID",
    multiple=True,
    shell_complete=completion.company_ids,
    help="Only this company; repeatable.",
)


class ShardOf(click.ParamType):  # type: ignore[type-arg] # Click before 8.4 knows no arguments
    """One of N equal parts of the companies: `0/4`."""

    name = "shard"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Shard":  # noqa: ANN401
        """Return the shard."""
        from baileys_cleanup.decision.shards import MOST, Shard, read_shard  # noqa: PLC0415 - seldom asked for

        if isinstance(value, Shard):
            return value
        shard = read_shard(str(value))
        if shard is None:
            self.fail(
                f"{value!r} is no shard; write I/N, from 0/N to N-1/N, with N from 1 to {MOST:,}: 0/4, 1/4, 2/4, 3/4",
                param,
                ctx,
            )
        return shard


shard_of = click.option(
    "--shard", type=ShardOf(), metavar="I/N", help="Only part I of N of the companies, I from 0; the others run beside."
)
companies_from = once(
    "--companies-from",
    metavar="FILE",
    shell_complete=completion.file,
    help="Only the companies of this list, one id a line; - is stdin.",
)


def selection_of(ctx: click.Context, options: dict[str, Any]) -> "Selection":
    """Return the companies that the options select, and take these options away.

    Raises a usage error where they exclude each other, UsageProblem for a list that is none.
    """
    from baileys_cleanup.store.selection import Selection  # noqa: PLC0415 - help needs none

    companies, shard, path = (options.pop(name, None) for name in ("companies", "shard", "companies_from"))
    if companies and shard:
        raise click.UsageError("--shard and --company exclude each other.", ctx)
    if companies and path is not None:
        raise click.UsageError("--companies-from and --company exclude each other.", ctx)
    if path is None:
        return Selection(companies, None, shard)
    from baileys_cleanup.commands.companies_from import read_companies  # noqa: PLC0415 - seldom asked for

    return Selection((), read_companies(path), shard)


identity = click.option(
    "--identity",
    metavar="FILE",
    shell_complete=completion.file,
    help="The file of the age key that opens encrypted archives.",
)
json_output = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class Output:
    """Writes to stdout; when nobody reads it any more the work goes on and the exit status tells.

    stdout is one for the whole process, and so is what became of it: `begun` tells whether anything was written,
    `problem` what kept it from getting out.
    """

    begun: ClassVar[bool] = False
    problem: ClassVar[OSError | None] = None

    def __init__(self) -> None:
        self.failed = False

    def write(self, text: str) -> None:
        """Write a text, escaping what the terminal's encoding does not know."""
        encoding = sys.stdout.encoding or "utf-8"
        self._write(sys.stdout, text.encode(encoding, "backslashreplace").decode(encoding))

    def write_bytes(self, data: bytes) -> None:
        """Write what has an encoding of its own, whatever the terminal's is."""
        self._write(sys.stdout.buffer, data)

    def _write(self, stream: Any, what: str | bytes) -> None:  # noqa: ANN401 - text goes to one sort, bytes to the other
        if self.failed:
            return
        Output.begun = True
        try:
            stream.write(what)
        except OSError as error:
            self.failed = True
            Output.problem = error


SECOND_LOOK = 1.0
"""Seconds until a creds.json that could not be read is read once more."""


def _wait_for_second_look() -> None:
    time.sleep(SECOND_LOOK)


def world(stopping: Callable[[], bool], again: str = "") -> "World":
    """Return the world of this process: its clocks, whether it was told to stop, and how to come back to it."""
    from baileys_cleanup.cleaning.world import World  # noqa: PLC0415 - not every command meets it

    return World(time.time_ns(), time.time_ns, _wait_for_second_look, stopping, time.monotonic, again, holds)


def holds(workspace: "Workspace | None", again: str) -> "Holds":
    """Return which companies rotations hold; most sessions roots never saw a rotation."""
    from baileys_cleanup.cleaning.world import nothing_held  # noqa: PLC0415 - not every command asks
    from baileys_cleanup.store.store import ROTATIONS  # noqa: PLC0415 - likewise

    if workspace is None or not workspace.has(ROTATIONS):
        return nothing_held(workspace, again)
    from baileys_cleanup.rotation.holds import rotation_holds  # noqa: PLC0415 - seldom needed

    return rotation_holds(workspace, again)


def load_settings(sessions_root: str | None, config: str | None, **flags: object) -> "Loaded":
    """Return the settings in force, flags first."""
    from baileys_cleanup.settings.load import load  # noqa: PLC0415 - help needs none

    if sessions_root is not None and flags.get("store") is not None:
        raise UsageProblem("--store and --sessions-root exclude each other: the companies lie in one of the two")
    return load(config, {"sessions_root": sessions_root, **flags})


def cleaner(settings: "Settings", log: "Log") -> "CleanOne":
    """Return what cleans one company: with its bot stopped, where `hooks.around_clean` says so."""
    if settings.hooks.around_clean:
        from baileys_cleanup.cleaning.stopped_bot import Standstill  # noqa: PLC0415 - only where bots are to be stopped

        return Standstill(settings, lambda hook, line: log.info("hook_output", hook=hook, line=line)).clean
    from baileys_cleanup.cleaning.company import clean_company  # noqa: PLC0415 - only who cleans needs it

    return clean_company


def same_place(sessions_root: str | None, config: str | None, **others: str | None) -> str:
    """Return the options, as typed, that lead a later command to the same store; `others` by their names."""
    from baileys_cleanup.output.text import argument  # noqa: PLC0415 - seldom needed

    given = {"sessions-root": sessions_root, "config": config, **others}
    return "".join(f" --{option} {argument(value)}" for option, value in given.items() if value is not None)


def width_of_stdout() -> int | None:
    """Return how many characters a line of the terminal has, None where stdout is none."""
    if not sys.stdout.isatty():
        return None
    with suppress(KeyError, ValueError):
        return int(os.environ["COLUMNS"])
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except OSError:
        return None


def as_root(own_folder: str, state_dir: str | None) -> str:
    """Return the present command as root would give it, who may give files to anybody.

    `own_folder` is the tool's, `state_dir` that of its records. Both have to belong to who runs it.
    """
    from baileys_cleanup.output.text import argument  # noqa: PLC0415 - seldom needed

    ours = ",".join(sorted(name for name in os.environ if name.startswith("BAILEYS_CLEANUP_")))
    command = " ".join(
        [f"sudo {f'--preserve-env={ours} ' if ours else ''}baileys-cleanup", *(argument(word) for word in sys.argv[1:])]
    )
    user = os.geteuid()
    if user == 0:
        return command
    folders = argument(own_folder)
    if state_dir is not None and os.path.exists(state_dir) and os.stat(state_dir).st_uid == user:
        folders += f" {argument(state_dir)}"
    return f"sudo chown -R root {folders} && {command}; sudo chown -R {user} {folders}"


def paint_for_stdout() -> Callable[[str, str], str]:
    """Return what gives a text the colour of a word: on a terminal that wants colours, else nothing does."""
    from baileys_cleanup.output.log import wants_colour  # noqa: PLC0415 - help needs none
    from baileys_cleanup.output.table import plain  # noqa: PLC0415 - help needs none

    return _paint if wants_colour(sys.stdout) else plain


def _paint(text: str, word: str) -> str:
    looks: dict[str, dict[str, Any]] = {
        "excellent": {"fg": "green"},
        "normal": {"fg": "green"},
        "attention": {"fg": "yellow"},
        "warning": {"fg": "yellow", "bold": True},
        "critical": {"fg": "red", "bold": True},
        "error": {"fg": "red", "bold": True},
    }
    return click.style(text, **looks.get(word, {}))
