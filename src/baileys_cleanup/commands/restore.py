"""`restore`: bring back companies' folders from archives."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, NamedTuple

import click

from baileys_cleanup.backups.encryption import read_identities
from baileys_cleanup.backups.find import LATEST, FoundArchive, archived_companies, find_archive, latest_archive
from baileys_cleanup.backups.restore import (
    RestoredInPart,
    RestorePlan,
    RestoreRequest,
    SwitchUnknown,
    Target,
    carry_out,
    plan_restore,
)
from baileys_cleanup.cleaning.at_rest import why_not_at_rest
from baileys_cleanup.cleaning.whose_keys import last_noted
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.commands import completion
from baileys_cleanup.commands.options import (
    CONTEXT,
    Output,
    as_root,
    identity,
    json_output,
    load_settings,
    once,
    same_place,
    where,
    width_of_stdout,
    world,
)
from baileys_cleanup.commands.restore_say import Failed, Restored, overall, tell_several
from baileys_cleanup.commands.stop import Stop
from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.errors import ArchiveProblem, CleanupError, CompanyProblem, MayNotGive, Refused, UsageProblem
from baileys_cleanup.output.document import place_fields, print_json
from baileys_cleanup.output.text import shown
from baileys_cleanup.rotation.journal import why_not_now
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.passed_over import NO_ID
from baileys_cleanup.store.runs import new_run_id
from baileys_cleanup.store.snapshots import LONGEST_NAME, Clock, is_bare
from baileys_cleanup.store.store import BACKUP_LOCK, Store, Workspace


@click.command("restore", context_settings=CONTEXT)
@click.argument("archive")
@click.option(
    "--company",
    "companies",
    metavar="ID",
    multiple=True,
    shell_complete=completion.company_ids,
    help="Into this company, instead of the archive's own; repeatable with latest.",
)
@click.option("--all", "everyone", is_flag=True, help="Every company that has an archive; with latest.")
@once(
    "--from",
    "source",
    metavar="PLACE",
    shell_complete=completion.folder,
    help="Where archives lie, instead of the setting backup.to.",
)
@click.option("--everything", is_flag=True, help="Sessions, sender keys and device lists as well. This loses messages.")
@click.option(
    "--replace", is_flag=True, help="Build the folder anew and set the present one aside; undo brings it back."
)
@click.option("--anyway", is_flag=True, help="Go on in doubt: written in the last minute, or a pairing nobody noted.")
@click.option("--dry-run", "-n", is_flag=True, help="Say what would happen to each file; change nothing.")
@click.option("--verbose", "-v", is_flag=True, help="Every file with its reason.")
@identity
@where
@json_output
@click.pass_context
def command(ctx: click.Context, /, archive: str, **options: Any) -> None:  # noqa: ANN401 - Click's values
    """Bring back companies' folders from ARCHIVE: a path, a URL, a name in the store, or "latest".

    Only what is missing is put in, and nothing that exists is overwritten, unless --replace. Stop the bots first.
    """
    settings = load_settings(options["sessions_root"], options["config"], store=options["store"]).settings
    output, stop = Output(), Stop()
    how = How(
        options["source"] or settings.backup.to,
        options["everything"],
        options["replace"],
        options["dry_run"],
        options["as_json"],
        options["verbose"],
        same_place(options["sessions_root"], options["config"], store=options["store"]),
        () if options["identity"] is None else read_identities(options["identity"]),
        options["anyway"],
    )
    wanted = _wanted(options["companies"])
    with stop.listening():
        if options["everyone"] or len(wanted) > 1:
            if archive != LATEST or (options["everyone"] and wanted):
                raise UsageProblem(
                    "one archive is of one company: several companies, or --all without --company, go with latest"
                )
            status = restore_several(settings, wanted, world(stop), output.write, how)
        else:
            status = restore(settings, archive, wanted[0] if wanted else None, world(stop), output.write, how=how)
    ctx.exit(stop.exit_status(max(status, int(output.failed))))


class How(NamedTuple):
    """How a restore goes about it: `place` is where archives lie, `again` leads a later command to the same root.

    `identities` are the keys that open encrypted archives; `anyway` goes on in doubt.
    """

    place: str | None
    everything: bool = False
    replace: bool = False
    dry_run: bool = False
    as_json: bool = False
    verbose: bool = False
    again: str = ""
    identities: Sequence[Any] = ()
    anyway: bool = False


def _wanted(texts: Sequence[str]) -> list[str]:
    """Return the ids that were given, each once. Raises UsageProblem for what can be none."""
    ids = list(dict.fromkeys(text.removeprefix(COMPANY_PREFIX) for text in texts))
    for company_id in ids:
        if not is_bare(COMPANY_PREFIX + company_id) or company_id in {"", ".", ".."}:
            longest = LONGEST_NAME - len(COMPANY_PREFIX)
            too_long = len(company_id.encode("utf-8", "surrogatepass")) > longest
            why = f"too long; allowed: {longest} bytes" if too_long else NO_ID
            raise UsageProblem(f"--company {shown(company_id)!r}: {why}")
    return ids


class _Restorer(NamedTuple):
    """A restore under way: the open store, with both locks unless it is a dry run."""

    store: Store
    workspace: Workspace | None
    world: World
    how: How
    run_id: str
    unsettled: list[str]
    state_dir: str | None

    def bring_back(self, company_id: str | None, found: FoundArchive) -> Restored:
        """Restore one company. Raises Refused or NotRestored where nothing was restored."""
        workspace, how = self.workspace, self.how
        target = company_id or found.manifest.company_id
        last = last_noted(workspace, target) if workspace else None
        asked = RestoreRequest(target, how.everything, how.replace, how.anyway, last)
        moment = Clock(self.world.now, self.world.clock, self.world.wait)
        problems: list[str] = []
        with ExitStack() as stack:
            try:
                plan = stack.enter_context(plan_restore(self.store.snapshots(), found, asked, moment))
                plan.warnings += self.unsettled
                problem = why_not_now(workspace.records() if workspace else None, asked.company_id, how.again)
                if problem:
                    raise Refused(problem)
                plan.warnings += _at_work(plan, self.world.now, dry_run=how.dry_run)
                if self.world.stopping():
                    raise Refused("stopped before anything was restored")
                if workspace is not None and not how.dry_run:
                    audit = stack.enter_context(workspace.audit_log(self.world.clock))
                    into = Target(self.store.snapshots(), workspace.whole_folders(), audit, self.world.wait)
                    problems = carry_out(into, plan, run_id=self.run_id, now=self.world.now)
            except MayNotGive as problem:
                assert workspace is not None, "something was made"
                raise MayNotGive(f"{problem}; this works: {as_root(workspace.path, self.state_dir)}") from None
            except SwitchUnknown as problem:
                there = f"baileys-cleanup undo{how.again} lists run {self.run_id}" if plan.present else "it is there"
                raise NotRestored(
                    f"company {shown(asked.company_id)} may have been restored, and only the answer was lost:"
                    f" {problem}; where it was, {there}"
                ) from None
            except RestoredInPart as problem:
                raise NotRestored(f"company {shown(asked.company_id)} was not restored to the end: {problem}") from None
            except (CompanyProblem, ArchiveProblem) as problem:
                raise NotRestored(f"company {shown(asked.company_id)} was not restored: {problem}") from None
            except OSError as error:
                why = error.strerror or error
                raise NotRestored(f"company {shown(asked.company_id)} was not restored: {why}") from None
        return Restored(plan, problems, None if how.dry_run or not plan.builds else self.run_id, dry_run=how.dry_run)


@contextmanager
def _restorer(settings: Settings, world: World, how: How) -> Iterator[_Restorer]:
    """Open the store and take both locks. Raises UsageProblem or LockHeld."""
    with ExitStack() as stack:
        store = stack.enter_context(open_store(settings.place, settings.exclude))
        workspace = stack.enter_context(store.workspace(create=not how.dry_run))
        unsettled: list[str] = []
        if workspace is not None and not how.dry_run:
            stack.enter_context(workspace.hold())
            stack.enter_context(workspace.hold(BACKUP_LOCK))
            unsettled = workspace.whole_folders().settle_all()
        yield _Restorer(store, workspace, world, how, new_run_id(world.now), unsettled, settings.state_dir)


def restore(
    settings: Settings,
    archive: str,
    company_id: str | None,
    world: World,
    write: Callable[[str], object],
    *,
    how: How,
) -> int:
    """Restore one company. Returns 0, or 1 when something is not well after it.

    Raises UsageProblem, LockHeld, Refused or StoreProblem where nothing was restored.
    """
    with (
        _restorer(settings, world, how) as restorer,
        find_archive(archive, how.place, company_id, world.now, identities=how.identities) as found,
    ):
        one = restorer.bring_back(company_id, found)
        if how.as_json:
            _print(write, restorer, [one], one.status)
        else:
            one.text(write, how.again, detail=how.verbose or how.dry_run)
        return one.exit_status


def restore_several(
    settings: Settings, wanted: Sequence[str], world: World, write: Callable[[str], object], how: How
) -> int:
    """Restore the latest archives of the wanted companies, or of all that have one. Each is an island.

    Returns the worst status: 4 where a guard refused one, 1 where one is not well, else 0. Raises UsageProblem,
    LockHeld or StoreProblem before any company is tried.
    """
    outcomes: list[Restored | Failed] = []
    with _restorer(settings, world, how) as restorer, archived_companies(how.place) as (place, archived):
        if not (wanted or archived):
            raise UsageProblem(f"{place.where} has no archive of any company")
        for company_id in wanted or archived:
            if world.stopping():
                break
            outcomes.append(_island(restorer, company_id, latest_archive(place, company_id, world.now, how.identities)))
        stopped = world.stopping()
        if how.as_json:
            _print(write, restorer, outcomes, overall(outcomes, stopped=stopped))
        else:
            for one in outcomes if how.verbose else ():
                if isinstance(one, Restored):
                    one.text(write, how.again, detail=True)
            tell_several(outcomes, write, how.again, dry_run=how.dry_run, width=width_of_stdout())
    return max((one.exit_status for one in outcomes), default=0)


def _island(restorer: _Restorer, company_id: str, finding: AbstractContextManager[FoundArchive]) -> Restored | Failed:
    """Restore one of several companies; whatever goes wrong stays with it."""
    try:
        with finding as found:
            return restorer.bring_back(company_id, found)
    except CleanupError as problem:
        return Failed(shown(company_id), shown(str(problem)), problem.status if isinstance(problem, Refused) else 1)


def _print(
    write: Callable[[str], object], restorer: _Restorer, outcomes: Sequence[Restored | Failed], status: str
) -> None:
    how = restorer.how
    document = {
        "dry_run": how.dry_run,
        "status": status,
        "everything": how.everything,
        "replace": how.replace,
        "companies": [one.fields() for one in outcomes],
    }
    print_json(write, {**place_fields(restorer.store.path), **document})


def _at_work(plan: RestorePlan, now: int, *, dry_run: bool) -> list[str]:
    """Raise Refused where the present folder was written in the last minute; a dry run warns of it."""
    present = plan.present
    if present is None or plan.asked.anyway:
        return []
    files = [source.entry for source in present.files.values()]
    at_work = why_not_at_rest(files, now, creds_broken=present.account is None or present.account.unknown)
    if at_work and not dry_run:
        raise Refused(f"company {shown(plan.asked.company_id)}: {at_work}; nothing was restored")
    return [f"a real run would restore nothing now: {at_work}"] if at_work else []


class NotRestored(CleanupError):
    """A restore failed; the company's folder is as it was, or the missing files that went in are whole."""
