"""The command line: which commands there are, and the one edge where errors become exit statuses.

A command's room in `commands/` is imported when that command is called, and not before.
"""

import io
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

import click

from baileys_cleanup import __version__
from baileys_cleanup.commands.options import CONTEXT, Output
from baileys_cleanup.errors import CleanupError, in_words
from baileys_cleanup.output.document import error_document
from baileys_cleanup.output.text import shown

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

DEFAULT = "clean"
COMMANDS = (
    "clean",
    "undo",
    "explain",
    "demo",
    "settings",
    "check",
    "monitor",
    "metrics",
    "backup",
    "restore",
    "rotate",
    "migrate",
)
"""Each is the function `command` of the room of that name in `commands/`."""


class Commands(click.Group):
    """A group whose bare call is `clean`: options without a command's name belong to it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - Click's own shape
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - Click's own shape
        """Return a command, from its own room."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"baileys_cleanup.commands.{cmd_name}").command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `clean` first where no command is named, unless a shell asks how the line could begin."""
        if ctx.resilient_parsing and not args:
            return super().parse_args(ctx, args)
        if not args or args[0] not in {*COMMANDS, "--help", "-h", "--version"}:
            args.insert(0, DEFAULT)
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Offer the commands, or the options with those of `clean`: they are those of the bare call."""
        offered = super().shell_complete(ctx, incomplete)
        clean = self.get_command(ctx, DEFAULT)
        if clean and incomplete.startswith("-"):
            known = {item.value for item in offered}
            offered += [item for item in clean.shell_complete(ctx, incomplete) if item.value not in known]
        return offered

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the options of `clean` too: they are those of the bare call."""
        super().format_options(ctx, formatter)
        clean = self.get_command(ctx, DEFAULT)
        records = [parameter.get_help_record(ctx) for parameter in clean.get_params(ctx)] if clean else []
        with formatter.section("Options without a command (those of clean)"):
            formatter.write_dl([record for record in records if record and not record[0].startswith("-h")])


@click.group(cls=Commands, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="baileys-cleanup")
def commands() -> None:
    """Keep the auth folders of a Baileys server small, without losing a message or a pairing.

    Without a command this cleans: it walks every company_<id> folder under the sessions root, moves what the
    rules let go into a quarantine, and prints a summary. Try it with --dry-run first; undo brings back.
    """


def main() -> None:
    """Run the command line and end the process: the only place that turns errors into exit statuses."""
    closed = _open_standard_streams()
    Output.begun, Output.problem = False, None
    sys.exit(_flushed(_run(), closed=closed))


def _run() -> int:
    try:
        status = commands.main(standalone_mode=False, prog_name="baileys-cleanup")
    except click.exceptions.Exit as stop:
        status = stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        status = _fail(128 + signal.SIGINT)
    except click.UsageError as error:
        status = _fail(error.exit_code, f"{error.format_message().rstrip('.')}; see `{_path(error)} --help`")
    except CleanupError as error:
        status = _fail(error.status, *error.sentences)
    except BrokenPipeError as error:
        Output.problem = error
        status = 1
    except OSError as error:
        status = _fail(1, f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
    except Exception as error:  # noqa: BLE001 - the last edge: a sentence instead of a traceback
        status = _fail(1, f"this is a bug in baileys-cleanup: {type(error).__name__}: {error}")
    return status if isinstance(status, int) else 0


def _open_standard_streams() -> bool:
    """Open what the caller closed, so that no folder of ours is taken for stdout. Tells whether stdout was closed."""
    closed = sys.stdout is None
    for fd, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            if os.open(os.devnull, os.O_RDWR) != fd:
                continue
            setattr(sys, name, open(fd, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - ends with the process
    return closed


def _path(error: click.UsageError) -> str:
    return error.ctx.command_path if error.ctx else "baileys-cleanup"


def _fail(status: int, *sentences: str) -> int:
    """Say what went wrong, each thing on a line of stderr; who asked for JSON gets a document on stdout as well."""
    for sentence in sentences:
        _complain(sentence)
    if "--json" in sys.argv and not Output.begun:
        Output().write(error_document(status, sentences))
    return status


def _complain(sentence: str) -> None:
    try:
        print(f"baileys-cleanup: error: {shown(sentence)}", file=sys.stderr)  # noqa: T201 - the error edge
    except OSError:
        return


def _flushed(status: int, *, closed: bool) -> int:
    """Flush stdout; a summary that did not get out whole is a failure, however well the rest went."""
    problem = Output.problem
    try:
        sys.stdout.flush()
    except OSError as error:
        problem = problem or error
    if problem is not None:
        # Nothing more can be said there, also not by the interpreter when it ends.
        with suppress(io.UnsupportedOperation):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _complain(f"stdout could not be written to the end: {in_words(problem)}")
        return status or 1
    if closed and Output.begun:
        _complain("stdout is closed, so nobody sees what was said there")
    return status
