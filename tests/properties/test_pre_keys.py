"""Promise 11 and guards 1 and 2: the floor, what is not uploaded, the newest, and the batch WhatsApp hands out."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.plan import plan
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import Rule

from . import oracle
from .worlds import DAY, NOW, OWN, SECOND, accounts, dated, folders, policies, pre_keys


def numbers(verdicts):
    """Give the numbers of the pre-keys among verdicts."""
    return [oracle.number(verdict.file) for verdict in verdicts if oracle.kind(verdict.file.name) == "pre_key"]


@given(folders(), policies(), accounts)
def test_never_below_the_floor(files, policy, account):
    """At least the floor of the pre-keys that count survives, or all there are; likewise for the cap."""
    decided = plan(files, policy, account, NOW)
    after = account.next_pre_key
    kept, gone = (
        [number for number in numbers(verdicts) if after is None or number < after]
        for verdicts in (decided.keeps, decided.removals)
    )
    assert len(kept) >= min(policy.min_pre_keys, len(kept) + len(gone))
    assert len(kept) >= min(policy.max_pre_keys, len(kept) + len(gone))


@given(folders(), st.integers(1, 60), st.integers(0, 60), accounts)
def test_the_floor_holds_even_when_the_cap_is_below_it(files, floor, cap, account):
    """A policy whose cap lies under its floor never gets as far as its cap."""
    decided = plan(files, Policy(max_pre_keys=cap, min_pre_keys=floor), account, NOW)
    kept, gone = numbers(decided.keeps), numbers(decided.removals)
    assert len(kept) >= min(floor, len(kept) + len(gone))


@given(folders(), policies(), accounts)
def test_what_is_not_uploaded_and_the_newest_stay(files, policy, account):
    """Guard 1: no number that is not uploaded goes, never nextPreKeyId - 1, and beyond it only former ones by setting."""
    gone = {
        oracle.number(v.file): v.rule for v in plan(files, policy, account, NOW).removals if v.file.kind == "pre_key"
    }
    after, uploaded = account.next_pre_key, account.first_not_uploaded
    assert after is None or after - 1 not in gone
    assert uploaded is None or all(number < uploaded or (after and number >= after) for number in gone)
    beyond = {rule for number, rule in gone.items() if after is not None and number >= after}
    assert beyond <= ({Rule.PRE_KEY_FORMER_PAIRING_AGE} if policy.former_pairing_days is not None else set())


@given(pre_keys(), policies(), accounts, st.integers(1, 1200))
def test_leftovers_of_a_former_pairing_push_nothing_out(drawn, policy, account, after):
    """Promise 27: what lies at or above the counter changes nothing for the numbers below it."""
    account = account._replace(next_pre_key=after)
    files = dated(drawn)
    below = [file for file in files if oracle.number(file) < after]
    with_them, without = (plan(each, policy, account, NOW) for each in (files, below))
    assert numbers(without.removals) == [number for number in numbers(with_them.removals) if number < after]


@given(folders(), policies(), accounts)
def test_what_is_certainly_of_a_former_pairing_is_told(files, policy, account):
    """Exactly what was written before a number that the counter has passed is called of a former pairing."""
    policy = replace(policy, former_pairing_days=None)
    told = {v.file.name for v in plan(files, policy, account, NOW).keeps if v.rule is Rule.PRE_KEY_FORMER_PAIRING}
    assert oracle.of_former_pairing(files, account) == told


@given(pre_keys(), policies(), accounts, st.integers(-400 * DAY, 400 * DAY))
def test_the_number_decides_and_lowest_go_first(drawn, policy, account, shift):
    """Below the guards, every removed number is lower than every kept one, in rising order, whatever the dates."""
    plain = Policy(max_pre_keys=policy.max_pre_keys, min_pre_keys=policy.min_pre_keys, keep_advertised_pre_keys=False)
    decided = plan(dated(drawn, NOW + shift), plain, account, NOW)
    gone = numbers(decided.removals)
    within = numbers(verdict for verdict in decided.keeps if verdict.rule is Rule.PRE_KEY_WITHIN_CAP)
    assert sorted(gone) == gone
    assert max(gone, default=0) < min(within, default=float("inf"))


@given(pre_keys(), policies(), accounts)
def test_exactly_the_batches_that_whatsapp_hands_out_stay(drawn, policy, account):
    """Guard 2: what shares some 60 seconds with 99 others over the cap stays, and nothing else over the cap."""
    files = dated(drawn)
    decided = plan(files, policy, account, NOW)
    kept = {verdict.file.name for verdict in decided.keeps if verdict.rule is Rule.PRE_KEY_ADVERTISED}
    assert oracle.advertised(files, policy, account) == kept
    assert len(kept) == decided.advertised


@given(
    st.lists(st.integers(0, 150 * SECOND), min_size=95, max_size=125),
    st.sampled_from([-1, 0, 1]),
    st.sampled_from([812, 813]),
)
def test_a_batch_is_told_by_any_sixty_seconds(offsets, edge, upto):
    """Wherever in time a hundred keys lie within a minute, to the nanosecond, they stay from 813 keys on."""
    offsets = [*offsets[:-2], offsets[0] + 60 * SECOND + edge]
    drawn = [(f"pre-key-{place}.json", 90 * DAY - offset) for place, offset in enumerate(offsets, start=1)]
    within = [(f"pre-key-{600 + place}.json", DAY) for place in range(50)]
    account = Account(True, OWN, upto, 5000)
    decided = plan(dated([*drawn, *within]), Policy(), account, NOW)
    busiest = max(sum(0 <= other - start <= 60 * SECOND for other in offsets) for start in offsets)
    assert (busiest >= 100 and upto >= 813) == (decided.advertised > 0)


@given(st.integers(51, 250), st.sets(st.integers(1, 600), max_size=150))
def test_a_batch_stays_until_it_has_shrunk(count, used):
    """A batch that contacts use up, in any order, is all or nothing: all over the cap stay, or none does."""
    left = [place for place in range(1, count + 1) if place not in used]
    files = dated([(f"pre-key-{place}.json", 90 * DAY) for place in left])
    decided = plan(files, Policy(), Account(True, OWN, 5000, 5000), NOW)
    over = max(len(left) - 50, 0)
    expected = (over, 0) if over >= 100 else (0, over)
    assert expected == (decided.advertised, len(decided.removals))
