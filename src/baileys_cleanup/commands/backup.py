"""`backup`: make an archive of each company, list those there are, or read them back."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import click

from baileys_cleanup.backups.make import BackedUp, Moment, Status
from baileys_cleanup.backups.retention import Fate
from baileys_cleanup.backups.run import back_up_all, looking
from baileys_cleanup.backups.verify import Lying, Verified, list_archives, verify
from baileys_cleanup.commands.options import (
    CONTEXT,
    Output,
    Stop,
    json_output,
    load_settings,
    only_companies,
    same_place,
    where,
    world,
)
from baileys_cleanup.errors import CleanupError
from baileys_cleanup.output.log import Log
from baileys_cleanup.output.summary import plain, print_json, table
from baileys_cleanup.output.text import count, shown, size
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.folder.root import PREFIX, no_companies
from baileys_cleanup.store.folder.runs import timestamp


@click.command("backup", context_settings=CONTEXT)
@click.option("--dry-run", "-n", is_flag=True, help="Say what would be written and deleted, and why; change nothing.")
@click.option("--list", "listing", is_flag=True, help="List the archives there are.")
@click.option("--verify", "verifying", is_flag=True, help="Read the archives back and check every hash.")
@click.option(
    "--to", "target", metavar="PLACE", help="A folder or s3://bucket/prefix, instead of the setting backup.to."
)
@only_companies
@where
@json_output
@click.option("--quiet", "-q", is_flag=True, help="Nothing when all is well, for cron mail.")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401 - Click's values
    """Make an archive of every company, or of --company; let go of those that no rule keeps.

    What cannot be a good copy is not made, and never counts as one.
    """
    if options["listing"] + options["verifying"] + options["dry_run"] > 1:
        raise click.UsageError("--list, --verify and --dry-run exclude each other.", ctx)
    settings = load_settings(options["sessions_root"], options["config"]).settings
    if options["target"] is not None:
        settings = replace(settings, backup=replace(settings.backup, to=options["target"]))
    output, stop = Output(), Stop()
    companies = options["companies"]
    say = Say(output.write, as_json=options["as_json"], quiet=options["quiet"])
    with stop.listening():
        if options["listing"]:
            status = list_all(settings, companies, say)
        elif options["verifying"]:
            status = verify_all(settings, companies, stop, say)
        else:
            again = same_place(options["sessions_root"], options["config"], **{"from": options["target"]})
            status = back_up(settings, companies, stop, say, dry_run=options["dry_run"], again=again)
    ctx.exit(stop.exit_status(max(status, int(output.failed))))


class Say:
    """How a command speaks: in text or JSON on stdout, and trouble on stderr as well where stdout is not read."""

    def __init__(self, write: Callable[[str], object], *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self._quiet = quiet
        self._write = write
        self._tell = quiet or as_json or not sys.stdout.isatty()
        self._log = Log("console" if sys.stderr.isatty() else "json", "warning")

    def line(self, text: str) -> None:
        """Write a line for people."""
        if not (self._quiet or self.as_json):
            self._write(text + "\n")

    def document(self, fields: dict[str, Any]) -> None:
        """Write the one JSON document."""
        if self.as_json:
            print_json(self._write, fields)

    def failed(self, company_id: str | None, error: str) -> None:
        """Tell of what went wrong, with one company or (None) with all of them."""
        if self._tell:
            self._log.error("backup_failed", **_of(company_id), error=shown(error))

    def untold(self, error: str) -> None:
        """Tell that the alert services could not be told."""
        self._log.error("alert_failed", error=shown(error))

    def warned(self, company_id: str | None, warning: str) -> None:
        """Tell of what somebody should look at, in one company or (None) in all of them."""
        if self._tell:
            self._log.warning("backup_warning", **_of(company_id), warning=shown(warning))


def _of(company_id: str | None) -> dict[str, str]:
    return {} if company_id is None else {"company_id": shown(company_id)}


def alarms(outcomes: Sequence[BackedUp]) -> list[str]:
    """Return one sentence for each company whose backup wants somebody: what an alert has to say."""
    return [f"company {shown(outcome.company_id)}: {shown(error)}" for outcome in outcomes for error in outcome.errors]


# --- making ---------------------------------------------------------------------------------------------


def back_up(settings: Settings, wanted: Sequence[str], stop: Stop, say: Say, *, dry_run: bool, again: str = "") -> int:
    """Back up, and say what became of each company. Returns 0, or 1 when something failed.

    `again` are the options that lead a later `restore` to the same sessions root and archives.
    """
    now = world(stop)
    done: list[BackedUp] = []
    moment = Moment(now.now, now.clock, now.wait)
    for outcome in back_up_all(settings, wanted, moment, stop, rehearse=dry_run, again=again):
        done.append(outcome)
        _tell(say, outcome, dry_run=dry_run)
    warnings = []
    if not done and not stop():
        warnings.append(no_companies(settings.sessions_root))
        say.warned(None, warnings[0])
        say.line(f"warning: {shown(warnings[0])}")
    failed = sum(outcome.failed for outcome in done)
    archives = [outcome for outcome in done if outcome.archive is not None]
    gone = sum(not fate.keep for outcome in done for fate in outcome.fates)
    totals = {
        "companies": len(done),
        "companies_failed": failed,
        "archives": len(archives),
        "archive_bytes": sum(outcome.archive_bytes for outcome in archives),
        "archives_deleted": gone,
    }
    say.document(
        {
            "dry_run": dry_run,
            "status": "stopped" if stop() else "partial" if failed else "done",
            "started_at": timestamp(now.now),
            "to": shown(str(settings.backup.to)),
            "companies": [_fields(outcome) for outcome in done],
            "warnings": [shown(text) for text in warnings],
            "totals": totals,
        }
    )
    if not dry_run:
        _alert(settings, alarms(done), stop, say)
    would = "would be " if dry_run else ""
    say.line(
        f"{count(len(archives), 'archive')} {would}written ({size(totals['archive_bytes'])}), {gone:,} {would}deleted,"
        f" {count(failed, 'company', 'companies')} failed{', stopped' if stop() else ''}."
    )
    return int(failed > 0)


def _alert(settings: Settings, sentences: Sequence[str], stop: Stop, say: Say) -> None:
    """Tell the alert services of companies whose backup failed; trouble with that is said, and changes nothing."""
    if not (sentences and settings.alerts.urls):
        return
    from baileys_cleanup.watch.tell.apprise_services import Messenger  # noqa: PLC0415 - only where somebody is to be told

    title = f"Backup: {count(len(sentences), 'problem')} on {os.uname().nodename}"
    try:
        Messenger(settings.alerts.urls, stop).send(title, "\n".join(sentences), kind="failure")
    except CleanupError as problem:
        say.untold(str(problem))


def _tell(say: Say, outcome: BackedUp, *, dry_run: bool) -> None:
    name = shown(outcome.company_id)
    if outcome.status is Status.BACKED_UP:
        would = "would write" if dry_run else "wrote"
        say.line(
            f"company {name}: {would} {shown(str(outcome.archive))}: {count(outcome.files, 'file')},"
            f" {size(outcome.bytes)}, {size(outcome.archive_bytes)} packed"
        )
    elif outcome.status is Status.FAILED:
        say.line(f"company {name}: FAILED, no archive was made")
    else:
        say.line(f"company {name}: nothing to do")
    for fate in outcome.fates:
        verb = "stays" if fate.keep else "would go" if dry_run else "gone"
        if dry_run or not fate.keep:
            say.line(f"  {verb}: {shown(fate.archive.name)}: {fate.reason}")
    for text in outcome.errors:
        say.line(f"  error: {shown(text)}")
        say.failed(outcome.company_id, text)
    for text in outcome.warnings:
        say.line(f"  warning: {shown(text)}")
        say.warned(outcome.company_id, text)
    for text in outcome.notes:
        say.line(f"  note: {shown(text)}")


def _fields(outcome: BackedUp) -> dict[str, Any]:
    return {
        "company_id": shown(outcome.company_id),
        "status": outcome.status,
        "archive": None if outcome.archive is None else shown(outcome.archive),
        "files": outcome.files,
        "bytes": outcome.bytes,
        "archive_bytes": outcome.archive_bytes,
        "archives": [_fate(fate) for fate in outcome.fates],
        "warnings": [shown(text) for text in outcome.warnings],
        "notes": [shown(text) for text in outcome.notes],
        "errors": [shown(text) for text in outcome.errors],
    }


def _fate(fate: Fate) -> dict[str, Any]:
    return {
        "archive": shown(fate.archive.name),
        "made_at": timestamp(fate.archive.made),
        "bytes": fate.archive.size,
        "kept": fate.keep,
        "reason": shown(fate.reason),
    }


# --- looking --------------------------------------------------------------------------------------------


def list_all(settings: Settings, wanted: Sequence[str], say: Say) -> int:
    """List the archives there are, by company and newest first."""
    with looking(settings) as (store, _):
        archives = list_archives(store, ids_of(wanted))
        place = store.where
    say.document({"to": place, "archives": [_lying(lying) for lying in archives]})
    rows = [
        [shown(lying.company_id), timestamp(lying.made), size(lying.stored.size), shown(lying.stored.name)]
        for lying in archives
    ]
    for line in table([["COMPANY", "MADE", "SIZE", "ARCHIVE"], *rows], plain, None) if rows else ():
        say.line(line)
    say.line(f"{count(len(rows), 'archive')} in {place}.")
    return 0


def verify_all(settings: Settings, wanted: Sequence[str], stop: Stop, say: Say) -> int:
    """Read archives back. Returns 1 when one is bad, or when there is none: nothing was verified then."""
    found: list[Verified] = []
    ids = ids_of(wanted)
    with looking(settings) as (store, book):
        archives = list_archives(store, ids)
        for verified in verify(store, archives, book, stop):
            found.append(verified)
            _tell_verified(say, verified)
        place = store.where
    bad = [verified for verified in found if verified.problem is not None]
    missing: list[str | None] = [*sorted(ids - {lying.company_id for lying in archives})]
    if not (ids or archives):
        missing = [None]
    for company_id in missing:
        whose = "any company" if company_id is None else f"company {shown(company_id)}"
        say.line(f"error: there is no archive of {whose} in {place}")
        say.failed(company_id, f"there is no archive of {whose} in {place}")
    say.document(
        {
            "to": place,
            "status": "stopped" if stop() else "bad" if bad or missing else "good",
            "archives": [_verified(verified) for verified in found],
            "companies_without": [shown(company_id) for company_id in missing if company_id is not None],
        }
    )
    say.line(f"{count(len(found), 'archive')} read from {place}, {len(bad):,} bad.")
    return int(bool(bad or missing))


def _tell_verified(say: Say, verified: Verified) -> None:
    name = shown(verified.lying.stored.name)
    if verified.problem is None:
        say.line(f"good: {name}: {count(verified.files, 'file')}, {size(verified.bytes)}")
    else:
        say.line(f"BAD:  {name}: {shown(str(verified.problem))}")
        say.failed(verified.lying.company_id, f"the archive {name} is bad: {verified.problem}")


def _lying(lying: Lying) -> dict[str, Any]:
    return {
        "archive": shown(lying.stored.name),
        "company_id": shown(lying.company_id),
        "made_at": timestamp(lying.made),
        "bytes": lying.stored.size,
    }


def _verified(verified: Verified) -> dict[str, Any]:
    good = verified.problem is None
    return {
        **_lying(verified.lying),
        "good": good,
        "files": verified.files if good else None,
        "paired": verified.paired if good else None,
        "problem": None if verified.problem is None else shown(verified.problem),
    }


def ids_of(wanted: Sequence[str]) -> set[str]:
    """Return the wanted ids; the companies themselves may be gone."""
    return {text.removeprefix(PREFIX) for text in wanted}
