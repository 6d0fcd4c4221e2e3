"""Promise 26: a group's memory and a key that may be this account's own never go together, nor soon one after the other."""

from hypothesis import given

from baileys_cleanup.decision.plan import plan
from baileys_cleanup.decision.verdict import MemoryGone, Rule

from . import oracle
from .worlds import DAY, NOW, SECOND, accounts, companies, folders, groups, policies
from .worlds import st as strategies

HOUR = 3600 * SECOND
files_of_any = strategies.one_of(groups(), folders())


def removed(decided):
    """Give the names that a plan lets go."""
    return {verdict.file.name for verdict in decided.removals}


@given(companies(), policies(), accounts)
def test_no_key_goes_while_its_memory_is_there(company, policy, account):
    """Whatever was remembered, a key that may be own stays in the run that takes the memory, and while one is there."""
    files, waiting = company
    gone = removed(plan(files, policy, account, NOW, waiting=waiting))
    for keys in oracle.pairs(files, account).values():
        assert set() == keys & gone


@given(companies(), policies(), accounts)
def test_a_memory_goes_at_the_age_of_the_newest_of_its_pair(company, policy, account):
    """A memory that keys are tied to goes only when all of them have reached the limit."""
    files, waiting = company
    gone = removed(plan(files, policy, account, NOW, waiting=waiting))
    by_name = {file.name: file for file in files}
    for memory, keys in oracle.pairs(files, account).items():
        young = [name for name in keys if not oracle.old(by_name[name], policy.sender_key_max_age_days, NOW)]
        assert memory not in gone or not young


@given(files_of_any, policies(), accounts, strategies.integers(0, 3 * DAY), strategies.integers(0, 3 * DAY))
def test_six_hours_lie_between_memory_and_key(files, policy, account, pause, more):
    """Run after run, told what the run before left, a key goes six hours after its memory at the soonest."""
    first = plan(files, policy, account, NOW)
    tied = oracle.pairs(files, account)
    without_memory = {key for memory, keys in tied.items() if memory in removed(first) for key in keys}
    left = [file for file in files if file.name not in removed(first)]
    second = plan(left, policy, account, NOW + pause, waiting=first.waiting)
    assert pause >= 6 * HOUR or set() == removed(second) & without_memory
    third = plan(
        [file for file in left if file.name not in removed(second)],
        policy,
        account,
        NOW + pause + more,
        waiting=second.waiting,
    )
    assert pause + more >= 6 * HOUR or set() == removed(third) & without_memory


@given(files_of_any, policies(), accounts, strategies.integers(0, 60 * DAY))
def test_a_key_of_which_no_run_tells_counts_from_the_first_that_sees_it(files, policy, account, pause):
    """An own key alone stays in the first run, and waits six hours from there."""
    alone = {file.name for file in files if oracle.own(file.name, account) and oracle.binding(file.name, account)}
    alone -= set().union(*oracle.pairs(files, account).values())
    first = plan(files, policy, account, NOW)
    assert set() == alone & removed(first)
    assert alone <= set(first.waiting)
    second = plan(files, policy, account, NOW + pause, waiting=first.waiting)
    assert pause >= 6 * HOUR or set() == alone & removed(second)


@given(files_of_any, policies(), accounts, strategies.integers(1, 30 * DAY))
def test_a_key_written_since_counts_anew(files, policy, account, ago):
    """A key that was in use after its memory went waits again, from the run that sees that."""
    waiting = {file.name: MemoryGone((file.modified or 0) - ago, True) for file in files if file.kind == "sender_key"}
    decided = plan(files, policy, account, NOW, waiting=waiting)
    for verdict in decided.removals:
        if oracle.kind(verdict.file.name) == "sender_key":
            assert oracle.binding(verdict.file.name, account) is None


@given(companies(), policies(), accounts)
def test_what_is_to_be_remembered_is_what_waits(company, policy, account):
    """Every key that follows its memory later is remembered, and nothing but sender keys that are there."""
    files, waiting = company
    decided = plan(files, policy, account, NOW, waiting=waiting)
    later = {verdict.file.name for verdict in decided.keeps if verdict.rule is Rule.SENDER_KEY_AFTER_MEMORY}
    assert later <= set(decided.waiting) <= {file.name for file in files if file.kind == "sender_key"}
    assert all(gone.since <= NOW for gone in decided.waiting.values())
