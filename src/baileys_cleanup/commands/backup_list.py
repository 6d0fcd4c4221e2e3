"""`backup --list` and `backup --verify`: what lies in a place for archives, and a look through all of it."""

from collections.abc import Sequence
from typing import Any

from baileys_cleanup.backups.encryption import read_identities
from baileys_cleanup.backups.run import looking
from baileys_cleanup.backups.verify import ListedArchive, Verified, list_archives, verify
from baileys_cleanup.commands.backup_say import Say, ids_of
from baileys_cleanup.commands.options import width_of_stdout
from baileys_cleanup.commands.stop import Stop
from baileys_cleanup.output.document import place_fields, problem_fields
from baileys_cleanup.output.table import cell, plain, table
from baileys_cleanup.output.text import count, shown, size
from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.settings.values import Settings


def list_all(settings: Settings, wanted: Sequence[str], say: Say) -> int:
    """List the archives there are, by company and newest first."""
    with looking(settings) as (place, _):
        archives = list_archives(place, ids_of(wanted))
        where = place.where
    say.document(
        {**place_fields(settings.place.shown), "to": where, "archives": [_listed(listed) for listed in archives]}
    )
    rows = [
        [cell(listed.company_id), timestamp(listed.made), size(listed.stored.size), shown(listed.stored.name)]
        for listed in archives
    ]
    head = ["COMPANY", "MADE", "SIZE", "ARCHIVE"]
    for line in table([head, *rows], plain, None, width=width_of_stdout(), spare=[{1}, {2}]) if rows else ():
        say.line(line)
    say.line(f"{count(len(rows), 'archive')} in {where}.")
    return 0


def verify_all(settings: Settings, wanted: Sequence[str], stop: Stop, say: Say, identity: str | None = None) -> int:
    """Read archives back; `identity` is the file of the key of encrypted ones.

    Returns 1 when one is bad, or when there is none: nothing was verified then.
    """
    found: list[Verified] = []
    ids = ids_of(wanted)
    identities = () if identity is None else read_identities(identity)
    with looking(settings) as (place, records):
        archives = list_archives(place, ids)
        for verified in verify(place, archives, records, stop, identities):
            found.append(verified)
            _tell_verified(say, verified)
        where = place.where
    bad = [verified for verified in found if verified.problem is not None]
    unread = [verified for verified in found if verified.unread is not None]
    missing: list[str | None] = [*sorted(ids - {listed.company_id for listed in archives})]
    if not (ids or archives):
        missing = [None]
    for company_id in missing:
        whose = "any company" if company_id is None else f"company {shown(company_id)}"
        say.line(f"error: there is no archive of {whose} in {where}")
        say.failed(company_id, f"there is no archive of {whose} in {where}")
    say.document(
        {
            **place_fields(settings.place.shown),
            "to": where,
            "status": "stopped" if stop() else "bad" if bad or missing else "unread" if unread else "good",
            "archives": [_verified(verified) for verified in found],
            "companies_without": [shown(company_id) for company_id in missing if company_id is not None],
        }
    )
    say.line(
        f"{count(len(found) - len(unread), 'archive')} read from {where}, {len(bad):,} bad"
        f"{f', {len(unread):,} encrypted and not read' if unread else ''}."
    )
    return int(bool(bad or missing))


def _tell_verified(say: Say, verified: Verified) -> None:
    name = shown(verified.listed.stored.name)
    if verified.unread is not None:
        say.line(f"not read: {name}: {verified.unread}")
    elif verified.problem is None:
        say.line(f"good: {name}: {count(verified.files, 'file')}, {size(verified.bytes)}")
    else:
        say.line(f"BAD:  {name}: {shown(str(verified.problem))}")
        say.failed(verified.listed.company_id, f"the archive {name} is bad: {verified.problem}")


def _listed(listed: ListedArchive) -> dict[str, Any]:
    return {
        "archive": shown(listed.stored.name),
        "company_id": shown(listed.company_id),
        "made_at": timestamp(listed.made),
        "bytes": listed.stored.size,
    }


def _verified(verified: Verified) -> dict[str, Any]:
    good = verified.problem is None and verified.unread is None
    return {
        **_listed(verified.listed),
        "good": None if verified.unread is not None else good,
        "unread": verified.unread,
        "files": {"archived": verified.files} if good else None,
        "paired": verified.paired if good else None,
        "errors": [] if verified.problem is None else [problem_fields(str(verified.problem))],
    }
