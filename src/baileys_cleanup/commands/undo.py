"""`undo`: list the runs that can be undone, or bring back what one removed."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, NamedTuple

import click

from baileys_cleanup.cleaning.look import Terms, look_and_plan
from baileys_cleanup.cleaning.restored import Restored
from baileys_cleanup.cleaning.shards import hold_company, undoing
from baileys_cleanup.cleaning.switch import switch_set_aside
from baileys_cleanup.cleaning.undo import UndoTerms, undo_company
from baileys_cleanup.cleaning.undoable import choose_of_shard, choose_run, choose_set_aside, other_shards
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.commands.options import (
    CONTEXT,
    Output,
    json_output,
    load_settings,
    only_companies,
    same_place,
    selection_of,
    shard_of,
    where,
    world,
)
from baileys_cleanup.commands.stop import Stop
from baileys_cleanup.commands.undo_list import list_runs
from baileys_cleanup.commands.undo_say import WORDS, Undone, status_of, tell_nothing, tell_undo, undo_fields
from baileys_cleanup.decision.outcome import Problem
from baileys_cleanup.decision.verdict import Rule
from baileys_cleanup.errors import (
    CleanupError,
    CompanyProblem,
    CompanyUnreachable,
    LockHeld,
    Refused,
    ServerGone,
    ServerProblem,
    UsageProblem,
    in_words,
)
from baileys_cleanup.output.document import place_fields, print_json, problem_fields
from baileys_cleanup.output.sentences import unwritten
from baileys_cleanup.output.text import count, few, shown
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.runs import Run
from baileys_cleanup.store.selection import Selection
from baileys_cleanup.store.small_records import AuditLog
from baileys_cleanup.store.store import SetAside, Store, Workspace

_KEEPING = {
    Rule.SESSION_AGE: "retention.session_max_age_days",
    Rule.SESSION_REPLACED: "retention.session_max_age_days",
    Rule.SENDER_KEY_AGE: "retention.sender_key_max_age_days",
    Rule.SENDER_KEY_MEMORY_AGE: "retention.sender_key_max_age_days",
    Rule.SENDER_KEY_PAIR_AGE: "retention.sender_key_max_age_days",
    Rule.PRE_KEY_CAP: "retention.max_pre_keys",
    Rule.PRE_KEY_FORMER_PAIRING_AGE: "retention.former_pairing_days",
}


def undo_run(
    settings: Settings,
    run_id: str,
    selection: Selection,
    world: World,
    write: Callable[[str], object],
    *,
    as_json: bool,
    anyway: bool = False,
) -> int:
    """Bring back what one run removed. Returns 0, 1 when something had to stay away, 4 when a guard said no.

    With `anyway` no doubt holds it up: a folder written in the last minute, a pairing that nobody can compare. Of a
    shard it brings back its companies, beside other shards; a run that has none of them is no mistake.
    """
    shard = selection.shard
    with open_store(settings.place, settings.exclude) as store, store.workspace(create=False) as workspace:
        if workspace is None:
            nothing = f"nothing was ever removed under {shown(store.path)}, so there is no run to undo"
            raise UsageProblem(store.unseen() or nothing)
        with workspace.hold(shared=shard is not None), workspace.audit_log(world.clock) as audit:
            folders: Sequence[SetAside] = ()
            chosen: tuple[Run, list[str]] | None = None
            with _choosing(store, run_id):
                terms = UndoTerms(world, world.holds(workspace, world.again), anyway, shard)
                if shard is not None:
                    chosen = choose_of_shard(workspace, run_id, shard, world.stopping)
                else:
                    for problem in workspace.whole_folders().settle_all():
                        click.echo(f"warning: {shown(problem)}", err=True)
                    folders = choose_set_aside(workspace, run_id, selection.wanted, world.again)
                    chosen = None if folders else choose_run(workspace, run_id, selection.wanted)
            if folders:
                return _switch_folders(_Switch(store, workspace, terms, audit), folders, write, as_json=as_json)
            if chosen is None:
                assert shard is not None, "else there is a run"
                return tell_nothing(store.path, run_id, shard, write, as_json=as_json)
            run = chosen[0]
            undone = _bring_back(store, workspace, audit, chosen, terms)
            others = [] if shard or undone.is_cut else other_shards(workspace, run)
        again = Counter[str]() if undone.is_cut else _going_again(store, settings, undone.companies, world)
    if as_json:
        fields = undo_fields(undone, again, shard, stopped=world.stopping())
        print_json(write, {**place_fields(store.path), **fields})
    else:
        tell_undo(write, undone, again, store=store.path, options=world.again)
        if run.shard and others:
            write(
                f"That was shard {run.shard}; the others of that night have runs of their own:"
                f" baileys-cleanup undo {' '.join(others)}{world.again}\n"
            )
    return undone.status


@contextmanager
def _choosing(store: Store, run_id: str) -> Iterator[None]:
    """Raise UsageProblem for what a server does not tell of what can be undone."""
    try:
        yield
    except ServerProblem as problem:
        what = "the latest run" if run_id == "latest" else f"run {shown(run_id)}"
        raise UsageProblem(
            f"{what} in {shown(store.path)} cannot be undone now: {problem.strerror}; nothing was touched"
        ) from None


_TAKEN = "another run is at work on it at this moment; try again"


def _bring_back(
    store: Store, workspace: Workspace, audit: AuditLog, chosen: tuple[Run, list[str]], terms: UndoTerms
) -> Undone:
    """Bring back what a run removed from these companies, one after the other, until told to stop.

    From the first of them on nothing is raised: what came back is told.
    """
    run, ids = chosen
    restored: list[Restored] = []
    errors: list[str] = []
    with ExitStack() as held:
        try:
            held.enter_context(undoing(workspace, run, terms.shard, terms.world.stopping))
            audit.write("undo", run=run.run_id)
        except OSError as error:
            raise UsageProblem(f"{unwritten(error, workspace.path)}; nothing was brought back") from None
        for company_id in ids:
            if terms.world.stopping() or any(company.cut for company in restored):
                break
            restored.append(_undo_alone(store, workspace, run, company_id, terms))
        if len(restored) < len(ids) and not terms.world.stopping():
            errors.append(f"not looked at after that: {few(ids[len(restored) :])}")
        try:
            held.close()
        except (OSError, CleanupError) as error:
            errors.append(f"it cannot be marked as over, which the next run does: {in_words(error)}")
    return Undone(run, restored, errors)


def _undo_alone(store: Store, workspace: Workspace, run: Run, company_id: str, terms: UndoTerms) -> Restored:
    try:
        with hold_company(workspace, company_id, terms.shard):
            return undo_company(store, workspace, run, company_id, terms)
    except LockHeld:
        return Restored(company_id, stayed=[Problem(None, _TAKEN)])
    except CompanyProblem as problem:  # the lock itself cannot be asked for
        return Restored(company_id, stayed=[Problem(None, str(problem))])


class _Switch(NamedTuple):
    """What a switch of whole folders works with."""

    store: Store
    workspace: Workspace
    terms: UndoTerms
    audit: AuditLog


def _switch_folders(
    switch: _Switch, folders: Sequence[SetAside], write: Callable[[str], object], *, as_json: bool
) -> int:
    """Let whole folders go live again, each in one step. Returns 0, 1 when one could not, 4 when a guard said no."""
    problems: dict[str, str] = {}
    unsaid: dict[str, str] = {}
    doubts: dict[str, str | None] = {}
    refused: set[str] = set()
    world = switch.terms.world
    for folder in folders:
        try:
            switch.audit.write("undo", run=folder.run_id, company=folder.company_id)
            switched = switch_set_aside(switch.store, switch.workspace, folder, switch.terms)
            doubts[folder.company_id] = switched.doubt
            told = switched.late.told(f"undo {folder.run_id} brings it back")
            if told:
                unsaid[folder.company_id] = "; ".join(told)
        except (CompanyProblem, Refused, UsageProblem, OSError) as problem:
            why = (problem.strerror or str(problem)) if isinstance(problem, OSError) else str(problem)
            if isinstance(problem, ServerGone | CompanyUnreachable):
                why += f"; it may have been, and only the answer was lost: baileys-cleanup undo{world.again} tells"
            problems[folder.company_id] = why
            refused |= {folder.company_id} if isinstance(problem, Refused) else set()
    status = status_of(refused, problems or unsaid)
    run_id = folders[0].run_id
    if as_json:
        companies = [
            {
                "company_id": shown(folder.company_id),
                "why": folder.why,
                "switched": folder.company_id not in problems,
                "errors": [
                    problem_fields(found[folder.company_id])
                    for found in (problems, unsaid)
                    if folder.company_id in found
                ],
            }
            for folder in folders
        ]
        print_json(
            write,
            {
                **place_fields(switch.store.path),
                "run_id": run_id,
                "status": WORDS[status],
                "companies": companies,
            },
        )
        return status
    for folder in folders:
        name = shown(folder.company_id)
        if folder.company_id in problems:
            write(f"company {name}: not switched: {problems[folder.company_id]}\n")
        else:
            write(f"company {name}: the folder of {count(folder.files, 'file')} that lay aside is live again\n")
        for text in filter(None, (doubts.get(folder.company_id), unsaid.get(folder.company_id))):
            write(f"company {name}: {text}\n")
    if len(problems) < len(folders):
        write(f"What was live until now lies aside, and comes back with: baileys-cleanup undo {run_id}{world.again}\n")
    return status


def _going_again(store: Store, settings: Settings, restored: Sequence[Restored], world: World) -> Counter[str]:
    """Return how many of the files the next run would remove again, by the setting that keeps them."""
    again: Counter[str] = Counter()
    terms = Terms(world.now, settings.levels, settings.max_removals, world.wait, world.stopping)
    with suppress(UsageProblem):  # then each is looked at by itself
        store.expect([back.company_id for back in restored if back.files])
    for back in restored:
        names = set(back.files)
        if names:
            with suppress(CompanyProblem, OSError), store.company(back.company_id) as company:
                removals = look_and_plan(company, settings.policy_for(back.company_id), terms).plan.removals
                rules = {verdict.second: verdict.rule for verdict in removals}  # a copy goes by its file's rule
                again.update(
                    _KEEPING[rules.get(verdict.file.name, verdict.rule)]
                    for verdict in removals
                    if verdict.file.name in names
                )
    return again


@click.command("undo", context_settings=CONTEXT)
@click.argument("run_ids", nargs=-1, metavar="[RUN_ID]...")
@only_companies
@shard_of
@click.option("--anyway", is_flag=True, help="Go on in doubt: written in the last minute, or a pairing nobody noted.")
@where
@json_output
@click.pass_context
def command(ctx: click.Context, /, run_ids: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401
    """List what can be undone, or bring back what run RUN_ID removed or set aside ("latest": the newest one).

    Several are undone one after the other: the shards of a night, say.
    Nothing that exists by now is overwritten: a newer key always wins. Stop the bots first.
    """
    settings = load_settings(options["sessions_root"], options["config"], store=options["store"]).settings
    output = Output()
    stop = Stop()
    selection = selection_of(ctx, options)
    if len(run_ids) > 1 and (selection.wanted or options["as_json"]):
        raise click.UsageError("--company and --json go with one RUN_ID.", ctx)
    if not run_ids and (selection.wanted or selection.shard):
        option = "--company" if selection.wanted else "--shard"
        raise click.UsageError(f"{option} goes with a RUN_ID; `baileys-cleanup undo` lists them.", ctx)
    again = same_place(options["sessions_root"], options["config"], store=options["store"])
    with stop.listening():
        if not run_ids:
            status = list_runs(settings, output.write, again=again, as_json=options["as_json"])
        else:
            how = {"as_json": options["as_json"], "anyway": options["anyway"]}
            status = 0
            for run_id in run_ids:
                if stop():
                    break
                told = undo_run(settings, run_id, selection, world(stop, again), output.write, **how)
                status = max(status, told)
    ctx.exit(stop.exit_status(max(status, int(output.failed))))
