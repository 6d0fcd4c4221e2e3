"""The command line: options, wiring, the one error edge. Each command imports what it uses when it runs."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from baileys_cleanup import __version__
from baileys_cleanup.errors import CleanupError

if TYPE_CHECKING:
    from baileys_cleanup.cleanup import World
    from baileys_cleanup.config import Loaded
    from baileys_cleanup.log import Format, Log
    from baileys_cleanup.outcome import CompanyOutcome, RunOutcome
    from baileys_cleanup.summary import Report

_ENOUGH_TO_DO = 50
"""Companies from which on a progress bar is worth its line."""


# --- the frame ------------------------------------------------------------------------------------------


class Commands(click.Group):
    """A group whose bare call is `clean`: options without a command's name belong to it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `clean` first where no command is named."""
        if not args or (args[0] not in self.commands and args[0] not in {"--help", "-h", "--version"}):
            args.insert(0, "clean")
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the options of `clean` too: they are those of the bare call."""
        super().format_options(ctx, formatter)
        records = [parameter.get_help_record(ctx) for parameter in self.commands["clean"].get_params(ctx)]
        with formatter.section("Options without a command (those of clean)"):
            formatter.write_dl([record for record in records if record and not record[0].startswith("-h")])


def _several(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:  # noqa: ANN401 - Click's decorators take what they get
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


_where = _several(
    click.option("--sessions-root", metavar="DIR", help="The folder of the company folders, instead of the setting."),
    click.option("--config", metavar="FILE", help="A TOML file of settings."),
)
_company = click.option("--company", "companies", metavar="ID", multiple=True, help="Only this company; repeatable.")
_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
_context = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


def main() -> None:
    """Run the command line and end the process: the only place that turns errors into exit statuses."""
    try:
        status = commands.main(standalone_mode=False, prog_name="baileys-cleanup")
    except click.exceptions.Exit as stop:
        status = stop.exit_code
    except click.Abort:
        status = 128 + signal.SIGINT
    except click.ClickException as error:
        error.show()
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


def _complain(sentence: str) -> None:
    from baileys_cleanup.text import shown

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


class _Output:
    """Writes to stdout; when nobody reads it any more the work goes on and the exit status tells."""

    def __init__(self) -> None:
        self.failed = False

    def write(self, text: str) -> None:
        """Write a text, escaping what the terminal's encoding does not know."""
        if self.failed:
            return
        encoding = sys.stdout.encoding or "utf-8"
        try:
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except OSError:
            self.failed = True


class _Stop:
    """Remembers a signal, so that work ends between two files."""

    def __init__(self) -> None:
        self.signal = 0

    def __call__(self) -> bool:
        return bool(self.signal)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM while inside."""
        earlier = {number: signal.signal(number, self._hear) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self.signal = self.signal or number

    def exit_status(self, otherwise: int) -> int:
        """Return 130 or 143 after a signal; the worst wins."""
        return 128 + self.signal if self.signal else otherwise


def _world(stopping: Callable[[], bool]) -> "World":
    from baileys_cleanup.cleanup import World

    return World(time.time_ns(), time.time_ns, lambda: time.sleep(1), stopping, time.monotonic)


def _settings(sessions_root: str | None, config: str | None, **flags: object) -> "Loaded":
    from baileys_cleanup.settings import load

    return load(config, {"sessions_root": sessions_root, **flags})


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


def _unpainted(text: str, _word: str) -> str:
    return text


def _colours() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


@click.group(cls=Commands, context_settings=_context)
@click.version_option(__version__, prog_name="baileys-cleanup")
def commands() -> None:
    """Keep the auth folders of a Baileys server small, without losing a message or a pairing.

    Without a command this cleans: it walks every company_<id> folder under the sessions root, moves what the
    rules let go into a quarantine, and prints a summary. Try it with --dry-run first; undo brings back.
    """


# --- clean ----------------------------------------------------------------------------------------------


@commands.command(context_settings=_context)
@click.option("--dry-run", "-n", is_flag=True, help="Say what would be removed and why; change nothing.")
@_company
@_where
@_json
@click.option("--verbose", "-v", is_flag=True, help="Every file with its reason.")
@click.option("--quiet", "-q", is_flag=True, help="Nothing when all is well, for cron mail.")
@click.option("--log-format", type=click.Choice(["console", "json"]), help="Default: console on a terminal, else json.")
@click.option(
    "--undo-days",
    type=click.IntRange(0, 36_500),
    metavar="N",
    help="Days that what this run removes can be undone. 0: deleted at once.",
)
@click.option("--accept-clock", is_flag=True, help="Go on although the clock does not fit the last run.")
@click.argument("extra", nargs=-1, type=click.UNPROCESSED, metavar="")
@click.pass_context
def clean(ctx: click.Context, /, extra: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401 - Click's values
    """Remove what the rules let go (this is also the bare command)."""
    if extra:
        _reject(ctx, extra)
    if options["verbose"] and options["quiet"]:
        raise click.UsageError("--verbose and --quiet exclude each other.", ctx)
    ctx.exit(_clean(**options))


def _reject(ctx: click.Context, extra: tuple[str, ...]) -> None:
    if extra[0] in commands.commands:
        raise click.UsageError(f"options come after the command: baileys-cleanup {extra[0]} [OPTIONS]", ctx)
    raise click.UsageError(f"no such command {extra[0]!r}; commands are {', '.join(sorted(commands.commands))}", ctx)


def _clean(
    *,
    dry_run: bool,
    companies: tuple[str, ...],
    sessions_root: str | None,
    config: str | None,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    log_format: "Format | None",
    undo_days: int | None,
    accept_clock: bool,
) -> int:
    from baileys_cleanup.cleanup import clean as clean_now
    from baileys_cleanup.log import Log

    settings = _settings(sessions_root, config, undo_days=undo_days).settings
    log = Log(log_format or ("console" if sys.stderr.isatty() else "json"), "debug" if verbose else "warning")
    output = _Output()
    stop = _Stop()
    detail = verbose or dry_run
    # Who reads the table on a terminal has the warnings in front of them already.
    tell = quiet or as_json or not sys.stdout.isatty()

    def report_for(run: "RunOutcome") -> "Report":
        log.debug("run_started", run_id=run.run_id, dry_run=run.dry_run, sessions_root=run.sessions_root)
        again = _again(sessions_root, config)
        summary = _report(run, output, again, as_json=as_json, quiet=quiet, removals=detail, keeps=verbose)
        return _Logged(summary, log, tell=tell)

    with stop.listening():
        outcome = clean_now(
            settings,
            companies,
            _world(stop),
            report_for,
            _progress if not detail and sys.stderr.isatty() else _no_progress,
            dry_run=dry_run,
            accept_clock=accept_clock,
            detail=detail,
        )
    return stop.exit_status(max(outcome.exit_status, int(output.failed)))


def _again(sessions_root: str | None, config: str | None) -> str:
    """Return the options, as typed, that lead a later command to the same sessions root."""
    from shlex import quote

    given = (("--sessions-root", sessions_root), ("--config", config))
    return "".join(f" {option} {quote(value)}" for option, value in given if value is not None)


def _report(
    run: "RunOutcome", output: _Output, again: str, *, as_json: bool, quiet: bool, removals: bool, keeps: bool
) -> "Report":
    from baileys_cleanup.summary import JsonReport, QuietReport, TextReport

    if as_json:
        return JsonReport(output.write, run, removals=removals, keeps=keeps)
    text = TextReport(
        output.write, run, _paint if _colours() else _unpainted, again=again, removals=removals, keeps=keeps
    )
    return QuietReport(text) if quiet else text


class _Logged:
    """A report that is told to the log as well, so that trouble is never only in a summary nobody kept."""

    def __init__(self, report: "Report", log: "Log", *, tell: bool) -> None:
        self._report = report
        self._log = log
        self._tell = tell

    def company(self, outcome: "CompanyOutcome") -> None:
        """Log one company's warnings and errors, and pass it on."""
        from baileys_cleanup.summary import problems_in_words
        from baileys_cleanup.text import shown

        if self._tell:
            name = shown(outcome.company_id)
            for text in problems_in_words(outcome):
                self._log.error("company_failed", company_id=name, error=shown(text))
            for text in outcome.warnings:
                self._log.warning("company_warning", company_id=name, warning=text)
            total = outcome.total
            self._log.debug("company_done", company_id=name, status=outcome.status.value, **total._asdict())
        self._report.company(outcome)

    def close(self, run: "RunOutcome") -> None:
        """Log the run's own warnings and errors, and pass it on."""
        from baileys_cleanup.text import shown

        if self._tell:
            for text in run.errors:
                self._log.error("run_error", error=shown(text))
            for text in run.warnings:
                self._log.warning("run_warning", warning=shown(text))
            self._log.debug("run_finished", run_id=run.run_id, status=run.status.value, **run.total._asdict())
        self._report.close(run)


@contextmanager
def _progress(ids: Sequence[str]) -> Iterator[Iterable[str]]:
    if len(ids) < _ENOUGH_TO_DO:
        yield ids
        return
    with click.progressbar(ids, label="Companies", file=sys.stderr) as bar:
        yield bar


@contextmanager
def _no_progress(ids: Sequence[str]) -> Iterator[Iterable[str]]:
    yield ids


# --- undo -----------------------------------------------------------------------------------------------


@commands.command(context_settings=_context)
@click.argument("run_id", required=False)
@_company
@_where
@_json
@click.pass_context
def undo(ctx: click.Context, /, run_id: str | None, companies: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401
    """List what can be undone, or bring back what run RUN_ID removed ("latest": the newest one).

    Nothing that exists by now is overwritten: a newer key always wins. Stop the bots first.
    """
    from baileys_cleanup.commands import list_runs, undo_run

    settings = _settings(options["sessions_root"], options["config"]).settings
    output = _Output()
    stop = _Stop()
    if run_id is None and companies:
        raise click.UsageError("--company goes with a RUN_ID; `baileys-cleanup undo` lists them.", ctx)
    with stop.listening():
        if run_id is None:
            again = _again(options["sessions_root"], options["config"])
            status = list_runs(settings, output.write, again=again, as_json=options["as_json"])
        else:
            world = _world(stop)
            status = undo_run(settings, run_id, companies, world, output.write, as_json=options["as_json"])
    ctx.exit(stop.exit_status(max(status, int(output.failed))))


# --- explain --------------------------------------------------------------------------------------------


@commands.command(context_settings=_context)
@click.argument("files", nargs=-1, metavar="[FILE]...")
@_company
@_where
@_json
@click.pass_context
def explain(ctx: click.Context, /, files: tuple[str, ...], companies: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401
    """Say what each auth file is, what would happen to it and why, and what users would notice.

    FILE is a name in the company's folder, or a path that ends in company_<id>/<name>.
    """
    from baileys_cleanup.commands import explain_files

    settings = _settings(options["sessions_root"], options["config"]).settings
    output = _Output()
    explain_files(settings, companies, files, _world(lambda: False), output.write, as_json=options["as_json"])
    ctx.exit(int(output.failed))


# --- demo -----------------------------------------------------------------------------------------------


@commands.command(context_settings=_context)
@click.argument("directory", metavar="DIR")
@click.pass_context
def demo(ctx: click.Context, directory: str) -> None:
    """Build a sessions root to play with in DIR, a new or empty folder."""
    from shlex import quote

    from baileys_cleanup.demo import build
    from baileys_cleanup.text import shown

    # As it was called: after a trial install it is not on the PATH.
    program = shown(sys.argv[0]) if sys.argv[0].endswith("/baileys-cleanup") else "baileys-cleanup"
    output = _Output()
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


# --- settings -------------------------------------------------------------------------------------------


@commands.command("settings", context_settings=_context)
@_where
@_json
@click.pass_context
def show_settings(ctx: click.Context, sessions_root: str | None, config: str | None, as_json: bool) -> None:
    """Show every setting in force and where its value comes from."""
    from baileys_cleanup.commands import list_settings

    output = _Output()
    list_settings(_settings(sessions_root, config), output.write, as_json=as_json)
    ctx.exit(int(output.failed))
