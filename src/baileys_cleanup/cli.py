"""The command line: which commands there are, and the one edge where errors become exit statuses.

A command's room in `commands/` is imported when that command is called, and not before.
"""

import os
import signal
import sys
from importlib import import_module

import click

from baileys_cleanup import __version__
from baileys_cleanup.commands.options import CONTEXT
from baileys_cleanup.errors import CleanupError
from baileys_cleanup.output.text import shown

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
        """Put `clean` first where no command is named."""
        if not args or args[0] not in {*COMMANDS, "--help", "-h", "--version"}:
            args.insert(0, DEFAULT)
        return super().parse_args(ctx, args)

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
    _open_standard_streams()
    try:
        status = commands.main(standalone_mode=False, prog_name="baileys-cleanup")
    except click.exceptions.Exit as stop:
        status = stop.exit_code
    except click.Abort:
        status = 128 + signal.SIGINT
    except click.UsageError as error:
        _complain(f"{error.format_message().rstrip('.')}; see `{_path(error)} --help`")
        status = error.exit_code
    except CleanupError as error:
        _complain(str(error))
        status = error.status
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    except BrokenPipeError:
        status = 1
    except OSError as error:
        _complain(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        status = 1
    except Exception as error:  # noqa: BLE001 - the last edge: a sentence instead of a traceback
        _complain(f"this is a bug in baileys-cleanup: {type(error).__name__}: {error}")
        status = 1
    sys.exit(_flushed(status if isinstance(status, int) else 0))


def _open_standard_streams() -> None:
    """Open what the caller closed, so that no folder of ours is taken for stdout."""
    for fd, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            if os.open(os.devnull, os.O_RDWR) != fd:
                continue
            setattr(sys, name, open(fd, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - ends with the process


def _path(error: click.UsageError) -> str:
    return error.ctx.command_path if error.ctx else "baileys-cleanup"


def _complain(sentence: str) -> None:
    try:
        print(f"baileys-cleanup: error: {shown(sentence)}", file=sys.stderr)  # noqa: T201 - the error edge
    except OSError:
        return


def _flushed(status: int) -> int:
    """Flush stdout; a summary that did not get out whole is a failure, however well the rest went."""
    try:
        sys.stdout.flush()
    except OSError:
        # Nothing more can be said there, also not by the interpreter when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return status or 1
    return status
