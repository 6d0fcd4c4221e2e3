"""The use cases: rotate a company, go on with a rotation, take it back, and say what would be done.

The run lock is held while anything changes, and let go while a QR code waits: that may take hours.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from baileys_cleanup.cleaning.world import World
from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.errors import (
    CleanupError,
    CompanyProblem,
    CompanyUnreachable,
    HookFailed,
    LockHeld,
    Refused,
    UsageProblem,
    in_words,
)
from baileys_cleanup.output.text import few, shown
from baileys_cleanup.rotation.at_work import Seen, at_work, looking
from baileys_cleanup.rotation.beginning import before_anything, begin, try_owners
from baileys_cleanup.rotation.in_place import InPlace, refuse_doubles, refuse_doubt, refuse_impossible
from baileys_cleanup.rotation.journal import Journals, read_journals, way_on
from baileys_cleanup.rotation.pairing import Ending, wait_for_pairing
from baileys_cleanup.rotation.qr_code import require_library, send
from baileys_cleanup.rotation.states import Journal, State
from baileys_cleanup.rotation.steps import Rotator, check_room
from baileys_cleanup.rotation.survey import Survey, require_pairing, survey
from baileys_cleanup.rotation.walk import Connections, RotationStore, Walk, check_hooks, hook_for
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.runs import new_run_id
from baileys_cleanup.store.small_records import SmallRecords
from baileys_cleanup.store.store import Store

_MOST_TRIES = 600
"""How often (about once a second) the end of a pairing asks for the lock that another run holds."""


class Rotated(NamedTuple):
    """What became of a rotation, or what would.

    `seen` is the company before it, None where only a journal was gone on with; `folder` is the path of its folder;
    `doubt` says of a plan why it could not be carried out, `unseen` why nobody sees what the tool keeps.
    """

    journal: Journal
    seen: Survey | None = None
    folder: str = ""
    doubt: str | None = None
    unseen: str | None = None


def look(settings: Settings, wanted: str, world: World, connections: Connections, *, fresh: bool) -> Rotated:
    """Return what a rotation would do, and change nothing. Raises what the rotation would raise before it begins.

    In a database where this role may not write there is a plan all the same, with a doubt.
    """
    with looking(settings.place) as seen, before_anything(wanted, seen.companies):
        planned = _planned(seen, wanted, settings, world, connections.again, fresh=fresh)
        return planned._replace(unseen=None if seen.records else seen.companies.unseen())


def rotate(settings: Settings, wanted: str, world: World, connections: Connections, *, fresh: bool) -> Rotated:
    """Rotate one company. Raises CleanupError; what could not be done is taken back, or in the journal."""
    with _at_work(settings, world, connections) as (store, rotator):
        seen = Seen(store.companies, store.records)
        with before_anything(wanted, store.companies):
            planned = _planned(seen, wanted, settings, world, connections.again, fresh=fresh)
            refuse_doubt(planned.journal.company_id, planned.doubt)
            try_owners(store, planned.journal.company_id)
        journal = begin(rotator, store, planned.journal, connections.again)
        journal = rotator.go_on(journal)
    return planned._replace(journal=_finish(settings, journal, world, connections))


def resume(settings: Settings, wanted: Sequence[str], world: World, connections: Connections) -> list[Rotated]:
    """Go on with what was interrupted, of some companies or of all: a rotation, or its taking back.

    Raises CleanupError at the end for those that cannot go on; the others have.
    """
    with _at_work(settings, world, connections) as (store, rotator):
        chosen = _open_ones(store.companies, read_journals(store.records), wanted)

        def go_on(journal: Journal) -> Journal:
            return (rotator.roll_back if journal.state is State.ROLLING_BACK else rotator.go_on)(journal)

        ended, troubles = _each(chosen, go_on)
    finished, later = _each(ended, lambda journal: _finish(settings, journal, world, connections))
    _raise_all([*troubles, *later])
    return [Rotated(journal) for journal in finished]


def roll_back(
    settings: Settings, wanted: Sequence[str], world: World, connections: Connections, *, anyway: bool = False
) -> list[Rotated]:
    """Let the former folders live again: of the open rotations, or of a company's last one even when it is done.

    One whose folder was paired anew since is refused, and one of which nobody can tell unless `anyway`.
    """
    with _at_work(settings, world, connections) as (store, rotator):
        journals = read_journals(store.records)
        named = [journals.undoable_of(text.removeprefix(COMPANY_PREFIX)) for text in wanted]
        done = [journal for journal in named if journal is not None and journal.done]
        chosen = done or _open_ones(store.companies, journals, wanted)
        ended, troubles = _each(chosen, lambda journal: rotator.roll_back(journal, anyway=anyway))
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
def _at_work(settings: Settings, world: World, connections: Connections) -> Iterator[tuple[RotationStore, Walk]]:
    with at_work(settings.place, world.clock, connections.warn) as store:
        yield store, (Rotator if settings.store is None else InPlace)(store, settings, world, connections)


def _planned(seen: Seen, wanted: str, settings: Settings, world: World, again: str, *, fresh: bool) -> Rotated:
    """Look at all that can stand in the way, before anything is touched."""
    refuse_impossible(settings, fresh=fresh)
    companies = seen.companies
    (company_id,) = companies.select([wanted])
    journals = read_journals(seen.records)
    if journals.broken:
        raise Refused(f"{seen.place} holds journals that cannot be read: {few(journals.broken)}; look at them")
    unfinished = journals.open().get(company_id)
    if unfinished is not None:
        raise Refused(way_on(unfinished, again))
    check_hooks(settings, companies, company_id)
    command = settings.rotate.qr_command
    if fresh and command is not None:
        require_library()
    try:
        with companies.company(company_id) as company:
            found = survey(company, settings.policy_for(company_id), world.now, world.wait)
            doubt = None
            if settings.store is not None:
                doubt = company.doubt()
                refuse_doubles(company, found)
    except CompanyUnreachable:
        raise
    except CompanyProblem as problem:
        raise Refused(f"company {shown(company_id)} is not rotated: {problem}") from None
    if not fresh:
        require_pairing(company_id, found.account)
        check_room(companies, company_id, found)
    bot_pairs = fresh and (settings.rotate.bot_pairs or command is None)
    noted = str(found.account.pairing) if found.account.pairing else None
    run_id, in_place = new_run_id(world.now), settings.store is not None
    journal = Journal(run_id, company_id, fresh, bot_pairs, world.now, pairing=noted, in_place=in_place)
    return Rotated(journal, found, companies.place_of(company_id), doubt)


def _open_ones(companies: Store, journals: Journals, wanted: Sequence[str]) -> list[Journal]:
    """Return the open rotations that are meant. Raises UsageProblem where there is none.

    The folder itself may be missing in the middle of a switch; the journal knows the company all the same.
    """
    unfinished = journals.open()
    ids = [text.removeprefix(COMPANY_PREFIX) for text in wanted]
    for company_id in ids:
        if company_id not in unfinished:
            raise UsageProblem(
                f"company {shown(company_id)} has no rotation in {shown(companies.path)} that was interrupted"
            )
    if not unfinished:
        raise UsageProblem(f"no rotation was interrupted in {shown(companies.path)}")
    return [unfinished[company_id] for company_id in ids] if ids else list(unfinished.values())


def _finish(settings: Settings, journal: Journal, world: World, connections: Connections) -> Journal:
    """Wait, without the lock, for the QR code to be scanned, where that comes next; then take the last steps.

    Raises CleanupError with the way on: the journal stays open.
    """
    if not journal.open or State.PAIRED not in journal.ahead() or world.stopping():
        return journal
    try:
        ending = _wait(settings, journal, world, connections)
        if ending in {Ending.STOPPED, Ending.OVER}:
            return journal
        journal = _close(
            settings, journal, State.PAIRED if ending is Ending.PAIRED else State.TIMED_OUT, world, connections
        )
    except (CleanupError, HookFailed, OSError) as problem:
        why, way = in_words(problem), way_on(journal, connections.again)
        raise CleanupError(why if "--rollback" in why else f"{why}. {way}") from None
    _tell_the_end(settings, journal, connections)
    return journal


def _tell_the_end(settings: Settings, journal: Journal, connections: Connections) -> None:
    """Send how the waiting ended to who is not in front of the terminal, unless somebody took it back by hand."""
    company = shown(journal.company_id)
    if journal.done:
        _notify(connections, f"company {company} is paired", "The new folder is paired; nothing is left to scan.")
    elif journal.state is State.TIMED_OUT:
        text = f"Nobody scanned the QR code within {settings.rotate.timeout} s; {way_on(journal, connections.again)}"
        _notify(connections, f"company {company} is NOT paired", text)


def _close(settings: Settings, journal: Journal, state: State, world: World, connections: Connections) -> Journal:
    """Record how the waiting ended, patiently where another run holds the lock, and take the steps after it."""
    for left in reversed(range(_MOST_TRIES)):
        try:
            with _at_work(settings, world, connections) as (store, rotator):
                journal = _as_recorded(store.records, journal)
                if not journal.open or State.PAIRED not in journal.ahead():
                    return journal  # somebody else ended it meanwhile
                if state is State.PAIRED:
                    _give_to_the_bot(store, journal, connections)
                journal = rotator.record(journal, state)
                return rotator.go_on(journal) if state is State.PAIRED else journal
        except LockHeld:
            if not left or world.stopping():
                raise
            world.wait()
    return journal


def _give_to_the_bot(store: RotationStore, journal: Journal, connections: Connections) -> None:
    """Let the bot's user own the pairing, where a command paired as root."""
    with suppress(CompanyProblem), store.companies.company(journal.company_id) as company:
        aside = store.folders.find(journal.run_id, journal.company_id)
        left = store.folders.give_to_bot(aside, company) if aside is not None else []
        if left:
            connections.warn(f"these belong to root, and the bot may not be able to write to them: {few(left)}")


def _as_recorded(records: SmallRecords | None, journal: Journal) -> Journal:
    """Return what the journal says now: without the lock, somebody else may have taken the rotation back."""
    return next((each for each in read_journals(records).readable if each.run_id == journal.run_id), journal)


def _wait(settings: Settings, journal: Journal, world: World, connections: Connections) -> Ending:
    with looking(settings.place) as seen:
        hook = hook_for(settings, "qr_command", seen.companies, journal.company_id)
        if hook is None:
            connections.say("rotate.qr_command is not set: scan the QR code that the bot itself shows now")

        def still_on() -> bool:
            return State.PAIRED in _as_recorded(seen.records, journal).ahead()

        def show(payload: str, number: int) -> None:
            connections.show(payload, number)
            if connections.notify is not None:
                _notify(connections, f"scan to pair company {shown(journal.company_id)}", f"QR code {number}.", payload)

        def hear(line: str) -> None:
            connections.hear("rotate.qr_command", line)

        limit = settings.rotate.timeout
        return wait_for_pairing(
            seen.companies,
            journal.company_id,
            hook,
            limit=limit,
            world=world,
            show=show,
            hear=hear,
            still_on=still_on,
            let_end=not journal.bot_pairs,
        )


def _notify(connections: Connections, title: str, text: str, payload: str | None = None) -> None:
    """Tell the operator, where there is a way to; trouble with that is said, and stops nothing."""
    if connections.notify is None:
        return
    try:
        if payload is None:
            connections.notify(title, text, None)
        else:
            send(payload, title, text, connections.notify)
    except (CleanupError, OSError) as problem:
        connections.warn(f"the operator could not be told ({title}): {problem}")
