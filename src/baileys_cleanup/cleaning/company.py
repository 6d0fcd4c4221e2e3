"""One company: look, plan, remove, collect. What happens here stays here: companies are islands."""

from baileys_cleanup.cleaning.file_counter import FileCounter
from baileys_cleanup.cleaning.look import Sight, Terms, look_and_plan, look_at_all, observe
from baileys_cleanup.cleaning.remarks import remarks
from baileys_cleanup.decision.devices import SharedDevice
from baileys_cleanup.decision.judgement import Cause, Severity, judge, of_shared_device
from baileys_cleanup.decision.outcome import CompanyOutcome, CompanyStatus, Problem, Reasons
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import Plan
from baileys_cleanup.errors import CompanyProblem, in_words
from baileys_cleanup.output.judgement import in_words as finding_in_words
from baileys_cleanup.output.text import count, few
from baileys_cleanup.store.company import Company
from baileys_cleanup.store.remover import Remover
from baileys_cleanup.store.store import Store


def clean_company(
    store: Store, company_id: str, policy: Policy, terms: Terms, remover: Remover, *, detail: Reasons
) -> CompanyOutcome:
    """Clean one company and return what became of it; whatever goes wrong is in the outcome.

    The outcome carries the verdicts that `detail` asks for.
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


def tell_of_shared_device(outcome: CompanyOutcome, shared: SharedDevice, again: str) -> None:
    """Add what is to be said of a company whose device another one has: only who sees all of them knows."""
    finding = of_shared_device(shared)
    outcome.judgement = outcome.judgement.plus(finding)
    outcome.warnings.append(finding_in_words(finding, again))


def _fail(outcome: CompanyOutcome, sentence: str) -> None:
    outcome.status = CompanyStatus.FAILED
    outcome.errors.append(Problem(None, sentence))


def _clean(
    company: Company, policy: Policy, terms: Terms, remover: Remover, outcome: CompanyOutcome, *, detail: Reasons
) -> None:
    sight = (look_at_all if detail is Reasons.ALL else look_and_plan)(company, policy, terms)
    decided = sight.plan
    outcome.pairing = sight.account.pairing
    counter = FileCounter(outcome, sight, detail=detail)
    held = terms.held or _over_limit(decided, terms.max_removals)
    if held is not None:
        counter.refused(f"left alone: {held}")
    else:
        doubt = remover.doubt(company) if decided.removals else None
        if doubt:
            outcome.warnings.append(doubt)
        terms.waiting.write(company.id, decided.waiting)
        pairing = sight.account.pairing
        with remover.company(company, str(pairing) if pairing else None) as at_work:
            counter.removed(at_work.remove(decided.removals, terms.stopping))
            for revision in at_work.confirm():
                counter.revised(*revision)
    outcome.advertised = decided.advertised
    counter.close(terms.levels)
    counted = outcome.counted or 0
    observed = observe(company, sight, kinds=counter.left, counted=counted, removable=counter.removable)
    outcome.judgement = judge(observed, terms.levels)
    _tell(outcome, sight, policy, terms.again)


def _over_limit(decided: Plan, limit: int | None) -> str | None:
    if limit is None or len(decided.removals) <= limit:
        return None
    return f"{count(len(decided.removals), 'removal')} planned, and max_removals allows {limit:,}"


def _tell(outcome: CompanyOutcome, sight: Sight, policy: Policy, again: str) -> None:
    """Put the outcome's warnings and notes into words."""
    for finding in outcome.judgement.findings:
        # Nobody is woken by an empty folder, but who reads the summary should see that there is no bot.
        warns = finding.severity > Severity.NOTE or finding.cause is Cause.EMPTY
        told = outcome.warnings if warns else outcome.notes
        told.append(finding_in_words(finding, again))
    strangers = sight.strangers
    if strangers:
        are = "entry is" if len(strangers) == 1 else "entries are"
        outcome.warnings.append(
            f"{len(strangers):,} {are} {sight.oddity} and left alone: {few(sorted(strangers), 1_000)}"
        )
    said = remarks(sight.plan, policy, sight.look.young)
    outcome.warnings += said.warnings
    outcome.notes += said.notes
