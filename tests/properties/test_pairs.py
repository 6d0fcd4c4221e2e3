"""Guard 3: a group's own sender key and its memory go together, the memory first."""

from hypothesis import given

from baileys_cleanup.decision.plan import plan

from . import oracle
from .worlds import NOW, accounts, folders, groups, policies
from .worlds import st as strategies

companies = strategies.one_of(groups(), folders())


def pairs(files, account):
    """Give each group whose memory is there, with its memory and the keys tied to it."""
    present = {file.name for file in files}
    for group in {oracle.binding(file.name, account) for file in files} - {None}:
        memory = f"sender-key-memory-{group}.json"
        if memory in present:
            yield memory, {file.name for file in files if oracle.binding(file.name, account) == group}


@given(companies, policies(), accounts)
def test_own_key_and_memory_both_go_or_neither(files, policy, account):
    """Where the account is known, a group's memory and own keys are removed all together or not at all."""
    gone = {verdict.file.name for verdict in plan(files, policy, account, NOW).removals}
    for memory, keys in pairs(files, account):
        if account.devices:
            assert (keys | {memory}) & gone in (set(), keys | {memory})


@given(companies, policies(), accounts)
def test_no_key_that_may_be_own_goes_without_its_memory(files, policy, account):
    """Known or not, a key that may be this account's own never goes while its group's memory stays."""
    gone = {verdict.file.name for verdict in plan(files, policy, account, NOW).removals}
    for memory, keys in pairs(files, account):
        assert memory in gone or not keys & gone


@given(companies, policies(), accounts)
def test_the_memory_goes_first_and_the_key_waits_for_it(files, policy, account):
    """A removal that is tied to a memory names it, and that memory's removal comes before it."""
    removals = plan(files, policy, account, NOW).removals
    order = [verdict.file.name for verdict in removals]
    tied = {key: memory for memory, keys in pairs(files, account) for key in keys}
    for place, verdict in enumerate(removals):
        assert tied.get(verdict.file.name) == verdict.memory
        assert verdict.memory is None or verdict.memory in order[:place]


@given(companies, policies(), accounts)
def test_a_run_that_stops_anywhere_leaves_no_key_missing_under_its_memory(files, policy, account):
    """However many removals were carried out, no own key is gone while its group's memory is there."""
    removals = [verdict.file.name for verdict in plan(files, policy, account, NOW).removals]
    for memory, keys in pairs(files, account):
        for key in keys & set(removals):
            assert removals.index(memory) < removals.index(key)
