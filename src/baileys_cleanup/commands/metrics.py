"""`metrics`: print what Prometheus wants to know, or leave it for node_exporter's textfile collector."""

from typing import Any

import click

from baileys_cleanup.frame import CONTEXT, Output, Stop, load_settings, only_companies, where, world
from baileys_cleanup.watch.exposition import exposition, need_exposition
from baileys_cleanup.watch.facts import gather
from baileys_cleanup.watch.textfile import write_textfile


@click.command("metrics", context_settings=CONTEXT)
@click.option("--textfile", metavar="PATH", help="Write them to this file, whole or not at all, instead of printing.")
@only_companies
@where
@click.pass_context
def command(ctx: click.Context, /, textfile: str | None, companies: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401
    """Print metrics of all companies for Prometheus, or write them for node_exporter's textfile collector."""
    settings = load_settings(options["sessions_root"], options["config"]).settings
    need_exposition()
    output = Output()
    stop = Stop()
    with stop.listening():
        facts = gather(settings, companies, world(stop))
        if not stop():
            text = exposition(facts)
            if textfile is None:
                output.write(text.decode())
            else:
                write_textfile(textfile, text)
    ctx.exit(stop.exit_status(int(output.failed)))
