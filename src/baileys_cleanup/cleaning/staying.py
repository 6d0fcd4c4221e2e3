"""What a run took and must not come back, because something newer is there: each name with its reason."""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.names import first_name, is_second_name, kind_of, mapping_name, memory_name, read_session
from baileys_cleanup.decision.pairs import binds
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.store.company import Company

NEWER = "something of that name exists by now, and nothing is ever overwritten"
_PAIR = "an own sender key and its group's memory come back together or not at all, and a newer one exists"
_COPY = "the file it is a copy of stays away, and an older state must not lie beside a newer one"
_MAPPED = "the contact's LID was written since; its old session could overwrite the present one"


class Taken(NamedTuple):
    """What a run took: names, those of a group's memory and own keys together, and when it began (nanoseconds).

    `later` is what later runs took, with the run.
    """

    names: list[str]
    pairs: dict[str, list[str]]
    started: int
    later: dict[str, str]


def staying(company: Company, present: Collection[str], account: Account, taken: Taken) -> dict[str, str]:
    """Return the names that must not come back, each with its reason."""
    names, pairs, started, later = taken
    stay = {name: NEWER for name in names if name in present}
    for name in names:
        if name in later:
            stay.setdefault(name, f"a newer one lies in the quarantine of run {later[name]}: undo that one")
    moved = _moved_to_lid(names, company, present, started)
    stay = {**dict.fromkeys(moved, _MAPPED), **stay}
    for group, members in pairs.items():
        written_since = _is_any_newer(company, [name for name in present if binds(name, group, account)], started)
        if memory_name(group) in present or written_since or any(name in stay for name in members):
            for name in members:
                stay.setdefault(name, _PAIR)
    copies = {name: _COPY for name in names if is_second_name(name) and first_name(name) in stay}
    return copies | stay


def _is_any_newer(company: Company, names: Iterable[str], started: int) -> bool:
    """Tell whether one of these was written since a moment (nanoseconds), or nobody can tell when."""
    files = [AuthFile(name, kind_of(name)) for name in names]
    return any(file.modified is None or file.modified > started for file in company.look(files, files).files)


def _moved_to_lid(names: Iterable[str], company: Company, present: Collection[str], started: int) -> Iterator[str]:
    """Return phone numbers' sessions that were replaced since the run: the LID mapping or a session of the LID is new.

    What was there before the run, beside this very session, is no reason: undo only returns to what was.
    """
    mapped = {
        name: mapping
        for name in names
        if (session := read_session(name)) and (mapping := mapping_name(session)) and mapping in present
    }
    sessions = {other: peer.user for other in present if (peer := read_session(other))} if mapped else {}
    for name, mapping in mapped.items():
        lid = company.lid_of(mapping)
        if _is_any_newer(company, [mapping, *(other for other, user in sessions.items() if user == lid)], started):
            yield name
