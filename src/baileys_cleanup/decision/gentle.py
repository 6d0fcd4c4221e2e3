"""What the preset `gentle` spares by its name alone. Pure."""

from collections.abc import Collection, Iterable, Sequence

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.policy import Policy, Preset
from baileys_cleanup.decision.sender_keys import may_be_own
from baileys_cleanup.decision.sessions import is_own_session, is_replaced, own_prefixes
from baileys_cleanup.decision.verdict import AuthFile


def split_by_preset(
    files: Iterable[AuthFile], policy: Policy, account: Account, mappings: Collection[str] = ()
) -> tuple[Iterable[AuthFile], Sequence[AuthFile]]:
    """Split files into those that the rules reach, and those that the preset spares by their names alone.

    `mappings` are names of LID mappings that are not among the files.
    """
    if policy.preset is Preset.STANDARD:
        return files, ()
    files = list(files)
    known = {*mappings, *(file.name for file in files if file.kind is Kind.LID_MAPPING)}
    prefixes = own_prefixes(policy, account)
    reached: list[AuthFile] = []
    spared: list[AuthFile] = []
    for file in files:
        if file.kind is Kind.SESSION:
            missed = not (is_replaced(file.name, known) or is_own_session(file.name, prefixes, account))
        else:
            missed = file.kind is Kind.SENDER_KEY and not may_be_own(file.name, account)
        (spared if missed else reached).append(file)
    return reached, spared
