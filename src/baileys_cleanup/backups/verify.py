"""What lies in a store: a list of it, and a look through all of it."""

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from baileys_cleanup.backups.archive import check_archive
from baileys_cleanup.backups.naming import read_archive_name
from baileys_cleanup.backups.places.place import Store, Stored, fingerprint_of
from baileys_cleanup.backups.record import Book
from baileys_cleanup.errors import ArchiveProblem, StoreProblem


class Lying(NamedTuple):
    """One archive that lies in a store; `made` is in nanoseconds since the epoch."""

    stored: Stored
    company_id: str
    made: int


class Verified(NamedTuple):
    """One archive that was read to its end: what it holds, or what is wrong with it. `bytes` is of its files."""

    lying: Lying
    files: int = 0
    bytes: int = 0
    paired: bool = False
    problem: str | None = None


def list_archives(store: Store, wanted: Collection[str] = ()) -> list[Lying]:
    """Return the archives of the wanted companies, or of all, by company and newest first."""
    found = [
        Lying(stored, named.company_id, named.made)
        for stored in store.list()
        if (named := read_archive_name(stored.name)) and (not wanted or named.company_id in wanted)
    ]
    return sorted(found, key=lambda lying: (lying.company_id, -lying.made))


def verify(store: Store, archives: list[Lying], book: Book, stopping: Callable[[], bool]) -> Iterator[Verified]:
    """Read archives back and check every hash. What is bad is taken down as such, so retention does not count it."""
    for lying in archives:
        if stopping():
            return
        yield _verify(store, lying, book)


def _verify(store: Store, lying: Lying, book: Book) -> Verified:
    name = lying.stored.name
    facts = book.read(lying.company_id)
    known = facts.good.get(name)
    try:
        with store.fetch(name) as file:
            manifest, account = check_archive(file)
            mark = (lying.stored.version or fingerprint_of(file), bool(account.devices))
        if known != mark:
            book.write(facts._replace(good={**facts.good, name: mark}))
    except (ArchiveProblem, StoreProblem, OSError) as error:
        if known is not None:
            book.write(facts._replace(good={other: mark for other, mark in facts.good.items() if other != name}))
        why = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        return Verified(lying, problem=why)
    return Verified(lying, len(manifest.files), manifest.size, bool(account.devices))
