"""`backup`: make an archive of each company, list those there are, or read them back."""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from baileys_cleanup.backups.made import BackedUp, Status
from baileys_cleanup.backups.retention import RetentionDecision
from baileys_cleanup.backups.run import back_up_all
from baileys_cleanup.commands import completion
from baileys_cleanup.commands.backup_list import list_all, verify_all
from baileys_cleanup.commands.backup_say import Say
from baileys_cleanup.commands.options import (
    CONTEXT,
    Output,
    companies_from,
    identity,
    json_output,
    load_settings,
    once,
    only_companies,
    same_place,
    selection_of,
    shard_of,
    where,
    world,
)
from baileys_cleanup.commands.stop import Stop
from baileys_cleanup.errors import CleanupError, StoreProblem, UsageProblem
from baileys_cleanup.output.document import place_fields, problem_fields
from baileys_cleanup.output.text import count, shown, size
from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.passed_over import no_companies, passed_over_in_words
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.snapshots import Clock


@click.command("backup", context_settings=CONTEXT)
@click.option("--dry-run", "-n", is_flag=True, help="Say what would be written and deleted, and why; change nothing.")
@click.option("--list", "listing", is_flag=True, help="List the archives there are.")
@click.option("--verify", "verifying", is_flag=True, help="Read the archives back and check every hash.")
@identity
@once(
    "--to",
    "target",
    metavar="PLACE",
    shell_complete=completion.folder,
    help="A folder or s3://bucket/prefix, instead of the setting backup.to.",
)
@only_companies
@companies_from
@shard_of
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
    settings = load_settings(options["sessions_root"], options["config"], store=options["store"]).settings
    if options["identity"] is not None and not options["verifying"]:
        raise click.UsageError("--identity is for --verify: to make an archive no key is needed.", ctx)
    if options["target"] is not None:
        settings = replace(settings, backup=replace(settings.backup, to=options["target"]))
    output, stop = Output(), Stop()
    selection = selection_of(ctx, options)
    if (options["listing"] or options["verifying"]) and (selection.shard or selection.listed is not None):
        raise click.UsageError("--list and --verify exclude --shard and --companies-from.", ctx)
    say = Say(output.write, as_json=options["as_json"], quiet=options["quiet"])
    with stop.listening():
        if options["listing"]:
            status = list_all(settings, selection.wanted, say)
        elif options["verifying"]:
            status = verify_all(settings, selection.wanted, stop, say, options["identity"])
        else:
            again = same_place(
                options["sessions_root"], options["config"], store=options["store"], **{"from": options["target"]}
            )
            status = back_up(settings, selection, stop, say, dry_run=options["dry_run"], again=again)
    ctx.exit(stop.exit_status(max(status, int(output.failed))))


IN_THE_CLEAR = "archives hold all keys in the clear, and who reads one can be the bot; backup.recipients encrypts them"
"""What is told once in a run that makes archives and encrypts none."""


def alarms(outcomes: Sequence[BackedUp]) -> list[str]:
    """Return one sentence for each company whose backup wants somebody: what an alert has to say."""
    return [f"company {shown(outcome.company_id)}: {shown(error)}" for outcome in outcomes for error in outcome.errors]


def back_up(settings: Settings, selection: Selection, stop: Stop, say: Say, *, dry_run: bool, again: str = "") -> int:
    """Back up, and say what became of each company. Returns 0, or 1 when something failed.

    `again` are the options that lead a later `restore` to the same sessions root and archives.
    """
    now = world(stop)
    done: list[BackedUp] = []
    moment = Clock(now.now, now.clock, now.wait)
    warnings: list[str] = []
    try:
        for outcome in back_up_all(
            settings, selection, moment, stop, rehearse=dry_run, again=again, warn=warnings.append
        ):
            done.append(outcome)
            _tell(say, outcome, dry_run=dry_run)
    except StoreProblem as problem:
        if not dry_run:
            _alert(settings, [f"no company was backed up: {problem}"], stop, say)
        raise
    lies = place_fields(settings.place.shown)
    try:
        with open_store(settings.place, settings.exclude) as store:
            lies = place_fields(store.path)
            everyone, _ = store.company_ids()
            if everyone:
                warnings += selection.doubts(everyone)
            else:
                warnings.append(no_companies(settings.place.shown, store.other_layout()))
            warnings += [sentence for sentence, keys in passed_over_in_words(store.passed_over()) if keys]
    except UsageProblem as problem:
        if not done:
            raise
        warnings.append(f"nobody can tell which companies were passed over: {problem}")
    for text in warnings:
        say.warned(None, text)
        say.line(f"warning: {shown(text)}")
    failed = sum(outcome.failed for outcome in done)
    archives = [outcome for outcome in done if outcome.status is Status.BACKED_UP]
    gone = sum(not decision.keep for outcome in done for decision in outcome.decisions)
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
            "shard": str(selection.shard) if selection.shard else None,
            "status": "stopped" if stop() else "partial" if failed else "done",
            **lies,
            "started_at": timestamp(now.now),
            "to": shown(str(settings.backup.to)),
            "companies": [_fields(outcome) for outcome in done],
            "encrypted": bool(settings.backup.recipients),
            "warnings": [shown(text) for text in warnings],
            "totals": totals,
        }
    )
    if archives and not settings.backup.recipients:
        say.line(f"note: {IN_THE_CLEAR}")
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
    elif outcome.status is Status.UNCHANGED:
        say.line(f"company {name}: unchanged since {shown(str(outcome.archive))}, nothing sent")
    elif outcome.status is Status.FAILED:
        say.line(f"company {name}: FAILED, no archive was made")
    else:
        say.line(f"company {name}: nothing to do")
    for decision in outcome.decisions:
        verb = "stays" if decision.keep else "would go" if dry_run else "gone"
        if dry_run or not decision.keep:
            say.line(f"  {verb}: {shown(decision.archive.name)}: {decision.reason}")
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
        "files": {"archived": outcome.files},
        "bytes": outcome.bytes,
        "archive_bytes": outcome.archive_bytes,
        "archives": [_fate(decision) for decision in outcome.decisions],
        "warnings": [shown(text) for text in outcome.warnings],
        "notes": [shown(text) for text in outcome.notes],
        "errors": [problem_fields(text) for text in outcome.errors],
    }


def _fate(decision: RetentionDecision) -> dict[str, Any]:
    return {
        "archive": shown(decision.archive.name),
        "made_at": timestamp(decision.archive.made),
        "bytes": decision.archive.size,
        "kept": decision.keep,
        "reason": shown(decision.reason),
    }
