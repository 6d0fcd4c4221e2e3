"""What lies in a place: a list of it, and a look through all of it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

from baileys_cleanup.backups.archive import check_archive
from baileys_cleanup.backups.encryption import check_form, is_sealed, unsealed
from baileys_cleanup.backups.naming import read_archive_name
from baileys_cleanup.backups.places.place import Place, Stored, fingerprint_of
from baileys_cleanup.backups.record import BackupRecords
from baileys_cleanup.errors import ArchiveProblem, StoreProblem


class ListedArchive(NamedTuple):
    """One archive that lies in a place; `made` is in nanoseconds since the epoch."""

    stored: Stored
    company_id: str
    made: int


class Verified(NamedTuple):
    """One archive that was read to its end: what it holds, or what is wrong with it. `bytes` is of its files.

    Of one that is encrypted, and was read without its key, `unread` says what could be checked.
    """

    listed: ListedArchive
    files: int = 0
    bytes: int = 0
    paired: bool = False
    problem: str | None = None
    unread: str | None = None


_UNCHANGED = "it is what was read to its end when it was made; the key to read it again: --identity FILE"
_FORM = "its form is whole, and nobody here read what is in it: --identity FILE names its key"


def list_archives(place: Place, wanted: Collection[str] = ()) -> list[ListedArchive]:
    """Return the archives of the wanted companies, or of all, by company and newest first."""
    found = [
        ListedArchive(stored, named.company_id, named.made)
        for stored in (place.list() if len(wanted) != 1 else place.list(next(iter(wanted))))
        if (named := read_archive_name(stored.name)) and (not wanted or named.company_id in wanted)
    ]
    return sorted(found, key=lambda listed: (listed.company_id, -listed.made))


def verify(
    place: Place,
    archives: list[ListedArchive],
    records: BackupRecords,
    stopping: Callable[[], bool],
    identities: Sequence[Any] = (),
) -> Iterator[Verified]:
    """Read archives back and check every hash; `identities` open what is encrypted.

    What is bad is taken down as such, so retention does not count it.
    """
    for listed in archives:
        if stopping():
            return
        yield _verify(place, listed, records, identities)


def _verify(place: Place, listed: ListedArchive, records: BackupRecords, identities: Sequence[Any]) -> Verified:
    name = listed.stored.name
    facts = records.read(listed.company_id)
    known = facts.good.get(name)
    try:
        with place.fetch(name) as file:
            if is_sealed(file) and not identities:
                check_form(file)
                unchanged = known is not None and known[0] == (listed.stored.version or fingerprint_of(file))
                return Verified(listed, unread=_UNCHANGED if unchanged else _FORM)
            with unsealed(file, identities) as plain:
                manifest, account = check_archive(plain)
            mark = (listed.stored.version or fingerprint_of(file), bool(account.devices))
        if known != mark:
            records.write(facts._replace(good={**facts.good, name: mark}))
    except (ArchiveProblem, StoreProblem, OSError) as error:
        if known is not None:
            records.write(facts._replace(good={other: mark for other, mark in facts.good.items() if other != name}))
        why = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        return Verified(listed, problem=why)
    return Verified(listed, len(manifest.files), manifest.size, bool(account.devices))
