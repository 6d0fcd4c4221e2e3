"""What the preset `gentle` spares by its name alone. Pure."""

from collections.abc import Iterable, Sequence

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.policy import Policy, Preset
from baileys_cleanup.decision.sender_keys import is_own_key
from baileys_cleanup.decision.sessions import is_own_session, is_replaced, own_prefixes
from baileys_cleanup.decision.verdict import AuthFile, Rule, Verdict


def costs_retry(file: AuthFile) -> Verdict:
    """Return the verdict of a file that the preset keeps whatever its age or number."""
    reason = "kept by the preset gentle: its loss may cost somebody a retry"
    return Verdict(file, False, Rule.COSTS_RETRY, reason)


def split_by_preset(
    files: Iterable[AuthFile], policy: Policy, account: Account
) -> tuple[Iterable[AuthFile], Sequence[AuthFile]]:
    """Split files into those that the rules reach, and those that the preset spares by their names alone."""
    if policy.preset is Preset.STANDARD:
        return files, ()
    files = list(files)
    mappings = {file.name for file in files if file.kind is Kind.LID_MAPPING}
    prefixes = own_prefixes(policy, account)
    reached: list[AuthFile] = []
    spared: list[AuthFile] = []
    for file in files:
        if file.kind is Kind.SESSION:
            missed = not (is_replaced(file, mappings) or is_own_session(file, prefixes, account))
        else:
            missed = file.kind is Kind.SENDER_KEY and not is_own_key(file, account)
        (spared if missed else reached).append(file)
    return reached, spared
