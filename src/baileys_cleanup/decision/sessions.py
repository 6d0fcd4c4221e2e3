"""Sessions: their rule, and the guard of this account's own. Pure."""

from collections.abc import Collection, Sequence

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.ages import Age, plan_by_age
from baileys_cleanup.decision.names import SESSION_BEGINNING, mapping_name, read_session
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import AuthFile, Rule, Verdict


def is_replaced(name: str, mappings: Collection[str]) -> bool:
    """Tell whether a session is under a phone number whose LID is known: it is not loaded any more.

    Every load goes to the LID's session (`loadSession` in `src/Signal/libsignal.ts`, 7.0.0-rc.9 and rc14).
    """
    if likely_mapping(name) not in mappings:
        return False
    peer = read_session(name)
    return peer is not None and mapping_name(peer) in mappings


def likely_mapping(session: str) -> str:
    """Return the only LID mapping that could have replaced a session, by a quick look at its name."""
    user = session[len(SESSION_BEGINNING) :].partition(".")[0].partition("_")[0]
    return f"lid-mapping-{user}.json"


def own_prefixes(policy: Policy, account: Account) -> tuple[str, ...]:
    """Return how the names of own sessions begin, to pass over all others quickly; nothing when the guard is off."""
    return tuple(f"session-{user}" for user, _ in account.devices) if policy.keep_own_sessions else ()


def is_own_session(name: str, prefixes: tuple[str, ...], account: Account) -> bool:
    """Guard: sessions of this account's own devices.

    App-state keys and copies of sent messages arrive through them.
    """
    if not name.startswith(prefixes):
        return False
    peer = read_session(name)
    return peer is not None and account.owns_session(peer)


def plan_sessions(
    sessions: Sequence[AuthFile], policy: Policy, account: Account, now: int, mappings: Collection[str]
) -> list[Verdict]:
    """Decide over all sessions of a company; `mappings` are the names of its LID mappings.

    Guard: where `creds.json` does not say who this account is, any session may be with one of its own devices.
    """
    if account.unknown:
        reason = "creds.json does not tell this account, so nobody can tell whose session this is: kept"
        return [Verdict(file, False, Rule.ACCOUNT_UNKNOWN, reason) for file in sessions]
    prefixes = own_prefixes(policy, account)
    own = [file for file in sessions if is_own_session(file.name, prefixes, account)]
    kept = [Verdict(file, False, Rule.OWN_SESSION, "a session with this account's own device: kept") for file in own]
    names = {file.name for file in own}
    others = [file for file in sessions if file.name not in names] if own else sessions
    verdicts = plan_by_age(others, policy.session_max_age_days, Rule.SESSION_AGE, now)
    if mappings:
        why = Age(now, policy.session_max_age_days, "the contact's LID took its place, ")
        verdicts = [
            verdict._replace(rule=Rule.SESSION_REPLACED, why=why)
            if verdict.remove and is_replaced(verdict.file.name, mappings)
            else verdict
            for verdict in verdicts
        ]
    return kept + verdicts
