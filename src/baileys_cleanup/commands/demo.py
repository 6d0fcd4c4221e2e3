"""`demo`: build a sessions root to play with."""

import sys
import time
from shlex import quote

import click

from baileys_cleanup.commands.demo_tree import build
from baileys_cleanup.commands.options import CONTEXT, Output
from baileys_cleanup.output.text import shown


@click.command("demo", context_settings=CONTEXT)
@click.argument("directory", metavar="DIR")
@click.pass_context
def command(ctx: click.Context, directory: str) -> None:
    """Build a sessions root to play with in DIR, a new or empty folder."""
    # As it was called: after a trial install it is not on the PATH.
    program = shown(sys.argv[0]) if sys.argv[0].endswith("/baileys-cleanup") else "baileys-cleanup"
    output = Output()
    folder = build(directory, time.time_ns())
    output.write(f"A sessions root to play with is in {shown(folder)}. Now try:\n\n")
    for line in (
        "--dry-run --sessions-root {}",
        "--sessions-root {}",
        "explain --company 962302 --sessions-root {}",
        "undo --sessions-root {}",
    ):
        output.write(f"    {program} {line.format(quote(shown(folder)))}\n")
    ctx.exit(int(output.failed))
