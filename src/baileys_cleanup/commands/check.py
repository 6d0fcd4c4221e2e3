"""`check`: a Nagios plugin over the companies. Whatever keeps it from checking is one line on stdout, and status 3."""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

import click

from baileys_cleanup.cleaning.world import World
from baileys_cleanup.commands.options import CONTEXT, Output, json_output, load_settings, only_companies, where, world
from baileys_cleanup.decision.levels import Levels
from baileys_cleanup.errors import CleanupError, UsageProblem
from baileys_cleanup.output.summary import print_json
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.store import no_companies
from baileys_cleanup.watch.see.all import terms_of
from baileys_cleanup.watch.see.company import view_all
from baileys_cleanup.watch.show.nagios import State, Thresholds, checked, document, line, unknown


def check(
    settings: Settings,
    companies: Sequence[str],
    world: World,
    write: Callable[[str], object],
    *,
    warning: int | None,
    critical: int | None,
    as_json: bool,
) -> State:
    """Check the companies, or all, and write the line. Raises UsageProblem when nothing can be checked."""
    limits = thresholds(settings.levels, warning, critical)
    with open_store(settings.sessions_root) as store:
        ids = store.select(companies) or store.company_ids()[0]
        if not ids:
            raise UsageProblem(no_companies(store.path))
        found = checked(list(view_all(store, settings, ids, terms_of(settings, world), detail=False)), limits)
    if as_json:
        print_json(write, document(found))
    else:
        write(line(found) + "\n")
    return found.state


def thresholds(levels: Levels, warning: int | None, critical: int | None) -> Thresholds:
    """Return the thresholds: what nobody gave follows the levels, and makes room for the one that was given.

    Raises UsageProblem where both were given and contradict each other.
    """
    if warning is not None and critical is not None and warning > critical:
        raise UsageProblem(f"--warning is {warning}; allowed: not above --critical, which is {critical}")
    if warning is None:
        warning = min(levels.attention - 1, critical if critical is not None else levels.critical - 1)
    return Thresholds(warning, max(levels.critical - 1, warning) if critical is None else critical)


class Threshold(click.IntRange):
    """A plain count of files."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401 - Click's own shape
        """Return the count; of the convention's ranges it is said that they are not taken."""
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            self.fail(f"{value!r}; allowed: a whole number of files, not a Nagios range like 10:20", param, ctx)


class Plugin(click.Command):
    """A command all of whose errors are UNKNOWN: a line on stdout, and status 3."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:  # noqa: ANN401 - Click's own shape
        """Read the command line; what is wrong with it is unknown."""
        with _unknown():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - Click's own shape
        """Run the command; what goes wrong in it is unknown."""
        with _unknown():
            return super().invoke(ctx)


@contextmanager
def _unknown() -> Iterator[None]:
    try:
        yield
    except (click.exceptions.Exit, click.Abort):
        raise
    except click.ClickException as error:
        _end(error.format_message())
    except CleanupError as error:
        _end(str(error))
    except KeyboardInterrupt:
        _end("the check was stopped")
    except OSError as error:
        _end(error.strerror or str(error))
    except Exception as error:  # noqa: BLE001 - the plugin's last edge: a line instead of a traceback
        _end(f"this is a bug in baileys-cleanup: {type(error).__name__}: {error}")


def _end(sentence: str) -> NoReturn:
    Output().write(unknown(sentence) + "\n")  # where nobody listens the status still tells
    raise click.exceptions.Exit(State.UNKNOWN)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise UsageProblem(f"the check was stopped by {signal.Signals(number).name}")


@click.command("check", cls=Plugin, context_settings=CONTEXT)
@click.option("--warning", "-w", type=Threshold(0), metavar="N", help="WARNING above N files. Default: 150.")
@click.option("--critical", "-c", type=Threshold(0), metavar="N", help="CRITICAL above N. Default: 180.")
@only_companies
@where
@json_output
@click.pass_context
def command(ctx: click.Context, /, companies: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401 - Click's values
    """Check how full the companies are, as a Nagios plugin: one line, and status 0, 1, 2 or 3 (unknown)."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    settings = load_settings(options["sessions_root"], options["config"]).settings
    output = Output()
    state = check(
        settings,
        companies,
        world(lambda: False),
        output.write,
        warning=options["warning"],
        critical=options["critical"],
        as_json=options["as_json"],
    )
    sys.stdout.flush()
    ctx.exit(State.UNKNOWN if output.failed else state)
