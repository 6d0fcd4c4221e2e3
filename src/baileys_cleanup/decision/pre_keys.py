"""Pre-keys: the cap, and the guards of what is new or still handed out. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.ages import costs_retry, plan_by_age, why_it_cannot_go
from baileys_cleanup.decision.names import read_pre_key
from baileys_cleanup.decision.policy import SECOND, Policy, Preset
from baileys_cleanup.decision.verdict import AuthFile, Rule, Verdict

FIRST_BATCH = 812
"""Pre-keys that Baileys since 7.0.0-rc.6 uploads at once (`INITIAL_PREKEY_COUNT`, `src/Defaults/index.ts`)."""
BATCH_SPAN = 60 * SECOND
"""Pre-keys written within this time of one another belong to one upload."""
BATCH_LEFT = 100
"""A batch that has shrunk below this many is drained: WhatsApp hands out later ones."""


def may_hold_batch(pre_keys: int, policy: Policy) -> bool:
    """Tell whether this many pre-keys can hold a batch that WhatsApp still hands out: guard 2 wants so many over."""
    return policy.keep_advertised_pre_keys and pre_keys - policy.pre_key_cap >= BATCH_LEFT


class Sorted(NamedTuple):
    """Pre-keys by what the cap says of them: verdicts of those that stay, those over it, and those beyond the counter.

    The numbers `beyond` are at or above `nextPreKeyId`: they do not count. All three come lowest number first.
    """

    kept: list[Verdict]
    over: list[AuthFile]
    beyond: list[AuthFile]


def sorted_by_cap(pre_keys: Sequence[AuthFile], policy: Policy, account: Account) -> Sorted:
    """Sort pre-keys by the cap.

    Guard: what is not uploaded yet and the newest one stay whatever the cap says, and count toward it.
    Without the newest one Baileys uploads more at its next start.
    """
    numbered = sorted((read_pre_key(file.name), file) for file in pre_keys)
    after = account.next_pre_key
    kept: list[Verdict] = []
    rest: list[AuthFile] = []
    beyond: list[AuthFile] = []
    for number, file in numbered:
        if after is not None and number >= after:
            beyond.append(file)
        elif account.first_not_uploaded is not None and number >= account.first_not_uploaded:
            kept.append(Verdict(file, False, Rule.PRE_KEY_NOT_UPLOADED, "not uploaded to WhatsApp yet: kept"))
        elif after is not None and number == after - 1:
            kept.append(Verdict(file, False, Rule.PRE_KEY_NEWEST, "the newest pre-key: Baileys looks for it at start"))
        else:
            rest.append(file)
    over = max(len(rest) - max(policy.pre_key_cap - len(kept), 0), 0)
    reason = f"among the {policy.pre_key_cap} with the highest numbers"
    kept += [Verdict(file, False, Rule.PRE_KEY_WITHIN_CAP, reason) for file in rest[over:]]
    return Sorted(kept, rest[:over], beyond)


def plan_pre_keys(pre_keys: Sequence[AuthFile], policy: Policy, account: Account, now: int) -> list[Verdict]:
    """Decide over all pre-keys of a company, one at least; those that go come lowest number first."""
    verdicts, over, beyond = sorted_by_cap(pre_keys, policy, account)
    advertised = _advertised(pre_keys, over, policy, account)
    for file in over:
        if file.name in advertised:
            verdicts.append(
                Verdict(file, False, Rule.PRE_KEY_ADVERTISED, "of a batch that WhatsApp still hands out: kept")
            )
        elif policy.preset is Preset.GENTLE:
            verdicts.append(costs_retry(file))
        else:
            reason = f"its number is not among the {policy.pre_key_cap} highest"
            verdicts.append(why_it_cannot_go(file, now) or Verdict(file, True, Rule.PRE_KEY_CAP, reason))
    if beyond:
        verdicts += _plan_beyond(pre_keys, beyond, policy, account, now)
    return verdicts


def _plan_beyond(
    pre_keys: Sequence[AuthFile], beyond: Sequence[AuthFile], policy: Policy, account: Account, now: int
) -> list[Verdict]:
    """Guard: a number that the counter has not reached is being written, or was left from a former pairing.

    The counter only rises (`getNextPreKeys`, `src/Utils/signal.ts`), so what was written before a lower number of
    this pairing is not of this pairing. Where no date tells, nobody can say which of the two it is.
    """
    names = {file.name for file in beyond}
    of_this = [file.modified for file in pre_keys if file.name not in names and file.modified is not None]
    newest = max(of_this, default=None)
    verdicts: list[Verdict] = []
    for file in beyond:
        number = f"its number is not below nextPreKeyId ({account.next_pre_key})"
        if newest is None or file.modified is None or newest - file.modified <= BATCH_SPAN:
            reason = f"{number}: of a batch that is being written, or left from a former pairing: kept, not counted"
            verdicts.append(Verdict(file, False, Rule.PRE_KEY_NOT_COUNTED, reason))
            continue
        kept = Verdict(file, False, Rule.PRE_KEY_FORMER_PAIRING, f"{number}: left from a former pairing: kept")
        if policy.former_pairing_days is not None:
            (aged,) = plan_by_age([file], policy.former_pairing_days, Rule.PRE_KEY_FORMER_PAIRING_AGE, now)
            kept = aged._replace(why=f"left from a former pairing, {aged.reason}")
            if aged.rule is Rule.YOUNG:
                kept = kept._replace(rule=Rule.PRE_KEY_FORMER_PAIRING)
        verdicts.append(kept)
    return verdicts


def _advertised(
    pre_keys: Sequence[AuthFile], over: Sequence[AuthFile], policy: Policy, account: Account
) -> frozenset[str]:
    """Guard: names over the cap that belong to a batch which WhatsApp still hands out.

    A file is in a batch when some 60 seconds hold it and enough others to make a hundred. Gaps in the
    numbers are no sign: contacts use keys up. Where `creds.json` does not tell its counter, the highest number on disk
    stands in for it.
    """
    if not policy.keep_advertised_pre_keys:
        return frozenset()
    next_pre_key = account.next_pre_key
    if next_pre_key is None:
        next_pre_key = max(read_pre_key(file.name) for file in pre_keys) + 1
    if next_pre_key <= FIRST_BATCH:
        return frozenset()
    dated = sorted((file.modified, file.name) for file in over if file.modified is not None)
    enough = BATCH_LEFT - (len(over) - len(dated))  # one without a date may belong to any batch
    names: set[str] = set()
    first = 0
    done = 0
    for last, (modified, _) in enumerate(dated):
        while modified - dated[first][0] > BATCH_SPAN:
            first += 1
        if last - first + 1 >= enough:
            names.update(name for _, name in dated[max(first, done) : last + 1])
            done = last + 1
    return frozenset(names)
