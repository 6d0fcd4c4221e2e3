"""`watch.view`: what one look tells of a company."""

import os

from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.levels import Level
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.plan import plan
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.pre_keys import may_hold_batch
from baileys_cleanup.store.folder.company import Stamp
from baileys_cleanup.watch.see.all import terms_of
from baileys_cleanup.watch.see.company import Blind, Removable, view_all, view_one

from ...helpers import NOW, OWN, PN, auth_file, put
from ..helpers import SESSION, WORLD, company


def seen(root, settings, ids=None, *, detail=True, world=WORLD):
    """Give what a look over companies sees."""
    ids = root.company_ids()[0] if ids is None else ids
    return list(view_all(root, settings, ids, terms_of(settings, world), detail=detail))


def test_a_look_tells_kinds_level_and_what_would_go(root, place, settings):
    """In detail a company has its counts by kind, what a cleanup takes, its bytes, and its oldest session."""
    folder = company(place, "7", 2)
    put(folder, SESSION, b"12345", age=20)
    put(folder, f"session-{PN}.0.json", b"123", age=99)
    put(folder, "session-15550000009.0.json", b"123", age=2)
    (found,) = seen(root, settings)
    assert (5, Level.EXCELLENT) == (found.counted, found.level)
    assert {Kind.CREDS: 1, Kind.DEVICE_LIST: 1, Kind.SESSION: 3} == found.detail.kinds
    assert Removable(1, 5) == found.detail.removable
    assert sum(path.stat().st_size for path in folder.iterdir()) == found.detail.size
    assert NOW - 20 * 86_400 * 10**9 == found.detail.oldest
    assert found.detail.creds_problem is None


def test_a_quick_look_counts_as_the_thorough_one(root, place, settings):
    """Names alone give the same count and level, with links and folders left out, and a batch not counted."""
    folder = company(place, "7", 100, old=60)
    (folder / "link.json").symlink_to("creds.json")
    (folder / "folder").mkdir()
    company(place, "8", 3, pre_keys=160, made=900)
    quick, thorough = seen(root, settings, detail=False), seen(root, settings)
    assert [(160, Level.ATTENTION), (53, Level.EXCELLENT)] == [(each.counted, each.level) for each in quick]
    assert [each.counted for each in thorough] == [each.counted for each in quick]
    assert [None, None] == [each.detail for each in quick]


@given(st.integers(0, 400), st.integers(1, 60), st.booleans(), st.integers(0, 120))
def test_too_few_pre_keys_for_a_batch_are_never_a_batch(pre_keys, cap, guard, spread):
    """Where the quick look does not ask the planner, the planner would not find an advertised batch either."""
    policy = Policy(max_pre_keys=cap, min_pre_keys=cap, keep_advertised_pre_keys=guard)
    files = [auth_file(f"pre-key-{number}.json", 1 + number * spread / 86_400) for number in range(1, pre_keys + 1)]
    decided = plan(files, policy, Account(True, OWN, 9000, 9000), NOW)
    assert may_hold_batch(pre_keys, policy) or decided.advertised == 0


def test_a_batch_is_asked_for_from_a_hundred_over_the_cap():
    """99 pre-keys over the cap hold none, 100 may; with the guard off none may."""
    assert [False, True] == [may_hold_batch(number, Policy()) for number in (149, 150)]
    assert not may_hold_batch(900, Policy(keep_advertised_pre_keys=False))


def test_a_company_that_disappears_is_left_out(root, place, settings):
    """A folder that goes between listing and look is neither seen nor a problem."""
    company(place, "7", 2)
    assert ["7"] == [each.company_id for each in seen(root, settings, ["6", "7", "8"])]


def test_a_company_that_cannot_be_looked_at_is_told(root, place, settings):
    """A folder that became a link is a Blind with a sentence, and the others are seen."""
    company(place, "7", 2)
    (place / "company_8").symlink_to(place / "company_7")
    blind, found = seen(root, settings, ["8", "7"])
    assert isinstance(blind, Blind)
    assert "no longer a folder" in blind.problem
    assert "7" == found.company_id


def test_broken_creds_are_told(root, place, settings):
    """What is wrong with creds.json stands in the detail."""
    company(place, "7", 2)
    put(place / "company_7", "creds.json", b"{")
    assert "not valid JSON" in view_one(root, "7", Policy(), terms_of(settings, WORLD)).detail.creds_problem


def test_told_to_stop_a_look_ends_between_two_companies(root, place, settings):
    """No company is begun after the signal."""
    for number in "789":
        company(place, number, 2)
    answers = iter([False, True])
    stopping = WORLD._replace(stopping=lambda: next(answers))
    assert ["7"] == [each.company_id for each in seen(root, settings, world=stopping)]


def test_a_companys_own_policy_is_used(root, place, settings):
    """What would go is decided by the company's own settings."""
    company(place, "7", 1, old=3)
    terms = terms_of(settings, WORLD)
    assert [3, 0] == [
        view_one(root, "7", Policy(session_max_age_days=days), terms).detail.removable.files for days in (14, 21)
    ]


def test_a_look_writes_nothing(root, place, settings):
    """No date and no file changes by a look, and none appears."""
    company(place, "7", 5, old=3, pre_keys=60)
    before = {path.name: Stamp.of(path.stat()) for path in (place / "company_7").iterdir()}
    seen(root, settings)
    assert before == {path.name: Stamp.of(path.stat()) for path in (place / "company_7").iterdir()}
    assert ["company_7"] == os.listdir(place)
