"""One company: look, plan, remove, collect. What happens here stays here: companies are islands."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from baileys_cleanup.cleaning.remarks import remarks
from baileys_cleanup.cleaning.waiting_keys import NOTHING_WAITS, WaitingKeys
from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.devices import Devices, SharedDevice
from baileys_cleanup.decision.judgement import Cause, Observation, PairingState, Severity, judge, pairing_of
from baileys_cleanup.decision.levels import Levels
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.outcome import CompanyOutcome, CompanyStatus, Problem, Tally
from baileys_cleanup.decision.plan import plan, undated
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import Plan, Rule, Verdict
from baileys_cleanup.errors import CompanyProblem, in_words
from baileys_cleanup.output.judgement import in_words as finding_in_words
from baileys_cleanup.output.text import count, few
from baileys_cleanup.store.company import Company, Listing, Look
from baileys_cleanup.store.remover import Outcome, Removal, Remover
from baileys_cleanup.store.store import Store


class Terms(NamedTuple):
    """On what terms one company is cleaned. `now` is in nanoseconds since the epoch.

    `wait` is called before a broken `creds.json` is read again; `stopping` is asked between two files. `held` says why
    nothing may be removed from this company whatever is planned, None where nothing holds it. `again` are the options
    that lead a later command to the same sessions root. `waiting` remembers the sender keys whose memory is gone,
    `devices` those of the companies before.
    """

    now: int
    levels: Levels
    max_removals: int | None
    wait: Callable[[], object]
    stopping: Callable[[], bool]
    held: str | None = None
    again: str = ""
    waiting: WaitingKeys = NOTHING_WAITS
    devices: Devices | None = None

    def met(self, company_id: str, account: Account) -> SharedDevice | None:
        """Return the device of a company where one before it has it as well."""
        return self.devices.shared(company_id, account.pairing) if self.devices is not None else None


class Sight(NamedTuple):
    """One company, looked at and decided over, before anything is removed."""

    listing: Listing
    look: Look
    plan: Plan
    account: Account


def look_and_plan(company: Company, policy: Policy, terms: Terms, *, sizes: bool = False) -> Sight:
    """Look at one company and decide over its files; what could be decided by name is not looked at.

    With `sizes` every file is looked at, for its bytes. The plan is the same.
    """
    return plan_listed(company, company.names(), company.account(terms.wait), policy, terms, sizes=sizes)


def plan_listed(
    company: Company, listing: Listing, account: Account, policy: Policy, terms: Terms, *, sizes: bool = False
) -> Sight:
    """Do the same with a company whose names and account are known already."""
    look = company.look(listing.files, listing.files if sizes else undated(listing.files, policy, account))
    decided = plan(
        look.files,
        policy,
        account,
        terms.now,
        strangers=frozenset(listing.strangers),
        waiting=terms.waiting.read(company.id),
    )
    return Sight(listing, look, decided, account)


def clean_company(
    store: Store, company_id: str, policy: Policy, terms: Terms, remover: Remover, *, detail: bool
) -> CompanyOutcome:
    """Clean one company and return what became of it; whatever goes wrong is in the outcome.

    With `detail`, the outcome carries the verdicts.
    """
    outcome = CompanyOutcome(company_id)
    try:
        with store.company(company_id, anywhere=True) as company:
            _clean(company, policy, terms, remover, outcome, detail=detail)
    except CompanyProblem as problem:
        _fail(outcome, str(problem))
    except OSError as error:
        _fail(outcome, f"its folder cannot be worked on: {in_words(error)}")
    return outcome


def left_alone(company_id: str, why: str) -> CompanyOutcome:
    """Return the outcome of a company that was not even looked at, because its backup failed."""
    return failed(company_id, f"left alone, because its backup failed: {why}")


def failed(company_id: str, sentence: str) -> CompanyOutcome:
    """Return the outcome of a company that was not even looked at."""
    outcome = CompanyOutcome(company_id)
    _fail(outcome, sentence)
    return outcome


def _fail(outcome: CompanyOutcome, sentence: str) -> None:
    outcome.status = CompanyStatus.FAILED
    outcome.errors.append(Problem(None, sentence))


def _clean(
    company: Company, policy: Policy, terms: Terms, remover: Remover, outcome: CompanyOutcome, *, detail: bool
) -> None:
    sight = look_and_plan(company, policy, terms)
    look, decided = sight.look, sight.plan
    ledger = _Ledger(outcome, detail=detail)
    for file in look.vanished:
        ledger.changed(file.kind, vanished=True)
    for verdict in decided.keeps:
        if verdict.file.name in look.errors:
            ledger.failed(verdict, look.errors[verdict.file.name])
        else:
            ledger.kept(verdict)
    held = terms.held or _over_limit(decided, terms.max_removals)
    if held is not None:
        outcome.status = CompanyStatus.REFUSED
        sentence = f"left alone: {held}"
        outcome.errors.append(Problem(None, sentence))
        for verdict in decided.removals:
            ledger.kept(verdict._replace(remove=False, reason=f"{sentence}; otherwise {verdict.reason}"))
    else:
        doubt = remover.doubt(company) if decided.removals else None
        if doubt:
            outcome.warnings.append(doubt)
        terms.waiting.write(company.id, decided.waiting)
        pairing = sight.account.pairing
        with remover.company(company, str(pairing) if pairing else None) as at_work:
            for removal in at_work.remove(decided.removals, terms.stopping):
                ledger.done(removal)
            for revision in at_work.confirm():
                ledger.revised(*revision)
    outcome.advertised = decided.advertised
    ledger.close(terms.levels)
    removed = Counter({kind: tally.removed for kind, tally in outcome.kinds.items()})
    removable = Counter(verdict.file.kind for verdict in decided.removals) - removed
    counted = ledger.counted(terms.levels)
    observed = observe(company, sight.account, sight.listing, kinds=ledger.left, counted=counted, removable=removable)
    outcome.judgement = judge(observed._replace(shared=terms.met(company.id, sight.account)), terms.levels)
    _tell(outcome, sight, policy, terms.again)


def _over_limit(decided: Plan, limit: int | None) -> str | None:
    if limit is None or len(decided.removals) <= limit:
        return None
    return f"{count(len(decided.removals), 'removal')} planned, and max_removals allows {limit:,}"


class _Ledger:
    """Counts every file once while its company is cleaned."""

    def __init__(self, outcome: CompanyOutcome, *, detail: bool) -> None:
        self.outcome = outcome
        self._detail = detail
        self._counts: Counter[tuple[Kind, str]] = Counter()
        self._vanished: Counter[Kind] = Counter()

    def kept(self, verdict: Verdict) -> None:
        self._counts[verdict.file.kind, "kept"] += 1
        if self._detail:
            self.outcome.kept.append(verdict)

    def changed(self, kind: Kind, *, vanished: bool = False) -> None:
        self._counts[kind, "changed"] += 1
        self._vanished[kind] += vanished

    def failed(self, verdict: Verdict, sentence: str) -> None:
        self._counts[verdict.file.kind, "failed"] += 1
        self.outcome.errors.append(Problem(verdict.file.name, sentence))

    def revised(self, verdict: Verdict, problem: str | None) -> None:
        self._counts[verdict.file.kind, "removed"] -= 1
        self.outcome.size -= verdict.file.size
        if self._detail:
            self.outcome.removed.remove(verdict)
        if problem is None:
            self.changed(verdict.file.kind)
        else:
            self.failed(verdict, problem)

    def done(self, removal: Removal) -> None:
        verdict = removal.verdict
        if removal.outcome is Outcome.REMOVED:
            self._counts[verdict.file.kind, "removed"] += 1
            self.outcome.size += verdict.file.size
            if self._detail:
                self.outcome.removed.append(verdict)
        elif removal.outcome is Outcome.FAILED:
            self.failed(verdict, removal.problem or "")
        elif removal.outcome is Outcome.STOPPED:
            self.outcome.status = CompanyStatus.STOPPED
            self.kept(verdict._replace(remove=False, reason=f"the run was stopped before it; {verdict.reason}"))
        elif removal.outcome is Outcome.HELD:
            reason = f"its group's memory could not go, so the key stays; otherwise {verdict.reason}"
            self.kept(verdict._replace(remove=False, rule=Rule.SENDER_KEY_PAIR, reason=reason))
        else:
            self.changed(verdict.file.kind, vanished=removal.outcome is Outcome.VANISHED)

    def close(self, levels: Levels) -> None:
        kinds: dict[Kind, dict[str, int]] = {}
        for (kind, what), number in self._counts.items():
            kinds.setdefault(kind, {})[what] = number
        self.outcome.kinds = {
            kind: Tally(seen=sum(kinds[kind].values()), **kinds[kind]) for kind in Kind if kind in kinds
        }
        self.outcome.counted = self.counted(levels)
        self.outcome.level = levels.of(self.outcome.counted)
        if self.outcome.total.failed and self.outcome.status is CompanyStatus.CLEANED:
            self.outcome.status = CompanyStatus.FAILED

    def counted(self, levels: Levels) -> int:
        """Return how many of the files that remain count."""
        return levels.count(self.left, self.outcome.advertised)

    @property
    def left(self) -> dict[Kind, int]:
        """The files that remain, by kind."""
        kinds = self.outcome.kinds.items()
        return {kind: tally.seen - tally.removed - self._vanished[kind] for kind, tally in kinds}


def observe(
    company: Company,
    account: Account,
    listing: Listing,
    *,
    kinds: Mapping[Kind, int],
    counted: int,
    removable: Mapping[Kind, int] | None,
) -> Observation:
    """Return what is judged of a company: who it is, and the files that are there by kind."""
    pairing = pairing_of(account, len(listing.files))
    deeper = company.deeper(listing.strangers) if pairing is PairingState.NOTHING else ()
    return Observation(company.id, kinds, counted, pairing, account.problem, removable, deeper)


def _tell(outcome: CompanyOutcome, sight: Sight, policy: Policy, again: str) -> None:
    """Put the outcome's warnings and notes into words."""
    for finding in outcome.judgement.findings:
        # Nobody is woken by an empty folder, but who reads the summary should see that there is no bot.
        warns = finding.severity > Severity.NOTE or finding.cause is Cause.EMPTY
        told = outcome.warnings if warns else outcome.notes
        told.append(finding_in_words(finding, again))
    strangers = sight.listing.strangers
    if strangers:
        are = "entry is" if len(strangers) == 1 else "entries are"
        outcome.warnings.append(
            f"{len(strangers):,} {are} no regular file and left alone: {few(sorted(strangers), 1_000)}"
        )
    said = remarks(sight.plan, policy)
    outcome.warnings += said.warnings
    outcome.notes += said.notes
