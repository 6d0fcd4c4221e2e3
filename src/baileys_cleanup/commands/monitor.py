"""`monitor`: look at all companies again and again, or once; warn, and clean what is critical."""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from baileys_cleanup.commands.options import (
    CONTEXT,
    Output,
    Stop,
    cleaner,
    json_output,
    load_settings,
    only_companies,
    paint_for_stdout,
    same_place,
    where,
    world,
)
from baileys_cleanup.output.log import Format, Log
from baileys_cleanup.output.summary import print_json
from baileys_cleanup.output.text import argument, shown
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.watch.look import Depth, Teller
from baileys_cleanup.watch.monitor import Watch, sleep_until
from baileys_cleanup.watch.show.latest import Board
from baileys_cleanup.watch.show.prometheus import need_exposition
from baileys_cleanup.watch.show.table import document, lines
from baileys_cleanup.watch.tell.apprise_services import open_services
from baileys_cleanup.watch.tell.ping import pinging

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_DAY = 86_400
_STALE = 3
"""Intervals without a look, after which the last one is no longer shown as the present."""
_STARTING = 60
"""Seconds of grace beside them: a look itself takes time."""


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
def _listening(listen: tuple[str, int] | None, board: Board | None, log: Log) -> Iterator[None]:
    if listen is None or board is None:
        yield
        return
    from baileys_cleanup.watch.show.server import serving  # noqa: PLC0415 - only who listens needs a server

    with serving(*listen, board) as address:
        log.info("listening", address=address)
        yield


@click.command("monitor", context_settings=CONTEXT)
@click.option("--once", is_flag=True, help="Look once and end, for cron; on a terminal with a table.")
@click.option(
    "--interval",
    type=Interval(),
    default="5m",
    metavar="TIME",
    help="Between two looks: 300, 300s, 5m, 1h. Default: 5m.",
)
@click.option("--listen", type=Address(), metavar="HOST:PORT", help="Serve /metrics, /healthz and a page to look at.")
@only_companies
@where
@json_output
@click.option("--log-format", type=click.Choice(["console", "json"]), help="Default: console on a terminal, else json.")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - Click's values
    """Look at all companies again and again: warn of full ones, and clean those that are critical.

    With --once, look a single time.
    """
    if options["once"] and options["listen"]:
        raise click.UsageError("--once and --listen exclude each other.", ctx)
    if options["as_json"] and not options["once"]:
        raise click.UsageError("--json needs --once: one look, one document.", ctx)
    ctx.exit(_monitor(**options))


def _monitor(
    *,
    once: bool,
    interval: int,
    listen: tuple[str, int] | None,
    companies: tuple[str, ...],
    sessions_root: str | None,
    config: str | None,
    as_json: bool,
    log_format: Format | None,
) -> int:
    settings = load_settings(sessions_root, config).settings
    # A service tells its journal of each step; cron mails whatever is said.
    log = Log(log_format or ("console" if sys.stderr.isatty() else "json"), "warning" if once else "info")
    services = open_services(settings.alerts.urls)
    if listen is not None or settings.metrics.textfile is not None:
        need_exposition()
    stop = Stop()
    # Who reads an alert is somewhere else.
    again = same_place(*(path and os.path.abspath(path) for path in (sessions_root, config)))
    rotate = _rotator(settings, log, stop, again)
    teller = Teller(services, os.uname().nodename, cleaner(settings, log), rotate)
    board = None if listen is None else Board(_STALE * interval + _STARTING, time.monotonic)
    watch = Watch(settings, companies, lambda: world(stop, again), log, board, teller)
    with stop.listening():
        if once:
            return _look_once(watch, settings.ping_url, stop, log, as_json=as_json)
        with _listening(listen, board, log):
            log.info("watching", sessions_root=shown(settings.sessions_root), interval_seconds=interval)
            while not stop():
                began = time.monotonic()
                watch.try_once()
                sleep_until(began + interval, stop)
        log.info("stopped")
    return stop.exit_status(0)


def _rotator(settings: Settings, log: Log, stop: Stop, again: str) -> Callable[[str, int], str | None]:
    """Return what rotates a company that stays full, and says what it did; None where nothing is due."""
    if settings.rotate.auto == "off":
        return lambda _company_id, _counted: None
    from baileys_cleanup.rotation.auto import rotate_when_due  # noqa: PLC0415 - off by default
    from baileys_cleanup.rotation.connections import backup_for, notifier_for  # noqa: PLC0415 - likewise
    from baileys_cleanup.rotation.steps import Doors  # noqa: PLC0415 - likewise

    def rotate(company_id: str, counted: int) -> str | None:
        now = world(stop)
        doors = Doors(
            lambda sentence: log.info("rotation_step", step=shown(sentence)),
            lambda sentence: log.warning("rotation_warning", warning=shown(sentence)),
            lambda hook, line: log.info("hook_output", hook=hook, line=line),
            lambda _payload, _number: None,
            backup_for(settings, now),
            notifier_for(settings, now),
        )
        outcome = rotate_when_due(settings, company_id, counted, now, doors)
        if isinstance(outcome, str):
            log.debug("rotation_not_due", company_id=shown(company_id), reason=outcome)
            return None
        back = f"baileys-cleanup rotate --company {argument(company_id)} --rollback{again}"
        return f"a rotation gave it a new folder; to put the former one back: {back}"

    return rotate


def _look_once(watch: Watch, ping_url: str | None, stop: Stop, log: Log, *, as_json: bool) -> int:
    """Look once and return the exit status. On a terminal, or as JSON, it says what it saw; in cron it is silent."""
    output = Output()
    on_terminal = sys.stdout.isatty()
    with pinging(ping_url, lambda problem: log.warning("ping_failed", warning=problem), stop) as ending:
        seen = watch.once(Depth.FILES if as_json or on_terminal else Depth.LEVELS)
        if as_json:
            print_json(output.write, document(seen))
        elif on_terminal:
            for line in lines(seen, paint_for_stdout()):
                output.write(line + "\n")
        ending.status = stop.exit_status(max(seen.exit_status, int(output.failed)))
    return ending.status
