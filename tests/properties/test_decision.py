"""The whole decision against the judge, and what every decision has to be: complete, stable, settled."""

from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.plan import plan, undated

from . import oracle
from .worlds import DAY, NOW, accounts, companies, policies


def removed(files, policy, account, waiting, now=NOW):
    """Give the names that the planner lets go."""
    return {verdict.file.name for verdict in plan(files, policy, account, now, waiting=waiting).removals}


@given(companies(), policies(), accounts)
def test_exactly_what_the_rules_say_goes(company, policy, account):
    """The planner and the judge, who share no code, remove the same files."""
    files, waiting = company
    assert oracle.removed(files, policy, account, NOW, waiting) == removed(files, policy, account, waiting)


@given(companies(), policies(), accounts, st.integers(-20 * DAY, 20 * DAY))
def test_every_file_has_exactly_one_verdict(company, policy, account, shift):
    """Promise 18: each file is removed or kept, once, with a reason in words."""
    files, waiting = company
    decided = plan(files, policy, account, NOW + shift, waiting=waiting)
    verdicts = [*decided.removals, *decided.keeps]
    assert sorted(files) == sorted(verdict.file for verdict in verdicts)
    assert all(verdict.remove for verdict in decided.removals)
    assert not any(verdict.remove for verdict in decided.keeps)
    assert all(verdict.reason for verdict in verdicts)


@given(companies(), policies(), accounts, st.randoms(use_true_random=False))
def test_the_order_of_the_files_does_not_matter(company, policy, account, random):
    """The same files in another order give the same removals in the same order, and the same keeps."""
    files, waiting = company
    shuffled = list(files)
    random.shuffle(shuffled)
    first, second = (plan(each, policy, account, NOW, waiting=waiting) for each in (files, shuffled))
    assert first.removals == second.removals
    assert first.waiting == second.waiting
    assert sorted(first.keeps) == sorted(second.keeps)


@given(*[st.tuples(companies(), policies(), accounts)] * 2)
def test_planning_one_company_leaves_no_trace_in_the_next(one, other):
    """Promise 14: what is decided for one company is the same before and after another one was decided."""
    (files, waiting), policy, account = one
    alone = plan(files, policy, account, NOW, waiting=waiting)
    plan(other[0][0], *other[1:], NOW, waiting=other[0][1])
    assert alone == plan(files, policy, account, NOW, waiting=waiting)


@given(companies(), policies(), accounts)
def test_dating_only_what_undated_names_is_enough(company, policy, account):
    """A plan over files of which only the needed ones were looked at is the plan over all."""
    files, waiting = company
    needed = {file.name for file in undated(files, policy, account)}
    looked = [file if file.name in needed else file._replace(modified=None, size=0, sole=True) for file in files]
    whole, part = (plan(each, policy, account, NOW, waiting=waiting) for each in (files, looked))
    assert (whole.removals, whole.waiting) == (part.removals, part.waiting)


@given(companies(), policies(), accounts)
def test_nothing_is_looked_at_that_its_name_decides(company, policy, account):
    """No protected or unknown file, no kind without a rule and no pre-key within the cap is looked at.

    But a copy beside a file that is looked at, and all pre-keys where some are beyond the counter.
    """
    files, _ = company
    over = {file.name for file in oracle.pre_keys_over_cap(files, policy, account)}
    pre_keys = {file.name for file in files if file.kind is Kind.PRE_KEY}
    if any(oracle.beyond(file, account) for file in files if file.kind is Kind.PRE_KEY):
        over = pre_keys
    needed = undated(files, policy, account)
    names = {file.name for file in needed}
    assert names & pre_keys == over
    assert all(oracle.removable(name) or name.removesuffix(".bak") in names - {name} for name in names)


@given(companies(), policies(), accounts)
def test_a_second_run_has_nothing_to_do(company, policy, account):
    """Promise 20: planning over what a run left, at the same moment, removes nothing more."""
    files, waiting = company
    first = plan(files, policy, account, NOW, waiting=waiting)
    gone = {verdict.file.name for verdict in first.removals}
    left = [file for file in files if file.name not in gone]
    assert set() == removed(left, policy, account, first.waiting)


@given(companies(), policies(), accounts, st.data())
def test_a_run_that_was_cut_short_is_completed_by_the_next(company, policy, account, data):
    """A run that stopped after any number of removals and a second one remove, together, what one run would."""
    files, waiting = company
    first = plan(files, policy, account, NOW, waiting=waiting)
    done = {verdict.file.name for verdict in first.removals[: data.draw(st.integers(0, len(first.removals)))]}
    left = [file for file in files if file.name not in done]
    assert {verdict.file.name for verdict in first.removals} == done | removed(left, policy, account, first.waiting)
