"""`watch.view`: what one look tells of a company."""

import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.judgement import Cause, PairingState, Severity
from baileys_cleanup.decision.levels import Level
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.plan import plan
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.pre_keys import may_hold_batch
from baileys_cleanup.store.folder.company import Stamp
from baileys_cleanup.watch.see.all import terms_of
from baileys_cleanup.watch.see.company import Removable, Unreadable, view_all, view_one

from ...helpers import NOW, OWN, PN, auth_file, creds, put
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
    newest = max(path.stat().st_mtime_ns for path in folder.iterdir())
    assert (newest, PairingState.PAIRED) == (found.detail.newest, found.pairing)


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
    """A folder that became a link is a Unreadable with a sentence, and the others are seen."""
    company(place, "7", 2)
    (place / "company_8").symlink_to(place / "company_7")
    blind, found = seen(root, settings, ["8", "7"])
    assert isinstance(blind, Unreadable)
    assert "no longer a folder" in blind.problem
    assert "7" == found.company_id


def test_broken_creds_are_told(root, place, settings):
    """What is wrong with creds.json stands in the detail."""
    company(place, "7", 2)
    put(place / "company_7", "creds.json", b"{")
    found = view_one(root, settings, "7", terms_of(settings, WORLD))
    assert PairingState.BROKEN is found.pairing
    assert "not valid JSON" in found.judgement.trouble.sentence


def test_told_to_stop_a_look_ends_between_two_companies(root, place, settings):
    """No company is begun after the signal."""
    for number in "789":
        company(place, number, 2)
    answers = iter([False, True, True])
    stopping = WORLD._replace(stopping=lambda: next(answers))
    assert ["7"] == [each.company_id for each in seen(root, settings, world=stopping)]


def test_a_companys_own_policy_is_used(root, place, settings):
    """What would go is decided by the company's own settings."""
    company(place, "7", 1, old=3)
    terms = terms_of(settings, WORLD)
    assert [3, 0] == [
        view_one(
            root, replace(settings, companies={"7": {"session_max_age_days": days}}), "7", terms
        ).detail.removable.files
        for days in (14, 21)
    ]


def test_a_companys_own_levels_are_used(root, place, settings):
    """Kinds that are not to be counted are not, and its own limits decide."""
    company(place, "7", 160)
    company(place, "8", 160)
    own = replace(settings, company_levels={"7": {"not_counted": (Kind.DEVICE_LIST,)}, "8": {"critical": 150}})
    for detail in (False, True):
        found = {each.company_id: each for each in seen(root, own, detail=detail)}
        assert (1, Level.EXCELLENT) == (found["7"].counted, found["7"].level)
        assert (160, Level.CRITICAL) == (found["8"].counted, found["8"].level)


def test_contents_one_level_deeper_are_found(root, place, settings):
    """No file of its own, and folders that hold a creds.json: neither look takes it for an empty company."""
    put(place / "company_7", "x", b"")
    (place / "company_7" / "x").unlink()
    put(place / "company_7" / "5511", "creds.json")
    (place / "company_7" / "link").symlink_to(place / "company_7" / "5511")
    for detail in (False, True):
        (found,) = seen(root, settings, detail=detail)
        assert "one level deeper, in '5511':" in found.judgement.trouble.sentence


def test_a_company_that_nobody_writes_any_more_is_silent(root, place, settings):
    """Counted from the newest file, whatever it is; a note and no alert."""
    folder = company(place, "7", 1)
    for number, age in enumerate((40, 31, 30)):
        put(folder, f"device-list-x{number}.json", age=age)
    put(folder, "creds.json", creds(), age=30)
    (found,) = seen(root, settings)
    assert (True, Severity.NOTE) == (found.silent, found.judgement.severity)
    put(folder, "device-list-y.json", age=29)
    assert not seen(root, settings)[0].silent


@pytest.mark.parametrize("detail", [False, True])
def test_both_looks_judge_alike(root, place, settings, detail):
    """Pairing, fullness and what a cleanup can free are the same, however closely it was looked at."""
    company(place, "full", 100, old=60)
    company(place, "stuck", 190)
    put(company(place, "dead", 4), "creds.json", b"")
    (company(place, "gone", 4) / "creds.json").unlink()
    (place / "company_empty").mkdir()
    found = {each.company_id: each for each in seen(root, settings, detail=detail)}
    assert [Cause.FULL, Cause.NOTHING_REMOVABLE, Cause.PAIRING_DEAD, Cause.PAIRING_DEAD, Cause.EMPTY] == [
        found[name].judgement.findings[0].cause for name in ("full", "stuck", "dead", "gone", "empty")
    ]
    assert "would free 60 and leave 100" in found["full"].judgement.fullness.sentence


def test_a_look_writes_nothing(root, place, settings):
    """No date and no file changes by a look, and none appears."""
    company(place, "7", 5, old=3, pre_keys=60)
    before = {path.name: Stamp.of(path.stat()) for path in (place / "company_7").iterdir()}
    seen(root, settings)
    assert before == {path.name: Stamp.of(path.stat()) for path in (place / "company_7").iterdir()}
    assert ["company_7"] == os.listdir(place)
