"""The steps of a rotation, each one recorded before the next begins, and the way back from each.

Nothing here is deleted but a folder that was built and never went live.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from baileys_cleanup.cleaning.at_rest import why_company_not_at_rest
from baileys_cleanup.cleaning.hooks import Hook, hook_of, run_hook, why_missing
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.errors import CleanupError, CompanyProblem, HookFailed, Refused, in_words
from baileys_cleanup.output.text import argument, count, few, shown, size
from baileys_cleanup.rotation.journal import way_on, write_journal
from baileys_cleanup.rotation.states import Journal, State
from baileys_cleanup.rotation.survey import (
    Survey,
    require_former_pairing,
    require_pairing,
    require_same_pairing,
    survey,
)
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.company import Company
from baileys_cleanup.store.small_records import AuditLog, SmallRecords
from baileys_cleanup.store.store import Store
from baileys_cleanup.store.whole_folders import Aside, WholeFolders, cannot_read

WHY = "rotate"
BEFORE_THE_SWITCH = (State.PLANNED, State.BACKED_UP, State.STOPPING, State.STOPPED, State.BUILT)
_NEVER_STILL = "its files keep changing while they are copied: the bot is running; stop it first"
_TRIES = 3
"""How often a folder is built again because the live one was written to meanwhile."""


class Connections(NamedTuple):
    """What a rotation reaches of the world beyond the sessions root.

    `say` gets sentences for the operator, `warn` those that must not be missed, `miss` those
    after which the command has to end with status 1 (None: they are warnings), `hear` what a hook says (its setting,
    a line), `show` a QR payload and its number. `backup` makes a verified backup of a company and returns where it is;
    None where there are no backups: then the former folder, which is kept whole, is all there is. `notify` sends a
    title, a text and perhaps a picture to the operator; None where no alert service is set. `again` are the options
    that a later command needs to find the same sessions root.
    """

    say: Callable[[str], object]
    warn: Callable[[str], object]
    hear: Callable[[str, str], object]
    show: Callable[[str, int], object]
    backup: Callable[[str], str] | None = None
    notify: Callable[[str, str, Path | None], object] | None = None
    again: str = ""
    miss: Callable[[str], object] | None = None


def hook_for(settings: Settings, name: str, companies: Store, company_id: str) -> Hook | None:
    """Return one of the commands of `rotate` for a company, None where it is not set."""
    return hook_of(settings, name, company_id, companies.place_of(company_id))


def check_hooks(settings: Settings, companies: Store, company_id: str) -> None:
    """Raise Refused where a command that will be needed is not there: better now than with the bot stopped."""
    for name in ("stop_command", "start_command", "qr_command"):
        hook = hook_for(settings, name, companies, company_id)
        problem = why_missing(hook) if hook else None
        if problem:
            raise Refused(f"{problem}; nothing was changed")


def check_room(companies: Store, company_id: str, seen: Survey) -> None:
    """Raise Refused where the disk has no room for the new folder: before the bot is stopped."""
    if not companies.has_room(seen.taken):
        raise Refused(
            f"company {shown(company_id)} is not rotated: the disk has no room for a new folder of"
            f" {count(len(seen.taken), 'file')} ({size(seen.size)}); nothing was changed"
        )


class RotationStore(NamedTuple):
    """What of a store a rotation works with."""

    companies: Store
    folders: WholeFolders
    records: SmallRecords
    audit: AuditLog


class Rotator:
    """Takes one company's rotation from state to state, while the run lock is held."""

    def __init__(self, store: RotationStore, settings: Settings, world: World, connections: Connections) -> None:
        self._companies, self._folders, self._records, self._audit = store
        self._settings = settings
        self._world = world
        self._doors = connections
        self._steps: dict[State, Callable[[Journal], Journal]] = {
            State.BACKED_UP: self._back_up,
            State.STOPPING: lambda journal: journal._replace(halted=True),
            State.STOPPED: self._stop,
            State.BUILT: self._build,
            State.SWITCHED: self._switch,
            State.STARTED: self._start,
            State.WAITING: lambda journal: journal,
        }

    def record(self, journal: Journal, state: State) -> Journal:
        """Write down that a state was reached. Raises OSError when that cannot be done."""
        self._audit.write("rotate", run=journal.run_id, company=journal.company_id, state=state.value)
        return write_journal(self._records, journal._replace(state=state))

    def go_on(self, journal: Journal) -> Journal:
        """Take all steps that are ahead, up to the waiting for a QR code, and return how far that went.

        What goes wrong before the switch, a signal among it, is taken back at once: the live folder is as it was, and
        the bot runs. After the switch it goes on until the bot runs. Raises CleanupError.
        """
        journal, halted = self._as_it_is(journal), journal.halted
        for state in journal.ahead():
            if state is State.PAIRED:
                break
            try:
                if journal.state in BEFORE_THE_SWITCH and self._world.stopping():
                    raise CleanupError("it was stopped by a signal")  # noqa: TRY301 - taken back like any trouble
                journal = self.record(self._steps[state](journal), state)
            except (HookFailed, CompanyProblem, CleanupError, OSError) as problem:
                # A stop command that failed has not stopped the bot: starting it would make two of it.
                not_stopped = state is State.STOPPED and isinstance(problem, HookFailed)
                raise self._give_up(journal._replace(halted=halted) if not_stopped else journal, problem) from None
        return journal

    def roll_back(self, journal: Journal, *, anyway: bool = False) -> Journal:
        """Let the former folder live again, with the bot stopped meanwhile; the new one lies aside or goes.

        Raises CleanupError when that cannot be done now; the journal stays open.
        """
        aside = self._aside(journal)
        live = aside is not None and self._folders.is_live(aside)
        if journal.done and not live:
            raise Refused(
                f"the rotation {journal.run_id} cannot be taken back: the live folder is no longer the one it made"
            )
        if journal.done and not journal.fresh and not anyway:
            with self._companies.company(journal.company_id) as company:
                require_former_pairing(journal.company_id, journal.pairing, company.account(self._world.wait))
        if journal.state is not State.ROLLING_BACK or live > journal.halted:
            journal = self.record(journal._replace(halted=journal.halted or live), State.ROLLING_BACK)
        try:
            if aside is not None and live:
                self._stop(journal)
                late = self._folders.switch_back(aside, self._world.wait)
                for text in late.told(self.where(aside)):
                    (self._doors.miss or self._doors.warn)(text)
                self._doors.say(f"the folder of the rotation, with what was written to it, lies in {self.where(aside)}")
            elif aside is not None and not aside.lived:
                self._folders.discard(aside)
            if journal.halted:
                self._start(journal)
        except (HookFailed, CompanyProblem, OSError) as problem:
            raise CleanupError(f"{in_words(problem)}. {way_on(journal, self._doors.again)}") from None
        return self.record(journal, State.ROLLED_BACK)

    def where(self, aside: Aside) -> str:
        """Return where the folder that is not live lies, for people."""
        return self._folders.where(aside)

    # --- the steps ----------------------------------------------------------------------------------------

    def _back_up(self, journal: Journal) -> Journal:
        if self._doors.backup is None:
            return journal
        where = self._doors.backup(journal.company_id)
        self._doors.say(f"backed up: {where}")
        return journal._replace(backup=where)

    def _stop(self, journal: Journal) -> Journal:
        if not self._call("stop_command", journal):
            self._doors.warn(
                "rotate.stop_command is not set: the bot of this company must be stopped already, or what it writes"
                f" while its folder is switched may be lost{self._at_work(journal)}"
            )
        return journal

    def _at_work(self, journal: Journal) -> str:
        """Return that the bot seems to run, where its folder was written in the last minute."""
        with suppress(CompanyProblem, OSError), self._companies.company(journal.company_id) as company:
            at_work = why_company_not_at_rest(company, company.account(lambda: None), self._world.clock())
            return f"; {at_work.in_words()}" if at_work else ""
        return ""

    def _build(self, journal: Journal) -> Journal:
        for left in reversed(range(_TRIES)):
            found = self._aside(journal)
            if found is not None:
                self._folders.discard(found)
            aside = self._folders.begin(journal.company_id, journal.run_id, why=WHY, now=self._world.now)
            if journal.fresh or self._fill(aside, journal):
                return journal
            if left:
                self._world.wait()
        raise Refused(_NEVER_STILL)

    def _fill(self, aside: Aside, journal: Journal) -> bool:
        """Copy into the new folder; False when the live one was written to meanwhile."""
        with self._companies.company(aside.company_id) as company:
            seen = self._survey(company)
            require_pairing(aside.company_id, seen.account)
            require_same_pairing(aside.company_id, journal.pairing, seen.account)
            return self._folders.copy(company, aside, seen.taken) and self._is_the_copy(aside) is not None

    def _is_the_copy(self, aside: Aside) -> Survey | None:
        """Look at the live folder again; None when the new one is not the copy of it, or not any more."""
        with self._companies.company(aside.company_id) as company:
            seen = self._survey(company)
        return None if self._folders.differences(aside, seen.taken) else seen

    def _switch(self, journal: Journal) -> Journal:
        seen: Survey | None = None
        aside = self._aside(journal)
        if aside is not None and not journal.fresh:
            seen = self._is_the_copy(aside)
            if seen is None:  # written to since it was built: once more
                self._build(journal)
                aside = self._aside(journal)
                seen = None if aside is None else self._is_the_copy(aside)
                if seen is None:
                    raise Refused(_NEVER_STILL)
        if aside is None:
            raise CompanyProblem("the new folder is not where it was built")
        aside = self._folders.switch(aside)
        self._doors.say(f"the former folder lies in {self.where(aside)}")
        if seen is not None:
            self._tell_of_the_last_moment(aside, seen)
        for text in cannot_read(self._folders.shrunk(aside)):
            (self._doors.miss or self._doors.warn)(text)
        return journal

    def _tell_of_the_last_moment(self, aside: Aside, seen: Survey) -> None:
        """Compare once more: who opened a file before the switch may have written to it after the last look."""
        late = self._folders.bring_late(aside, [choice.file for choice in seen.choices], self._world.wait)
        if late.brought:
            self._doors.say(f"written while the folders were switched, and brought over: {few(late.brought)}")
        for text in late.told(self.where(aside)):
            (self._doors.miss or self._doors.warn)(
                f"{text}; baileys-cleanup rotate --company {argument(aside.company_id)} --rollback{self._doors.again}"
                " lets the former folder live again"
            )

    def _start(self, journal: Journal) -> Journal:
        if not self._call("start_command", journal):
            self._doors.say("rotate.start_command is not set: start the bot now")
        return journal

    # --- help ---------------------------------------------------------------------------------------------

    def _as_it_is(self, journal: Journal) -> Journal:
        """Return where a rotation really is: killed between a switch and its record, it is a step further.

        Before the switch it begins again with stopping the bot, which somebody may have started meanwhile.
        """
        aside = self._aside(journal)
        if journal.state not in BEFORE_THE_SWITCH or journal.state is State.PLANNED:
            return journal
        if aside is not None and self._folders.is_live(aside):
            return self.record(journal, State.SWITCHED)
        return journal._replace(state=State.BACKED_UP)

    def _survey(self, company: Company) -> Survey:
        return survey(company, self._settings.policy_for(company.id), self._world.now, self._world.wait)

    def _call(self, name: str, journal: Journal) -> bool:
        """Run a hook; False where it is not set."""
        hook = hook_for(self._settings, name, self._companies, journal.company_id)
        if hook is None:
            return False
        run_hook(hook, lambda line: self._doors.hear(hook.name, line))
        return True

    def _aside(self, journal: Journal) -> Aside | None:
        """Return the folder that this rotation built, with a switch that was cut short ended."""
        return self._folders.find(journal.run_id, journal.company_id)

    def _give_up(self, journal: Journal, problem: Exception) -> CleanupError:
        """Return the error that ends the command, after taking back what can be taken back at once."""
        why = in_words(problem)
        kind = type(problem) if isinstance(problem, CleanupError) else CleanupError
        try:
            aside = self._aside(journal)
            if aside is not None and self._folders.is_live(aside):
                return kind(f"{why}. {way_on(journal, self._doors.again)}")
            self.roll_back(journal)
        except (CleanupError, CompanyProblem, OSError) as worse:
            return kind(f"{why}; and what was begun could not be taken back: {in_words(worse)}")
        return kind(f"company {shown(journal.company_id)} was not rotated: {why}. Its folder is as it was")
