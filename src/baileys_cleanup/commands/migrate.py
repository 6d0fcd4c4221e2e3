"""`migrate`: copy companies from one store to another, or make ready a database to be cleaned."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

import click

from baileys_cleanup.backups.migration import Migrated, MigrationStatus, Target, migrate_company
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.commands import completion
from baileys_cleanup.commands.clean import progress
from baileys_cleanup.commands.options import (
    CONTEXT,
    Output,
    config_file,
    json_output,
    load_settings,
    once,
    only_companies,
    world,
)
from baileys_cleanup.commands.stop import Stop
from baileys_cleanup.errors import CleanupError, UsageProblem
from baileys_cleanup.output.document import print_json, problem_fields
from baileys_cleanup.output.text import count, shown, size
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import STORES, open_store
from baileys_cleanup.store.passed_over import no_companies, passed_over_in_words
from baileys_cleanup.store.place import Place, as_drivers_take_it, has_password, without_password
from baileys_cleanup.store.runs import new_run_id
from baileys_cleanup.store.snapshots import Clock
from baileys_cleanup.store.store import Store


@click.command("migrate", context_settings=CONTEXT)
@once("--from", "source", metavar="STORE", shell_complete=completion.folder, help="A sessions root, or a URL.")
@once("--to", "target", metavar="STORE", shell_complete=completion.folder, help="Likewise.")
@click.option("--prepare", is_flag=True, help="Only make what the tool keeps in the store of --to.")
@click.option("--dry-run", "-n", is_flag=True, help="Say what would be copied; write nothing.")
@only_companies
@config_file
@json_output
@click.pass_context
def command(ctx: click.Context, /, companies: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401 - Click's values
    """Copy companies with all their keys and dates from one store to another; the source stays as it is.

    Stop the bots first. Every value is compared after it was written; a second call copies what is missing.
    """
    if options["target"] is None or (options["source"] is None and not options["prepare"]):
        raise click.UsageError("name both stores: migrate --from STORE --to STORE (--prepare needs --to alone)", ctx)
    if options["prepare"] and (options["source"] is not None or companies or options["dry_run"] or options["as_json"]):
        raise click.UsageError("--prepare copies nothing: only --to and --config go with it", ctx)
    settings = load_settings(None, options["config"]).settings
    target = place(settings, options["target"], "--to")
    output, stop = Output(), Stop()
    with stop.listening():
        if options["prepare"]:
            status = prepare(target, output.write)
        else:
            source = place(settings, options["source"], "--from")
            moving = _Move(source, target, output.write, as_json=options["as_json"], dry_run=options["dry_run"])
            status = moving.run(settings, companies, world(stop))
    ctx.exit(stop.exit_status(max(status, int(output.failed))))


def place(settings: Settings, asked: str, option: str) -> Place:
    """Return a store by what was typed. Raises UsageProblem where that holds a password, or is no store."""
    if has_password(asked):
        raise UsageProblem(
            f"{option} has a password in it, which every user could read: let ~/.pgpass or PGPASSWORD tell"
        )
    asked = as_drivers_take_it(asked)
    found = Place(asked, settings.postgresql, settings.redis, settings.state_dir)
    if found.scheme and found.scheme not in STORES:
        raise UsageProblem(f"{option} {shown(asked)}: allowed: the path of a folder, or a URL of {', '.join(STORES)}")
    # Its password may stand in the settings.
    known = settings.store is not None and without_password(settings.store) == asked
    return Place(settings.store or asked, settings.postgresql, settings.redis) if known else found


def prepare(target: Place, write: Callable[[str], object]) -> int:
    """Make what the tool keeps beside the companies of a store."""
    with open_store(target) as store, store.workspace(create=True) as workspace:
        assert workspace is not None, "made a moment ago"
        write(f"Ready: {shown(workspace.path)}\n")
    return 0


@contextmanager
def _of(option: str, store: Place) -> Iterator[None]:
    """Let what goes wrong say with which of the two stores."""
    try:
        yield
    except CleanupError as problem:
        told = [text if store.shown in text else f"{store.shown}: {text}" for text in problem.sentences]
        raise type(problem)(*(f"{option}: {text}" for text in told)) from None


class _Move:
    """Copies companies, and says so."""

    def __init__(
        self, source: Place, target: Place, write: Callable[[str], object], *, as_json: bool, dry_run: bool
    ) -> None:
        self._source, self._target, self._write = source, target, write
        self._as_json, self._dry_run = as_json, dry_run
        self._warnings: list[str] = []

    def run(self, settings: Settings, wanted: Sequence[str], world: World) -> int:
        """Copy the wanted companies, or all. Returns 0, 1 where one failed, 4 where one was refused."""
        with ExitStack() as stack:
            with _of("--from", self._source):
                source = stack.enter_context(open_store(self._source, settings.exclude))
            with _of("--to", self._target):
                target = stack.enter_context(open_store(self._target))
            if source.path == target.path and self._source.postgresql == self._target.postgresql:
                raise UsageProblem(f"--from and --to are the same store: {shown(source.path)}")
            ids = source.select(wanted) if wanted else source.company_ids()[0]
            if not wanted:
                self._warnings = [sentence for sentence, keys in passed_over_in_words(source.passed_over()) if keys]
                hint = None if ids else source.other_layout()
                self._warnings += [no_companies(source.path, hint)] if hint else []
            outcomes = list(self._copied(stack, source, target, ids, world))
        self._tell(source.path, target.path, outcomes, left=len(ids) - len(outcomes))
        statuses = {outcome.status for outcome in outcomes}
        if MigrationStatus.REFUSED in statuses:
            return 4
        return int(not statuses <= {MigrationStatus.COPIED, MigrationStatus.THERE})

    def _copied(
        self, stack: ExitStack, source: Store, target: Store, ids: Sequence[str], world: World
    ) -> Iterator[Migrated]:
        with _of("--to", self._target):
            ours = stack.enter_context(target.workspace(create=not self._dry_run))
        folders = None
        if not self._dry_run:
            assert ours is not None, "made a moment ago"
            with _of("--to", self._target):
                stack.enter_context(ours.hold())
            with _of("--from", self._source):
                theirs = stack.enter_context(source.workspace(create=False))
                if theirs is not None:  # no cleanup may take from what is copied
                    stack.enter_context(theirs.hold())
            folders = ours.whole_folders()
            folders.settle_all()
        records = ours.records() if ours is not None else None
        into = Target(target.snapshots(), folders, records, bool(self._target.scheme))
        clock = Clock(world.now, world.clock, world.wait)
        run_id = new_run_id(world.now)
        shown_progress = progress if sys.stderr.isatty() and not self._as_json else nullcontext
        with shown_progress(ids) as coming:
            for company_id in coming:
                if world.stopping():
                    return
                moment = clock._replace(now=world.clock())
                yield migrate_company(source.snapshots(), into, company_id, moment, run_id)

    def _tell(self, source: str, target: str, outcomes: Sequence[Migrated], *, left: int) -> None:
        """Say what became of the companies; a signal came before those that are `left`."""
        copied = [each for each in outcomes if each.status is MigrationStatus.COPIED]
        if self._as_json:
            print_json(self._write, self._document(source, target, outcomes, left=left))
            return
        for each in outcomes:
            for text in (*each.errors, *(f"warning: {text}" for text in each.warnings)):
                self._write(f"company {shown(each.company_id)}: {shown(text)}\n")
        for text in self._warnings:
            self._write(f"warning: {shown(text)}\n")
        files, amount = sum(each.files for each in copied), sum(each.bytes for each in copied)
        there = sum(each.status is MigrationStatus.THERE for each in outcomes)
        verb = "would be copied" if self._dry_run else "copied and compared"
        unsure = sum(each.status is MigrationStatus.UNSURE for each in outcomes)
        open_ones = len(outcomes) - len(copied) - there - unsure
        untold = f", {unsure:,} that a second call has to look at" if unsure else ""
        unseen = f", {left:,} not looked at" if left else ""
        self._write(
            f"{count(len(copied), 'company', 'companies')} {verb} ({count(files, 'key')}, {size(amount)}), {there:,}"
            f" there already, {open_ones:,} not copied{untold}{unseen}. From {shown(source)} to {shown(target)}\n"
        )
        if not self._dry_run and len(copied) + there:
            self._write(
                "What is left to do for the companies that were copied or are there already: keep their bots stopped,"
                " point them at the target, start them; the source is as it was, and none of these bots may start on it"
                " again.\n"
            )

    def _document(self, source: str, target: str, outcomes: Sequence[Migrated], *, left: int) -> dict[str, Any]:
        wrong = {each.status for each in outcomes} - {MigrationStatus.COPIED, MigrationStatus.THERE}
        status = (
            "stopped" if left else "refused" if MigrationStatus.REFUSED in wrong else "partial" if wrong else "done"
        )
        return {
            "dry_run": self._dry_run,
            "status": status,
            "from": shown(source),
            "to": shown(target),
            "warnings": [shown(text) for text in self._warnings],
            "companies": [
                {
                    "company_id": shown(each.company_id),
                    "status": each.status,
                    "files": {"seen": each.files},
                    "bytes": each.bytes,
                    "left": [shown(name) for name in each.left],
                    "warnings": each.warnings,
                    "errors": [problem_fields(text) for text in each.errors],
                }
                for each in outcomes
            ],
        }
