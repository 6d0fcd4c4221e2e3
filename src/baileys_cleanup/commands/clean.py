"""`clean`, also the bare command: remove what the rules let go."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import click

from baileys_cleanup.cleaning.company import clean_company
from baileys_cleanup.cleaning.request import Request, Told
from baileys_cleanup.cleaning.run import clean
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.commands.options import (
    CONTEXT,
    Output,
    cleaner,
    companies_from,
    json_output,
    load_settings,
    only_companies,
    paint_for_stdout,
    same_place,
    selection_of,
    shard_of,
    where,
    width_of_stdout,
    world,
)
from baileys_cleanup.commands.stop import Stop
from baileys_cleanup.decision.outcome import CompanyOutcome, Reasons, RunOutcome
from baileys_cleanup.errors import CleanupError, in_words_with_path
from baileys_cleanup.output.document import place_fields
from baileys_cleanup.output.log import Format, Log, service_manager_reads
from baileys_cleanup.output.quiet import QuietReport
from baileys_cleanup.output.sentences import problems_in_words
from baileys_cleanup.output.summary import JsonReport, Report, TextReport
from baileys_cleanup.output.text import shown
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.store import Workspace
from baileys_cleanup.watch.remember.run_history import record_clean, record_daily
from baileys_cleanup.watch.remember.standing import remember
from baileys_cleanup.watch.tell.ping import pinging

_ENOUGH_TO_DO = 50
"""Companies from which on a progress bar is worth its line."""


class Whole(click.IntRange):
    """A whole number, of days or whatever else, refused with what is allowed."""

    def __init__(self, least: int, most: int, noun: str) -> None:
        super().__init__(least, most)
        self.noun = noun

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401 - Click's own shape
        """Return the number."""
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            self.fail(
                f"{value!r}; allowed: a whole number of {self.noun} from {self.min:,} to {self.max:,}", param, ctx
            )


@click.command("clean", context_settings=CONTEXT)
@click.option("--dry-run", "-n", is_flag=True, help="Say what would be removed and why; change nothing.")
@only_companies
@companies_from
@shard_of
@where
@json_output
@click.option("--verbose", "-v", is_flag=True, help="Every file with its reason.")
@click.option("--quiet", "-q", is_flag=True, help="Nothing when all is well, for cron mail.")
@click.option("--log-format", type=click.Choice(["console", "json"]), help="Default: console on a terminal, else json.")
@click.option(
    "--undo-days",
    type=Whole(0, 36_500, "days"),
    metavar="N",
    help="Days that what this run removes can be undone. 0: deleted at once.",
)
@click.option(
    "--jobs",
    type=Whole(1, 64, "companies"),
    metavar="N",
    help="Companies at a time. Default: as many as are worth it.",
)
@click.option(
    "--preset",
    type=click.Choice(["standard", "gentle"]),
    help="What the rules may reach: all they can, or only what nobody misses.",
)
@click.option("--accept-clock", is_flag=True, help="Go on although the clock does not fit the last run.")
@click.argument("extra", nargs=-1, type=click.UNPROCESSED, metavar="")
@click.pass_context
def command(ctx: click.Context, /, extra: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401 - Click's values
    """Remove what the rules let go (this is also the bare command)."""
    if extra:
        _reject(ctx, extra)
    if options["verbose"] and options["quiet"]:
        raise click.UsageError("--verbose and --quiet exclude each other.", ctx)
    ctx.exit(_clean(selection=selection_of(ctx, options), **options))


def _reject(ctx: click.Context, extra: tuple[str, ...]) -> None:
    group = ctx.parent.command if ctx.parent else None
    known = group.list_commands(ctx) if isinstance(group, click.Group) else []
    if extra[0] in known:
        raise click.UsageError(f"options come after the command: baileys-cleanup {extra[0]} [OPTIONS]", ctx)
    raise click.UsageError(
        f"{extra[0]!r} is neither an option nor a command; the commands are {', '.join(sorted(known))}", ctx
    )


def _clean(
    *,
    dry_run: bool,
    selection: Selection,
    sessions_root: str | None,
    store: str | None,
    config: str | None,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    log_format: Format | None,
    undo_days: int | None,
    jobs: int | None,
    preset: str | None,
    accept_clock: bool,
) -> int:
    settings = load_settings(
        sessions_root, config, store=store, undo_days=undo_days, jobs=jobs, **{"retention.preset": preset}
    ).settings
    log = Log(log_format or ("console" if sys.stderr.isatty() else "json"), "debug" if verbose else "warning")
    output = Output()
    stop = Stop()
    # `-n -q` is the table alone. Nothing else keeps the files of a dry run from being named.
    named = verbose or (dry_run and (as_json or not quiet))
    detail = Reasons.ALL if verbose else Reasons.REMOVED if named else Reasons.NONE
    again = same_place(sessions_root, config, store=store)
    silent = QuietReport(output.write, again) if quiet and not (as_json or dry_run) else None
    tell = _log_is_read(log_format)
    mailed = silent is not None and not tell

    def report_for(run: RunOutcome) -> Report:
        log.debug("run_started", run_id=run.run_id, dry_run=run.dry_run, **place_fields(run.sessions_root))
        if as_json:
            return Logged(JsonReport(output.write, run, removals=named, keeps=verbose), log, tell=tell)
        paint, width = paint_for_stdout(), width_of_stdout()
        text = TextReport(output.write, run, paint, again=again, width=width, removals=named, keeps=verbose)
        return Logged(silent or text, log, tell=tell)

    def record(workspace: Workspace, run: RunOutcome) -> None:
        (record_daily if selection.is_whole else record_clean)(workspace, run)
        whole = selection.is_whole and not (selection.shard or run.stopped)
        problem = remember(workspace, silent, whole=whole) if silent else None
        run.notes += [problem] if problem else []

    def waiting(why: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"{why}; Ctrl-C ends the waiting", err=True)

    def ping_failed(problem: str) -> None:
        if mailed:
            _warn(problem)
        else:
            log.warning("ping_failed", warning=problem)

    # A dry run is silent: it must not be taken for the one that was to come.
    with stop.listening(), pinging(None if dry_run else settings.ping_url, ping_failed, stop) as ending:
        outcome = clean(
            Request(settings, selection, dry_run, accept_clock, detail),
            world(stop, again),
            Told(report_for, progress if not named and sys.stderr.isatty() else nullcontext, record, waiting),
            clean_company if dry_run else cleaner(settings, log),
        )
        status = outcome.exit_status
        textfile = settings.metrics.textfile
        problem = _leave_metrics(settings, textfile, world(stop)) if textfile and not (dry_run or stop()) else None
        if problem and mailed:
            _warn(problem)
        elif problem:
            log.error("metrics_failed", error=shown(problem))
        status = status or int(bool(problem))
        ending.found_dead = outcome.pairings_dead > 0
        ending.status = stop.exit_status(max(status, int(output.failed)))
    return ending.status


def _log_is_read(log_format: Format | None) -> bool:
    """Tell whether the log is to hold what the summary says as well: for who asked for it, or sees only stderr.

    Cron mails both, and a person wants everything once.
    """
    on_terminal = sys.stderr.isatty() and not sys.stdout.isatty()
    return log_format is not None or on_terminal or service_manager_reads()


def _warn(problem: str) -> None:
    """Say what the summary cannot hold, its time being before or over: in a mail a line for people, like an error."""
    with suppress(OSError):
        click.echo(f"baileys-cleanup: warning: {shown(problem)}", err=True)


def _leave_metrics(settings: Settings, textfile: str, world: World) -> str | None:
    """Write the metrics of all companies as they are after the run; return in words what went wrong.

    It comes last, so that nothing here can keep a run from cleaning. Told to stop, it leaves the file as it is: what
    was not looked at would be missing.
    """
    from baileys_cleanup.watch.see.all import gather  # noqa: PLC0415 - likewise
    from baileys_cleanup.watch.show.prometheus import exposition  # noqa: PLC0415 - only where a textfile is set
    from baileys_cleanup.watch.show.textfile import write_textfile  # noqa: PLC0415 - likewise

    try:
        facts = gather(settings, Selection(), world)
        if not world.stopping():
            write_textfile(textfile, exposition(facts, settings.metrics.detail), facts.sessions_root)
    except CleanupError as error:
        return str(error)
    except OSError as error:
        return in_words_with_path(error)
    return None


class Logged:
    """A report that is told to the log as well, so that trouble is never only in a summary nobody kept."""

    def __init__(self, report: Report, log: Log, *, tell: bool) -> None:
        self._report = report
        self._log = log
        self._tell = tell

    def company(self, outcome: CompanyOutcome) -> None:
        """Log one company's warnings and errors, and pass it on."""
        if self._tell:
            name = shown(outcome.company_id)
            for text in problems_in_words(outcome):
                self._log.error("company_failed", company_id=name, error=shown(text))
            for text in outcome.warnings:
                self._log.warning("company_warning", company_id=name, warning=text)
            total = outcome.total
            self._log.debug("company_done", company_id=name, status=outcome.status.value, **total._asdict())
        self._report.company(outcome)

    def close(self, run: RunOutcome) -> None:
        """Log the run's own warnings and errors, and pass it on."""
        if self._tell:
            for text in run.errors:
                self._log.error("run_error", error=shown(text))
            for text in run.warnings:
                self._log.warning("run_warning", warning=shown(text))
            self._log.debug("run_finished", run_id=run.run_id, status=run.status.value, **run.total._asdict())
        self._report.close(run)


@contextmanager
def progress(ids: Sequence[str]) -> Iterator[Iterable[str]]:
    """Show how many companies are done, where there are enough of them."""
    if len(ids) < _ENOUGH_TO_DO:
        yield ids
        return
    with click.progressbar(ids, label="Companies", file=sys.stderr) as bar:
        yield bar
