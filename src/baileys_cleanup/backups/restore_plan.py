"""What a restore does with each file, and why. Pure.

What ratchets forward is not put back: an older ratchet over a newer one uses message keys twice, and peers can no
longer read (`src/Signal/libsignal.ts`, 6.7.24 and 7.0.0-rc14). What is missing of it Baileys makes anew, at the cost
of a retry. Everything else is either written once (app-state keys, pre-keys) or repaired by Baileys itself.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.names import CREDS_NAME, Kind, kind_of, mapping_name, memory_name, read_session
from baileys_cleanup.decision.pairing import Pairing, is_same
from baileys_cleanup.decision.pairs import binds, group_pairs
from baileys_cleanup.store.snapshots import Entry

RATCHETS = {
    Kind.SESSION: "a session moves on with each message, and an older one loses messages; without it Baileys makes a"
    " new one, at the cost of a retry",
    Kind.SENDER_KEY: "a sender key moves on with each message, and an older one loses messages; a missing one is asked"
    " for again",
    Kind.SENDER_KEY_MEMORY: "it belongs to a sender key, which is not put back",
    Kind.DEVICE_LIST: "a device list is asked for again with the next message, and an older one may lack a device",
}
"""The kinds that stay away unless everything is asked for, each with the reason."""


class Step(StrEnum):
    """What happens to one file: it comes from the archive, stays or comes along as it is, or is not there after."""

    RESTORED = "restored"
    KEPT = "kept"
    LEFT_OUT = "left_out"
    SET_ASIDE = "set_aside"


class Identity(StrEnum):
    """How the pairing of the folder compares to that of the archive. `UNSURE`: of one device, and nobody can tell."""

    ABSENT = "absent"
    BROKEN = "broken"
    NAMELESS = "nameless"
    SAME = "same"
    UNSURE = "unsure"
    OTHER = "other"


class Present(NamedTuple):
    """One file that is in the folder now. `whole` is False for one that is empty or no JSON although its kind is."""

    sha256: str
    whole: bool


class FileDecision(NamedTuple):
    """What happens to one file. `open` marks what is not well after this restore, and wants the operator."""

    name: str
    step: Step
    reason: str
    open: bool = False

    @property
    def kind(self) -> Kind:
        """The file's kind."""
        return kind_of(self.name)


def compare(present: Account | None, problem: str | None, archived: Account, last: Pairing | None = None) -> Identity:
    """Compare the account in the folder (None: not to be read, for that `problem`) with the archived one.

    `last` is the pairing that was last noted for the folder: it tells where `creds.json` cannot.
    """
    if present is None:
        if is_same(last, archived.pairing) is False:
            return Identity.OTHER
        return Identity.ABSENT if problem == "is missing" else Identity.BROKEN
    same = is_same(present.pairing, archived.pairing)
    if same is not None:
        return Identity.SAME if same else Identity.OTHER
    if not present.devices:
        return Identity.NAMELESS if archived.devices else Identity.SAME
    if not present.devices & archived.devices:
        return Identity.OTHER
    return Identity.UNSURE if present.pairing and archived.pairing else Identity.SAME


def choose_missing(
    archived: Sequence[Entry],
    present: Mapping[str, Present],
    account: Account,
    identity: Identity,
    *,
    everything: bool,
) -> list[FileDecision]:
    """Decide for a folder that stays: only what is missing comes from the archive. `account` is the archived one."""
    names = [entry.name for entry in archived]
    apart = _pairs_apart(names, present, account) if everything else {}
    return [_choose_missing(entry, names, present, identity, apart, everything=everything) for entry in archived]


def _choose_missing(
    entry: Entry,
    names: Sequence[str],
    present: Mapping[str, Present],
    identity: Identity,
    apart: Mapping[str, str],
    *,
    everything: bool,
) -> FileDecision:
    name = entry.name
    here = present.get(name)
    if here is not None:
        return _choose_existing(entry, here, identity)
    if entry.kind in RATCHETS and not everything:
        return FileDecision(name, Step.LEFT_OUT, RATCHETS[entry.kind])
    if identity is Identity.NAMELESS and (entry.kind in RATCHETS or entry.kind is Kind.PRE_KEY):
        return FileDecision(name, Step.LEFT_OUT, "it is of the archived pairing, and the folder was begun anew")
    if name in apart:
        return FileDecision(name, Step.LEFT_OUT, apart[name])
    session = read_session(name)
    mapping = mapping_name(session) if session else None
    if mapping in present and mapping not in names:
        return FileDecision(
            name, Step.LEFT_OUT, "the contact has a LID mapping since; its old session could overwrite that"
        )
    return FileDecision(name, Step.RESTORED, "it is missing")


def _choose_existing(entry: Entry, here: Present, identity: Identity) -> FileDecision:
    name = entry.name
    if here.sha256 == entry.sha256:
        return FileDecision(name, Step.KEPT, "it is the same already")
    if name == CREDS_NAME and identity is Identity.NAMELESS:
        return FileDecision(
            name, Step.KEPT, "it names no account, and is not overwritten; --replace puts it aside", open=True
        )
    if not here.whole and entry.kind not in RATCHETS:
        return FileDecision(name, Step.KEPT, "it is broken, and is not overwritten; --replace puts it aside", open=True)
    return FileDecision(name, Step.KEPT, "it exists, and is never overwritten")


def leave_in_archive(choices: Sequence[FileDecision], nowhere: Collection[str]) -> list[FileDecision]:
    """Decide that the files of these names stay in the archive: one without a place in the store would stop all."""
    return [
        FileDecision(one.name, Step.LEFT_OUT, "it is no key, and a database has no place for it")
        if one.name in nowhere
        else one
        for one in choices
    ]


def _pairs_apart(names: Sequence[str], present: Mapping[str, Present], account: Account) -> dict[str, str]:
    """Return the members of pairs that must stay away, each with its reason."""
    apart: dict[str, str] = {}
    for group, members in group_pairs(names, account).items():
        rivals = memory_name(group) in present or any(binds(name, group, account) for name in present)
        for name in members:
            if rivals:
                apart[name] = "own sender key and memory come back together or not at all, and one of them exists"
            elif members == [memory_name(group)]:
                apart[name] = "the archive has no own sender key to this memory; the group could not read"
    return apart


def choose_whole(
    archived: Sequence[Entry],
    present: Mapping[str, Present],
    account: Account,
    identity: Identity,
    *,
    everything: bool,
) -> list[FileDecision]:
    """Decide for a folder that is built anew while the present one is set aside. `account` is the archived one.

    From the archive comes what does not ratchet (`everything`: all); what the present folder has beyond that comes
    along, unless it belongs to another pairing.
    """
    names = {entry.name: entry for entry in archived}
    carried = identity is not Identity.OTHER
    lonely = _lonely_memories(names, present, account, everything=everything)
    choices: list[FileDecision] = []
    for name in [*names, *(name for name in present if name not in names)]:
        kind = kind_of(name)
        from_archive = name in names and (everything or kind not in RATCHETS)
        if name in lonely:
            gone = Step.SET_ASIDE if name in present else Step.LEFT_OUT
            choices.append(FileDecision(name, gone, lonely[name]))
        elif from_archive:
            same = name in present and present[name].sha256 == names[name].sha256
            choices.append(
                FileDecision(name, Step.RESTORED, "as archived; the present one is the same" if same else "as archived")
            )
        elif name not in present:
            choices.append(FileDecision(name, Step.LEFT_OUT, RATCHETS[kind]))
        elif not carried:
            choices.append(FileDecision(name, Step.SET_ASIDE, "it belongs to another pairing"))
        elif kind in RATCHETS and not present[name].whole:
            choices.append(FileDecision(name, Step.SET_ASIDE, "it is broken, and Baileys reads that as missing"))
        else:
            why = "the present one is newer than the archive" if name in names else "the archive has none"
            choices.append(FileDecision(name, Step.KEPT, f"{why}: it comes along"))
    return choices


def _lonely_memories(
    names: Mapping[str, Entry], present: Mapping[str, Present], account: Account, *, everything: bool
) -> dict[str, str]:
    """Return what must not be in a built folder: pairs of which the two sides have different members, and why.

    A pair comes from one side: from the archive where everything is asked for and it has the group, else from the
    present folder; and no memory without a whole own key of that side.
    """
    out: dict[str, str] = {}
    archived_pairs = group_pairs(names, account)
    present_pairs = group_pairs(present, account)
    for group in {*archived_pairs, *present_pairs}:
        archived, here = archived_pairs.get(group, []), present_pairs.get(group, [])
        memory = memory_name(group)
        if everything and archived:
            out |= dict.fromkeys(
                set(here) - set(archived), "the group's own sender key and memory come from the archive"
            )
            if archived == [memory]:
                out[memory] = "the archive has no own sender key to this memory; the group could not read"
        elif memory in here and not any(name != memory and present[name].whole for name in here):
            out[memory] = "the present folder has no own sender key to this memory; the group could not read"
    return out
