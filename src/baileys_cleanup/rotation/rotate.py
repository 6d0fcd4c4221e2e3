"""The use cases: rotate a company, go on with a rotation, take it back, and say what would be done.

The run lock is held while anything changes, and let go while a QR code waits: that may take hours.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from baileys_cleanup.cleaning.world import World
from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.errors import CleanupError, CompanyProblem, HookFailed, LockHeld, Refused, UsageProblem, in_words
from baileys_cleanup.output.text import few, shown
from baileys_cleanup.rotation.copying import give_to_owner
from baileys_cleanup.rotation.journal import Journals, read_journals, way_on
from baileys_cleanup.rotation.pairing import Ending, wait_for_pairing
from baileys_cleanup.rotation.qr_code import require_library, send
from baileys_cleanup.rotation.states import Journal, State
from baileys_cleanup.rotation.steps import Doors, Rotator, check_hooks, check_room, hook_for
from baileys_cleanup.rotation.survey import Survey, require_pairing, survey
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.folder.audit import open_audit
from baileys_cleanup.store.folder.folder_store import FolderStore, FolderWorkspace, open_store
from baileys_cleanup.store.folder.set_aside import settle_all
from baileys_cleanup.store.runs import new_run_id

_PATIENCE = 600
"""How often (about once a second) the end of a pairing asks for the lock that another run holds."""


class Rotated(NamedTuple):
    """What became of a rotation, or what would.

    `seen` is the company before it, None where only a journal was gone on with; `folder` is the path of its folder.
    """

    journal: Journal
    seen: Survey | None = None
    folder: str = ""


def look(settings: Settings, wanted: str, world: World, doors: Doors, *, fresh: bool) -> Rotated:
    """Return what a rotation would do, and change nothing. Raises what the rotation would raise before it begins."""
    with open_store(settings.sessions_root) as root, root.workspace(create=False) as tool:
        return _planned(root, tool, settings, wanted, world=world, doors=doors, fresh=fresh)


def rotate(settings: Settings, wanted: str, world: World, doors: Doors, *, fresh: bool) -> Rotated:
    """Rotate one company. Raises CleanupError; what could not be done is taken back, or in the journal."""
    with _at_work(settings, world, doors) as (root, tool, rotator):
        planned = _planned(root, tool, settings, wanted, world=world, doors=doors, fresh=fresh)
        try:
            journal = rotator.record(planned.journal, State.PLANNED)
        except OSError as error:
            raise Refused(
                f"company {shown(planned.journal.company_id)} is not rotated: nothing can be written in"
                f" {shown(tool.path)}: {in_words(error)}; nothing was changed"
            ) from None
        journal = rotator.go_on(journal)
    return planned._replace(journal=_finish(settings, journal, world, doors))


def resume(settings: Settings, wanted: Sequence[str], world: World, doors: Doors) -> list[Rotated]:
    """Go on with what was interrupted, of some companies or of all: a rotation, or its taking back.

    Raises CleanupError at the end for those that cannot go on; the others have.
    """
    with _at_work(settings, world, doors) as (root, tool, rotator):
        chosen = _open_ones(root, read_journals(tool), wanted)

        def go_on(journal: Journal) -> Journal:
            return (rotator.roll_back if journal.state is State.ROLLING_BACK else rotator.go_on)(journal)

        ended, troubles = _each(chosen, go_on)
    finished, later = _each(ended, lambda journal: _finish(settings, journal, world, doors))
    _raise_all([*troubles, *later])
    return [Rotated(journal) for journal in finished]


def roll_back(settings: Settings, wanted: Sequence[str], world: World, doors: Doors) -> list[Rotated]:
    """Let the former folders live again: of the open rotations, or of a company's last one even when it is done."""
    with _at_work(settings, world, doors) as (root, tool, rotator):
        journals = read_journals(tool)
        named = [journals.last_of(text.removeprefix(COMPANY_PREFIX)) for text in wanted]
        done = [journal for journal in named if journal is not None and journal.done]
        chosen = done or _open_ones(root, journals, wanted)
        ended, troubles = _each(chosen, rotator.roll_back)
    _raise_all(troubles)
    return [Rotated(journal) for journal in ended]


# --- how --------------------------------------------------------------------------------------------------


def _each(journals: Sequence[Journal], act: Callable[[Journal], Journal]) -> tuple[list[Journal], list[CleanupError]]:
    """Act on each: companies are islands. Returns what went well, and the troubles of the others."""
    ended: list[Journal] = []
    troubles: list[CleanupError] = []
    for journal in journals:
        try:
            ended.append(act(journal))
        except CleanupError as trouble:
            troubles.append(trouble)
    return ended, troubles


def _raise_all(troubles: Sequence[CleanupError]) -> None:
    if troubles:
        worst = max(troubles, key=lambda trouble: trouble.status)
        raise type(worst)("; ".join(map(str, troubles)))


@contextmanager
def _at_work(settings: Settings, world: World, doors: Doors) -> Iterator[tuple[FolderStore, FolderWorkspace, Rotator]]:
    with open_store(settings.sessions_root) as root, root.workspace(create=True) as tool:
        assert tool is not None
        with tool.hold():
            try:
                with open_audit(tool, world.clock) as audit:
                    for problem in settle_all(root, tool):
                        doors.warn(problem)
                    yield root, tool, Rotator(root, tool, audit, settings, world=world, doors=doors)
            except OSError as error:
                raise CleanupError(f"nothing can be written in {shown(tool.path)}: {in_words(error)}") from None


def _planned(
    root: FolderStore,
    tool: FolderWorkspace | None,
    settings: Settings,
    wanted: str,
    *,
    world: World,
    doors: Doors,
    fresh: bool,
) -> Rotated:
    """Look at all that can stand in the way, before anything is touched."""
    (company_id,) = root.select([wanted])
    journals = read_journals(tool)
    if journals.broken and tool is not None:
        raise Refused(f"{tool.path}/rotations holds journals that cannot be read: {few(journals.broken)}; look at them")
    unfinished = journals.open().get(company_id)
    if unfinished is not None:
        raise Refused(way_on(unfinished, doors.again))
    check_hooks(settings.rotate, root, company_id)
    command = settings.rotate.qr_command
    if fresh and command is not None:
        require_library()
    try:
        with root.company(company_id) as company:
            seen = survey(company, settings.policy_for(company_id), world.now, world.wait)
    except CompanyProblem as problem:
        raise Refused(f"company {shown(company_id)} is not rotated: {problem}") from None
    if not fresh:
        require_pairing(company_id, seen.account)
        check_room(root, company_id, seen)
    bot_pairs = fresh and (settings.rotate.bot_pairs or command is None)
    return Rotated(
        Journal(new_run_id(world.now), company_id, fresh, bot_pairs, world.now),
        seen,
        f"{root.path}/{COMPANY_PREFIX}{company_id}",
    )


def _open_ones(root: FolderStore, journals: Journals, wanted: Sequence[str]) -> list[Journal]:
    """Return the open rotations that are meant. Raises UsageProblem where there is none.

    The folder itself may be missing in the middle of a switch; the journal knows the company all the same.
    """
    unfinished = journals.open()
    ids = [text.removeprefix(COMPANY_PREFIX) for text in wanted]
    for company_id in ids:
        if company_id not in unfinished:
            raise UsageProblem(
                f"company {shown(company_id)} has no rotation in {shown(root.path)} that was interrupted"
            )
    if not unfinished:
        raise UsageProblem(f"no rotation was interrupted in {shown(root.path)}")
    return [unfinished[company_id] for company_id in ids] if ids else list(unfinished.values())


def _finish(settings: Settings, journal: Journal, world: World, doors: Doors) -> Journal:
    """Wait, without the lock, for the QR code to be scanned, where that comes next; then take the last steps.

    Raises CleanupError with the way on: the journal stays open.
    """
    if not journal.open or State.PAIRED not in journal.ahead() or world.stopping():
        return journal
    try:
        ending = _wait(settings, journal, world, doors)
        if ending in {Ending.STOPPED, Ending.OVER}:
            return journal
        journal = _close(settings, journal, State.PAIRED if ending is Ending.PAIRED else State.TIMED_OUT, world, doors)
    except (CleanupError, HookFailed, OSError) as problem:
        why, way = in_words(problem), way_on(journal, doors.again)
        raise CleanupError(why if "--rollback" in why else f"{why}. {way}") from None
    _tell_the_end(settings, journal, doors)
    return journal


def _tell_the_end(settings: Settings, journal: Journal, doors: Doors) -> None:
    """Send how the waiting ended to who is not in front of the terminal, unless somebody took it back by hand."""
    company = shown(journal.company_id)
    if journal.done:
        _notify(doors, f"company {company} is paired", "The new folder is paired; nothing is left to scan.")
    elif journal.state is State.TIMED_OUT:
        text = f"Nobody scanned the QR code within {settings.rotate.timeout} s; {way_on(journal, doors.again)}"
        _notify(doors, f"company {company} is NOT paired", text)


def _close(settings: Settings, journal: Journal, state: State, world: World, doors: Doors) -> Journal:
    """Record how the waiting ended, patiently where another run holds the lock, and take the steps after it."""
    for left in reversed(range(_PATIENCE)):
        try:
            with _at_work(settings, world, doors) as (root, tool, rotator):
                journal = _as_recorded(tool, journal)
                if not journal.open or State.PAIRED not in journal.ahead():
                    return journal  # somebody else ended it meanwhile
                if state is State.PAIRED:
                    _give_to_the_bot(root, journal, doors)
                journal = rotator.record(journal, state)
                return rotator.go_on(journal) if state is State.PAIRED else journal
        except LockHeld:
            if not left or world.stopping():
                raise
            world.wait()
    return journal


def _give_to_the_bot(root: FolderStore, journal: Journal, doors: Doors) -> None:
    """Let the bot's user own the pairing, where a command paired as root."""
    with suppress(CompanyProblem), root.company(journal.company_id) as company:
        left = give_to_owner(company.fd)
        if left:
            doors.warn(f"these belong to root, and the bot may not be able to write to them: {few(left)}")


def _as_recorded(tool: FolderWorkspace, journal: Journal) -> Journal:
    """Return what the journal says now: without the lock, somebody else may have taken the rotation back."""
    return next((each for each in read_journals(tool).readable if each.run_id == journal.run_id), journal)


def _wait(settings: Settings, journal: Journal, world: World, doors: Doors) -> Ending:
    with open_store(settings.sessions_root) as root, root.workspace(create=False) as tool:
        hook = hook_for(settings.rotate, "qr_command", root, journal.company_id)
        if hook is None:
            doors.say("rotate.qr_command is not set: scan the QR code that the bot itself shows now")

        def still_on() -> bool:
            return tool is None or State.PAIRED in _as_recorded(tool, journal).ahead()

        def show(payload: str, number: int) -> None:
            doors.show(payload, number)
            if doors.notify is not None:
                _notify(doors, f"scan to pair company {shown(journal.company_id)}", f"QR code {number}.", payload)

        def hear(line: str) -> None:
            doors.hear("rotate.qr_command", line)

        limit = settings.rotate.timeout
        return wait_for_pairing(
            root,
            journal.company_id,
            hook,
            limit=limit,
            world=world,
            show=show,
            hear=hear,
            still_on=still_on,
            let_end=not journal.bot_pairs,
        )


def _notify(doors: Doors, title: str, text: str, payload: str | None = None) -> None:
    """Tell the operator, where there is a way to; trouble with that is said, and stops nothing."""
    if doors.notify is None:
        return
    try:
        if payload is None:
            doors.notify(title, text, None)
        else:
            send(payload, title, text, doors.notify)
    except (CleanupError, OSError) as problem:
        doors.warn(f"the operator could not be told ({title}): {problem}")
