"""The way that every rotation walks, from state to state, each one recorded before the next begins.

Where the companies lie says what the steps in the middle do: `steps` gives a company a new folder, `in_place` empties
one that lies in a database.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from baileys_cleanup.cleaning.at_rest import why_company_not_at_rest
from baileys_cleanup.cleaning.hooks import Hook, hook_of, run_hook, why_missing
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.errors import CleanupError, CompanyProblem, HookFailed, Refused, UsageProblem, in_words
from baileys_cleanup.output.text import shown
from baileys_cleanup.rotation.journal import way_on, write_journal
from baileys_cleanup.rotation.states import Journal, State
from baileys_cleanup.rotation.survey import Survey, survey
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.company import Company
from baileys_cleanup.store.small_records import AuditLog, SmallRecords
from baileys_cleanup.store.store import Store, Workspace
from baileys_cleanup.store.whole_folders import WholeFolders

BEFORE_THE_SWITCH = (State.PLANNED, State.BACKED_UP, State.STOPPING, State.STOPPED, State.BUILT)
TRIES = 3
"""How often what was looked at is looked at again because the bot wrote meanwhile."""


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


class HalfTakenBack(CleanupError):
    """Something went wrong once the way back had begun; the text names the commands that end it."""


class RotationStore(NamedTuple):
    """What of a store a rotation works with."""

    companies: Store
    folders: WholeFolders
    records: SmallRecords
    audit: AuditLog
    workspace: Workspace


class Walk(ABC):
    """Takes one company's rotation from state to state, while the run lock is held."""

    at_risk: str
    """What happens where the bot was not stopped, as the end of a sentence."""
    untouched: str
    """That all is as it was, as a sentence."""

    def __init__(self, store: RotationStore, settings: Settings, world: World, connections: Connections) -> None:
        self._store = store
        self._settings = settings
        self._world = world
        self._doors = connections
        self._steps: Mapping[State, Callable[[Journal], Journal]] = {
            State.BACKED_UP: self._back_up,
            State.STOPPING: lambda journal: journal._replace(halted=True),
            State.STOPPED: self._stop,
            State.STARTED: self._start,
            State.WAITING: lambda journal: journal,
            **self._in_the_middle(),
        }

    @abstractmethod
    def _in_the_middle(self) -> Mapping[State, Callable[[Journal], Journal]]:
        """Return the steps that change the company, by the state that each leads to."""

    @abstractmethod
    def _as_it_is(self, journal: Journal) -> Journal:
        """Return where a rotation really is: killed between a step and its record, it is further than it says."""

    @abstractmethod
    def _has_changed(self, journal: Journal) -> bool:
        """Tell whether the company is changed: then it goes on from there, and is not taken back at once."""

    @abstractmethod
    def roll_back(self, journal: Journal, *, anyway: bool = False) -> Journal:
        """Take a rotation back, with the bot stopped meanwhile. Raises CleanupError; the journal then stays open."""

    def record(self, journal: Journal, state: State) -> Journal:
        """Write down that a state was reached. Raises OSError when that cannot be done."""
        self._store.audit.write("rotate", run=journal.run_id, company=journal.company_id, state=state.value)
        return write_journal(self._store.records, journal._replace(state=state))

    def go_on(self, journal: Journal) -> Journal:
        """Take all steps that are ahead, up to the waiting for a QR code, and return how far that went.

        What goes wrong before the company is changed, a signal among it, is taken back at once: all is as it was, and
        the bot runs. After that it goes on until the bot runs. Raises CleanupError.
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

    def _give_up(self, journal: Journal, problem: Exception) -> CleanupError:
        """Return the error that ends the command, after taking back what can be taken back at once."""
        why = in_words(problem)
        kind = type(problem) if isinstance(problem, CleanupError) else CleanupError
        try:
            if self._has_changed(journal):
                return kind(f"{why}. {way_on(journal, self._doors.again)}")
            self.roll_back(journal)
        except HalfTakenBack as half:
            return kind(f"{why}; and what was begun could not be taken back: {half}")
        except (CleanupError, CompanyProblem, OSError) as worse:
            why += f"; and what was begun could not be taken back: {in_words(worse)}"
            return kind(f"{why}. {way_on(journal, self._doors.again)}")
        return kind(f"company {shown(journal.company_id)} was not rotated: {why}. {self.untouched}")

    # --- the steps that are the same everywhere ---------------------------------------------------------------

    def _back_up(self, journal: Journal) -> Journal:
        if self._doors.backup is None:
            return journal
        where = self._doors.backup(journal.company_id)
        self._doors.say(f"backed up: {where}")
        return journal._replace(backup=where)

    def _stop(self, journal: Journal) -> Journal:
        if not self._call("stop_command", journal):
            self._doors.warn(
                "rotate.stop_command is not set: the bot of this company must be stopped already, or"
                f" {self.at_risk}{self._at_work(journal)}"
            )
        return journal

    def _at_work(self, journal: Journal) -> str:
        """Return that the bot seems to run, where its folder was written in the last minute."""
        with suppress(CompanyProblem, OSError), self._store.companies.company(journal.company_id) as company:
            at_work = why_company_not_at_rest(company, company.account(lambda: None), self._world.clock())
            return f"; {at_work.in_words()}" if at_work else ""
        return ""

    def _start(self, journal: Journal) -> Journal:
        if not self._call("start_command", journal):
            self._doors.say("rotate.start_command is not set: start the bot now")
        return journal

    # --- help -------------------------------------------------------------------------------------------------

    @contextmanager
    def _taking_back(self, journal: Journal) -> Iterator[None]:
        """Raise HalfTakenBack, with the commands that end it, for what goes wrong once the way back has begun."""
        try:
            yield
        except (HookFailed, CompanyProblem, UsageProblem, OSError) as problem:
            raise HalfTakenBack(f"{in_words(problem)}. {way_on(journal, self._doors.again)}") from None

    def _survey(self, company: Company) -> Survey:
        return survey(company, self._settings.policy_for(company.id), self._world.now, self._world.wait)

    def _call(self, name: str, journal: Journal) -> bool:
        """Run a hook; False where it is not set."""
        hook = hook_for(self._settings, name, self._store.companies, journal.company_id)
        if hook is None:
            return False
        run_hook(hook, lambda line: self._doors.hear(hook.name, line))
        return True
