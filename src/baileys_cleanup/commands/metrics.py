"""`metrics`: print what Prometheus wants to know, or leave it for node_exporter's textfile collector."""

from typing import Any

import click

from baileys_cleanup.commands import completion
from baileys_cleanup.commands.options import (
    CONTEXT,
    Output,
    companies_from,
    load_settings,
    only_companies,
    selection_of,
    shard_of,
    where,
    world,
)
from baileys_cleanup.commands.stop import Stop
from baileys_cleanup.output.text import shown
from baileys_cleanup.watch.see.all import gather
from baileys_cleanup.watch.show.prometheus import exposition, need_exposition
from baileys_cleanup.watch.show.textfile import write_textfile


class PromFile(click.ParamType):  # type: ignore[type-arg] # Click before 8.4 knows no arguments
    """A path that ends in .prom, as the collector wants it: nothing else can be replaced by a slip of the pen."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        """Return the path."""
        if not str(value).endswith(".prom"):
            self.fail(f"{value!r}; allowed: a path that ends in .prom", param, ctx)
        return str(value)


@click.command("metrics", context_settings=CONTEXT)
@click.option(
    "--textfile",
    type=PromFile(),
    metavar="PATH",
    shell_complete=completion.file,
    help="Write them to this .prom file, whole or not at all, instead of printing.",
)
@click.option(
    "--detail",
    type=click.Choice(["full", "company", "summary"]),
    help="How much is told of each company. Default: full up to 1,000 companies, less for more.",
)
@only_companies
@companies_from
@shard_of
@where
@click.pass_context
def command(ctx: click.Context, /, textfile: str | None, **options: Any) -> None:  # noqa: ANN401
    """Print metrics of all companies for Prometheus, or write them for node_exporter's textfile collector."""
    selection = selection_of(ctx, options)
    flags = {"metrics.detail": options["detail"]}
    settings = load_settings(options["sessions_root"], options["config"], store=options["store"], **flags).settings
    need_exposition()
    output = Output()
    stop = Stop()
    with stop.listening():
        facts = gather(settings, selection, world(stop))
        for problem in facts.unread:
            click.echo(f"warning: {shown(problem)}", err=True)
        if not stop():
            text = exposition(facts, settings.metrics.detail)
            if textfile is None:
                output.write_bytes(text)  # the format is UTF-8
            else:
                write_textfile(textfile, text, facts.sessions_root)
    ctx.exit(stop.exit_status(int(output.failed)))
