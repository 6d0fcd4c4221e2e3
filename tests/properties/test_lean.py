"""The lean way: what is passed over is what stays, and the plan over the rest is the plan over all."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.cleaning.remarks import remarks
from baileys_cleanup.decision.names import Kind, kind_of, sorted_by_kind
from baileys_cleanup.decision.plan import plan, undated
from baileys_cleanup.decision.reach import reach, replacing
from baileys_cleanup.decision.verdict import AuthFile, Rule

from . import worlds
from .worlds import DAY, NOW, accounts, companies, policies

TOLD = {Rule.HARD_LINKED, Rule.DATE_IMPOSSIBLE, Rule.DATE_UNKNOWN}
"""What a summary tells of files that stay."""


def in_reach(files, policy, account, now):
    """Give the files that the lean way makes, looked at as a store does; the dates passed over; the mappings named."""
    there = {file.name: file for file in files}
    within = reach(sorted_by_kind(there), policy, account, now)
    given_on, passed = list(within.undated), []
    for kind, names, young in within.dated:
        for name in names:
            file = there[name]
            assert file.kind is kind
            is_young = young is not None and file.modified is not None and young.after < file.modified <= young.upto
            if is_young and file.sole:
                passed.append(file.modified)
            else:
                given_on.append(file)
    return given_on, passed, replacing(sorted_by_kind(there), given_on)


@given(companies(), policies(), accounts, st.integers(-20 * DAY, 20 * DAY))
def test_the_lean_way_removes_exactly_what_the_full_way_removes(company, policy, account, shift):
    """The same removals in the same order, the same to be remembered, the same said of what stays."""
    files, waiting = company
    now = NOW + shift
    needed = {file.name for file in undated(files, policy, account)}
    seen = [file if file.name in needed else AuthFile(file.name, file.kind) for file in files]
    full = plan(seen, policy, account, now, waiting=waiting)
    given_on, passed, mappings = in_reach(files, policy, account, now)
    lean = plan(given_on, policy, account, now, waiting=waiting, mappings=mappings)
    assert full.removals == lean.removals
    assert full.waiting == lean.waiting
    assert full.advertised == lean.advertised
    told = [
        sorted(verdict for verdict in each.keeps if verdict.rule in TOLD and verdict.file.name in needed)
        for each in (full, lean)
    ]
    assert told[0] == told[1]
    assert remarks(full, policy) == remarks(lean, policy, passed)


@given(st.lists(worlds.names, unique=True))
def test_sorting_names_is_asking_for_the_kind_of_each(names):
    """Names sorted many at a time have the kinds they have one at a time."""
    one_by_one: dict[Kind, list[str]] = {}
    for name in names:
        one_by_one.setdefault(kind_of(name), []).append(name)
    by_kind = sorted_by_kind(names)
    assert {kind: Counter(several) for kind, several in one_by_one.items()} == {
        kind: Counter(several) for kind, several in by_kind.items()
    }
