"""The whole decision against the judge, and what every decision has to be: complete, stable, settled."""

from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.plan import plan, undated

from . import oracle
from .worlds import DAY, NOW, accounts, folders, groups, policies

companies = st.one_of(folders(), groups())


def removed(files, policy, account, now=NOW):
    """Give the names that the planner lets go."""
    return {verdict.file.name for verdict in plan(files, policy, account, now).removals}


@given(companies, policies(), accounts)
def test_exactly_what_the_rules_say_goes(files, policy, account):
    """The planner and the judge, who share no code, remove the same files."""
    assert oracle.removed(files, policy, account, NOW) == removed(files, policy, account)


@given(companies, policies(), accounts, st.integers(-20 * DAY, 20 * DAY))
def test_every_file_has_exactly_one_verdict(files, policy, account, shift):
    """Promise 18: each file is removed or kept, once, with a reason in words."""
    decided = plan(files, policy, account, NOW + shift)
    verdicts = [*decided.removals, *decided.keeps]
    assert sorted(files) == sorted(verdict.file for verdict in verdicts)
    assert all(verdict.remove for verdict in decided.removals)
    assert not any(verdict.remove for verdict in decided.keeps)
    assert all(verdict.reason for verdict in verdicts)


@given(companies, policies(), accounts, st.randoms(use_true_random=False))
def test_the_order_of_the_files_does_not_matter(files, policy, account, random):
    """The same files in another order give the same removals in the same order, and the same keeps."""
    shuffled = list(files)
    random.shuffle(shuffled)
    first, second = plan(files, policy, account, NOW), plan(shuffled, policy, account, NOW)
    assert first.removals == second.removals
    assert sorted(first.keeps) == sorted(second.keeps)


@given(*[st.tuples(companies, policies(), accounts)] * 2)
def test_planning_one_company_leaves_no_trace_in_the_next(one, other):
    """Promise 14: what is decided for one company is the same before and after another one was decided."""
    alone = plan(*one, NOW)
    plan(*other, NOW)
    assert alone == plan(*one, NOW)


@given(companies, policies(), accounts)
def test_dating_only_what_undated_names_is_enough(files, policy, account):
    """A plan over files of which only the needed ones were looked at removes what a plan over all would."""
    needed = {file.name for file in undated(files, policy, account)}
    looked = [file if file.name in needed else file._replace(modified=None, size=0, sole=True) for file in files]
    assert plan(files, policy, account, NOW).removals == plan(looked, policy, account, NOW).removals


@given(companies, policies(), accounts)
def test_nothing_is_looked_at_that_its_name_decides(files, policy, account):
    """No protected or unknown file, no kind without a rule and no pre-key within the cap is looked at."""
    over = {file.name for file in oracle.pre_keys_over_cap(files, policy, account)}
    needed = undated(files, policy, account)
    assert {file.name for file in needed if file.kind is Kind.PRE_KEY} == over
    assert all(oracle.removable(file.name) for file in needed)


@given(companies, policies(), accounts)
def test_a_second_run_has_nothing_to_do(files, policy, account):
    """Promise 20: planning over what a run left, at the same moment, removes nothing more."""
    gone = removed(files, policy, account)
    left = [file for file in files if file.name not in gone]
    assert set() == removed(left, policy, account)


@given(companies, policies(), accounts, st.data())
def test_a_run_that_was_cut_short_is_completed_by_the_next(files, policy, account, data):
    """A run that stopped after any number of removals and a second one remove, together, what one run would."""
    removals = plan(files, policy, account, NOW).removals
    done = {verdict.file.name for verdict in removals[: data.draw(st.integers(0, len(removals)))]}
    left = [file for file in files if file.name not in done]
    assert {verdict.file.name for verdict in removals} == done | removed(left, policy, account)
