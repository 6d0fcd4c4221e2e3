"""`monitor`: look at all companies again and again, or once; warn, and clean what is critical."""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import click

from baileys_cleanup.commands.clean import Logged
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
from baileys_cleanup.output.document import place_fields, print_json
from baileys_cleanup.output.log import Format, Log
from baileys_cleanup.output.text import argument, shown
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.watch.daily_cleanup import DailyCleanup, ZoneDays
from baileys_cleanup.watch.monitor import Watch, sleep_until
from baileys_cleanup.watch.response import Response, RotationAnswer, never_rotate
from baileys_cleanup.watch.result import Depth
from baileys_cleanup.watch.schedule import Schedule, jitter_for, minute_of
from baileys_cleanup.watch.show.latest import LatestSnapshot
from baileys_cleanup.watch.show.prometheus import need_exposition
from baileys_cleanup.watch.show.table import document, lines, rehearsal_document, rehearsal_lines
from baileys_cleanup.watch.tell.apprise_services import open_services
from baileys_cleanup.watch.tell.ping import pinging

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_DAY = 86_400
_STALE = 3
"""Intervals without a look, after which the last one is no longer shown as the present."""
_STARTING = 60
"""Seconds of grace beside them: a look itself takes time."""
_QUICKEST, _SLOWEST = 10, 60
"""Seconds after which the page loads itself again: as often as there is something new, within reason."""


class Interval(click.ParamType):  # type: ignore[type-arg] # Click before 8.4 knows no arguments
    """A time between two looks, in seconds: `300`, `300s`, `5m`, `1h`."""

    name = "interval"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401
        """Return the seconds."""
        found = re.fullmatch(r"([0-9]{1,6})([smh]?)", str(value), re.ASCII)
        seconds = int(found[1]) * _UNITS[found[2]] if found else 0
        if not 1 <= seconds <= _DAY:
            self.fail(f"{value!r} is no time between 1 second and a day; write 300, 300s, 5m or 1h", param, ctx)
        return seconds


class Address(click.ParamType):  # type: ignore[type-arg] # likewise
    """An address to listen on: `127.0.0.1:9108`, `[::1]:9108`; port 0 is any that is free."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:  # noqa: ANN401
        """Return host and port."""
        found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/\[\]]+)):([0-9]{1,5})", str(value), re.ASCII)
        if not found or int(found[3]) > 0xFFFF:  # noqa: PLR2004 - the largest port there is
            self.fail(f"{value!r} is no address; write HOST:PORT, like 127.0.0.1:9108", param, ctx)
        return found[1] or found[2], int(found[3])


@contextmanager
def _listening(listen: tuple[str, int] | None, latest: LatestSnapshot | None, log: Log) -> Iterator[None]:
    if listen is None or latest is None:
        yield
        return
    from baileys_cleanup.watch.show.server import serving  # noqa: PLC0415 - only who listens needs a server

    with serving(*listen, latest) as address:
        log.info("listening", address=address)
        yield


@click.command("monitor", context_settings=CONTEXT)
@click.option("--once", is_flag=True, help="Look once and end, for cron; on a terminal with a table.")
@click.option(
    "--dry-run",
    "-n",
    is_flag=True,
    help="Look once and say what would be done and sent; touch nothing, tell nobody.",
)
@click.option(
    "--interval",
    type=Interval(),
    default="5m",
    metavar="TIME",
    help="Between two looks: 300, 300s, 5m, 1h. Default: 5m.",
)
@click.option("--listen", type=Address(), metavar="HOST:PORT", help="Serve /metrics, /healthz and a page to look at.")
@click.option("--clean-at", metavar="HH:MM", help="Clean all companies once a day, at this local time; no cron needed.")
@click.option("--clean-jitter", type=int, metavar="MINUTES", help="How much later that may begin. Default: 10.")
@only_companies
@companies_from
@shard_of
@where
@json_output
@click.option("--log-format", type=click.Choice(["console", "json"]), help="Default: console on a terminal, else json.")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - Click's values
    """Look at all companies again and again: warn of full ones, and clean those that are critical.

    With --once, look a single time. A critical company is cleaned at once, unless monitor.emergency_cleanup = false;
    --dry-run says what would be done.
    """
    options["once"] |= options["dry_run"]
    if options["once"] and options["listen"]:
        raise click.UsageError("--once and --dry-run exclude --listen.", ctx)
    if options["as_json"] and not options["once"]:
        raise click.UsageError("--json needs --once: one look, one document.", ctx)
    selection = selection_of(ctx, options)
    if options["clean_at"] and (options["once"] or not selection.is_all):
        raise click.UsageError(
            "--clean-at excludes --once, --company, --companies-from and --shard: it cleans all companies, day after"
            " day.",
            ctx,
        )
    ctx.exit(_monitor(_Asked(selection=selection, **options)))


class _Asked(NamedTuple):
    """What the command line asks for, by the names of its options."""

    once: bool
    dry_run: bool
    interval: int
    listen: tuple[str, int] | None
    clean_at: str | None
    clean_jitter: int | None
    selection: Selection
    sessions_root: str | None
    store: str | None
    config: str | None
    as_json: bool
    log_format: Format | None


def _monitor(asked: _Asked) -> int:
    flags = {"monitor.clean_at": asked.clean_at, "monitor.clean_jitter_minutes": asked.clean_jitter}
    settings = load_settings(asked.sessions_root, asked.config, store=asked.store, **flags).settings
    # A service tells its journal of each step; cron mails whatever is said.
    form = asked.log_format or ("console" if sys.stderr.isatty() else "json")
    log = Log(form, "warning" if asked.once else "info")
    services = open_services(settings.alerts.urls)
    if asked.listen is not None or settings.metrics.textfile is not None:
        need_exposition()
    stop = Stop()
    # Who reads an alert is somewhere else.
    root, config = (path and os.path.abspath(path) for path in (asked.sessions_root, asked.config))
    again = same_place(root, config, store=asked.store)
    rotate = _rotator(settings, log, stop, again)
    response = Response(services, os.uname().nodename, cleaner(settings, log), rotate, told={})
    latest = None if asked.listen is None else LatestSnapshot(_STALE * asked.interval + _STARTING, time.monotonic)
    refresh = min(max(asked.interval, _QUICKEST), _SLOWEST)
    watch = Watch(settings, asked.selection, lambda: world(stop, again), log, latest, response, refresh)
    with stop.listening():
        if asked.dry_run:
            return _rehearse(watch, stop, again, as_json=asked.as_json)
        if asked.once:
            return _look_once(watch, settings.ping_url, stop, log, as_json=asked.as_json)
        with _listening(asked.listen, latest, log):
            log.info("watching", **place_fields(settings.place.shown), interval_seconds=asked.interval)
            daily = _daily_cleanup(watch, stop)
            _watch(watch, daily, asked.interval, stop)
        log.info("stopped")
    return stop.exit_status(0)


def _watch(watch: Watch, daily: DailyCleanup | None, interval: int, stop: Stop) -> None:
    """Look, clean when the time has come, and wait: until told to stop."""
    while not stop():
        began = time.monotonic()
        watch.try_once()
        if daily is None:
            sleep_until(began + interval, stop)
        elif not daily.try_once():  # after a cleanup it looks at once at what that left
            sleep_until(min(began + interval, time.monotonic() + daily.left()), stop)


def _daily_cleanup(watch: Watch, stop: Stop) -> DailyCleanup | None:
    """Return what cleans once a day; None where nobody wants that."""
    settings = watch.settings
    at, most = settings.monitor.clean_at, settings.monitor.clean_jitter_minutes
    if at is None:
        return None
    if not watch.selection.is_all:
        reason = "monitor.clean_at cleans all companies, and this monitor looks at some: another one has to do it"
        watch.log.warning("daily_cleanup_off", reason=reason)
        return None
    schedule = Schedule(minute_of(at), jitter_for(watch.response.host, settings.place.shown, most), ZoneDays())
    return DailyCleanup(watch, schedule, lambda report: Logged(report, watch.log, tell=True), stop.exit_status)


def _rotator(settings: Settings, log: Log, stop: Stop, again: str) -> Callable[[str, int], RotationAnswer]:
    """Return what rotates a company that stays full, and says what it did."""
    if settings.rotate.auto == "off":
        return never_rotate
    from baileys_cleanup.rotation.auto import NotDue, rotate_when_due  # noqa: PLC0415 - off by default
    from baileys_cleanup.rotation.connections import backup_for, notifier_for  # noqa: PLC0415 - likewise
    from baileys_cleanup.rotation.walk import Connections  # noqa: PLC0415 - likewise

    def rotate(company_id: str, counted: int) -> RotationAnswer:
        now = world(stop)
        connections = Connections(
            lambda sentence: log.info("rotation_step", step=shown(sentence)),
            lambda sentence: log.warning("rotation_warning", warning=shown(sentence)),
            lambda hook, line: log.info("hook_output", hook=hook, line=line),
            lambda _payload, _number: None,
            backup_for(settings, now),
            notifier_for(settings, now),
        )
        outcome = rotate_when_due(settings, company_id, counted, now, connections)
        if isinstance(outcome, NotDue):
            log.debug("rotation_not_due", company_id=shown(company_id), reason=outcome.reason)
            return RotationAnswer(of_no_use=outcome.reason if outcome.of_no_use else None)
        back = f"baileys-cleanup rotate --company {argument(company_id)} --rollback{again}"
        return RotationAnswer(f"a rotation gave it a new folder; to put the former one back: {back}")

    return rotate


def _look_once(watch: Watch, ping_url: str | None, stop: Stop, log: Log, *, as_json: bool) -> int:
    """Look once and return the exit status. On a terminal, or as JSON, it says what it saw; in cron it is silent."""
    output = Output()
    on_terminal = sys.stdout.isatty()
    with pinging(ping_url, lambda problem: log.warning("ping_failed", warning=problem), stop) as ending:
        result = watch.once(Depth.FILES if as_json or on_terminal else Depth.LEVELS)
        again = watch.world().again
        if as_json:
            print_json(output.write, document(result, again))
        elif on_terminal:
            for line in lines(result, paint_for_stdout(), again, width_of_stdout()):
                output.write(line + "\n")
        ending.found_dead = result.pairings_dead > 0
        ending.status = stop.exit_status(max(result.exit_status, int(output.failed)))
    return ending.status


def _rehearse(watch: Watch, stop: Stop, again: str, *, as_json: bool) -> int:
    """Say what a look would do and send, on a terminal and elsewhere; return the exit status."""
    output = Output()
    rehearsal = watch.rehearse()
    if as_json:
        print_json(output.write, rehearsal_document(rehearsal, again))
    else:
        for line in rehearsal_lines(rehearsal, paint_for_stdout(), again, width_of_stdout()):
            output.write(line + "\n")
    return stop.exit_status(max(rehearsal.result.exit_status, int(output.failed)))
