"""`rotate`: a new folder for a session that cleaning no longer helps."""

import sys
from typing import Any

import click

from baileys_cleanup.commands import completion
from baileys_cleanup.commands.options import (
    CONTEXT,
    Output,
    as_root,
    json_output,
    load_settings,
    same_place,
    where,
    world,
)
from baileys_cleanup.commands.stop import Stop
from baileys_cleanup.errors import CleanupError, MayNotGive, UsageProblem
from baileys_cleanup.output.document import place_fields, print_json
from baileys_cleanup.output.log import Log
from baileys_cleanup.output.text import argument, few, shown
from baileys_cleanup.rotation.connections import backup_for, notifier_for
from baileys_cleanup.rotation.in_place import refuse_impossible
from baileys_cleanup.rotation.qr_code import for_terminal
from baileys_cleanup.rotation.report import doubts, fields, file_fields, outcome, status_of, step, strangers, total
from baileys_cleanup.rotation.rotate import Rotated, look, resume, roll_back, rotate
from baileys_cleanup.rotation.states import Journal, State
from baileys_cleanup.rotation.walk import Connections
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.store import OWN_FOLDER

_UP = "\x1b[{}F\x1b[J"
"""Moves up some lines and clears what is below (ECMA-48): the next QR code takes the place of the last."""


@click.command("rotate", context_settings=CONTEXT)
@click.option(
    "--company",
    "companies",
    metavar="ID",
    multiple=True,
    shell_complete=completion.company_ids,
    help="The company to rotate.",
)
@click.option("--fresh", is_flag=True, help="Begin with an empty folder, and pair it by QR code.")
@click.option("--resume", "resuming", is_flag=True, help="Go on with a rotation that was interrupted.")
@click.option("--rollback", "back", is_flag=True, help="Let the former folder live again.")
@click.option("--anyway", is_flag=True, help="With --rollback: even where the folder was paired anew since.")
@click.option("--dry-run", "-n", is_flag=True, help="Say every step and file; change nothing.")
@click.option("--yes", is_flag=True, help="The bot is stopped: do not ask where no rotate.stop_command is set.")
@where
@json_output
@click.pass_context
def command(ctx: click.Context, /, companies: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401 - Click's values
    """Give a company a new folder, and keep the former one.

    The pairing stays, conversations begin anew, and no QR code is needed. In a database what the new folder would not
    get goes into the quarantine. With --fresh the folder is empty and has to be paired. Stop the bot first, or set
    rotate.stop_command and rotate.start_command.
    """
    _check(ctx, companies, **options)
    settings = load_settings(options["sessions_root"], options["config"], store=options["store"]).settings
    if not (options["resuming"] or options["back"]):
        refuse_impossible(settings, fresh=options["fresh"])
    if not (settings.rotate.stop_command or options["yes"] or options["dry_run"]):
        _ask(companies)
    again = same_place(options["sessions_root"], options["config"], store=options["store"])
    output, stop = Output(), Stop()
    teller = _Teller(output, settings.place.shown, again, as_json=options["as_json"])
    status, trouble = 0, ""
    with stop.listening():
        try:
            status = _run(settings, companies, teller, stop, **options)
        except MayNotGive as error:
            own = f"{settings.sessions_root}/{OWN_FOLDER}"
            raise MayNotGive(f"{error}; this works: {as_root(own, settings.state_dir)}") from None
        except CleanupError as error:
            if not stop():
                raise
            trouble = str(error)
    if trouble:
        teller.log.error("rotation_stopped", error=shown(trouble))
    ctx.exit(stop.exit_status(max(status, int(output.failed))))


def _check(
    ctx: click.Context,
    companies: tuple[str, ...],
    *,
    fresh: bool,
    resuming: bool,
    back: bool,
    dry_run: bool,
    anyway: bool,
    **_: object,
) -> None:
    if resuming and back:
        raise click.UsageError("--resume and --rollback exclude each other.", ctx)
    if (resuming or back) and (fresh or dry_run):
        raise click.UsageError("--fresh and --dry-run are for a new rotation, not for one that was begun.", ctx)
    if anyway and not back:
        raise click.UsageError("--anyway goes with --rollback.", ctx)
    if not (resuming or back) and len(companies) != 1:
        raise click.UsageError("name one company: baileys-cleanup rotate --company ID", ctx)


def _ask(companies: tuple[str, ...]) -> None:
    """Ask a person whether the bot is stopped. Raises UsageProblem where it is not, or nobody is there to be asked."""
    whose = f"the bot of company {few(companies)}" if companies else "the bots"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageProblem(
            f"no rotate.stop_command is set, so {whose} could be at work in the folder; nothing was changed: set it, or"
            " stop the bot and give --yes"
        )
    if not click.confirm(f"No rotate.stop_command is set. Is {whose} stopped?", err=True):
        raise UsageProblem(f"nothing was changed: stop {whose} first, or set rotate.stop_command")


def _run(
    settings: Settings,
    companies: tuple[str, ...],
    teller: "_Teller",
    stop: Stop,
    *,
    fresh: bool,
    resuming: bool,
    back: bool,
    dry_run: bool,
    anyway: bool,
    **_: object,
) -> int:
    here = world(stop, teller.again)
    connections = teller.connections()._replace(backup=backup_for(settings, here), notify=notifier_for(settings, here))
    if dry_run:
        planned = look(settings, companies[0], here, connections, fresh=fresh)
        teller.tell_plan(planned, settings, backs_up=connections.backup is not None)
        return 0
    if back:
        found = roll_back(settings, companies, here, connections, anyway=anyway)
        teller.tell(found)
        return int(teller.missed)
    if resuming:
        found = resume(settings, companies, here, connections)
    else:
        found = [rotate(settings, companies[0], here, connections, fresh=fresh)]
    teller.tell(found)
    if resuming:  # one that was half taken back is ended as well
        return int(teller.missed or any(rotated.journal.open for rotated in found))
    return int(teller.missed or not all(rotated.journal.done for rotated in found))


class _Teller:
    """Says what happens: to people on stdout, to programs as one document at the end with the rest in the log."""

    def __init__(self, output: Output, root: str, again: str, *, as_json: bool) -> None:
        self._write = output.write
        self._root = root
        self.again = again
        self._as_json = as_json
        self._warnings: list[str] = []
        self.missed = False
        self._lines_of_code = 0
        self.log = Log("console" if sys.stderr.isatty() else "json", "info")

    def connections(self) -> Connections:
        """Return the ways out of a rotation."""
        return Connections(self._say, self._warn, self._hear, self._show, again=self.again, miss=self._miss)

    def _say(self, sentence: str) -> None:
        self._lines_of_code = 0  # the last code is no longer the last thing on the terminal
        if self._as_json:
            self.log.info("rotation_step", step=shown(sentence))
        else:
            self._write(f"{shown(sentence)}\n")

    def _miss(self, sentence: str) -> None:
        self.missed = True
        self._warn(sentence)

    def _warn(self, sentence: str) -> None:
        self._lines_of_code = 0
        self._warnings.append(sentence)
        if self._as_json:
            self.log.warning("rotation_warning", warning=shown(sentence))
        else:
            self._write(f"warning: {shown(sentence)}\n")

    def _hear(self, hook: str, line: str) -> None:
        self._lines_of_code = 0
        self.log.info("hook_output", hook=hook, line=line)

    def _show(self, payload: str, number: int) -> None:
        """Show a QR code where a person looks: on stdout, or on a terminal's stderr where stdout is for a program."""
        stream, write = (sys.stderr, _to_stderr) if self._as_json else (sys.stdout, self._write)
        if self._as_json and not stream.isatty():
            self._say(f"QR code {number} is there, and no terminal to show it on")
            return
        try:
            code = for_terminal(payload)
        except ValueError:  # segno's DataOverflowError is one
            self._warn(f"line {number} of rotate.qr_command is too long for a QR code")
            return
        text = f"{code}\nQR code {number}: in WhatsApp, Linked devices, Link a device\n"
        if self._lines_of_code and stream.isatty():
            write(_UP.format(self._lines_of_code))
        write(text)
        stream.flush()
        self._lines_of_code = text.count("\n")

    # --- a plan -------------------------------------------------------------------------------------------

    def tell_plan(self, planned: Rotated, settings: Settings, *, backs_up: bool) -> None:
        """Say every step and every file, and that nothing was changed."""
        journal, seen = planned.journal, planned.seen
        assert seen is not None
        steps = [
            (state, step(state, planned, settings, backs_up=backs_up))
            for state in journal.way[1:]
            if state is not State.STOPPING
        ]
        choices = [choice._replace(taken=choice.taken and not journal.fresh) for choice in seen.choices]
        if self._as_json:
            taken = [file_fields(choice) for choice in choices if choice.taken]
            left = [file_fields(choice, journal) for choice in choices if not choice.taken]
            document = {
                **fields(planned, dry_run=True, status="planned", warnings=doubts(planned)),
                "steps": [{"state": state, "what": text} for state, text in steps],
                "files_taken": taken,
                "files_left": left,
            }
            print_json(self._write, {**place_fields(self._root), "rotations": [document]})
            return
        self._write(f"company {shown(journal.company_id)}, {journal.mode} rotation:\n")
        for number, (_, text) in enumerate(steps, 1):
            self._write(f"  {number}. {text}\n")
        self._write("\n")
        words = ("goes ", "stays") if journal.in_place else ("left behind", "taken along")
        for choice in choices:
            file = file_fields(choice, journal)
            self._write(f"  {words[choice.taken]}  {file['file']}: {file['reason']}\n")
        for text in doubts(planned):
            self._write(f"warning: {shown(text)}\n")
        self._write(f"\n{total(choices, journal)}. Dry run: nothing was changed.\n")

    # --- a result -----------------------------------------------------------------------------------------

    def tell(self, found: list[Rotated]) -> None:
        """Say what became of it, and what can be done now."""
        if self._as_json:
            documents = [
                fields(
                    each, dry_run=False, status=status_of(each.journal), warnings=[*self._warnings, *strangers(each)]
                )
                for each in found
            ]
            print_json(self._write, {**place_fields(self._root), "rotations": documents})
            return
        for each in found:
            for text in strangers(each):
                self._write(f"warning: {text}\n")
            self._write(f"{outcome(each)}\n")
            way = self._way_back(each.journal)
            if way:
                self._write(f"{way}\n")

    def _way_back(self, journal: Journal) -> str:
        command = f"baileys-cleanup rotate --company {argument(journal.company_id)}"
        what = "bring back what was removed" if journal.in_place else "put the former folder back"
        back = f"To {what}: {command} --rollback{self.again}"
        if journal.open:
            return f"To go on: {command} --resume{self.again}\n{back}"
        return back if journal.done and not journal.empty else ""


def _to_stderr(text: str) -> None:
    sys.stderr.write(text)
