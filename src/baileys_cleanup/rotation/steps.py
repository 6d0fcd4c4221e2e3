"""The steps of a rotation of a folder, and the way back from each.

Nothing here is deleted but a folder that was built and never went live.
"""

from collections.abc import Callable, Mapping

from baileys_cleanup.cleaning.world import World
from baileys_cleanup.errors import CompanyProblem, Refused
from baileys_cleanup.output.text import argument, count, few, shown, size
from baileys_cleanup.rotation.states import Journal, State
from baileys_cleanup.rotation.survey import Survey, require_former_pairing, require_pairing, require_same_pairing
from baileys_cleanup.rotation.walk import BEFORE_THE_SWITCH, TRIES, Connections, RotationStore, Walk
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.store import Store
from baileys_cleanup.store.whole_folders import Aside, cannot_read

WHY = "rotate"
_NEVER_STILL = "its files keep changing while they are copied: the bot is running; stop it first"


def check_room(companies: Store, company_id: str, seen: Survey) -> None:
    """Raise Refused where the disk has no room for the new folder: before the bot is stopped."""
    if not companies.has_room(seen.taken):
        raise Refused(
            f"company {shown(company_id)} is not rotated: the disk has no room for a new folder of"
            f" {count(len(seen.taken), 'file')} ({size(seen.size)}); nothing was changed"
        )


class Rotator(Walk):
    """Gives a company a new folder, and keeps the former one."""

    at_risk = "what it writes while its folder is switched may be lost"
    untouched = "Its folder is as it was"

    def __init__(self, store: RotationStore, settings: Settings, world: World, connections: Connections) -> None:
        super().__init__(store, settings, world, connections)
        self._companies, self._folders = store.companies, store.folders

    def _in_the_middle(self) -> Mapping[State, Callable[[Journal], Journal]]:
        return {State.BUILT: self._build, State.SWITCHED: self._switch}

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
            journal = journal._replace(halted=journal.halted or live, untouched=not live)
            journal = self.record(journal, State.ROLLING_BACK)
        with self._taking_back(journal):
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
            return self.record(journal, State.ROLLED_BACK)

    def where(self, aside: Aside) -> str:
        """Return where the folder that is not live lies, for people."""
        return self._folders.where(aside)

    # --- the steps ----------------------------------------------------------------------------------------

    def _build(self, journal: Journal) -> Journal:
        for left in reversed(range(TRIES)):
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

    def _aside(self, journal: Journal) -> Aside | None:
        """Return the folder that this rotation built, with a switch that was cut short ended."""
        return self._folders.find(journal.run_id, journal.company_id)

    def _has_changed(self, journal: Journal) -> bool:
        aside = self._aside(journal)
        return aside is not None and self._folders.is_live(aside)
