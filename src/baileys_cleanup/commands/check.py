"""`check`: a Nagios plugin over the companies. Whatever keeps it from checking is one line on stdout, and status 3."""

import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple, NoReturn

import click

from baileys_cleanup.backups.record import read_backup_records
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.commands.options import (
    CONTEXT,
    Output,
    companies_from,
    json_output,
    load_settings,
    only_companies,
    same_place,
    selection_of,
    shard_of,
    where,
    world,
)
from baileys_cleanup.decision.levels import Levels
from baileys_cleanup.errors import CleanupError, UsageProblem, in_words_with_path
from baileys_cleanup.output.document import error_document, place_fields, print_json
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.store import Store
from baileys_cleanup.watch.remember.run_history import load_history
from baileys_cleanup.watch.see.all import terms_of
from baileys_cleanup.watch.see.company import view_all
from baileys_cleanup.watch.see.lateness import MaxAges, late
from baileys_cleanup.watch.show.nagios import State, Thresholds, checked, document, line, unknown


class Wanted(NamedTuple):
    """What the check was asked for: counts above which it alerts, and how old the last successes may be."""

    warning: int | None = None
    critical: int | None = None
    ages: MaxAges = MaxAges()


def check(
    settings: Settings,
    selection: Selection,
    world: World,
    write: Callable[[str], object],
    wanted: Wanted,
    *,
    as_json: bool,
) -> State:
    """Check the selected companies, and write the line. Raises UsageProblem when nothing can be checked."""
    limits = thresholds(settings.levels, wanted.warning, wanted.critical)
    with open_store(settings.place, settings.exclude) as store:
        ids, doubts = selection.pick(store)
        if doubts and not ids:
            raise UsageProblem(doubts[0])
        seen = list(view_all(store, settings, ids, terms_of(settings, world), detail=False))
        found = checked(seen, limits)._replace(
            late=_late(store, wanted.ages, ids, world.now),
            passed_over=store.passed_over(),
            faults=store.faults(),
            again=world.again,
            doubts=doubts,
            shard=selection.shard,
        )
    if as_json:
        print_json(write, {**place_fields(store.path), **document(found)})
    else:
        write(line(found) + "\n")
    return found.state


def _late(store: Store, ages: MaxAges, ids: Sequence[str], now: int) -> list[str]:
    """Return what the tool has not done for too long; its own folder is opened only where that was asked."""
    if ages == MaxAges():
        return []
    with store.workspace(create=False) as workspace:
        backups = read_backup_records(workspace.records()) if workspace else []
        return late(ages, load_history(workspace)[0], backups, ids, now)


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


class Age(click.ParamType):  # type: ignore[type-arg] # Click before 8.4 knows no arguments
    """How old something may be, in seconds: `90m`, `26h`, `2d`."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401
        """Return the seconds."""
        found = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", str(value), re.ASCII)
        if found is None:
            self.fail(f"{value!r} is no age; write 90m, 26h or 2d", param, ctx)
        return int(found[1]) * _UNITS[found[2]]


_UNITS = {"m": 60, "h": 3_600, "d": 86_400}


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
        _end(in_words_with_path(error))
    except Exception as error:  # noqa: BLE001 - the plugin's last edge: a line instead of a traceback
        _end(f"this is a bug in baileys-cleanup: {type(error).__name__}: {error}")


def _end(sentence: str) -> NoReturn:
    as_json = "--json" in sys.argv
    text = error_document(State.UNKNOWN, [sentence], "unknown") if as_json else unknown(sentence) + "\n"
    Output().write(text)  # where nobody listens the status still tells
    raise click.exceptions.Exit(State.UNKNOWN)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise UsageProblem(f"the check was stopped by {signal.Signals(number).name}")


@click.command("check", cls=Plugin, context_settings=CONTEXT)
@click.option("--warning", "-w", type=Threshold(0), metavar="N", help="WARNING above N files. Default: 150.")
@click.option("--critical", "-c", type=Threshold(0), metavar="N", help="CRITICAL above N. Default: 180.")
@click.option(
    "--max-age-clean", type=Age(), metavar="AGE", help="WARNING when the last good cleanup is older: 26h, 2d."
)
@click.option(
    "--max-age-backup", type=Age(), metavar="AGE", help="WARNING when a company's last good backup is older: 26h, 2d."
)
@only_companies
@companies_from
@shard_of
@where
@json_output
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - Click's values
    """Check pairings and how full companies are, as a Nagios plugin: one line, and status 0, 1, 2 or 3 (unknown)."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    selection = selection_of(ctx, options)
    settings = load_settings(options["sessions_root"], options["config"], store=options["store"]).settings
    output = Output()
    state = check(
        settings,
        selection,
        world(lambda: False, same_place(options["sessions_root"], options["config"], store=options["store"])),
        output.write,
        Wanted(options["warning"], options["critical"], MaxAges(options["max_age_clean"], options["max_age_backup"])),
        as_json=options["as_json"],
    )
    sys.stdout.flush()
    ctx.exit(State.UNKNOWN if output.failed else state)
