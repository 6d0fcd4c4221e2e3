"""`restore`: bring back a company's folder from an archive."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import click

from baileys_cleanup.backups.find import find_archive
from baileys_cleanup.backups.manifest import is_bare
from baileys_cleanup.backups.restore import RestorePlan, RestoreRequest, Target, carry_out, plan_restore
from baileys_cleanup.backups.restore_plan import FileDecision, Step
from baileys_cleanup.cleaning.at_rest import why_not_at_rest
from baileys_cleanup.cleaning.whose_keys import last_noted
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.commands import completion
from baileys_cleanup.commands.options import (
    CONTEXT,
    Output,
    Stop,
    as_root,
    json_output,
    load_settings,
    same_place,
    where,
    world,
)
from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.errors import ArchiveProblem, CleanupError, CompanyProblem, MayNotGive, Refused, UsageProblem
from baileys_cleanup.output.document import place_fields, print_json, problem_fields
from baileys_cleanup.output.text import count, shown
from baileys_cleanup.rotation.journal import why_not_now
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.runs import new_run_id
from baileys_cleanup.store.snapshots import Clock
from baileys_cleanup.store.store import BACKUP_LOCK


@click.command("restore", context_settings=CONTEXT)
@click.argument("archive")
@click.option(
    "--company",
    "company",
    metavar="ID",
    shell_complete=completion.company_ids,
    help="Into this company, instead of the archive's own.",
)
@click.option(
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
@where
@json_output
@click.pass_context
def command(ctx: click.Context, /, archive: str, **options: Any) -> None:  # noqa: ANN401 - Click's values
    """Bring back a company's folder from ARCHIVE: a path, a URL, a name in the store, or "latest".

    Only what is missing is put in, and nothing that exists is overwritten, unless --replace. Stop the bot first.
    """
    settings = load_settings(options["sessions_root"], options["config"], store=options["store"]).settings
    output, stop = Output(), Stop()
    again = same_place(options["sessions_root"], options["config"], store=options["store"])
    with stop.listening():
        status = restore(
            settings,
            archive,
            world(stop),
            output.write,
            company=options["company"],
            place=options["source"] or settings.backup.to,
            everything=options["everything"],
            replace=options["replace"],
            anyway=options["anyway"],
            dry_run=options["dry_run"],
            detail=options["verbose"] or options["dry_run"],
            as_json=options["as_json"],
            again=again,
        )
    ctx.exit(stop.exit_status(max(status, int(output.failed))))


def restore(
    settings: Settings,
    archive: str,
    world: World,
    write: Callable[[str], object],
    *,
    company: str | None,
    place: str | None,
    everything: bool,
    replace: bool,
    dry_run: bool,
    detail: bool,
    as_json: bool,
    anyway: bool = False,
    again: str = "",
) -> int:
    """Restore one company. Returns 0, or 1 when something is not well after it. `anyway` goes on in doubt.

    Raises UsageProblem, LockHeld, Refused or StoreProblem where nothing was restored.
    """
    company_id = None if company is None else company.removeprefix(COMPANY_PREFIX)
    if (company_id is not None and not is_bare(COMPANY_PREFIX + company_id)) or company_id in {"", ".", ".."}:
        raise UsageProblem(f"--company {shown(str(company))!r}: a company id has no slash in it and is not empty")
    run_id = new_run_id(world.now)
    moment = Clock(world.now, world.clock, world.wait)
    unsettled: list[str] = []
    with ExitStack() as stack:
        store = stack.enter_context(open_store(settings.place, settings.exclude))
        workspace = stack.enter_context(store.workspace(create=not dry_run))
        if workspace is not None and not dry_run:
            stack.enter_context(workspace.hold())
            stack.enter_context(workspace.hold(BACKUP_LOCK))
            unsettled = workspace.whole_folders().settle_all()
        found = stack.enter_context(find_archive(archive, place, company_id, world.now))
        target = company_id or found.manifest.company_id
        last = last_noted(workspace, target) if workspace else None
        asked = RestoreRequest(target, everything, replace, anyway, last)
        problems: list[str] = []
        try:
            plan = stack.enter_context(plan_restore(store.snapshots(), found, asked, moment))
            plan.warnings += unsettled
            problem = why_not_now(workspace.records() if workspace else None, asked.company_id, again)
            if problem:
                raise Refused(problem)
            plan.warnings += _at_work(plan, world.now, dry_run=dry_run)
            if world.stopping():
                raise Refused("stopped before anything was restored")
            if workspace is not None and not dry_run:
                audit = stack.enter_context(workspace.audit_log(world.clock))
                into = Target(store.snapshots(), workspace.whole_folders(), audit, world.wait)
                problems = carry_out(into, plan, run_id=run_id, now=world.now)
        except MayNotGive as problem:
            assert workspace is not None, "something was made"
            raise MayNotGive(f"{problem}; this works: {as_root(workspace.path)}") from None
        except (CompanyProblem, ArchiveProblem) as problem:
            raise NotRestored(f"company {shown(asked.company_id)} was not restored: {problem}") from None
        except OSError as error:
            why = error.strerror or error
            raise NotRestored(f"company {shown(asked.company_id)} was not restored: {why}") from None
        say = _Say(plan, problems, None if dry_run or not plan.builds else run_id, dry_run=dry_run)
        if as_json:
            print_json(write, {**place_fields(store.path), **say.fields()})
        else:
            say.text(write, again, detail=detail)
        return int(say.is_open)


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


class _Say:
    def __init__(self, plan: RestorePlan, problems: list[str], run_id: str | None, *, dry_run: bool) -> None:
        self._plan = plan
        self._problems = problems
        self._run_id = run_id
        self._dry_run = dry_run
        self._open = [choice for choice in plan.choices if choice.open]

    @property
    def is_open(self) -> bool:
        """Tell whether something is not well after this restore."""
        return bool(self._open or self._problems)

    def fields(self) -> dict[str, Any]:
        """Return the JSON document."""
        plan = self._plan
        return {
            "dry_run": self._dry_run,
            "status": self._status,
            "everything": plan.asked.everything,
            "replace": plan.asked.replace,
            "companies": [
                {
                    "company_id": shown(plan.asked.company_id),
                    "status": self._status,
                    "archive": shown(plan.found.name),
                    "created": shown(plan.found.manifest.created),
                    "set_aside": self._set_aside,
                    "files": {step.value: len(plan.names(step)) for step in Step},
                    "decisions": [_fields(choice) for choice in plan.choices],
                    "warnings": plan.warnings,
                    "errors": [problem_fields(text) for text in self._problems],
                }
            ],
        }

    @property
    def _status(self) -> str:
        return "partial" if self.is_open else "done"

    @property
    def _set_aside(self) -> str | None:
        return self._run_id if self._plan.present is not None else None

    def text(self, write: Callable[[str], object], again: str, *, detail: bool) -> None:
        """Write the summary for people."""
        plan = self._plan
        would = "would be " if self._dry_run else ""
        name = shown(plan.asked.company_id)
        write(f"company {name}, from {shown(plan.found.name)} of {shown(plan.found.manifest.created)}\n")
        for choice in plan.choices if detail else self._open:
            write(f"  {choice.step.value.replace('_', ' ')}: {shown(choice.name)}: {choice.reason}\n")
        words = {
            Step.RESTORED: "restored",
            Step.KEPT: "come along" if plan.builds else "left as they are",
            Step.LEFT_OUT: "of the archive left out",
            Step.SET_ASIDE: "only in the folder that is set aside",
        }
        for step, text in words.items():
            kinds = Counter(choice.kind.value for choice in plan.choices if choice.step is step)
            if kinds:
                listed = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items())
                total = count(sum(kinds.values()), "file")
                write(f"{total} {would if step is Step.RESTORED else ''}{text}: {listed}\n")
        for warning in plan.warnings:
            write(f"warning: {warning}\n")
        for problem in self._problems:
            write(f"error: {problem}\n")
        if self._open:
            write(
                "error: the folder is not whole: see above; --replace builds it anew and sets the present one aside\n"
            )
        if self._set_aside is not None:
            write(
                "The former folder is set aside whole, and nothing deletes it."
                f" It comes back with: baileys-cleanup undo {self._set_aside}{again}\n"
            )


def _fields(choice: FileDecision) -> dict[str, Any]:
    return {
        "file": shown(choice.name),
        "kind": choice.kind,
        "step": choice.step,
        "reason": choice.reason,
        "open": choice.open,
    }
