"""A soft rotation where companies lie in a database: no new folder, but what it would not get goes into the quarantine.

All of it goes in one step, or none: a memory that stays without its own sender key would cost a whole group its next
message. `creds` and all else that stays is never touched, so that nothing has to be built, and undo is the way back.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from baileys_cleanup.cleaning.restored import Restored
from baileys_cleanup.cleaning.shards import undoing
from baileys_cleanup.cleaning.undo import UndoTerms, undo_company
from baileys_cleanup.cleaning.world import NothingHeld
from baileys_cleanup.decision.names import Kind, kind_of
from baileys_cleanup.decision.pairing import Pairing, is_same
from baileys_cleanup.errors import CompanyProblem, CompanyUntold, Refused, ServerProblem, UsageProblem, in_words
from baileys_cleanup.output.text import count, few, shown
from baileys_cleanup.rotation.plan import removals
from baileys_cleanup.rotation.states import Journal, State
from baileys_cleanup.rotation.survey import Survey, require_pairing, require_same_pairing
from baileys_cleanup.rotation.walk import BEFORE_THE_SWITCH, TRIES, Walk
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.company import Company
from baileys_cleanup.store.runs import Run

_NEVER_STILL = "its keys keep changing: the bot is running; stop it first"


def refuse_impossible(settings: Settings, *, fresh: bool) -> None:
    """Raise UsageProblem for a new rotation that a database cannot have."""
    if settings.store is None:
        return
    if fresh:
        raise UsageProblem(
            "rotate --fresh begins with an empty folder, and the store is a database: pair the bot under a new company"
            " there, or rotate softly"
        )
    if not settings.undo_days:
        raise UsageProblem(
            "undo_days is 0, so what a rotation removes could never come back; nothing was changed: set undo_days"
        )


def refuse_doubt(company_id: str, doubt: str | None) -> None:
    """Raise Refused where nothing could be removed, for that `doubt`."""
    if doubt is not None:
        raise Refused(f"company {shown(company_id)} is not rotated: {doubt}")


def refuse_doubles(company: Company, seen: Survey) -> None:
    """Raise Refused where not all could be removed that has to go: before the bot is stopped."""
    double = [name for name in seen.strangers if kind_of(name) is Kind.SENDER_KEY_MEMORY]
    if double:
        refuse_doubt(company.id, f"two entries are one memory, and it would stay without its key: {few(double)}")


class InPlace(Walk):
    """Removes from a company all that a soft rotation would leave behind."""

    at_risk = "it goes on with what it has in memory"
    untouched = "Its keys are as they were"

    def _in_the_middle(self) -> Mapping[State, Callable[[Journal], Journal]]:
        return {State.REMOVED: self._remove}

    def _run(self, journal: Journal) -> Run:
        return Run(journal.run_id, journal.started, self._settings.undo_days)

    def _has_changed(self, journal: Journal) -> bool:
        return self._store.workspace.holds(self._run(journal), journal.company_id)

    def _remove(self, journal: Journal) -> Journal:
        for left in reversed(range(TRIES)):
            with self._store.companies.company(journal.company_id) as company:
                seen = self._survey(company)
                require_pairing(journal.company_id, seen.account)
                require_same_pairing(journal.company_id, journal.pairing, seen.account)
                refuse_doubt(company.id, company.doubt())
                refuse_doubles(company, seen)
                going = removals(seen.choices)
                changed = self._store.workspace.take_all(self._run(journal), company, going, journal.pairing)
            if not changed and not going:
                self._doors.say("there was nothing to move into the quarantine")
                return journal._replace(empty=True)
            if not changed:
                self._doors.say(f"{count(len(going), 'key')} moved into the quarantine, as run {journal.run_id}")
                return journal
            if left:
                self._world.wait()
        raise Refused(_NEVER_STILL)

    def _as_it_is(self, journal: Journal) -> Journal:
        """Return where a rotation really is; before the removal it begins again with stopping the bot."""
        if journal.state not in BEFORE_THE_SWITCH or journal.state is State.PLANNED:
            return journal
        if self._has_changed(journal):
            return self.record(journal, State.REMOVED)
        return journal._replace(state=State.BACKED_UP)

    def roll_back(self, journal: Journal, *, anyway: bool = False) -> Journal:
        """Bring back what was removed, with the bot stopped meanwhile, where nothing newer is by now.

        Raises CleanupError when that cannot be done now; the journal stays open.
        """
        with _nothing_changed(journal):
            removed = self._has_changed(journal)
        if journal.done and not removed:
            raise Refused(
                f"the rotation {journal.run_id} cannot be taken back: nothing of it lies in the quarantine any more"
            )
        if removed:
            self._refuse_unlike(journal, anyway=anyway)
        if journal.state is not State.ROLLING_BACK or removed > journal.halted:
            journal = journal._replace(halted=journal.halted or removed, untouched=not removed)
            journal = self.record(journal, State.ROLLING_BACK)
        with self._taking_back(journal):
            if removed:
                self._stop(journal)
                self._bring_back(journal)
            if journal.halted:
                self._start(journal)
            return self.record(journal, State.ROLLED_BACK)

    def _refuse_unlike(self, journal: Journal, *, anyway: bool) -> None:
        """Raise Refused where the company was paired anew since, or nobody can tell: before the bot is stopped.

        Likewise where it was taken from another place than the settings name now.
        """
        run, company_id = self._run(journal), journal.company_id
        try:
            with _nothing_changed(journal), self._store.companies.company(company_id) as company:
                with self._store.workspace.returning(run, company_id) as returning:
                    returning.require_same_place(company)
                account = company.account(self._world.wait)
        except CompanyProblem as problem:
            raise Refused(f"company {shown(company_id)} is not taken back: {problem}; nothing was changed") from None
        same = is_same(Pairing.read(journal.pairing), account.pairing)
        if same is False or (same is None and not anyway):
            why = "they are of another pairing" if same is False else "nobody can tell whether they are of this pairing"
            raise Refused(
                f"what the rotation {journal.run_id} removed from company {shown(company_id)} stays in the"
                f" quarantine: {why} (noted: {journal.pairing or 'none'}; now: {account.pairing or 'none'})"
                + ("" if same is False else "; --rollback --anyway goes on all the same")
            )

    def _bring_back(self, journal: Journal) -> None:
        """Undo the removal. The bot was stopped a moment ago, so nobody asks whether it is at rest."""
        store, run = self._store, self._run(journal)
        terms = UndoTerms(self._world, NothingHeld(), anyway=True)
        with undoing(store.workspace, run, None, self._world.stopping):
            restored = undo_company(store.companies, store.workspace, run, journal.company_id, terms)
            none_back = next((problem.error for problem in restored.stayed if problem.file is None), None)
            why_open = restored.cut or none_back
            if why_open is not None:  # nothing came back, or nobody knows: the way back stays open
                raise CompanyProblem(why_open)
        self._doors.say(f"{count(len(restored.files), 'key')} brought back")
        for text in _told(restored):
            (self._doors.miss or self._doors.warn)(text)


@contextmanager
def _nothing_changed(journal: Journal) -> Iterator[None]:
    """Raise UsageProblem where a server does not tell of what is looked at before a rotation is taken back."""
    try:
        yield
    except (CompanyUntold, ServerProblem) as problem:
        company = shown(journal.company_id)
        raise UsageProblem(f"company {company} is not taken back: {in_words(problem)}; nothing was changed") from None


def _told(restored: Restored) -> list[str]:
    """Return in words what did not come back, by reason."""
    reasons: dict[str, list[str]] = {}
    for problem in restored.stayed:
        reasons.setdefault(problem.error, []).append(problem.file or "all of it")
    return [f"still in the quarantine: {few(names)}: {why}" for why, names in reasons.items()]
