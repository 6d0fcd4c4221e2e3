"""`keep`: which archives stay, in the manner of restic; a bad one never counts, and a good one always stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.backups.retention import Candidate, decide
from baileys_cleanup.settings.values import Backup

from ..helpers import DAY, NOW

HOUR = DAY // 24


def made(*ages, **more):
    """Give archives that were made so many days ago."""
    return [Candidate(f"a{age}", NOW - int(age * DAY), 1, paired=True, **more) for age in ages]


def kept(archives, last=0, daily=0, weekly=0):
    """Give the names that stay."""
    policy = Backup(keep_last=last, keep_daily=daily, keep_weekly=weekly)
    return [fate.archive.name for fate in decide(archives, policy, NOW) if fate.keep]


def test_the_last_ones_stay():
    """So many of the newest, in whatever order they are listed."""
    assert ["a0", "a1"] == kept(made(3, 0, 2, 1), last=2)


def test_the_last_of_each_day_stays():
    """Days are UTC; a day without an archive does not count (NOW is 03:00)."""
    assert ["a0", "a0.2", "a5"] == kept(made(0, 0.1, 0.2, 0.3, 5, 9), daily=3)


def test_the_last_of_each_week_stays():
    """Weeks begin on Monday; NOW is a Sunday, so six days before is the same week and seven is not."""
    assert ["a0", "a7"] == kept(made(0, 6, 7, 13), weekly=2)
    assert ["a0", "a6.2"] == kept(made(0, 6, 6.2), weekly=2)


def test_rules_add_up_and_say_so():
    """An archive stays if any rule keeps it, and every rule that does is named."""
    fates = decide(made(0, 1, 2, 30), Backup(keep_last=1, keep_daily=2, keep_weekly=1), NOW)
    assert [
        "one of the last 1; the last of day 1 of 2; the last of week 1 of 1",
        "the last of day 2 of 2",
        "no rule keeps it",
        "no rule keeps it",
    ] == [fate.reason for fate in fates]
    assert [True, True, False, False] == [fate.keep for fate in fates]


def test_a_bad_archive_is_left_alone_and_not_counted():
    """It takes no good one's place, and is named with what is wrong."""
    archives = [*made(0, problem="its SHA-256 is another"), *made(1, 2)]
    fates = decide(archives, Backup(keep_last=1, keep_daily=0, keep_weekly=0), NOW)
    assert [True, True, False] == [fate.keep for fate in fates]
    assert "left alone and not counted: its SHA-256 is another" == fates[0].reason


def test_a_date_in_the_future_is_left_alone_and_not_counted():
    """Made by a wrong clock, it would be the newest for ever; the one made just now stays."""
    archives = [*made(-400), *made(0, new=True), *made(1)]
    assert ["a-400", "a0"] == kept(archives, last=1)
    assert ["a-400", "a1"] == kept([*made(-400), *made(1, 2)], last=1)


def test_what_was_made_just_now_stays():
    """Even if the clock was set back and every other archive is newer."""
    archives = [*made(0), *made(1, new=True)]
    assert ["a0", "a1"] == kept(archives, last=1)


def test_copies_without_a_pairing_push_no_pairing_out():
    """A folder that Baileys began anew is backed up, and the copies of the lost pairing stay."""
    anew = [archive._replace(paired=False) for archive in made(0, 1, 2)]
    assert ["a0", "a8"] == kept([*anew, *made(8, 9)], last=1)


candidates = st.lists(
    st.builds(
        Candidate,
        st.integers(0, 10**6).map(str),
        st.integers(-5, 400 * 24).map(lambda hours: NOW - hours * HOUR),
        st.just(1),
        st.booleans(),
        st.sampled_from([None, None, None, "bad"]),
    ),
    max_size=30,
    unique_by=lambda archive: archive.name,
)
policies = st.builds(Backup, st.none(), st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))


def good(archives):
    """Give what may be counted."""
    return [archive for archive in archives if archive.problem is None and (archive.made <= NOW or archive.new)]


@given(candidates, policies)
def test_a_good_one_always_stays(archives, policy):
    """Whatever the policy: the newest good archive stays, and the newest with a pairing."""
    stay = {fate.archive for fate in decide(archives, policy, NOW) if fate.keep}
    for paired in (True, False):
        ours = [archive for archive in good(archives) if archive.paired is paired]
        if ours:
            assert max(archive.made for archive in ours) in {archive.made for archive in stay & set(ours)}


@given(candidates, policies)
def test_only_good_ones_go(archives, policy):
    """What cannot be read or is dated in the future is never deleted, and everything has a reason."""
    fates = decide(archives, policy, NOW)
    assert {fate.archive for fate in fates if not fate.keep} <= set(good(archives))
    assert sorted(archives) == sorted(fate.archive for fate in fates)
    assert all(fate.reason for fate in fates)


@given(candidates, policies, st.integers(-5, 9000))
def test_one_more_bad_archive_changes_nothing(archives, policy, hours):
    """The fate of every other archive is the same with and without it."""
    bad = Candidate("bad", NOW - hours * HOUR, 1, True, "cut short")
    before = decide(archives, policy, NOW)
    assert before == [fate for fate in decide([*archives, bad], policy, NOW) if fate.archive is not bad]


@given(candidates, policies)
def test_deciding_again_lets_nothing_more_go(archives, policy):
    """What stays today stays when the same is asked of what is left."""
    stay = [fate.archive for fate in decide(archives, policy, NOW) if fate.keep]
    assert all(fate.keep for fate in decide(stay, policy, NOW))


@pytest.mark.parametrize("rule", ["last", "daily", "weekly"])
def test_at_most_so_many(rule):
    """Each rule by itself keeps exactly its number."""
    assert 3 == len(kept(made(*range(0, 300, 10)), **{rule: 3}))
