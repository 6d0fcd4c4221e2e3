"""Finds the archive that a restore is asked for: the latest good one, one by name, by path or by URL."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO, NamedTuple

from baileys_cleanup.backups.archive import check_archive
from baileys_cleanup.backups.encryption import unsealed
from baileys_cleanup.backups.manifest import Manifest
from baileys_cleanup.backups.naming import read_archive_name
from baileys_cleanup.backups.places.folder import open_plain
from baileys_cleanup.backups.places.open import open_place
from baileys_cleanup.backups.places.place import Place
from baileys_cleanup.backups.verify import list_archives
from baileys_cleanup.decision.account import Account
from baileys_cleanup.errors import ArchiveProblem, StoreProblem, UsageProblem
from baileys_cleanup.output.text import shown

LATEST = "latest"


class FoundArchive(NamedTuple):
    """An archive that was read to its end and found good. `passed` names newer ones that were not, and why."""

    file: BinaryIO
    name: str
    manifest: Manifest
    account: Account
    passed: list[str]


_SLACK = 300 * 10**9
"""Nanoseconds that the clock of another machine may be ahead."""


@contextmanager
def find_archive(
    asked: str, where: str | None, company_id: str | None, now: int, *, identities: Sequence[Any] = ()
) -> Iterator[FoundArchive]:
    """Give the archive that was asked for; `where` is where archives go, `company_id` whose `latest` is meant.

    `identities` open what is encrypted. `now` is in nanoseconds since the epoch: an archive dated after it is `latest`
    only where there is no other.

    Raises UsageProblem where there is none, or it is no good copy; StoreProblem where it cannot be reached.
    """
    if asked == LATEST:
        if company_id is None:
            raise UsageProblem("restore latest needs --company ID")
        with open_place(_said(where)) as place, latest_archive(place, company_id, now, identities) as found:
            yield found
    elif "://" in asked:
        parent, _, name = asked.rpartition("/")
        if parent.endswith("/"):
            raise UsageProblem(
                f"{shown(asked)} names no archive: give its whole URL, s3://bucket/prefix/<archive>.tar.gz"
            )
        with open_place(parent) as place, place.fetch(name) as file, _look(file, name, identities) as found:
            yield found
    elif "/" not in asked and read_archive_name(asked) is not None and where is not None:
        with open_place(where) as place, place.fetch(asked) as file, _look(file, asked, identities) as found:
            yield found
    else:
        try:
            file = open_plain(asked)
        except (OSError, ValueError) as error:
            why = (error.strerror or error) if isinstance(error, OSError) else error
            raise UsageProblem(f"the archive {shown(asked)} cannot be opened: {why}") from None
        with file, _look(file, asked, identities) as found:
            yield found


def _said(where: str | None) -> str:
    if where is None:
        raise UsageProblem("nobody said where archives lie: set backup.to, or give --from, or name an archive's path")
    return where


@contextmanager
def archived_companies(where: str | None) -> Iterator[tuple[Place, list[str]]]:
    """Give the place where archives go, open, with the ids of all companies that have one there.

    Raises UsageProblem where nobody said which place, StoreProblem where it cannot be reached.
    """
    with open_place(_said(where)) as place:
        yield place, list(dict.fromkeys(listed.company_id for listed in list_archives(place)))


@contextmanager
def latest_archive(place: Place, company_id: str, now: int, identities: Sequence[Any] = ()) -> Iterator[FoundArchive]:
    """Give the newest good archive that holds a pairing; without such a one, the newest good one.

    Raises UsageProblem where there is none, StoreProblem where it cannot be reached; `now` is in nanoseconds.
    """
    passed: list[str] = []
    unpaired: str | None = None
    with ExitStack() as stack:
        archives = list_archives(place, {company_id})
        ahead = {listed.stored.name for listed in archives if _is_ahead(listed.stored.name, now)}
        passed += [f"{shown(name)}: it is dated in the future" for name in sorted(ahead)]
        for listed in sorted(archives, key=lambda listed: listed.stored.name in ahead):
            name = listed.stored.name
            file = stack.enter_context(place.fetch(name))
            try:
                found = stack.enter_context(_look_into(file, name, identities))
            except ArchiveProblem as problem:
                passed.append(f"{shown(name)}: {problem}")
            else:
                if found.account.devices:
                    yield found._replace(passed=passed)
                    return
                unpaired = unpaired or name
                passed.append(f"{shown(name)}: it holds no pairing")
            stack.pop_all().close()
    if unpaired is None:
        reasons = f" ({'; '.join(passed)})" if passed else ""
        raise UsageProblem(f"{place.where} has no good archive of company {shown(company_id)}{reasons}")
    with place.fetch(unpaired) as file, _look(file, unpaired, identities) as found:
        yield found


def _is_ahead(name: str, now: int) -> bool:
    named = read_archive_name(name)
    return named is not None and named.made > now + _SLACK


@contextmanager
def _look(file: BinaryIO, name: str, identities: Sequence[Any]) -> Iterator[FoundArchive]:
    with ExitStack() as stack:
        try:
            found = stack.enter_context(_look_into(file, name, identities))
        except ArchiveProblem as problem:
            raise UsageProblem(f"the archive {shown(name)} is refused: {problem}; nothing was restored") from None
        yield found


@contextmanager
def _look_into(file: BinaryIO, name: str, identities: Sequence[Any]) -> Iterator[FoundArchive]:
    with ExitStack() as stack:
        try:
            plain = stack.enter_context(unsealed(file, identities))
            checked = check_archive(plain)
        except OSError as error:
            raise StoreProblem(f"the archive {shown(name)} cannot be read: {error.strerror or error}") from None
        yield FoundArchive(plain, name, checked.manifest, checked.account, [])
