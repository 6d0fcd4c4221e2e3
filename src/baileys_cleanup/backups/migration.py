"""Copies a company from one store to another: every value, with its date, and compared after it was written.

The source is only read. What is written goes live in one step, so an interrupted copy is none, and is made again.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from baileys_cleanup.decision.names import COMPANY_PREFIX, Kind, kind_of
from baileys_cleanup.decision.pairing import is_same
from baileys_cleanup.decision.policy import SECOND
from baileys_cleanup.errors import CompanyDone, CompanyProblem, CompanyUnreachable, Refused, UsageProblem, in_words
from baileys_cleanup.output.text import few
from baileys_cleanup.store.buffer_json import is_same_json
from baileys_cleanup.store.key_names import read_file_name
from baileys_cleanup.store.small_records import SmallRecords
from baileys_cleanup.store.snapshots import Clock, Snapshot, SnapshotReader, in_reasons, open_spool
from baileys_cleanup.store.whole_folders import RESTORE, Aside, WholeFolders

_PART = "migrations"
_SOURCE, _TARGET = "in the source", "in the target"
_MAY_BE = "it may have been copied, and only the answer was lost: a second call tells"
_NOT_COMPARED = "it was copied, and could not be compared: keep its bot stopped, a second call compares"
_NOT_RECORDED = "it was copied and compared, which could not be recorded: keep its bot stopped, a second call compares"
_SOURCE_UNTOLD = (
    "it was copied and compared, and nobody can tell whether the bot wrote to the source meanwhile: a second call tells"
)
AT_WORK = 60 * SECOND
"""A key written so short ago means that the bot is at work."""


class MigrationStatus(StrEnum):
    """How the copy of one company ended. What is `unsure` may be in the target or is, and a second call tells."""

    COPIED = "copied"
    THERE = "there_already"
    UNSURE = "unsure"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(slots=True)
class Migrated:
    """What became of one company; `left` are what is no key, and stays where it is."""

    company_id: str
    status: MigrationStatus = MigrationStatus.FAILED
    files: int = 0
    bytes: int = 0
    left: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Target(NamedTuple):
    """Where companies are copied to. `names_only` tells that it takes only what the library itself writes.

    Without `folders` nothing is written there. `records` remember what was copied, so that a copy that nobody used
    since may be made anew; None where nothing ever was.
    """

    companies: SnapshotReader
    folders: WholeFolders | None
    records: SmallRecords | None
    names_only: bool


def migrate_company(source: SnapshotReader, target: Target, company_id: str, clock: Clock, run_id: str) -> Migrated:
    """Copy one company, and compare; where nothing may be written only say what would be. Trouble is in the outcome."""
    outcome = Migrated(company_id)
    try:
        _migrate(source, target, outcome, clock, run_id)
    except Refused as refusal:
        outcome.status = MigrationStatus.REFUSED
        outcome.errors.append(str(refusal))
    except CompanyProblem as problem:
        outcome.errors.append(str(problem))
    except OSError as error:
        outcome.errors.append(f"it cannot be copied: {in_words(error)}")
    return outcome


def _migrate(source: SnapshotReader, target: Target, outcome: Migrated, clock: Clock, run_id: str) -> None:
    with _taken(source, _SOURCE, outcome.company_id, clock) as shot:
        _check_source(shot, clock)
        names = _names(shot, outcome, names_only=target.names_only)
        outcome.files = len(names)
        outcome.bytes = sum(shot.files[name].entry.size for name in names)
        if _is_there(target, shot, names, outcome.company_id, clock):
            if target.folders is not None:
                target.folders.forget_former(outcome.company_id)
            outcome.status = MigrationStatus.THERE
            return
        if target.folders is None or target.records is None:
            outcome.status = MigrationStatus.COPIED
            return
        with _in(_TARGET):
            built = _build(target.folders, shot, names, outcome.company_id, run_id=run_id, now=clock.now)
        with _unsure(outcome, _MAY_BE, CompanyUnreachable), _unsure(outcome, "", CompanyDone), _in(_TARGET):
            target.folders.switch(built)
        _compare(target, target.records, shot, names, outcome=outcome, clock=clock)
        with _unsure(outcome, _SOURCE_UNTOLD), _in(_SOURCE):
            unchanged = source.is_unchanged(outcome.company_id, shot)
        outcome.status = MigrationStatus.COPIED
        if not unchanged:
            outcome.warnings.append("the bot wrote to the source meanwhile: stop it, and copy this company again")


@contextmanager
def _taken(companies: SnapshotReader, store: str, company_id: str, clock: Clock) -> Iterator[Snapshot]:
    with open_spool() as contents:
        with _in(store):
            shot = companies.take(company_id, contents, clock)
        yield shot


@contextmanager
def _in(store: str) -> Iterator[None]:
    """Let what goes wrong say in which of the two stores."""
    try:
        yield
    except CompanyProblem as problem:
        raise type(problem)(f"{store}: {problem}") from None
    except UsageProblem as problem:  # other companies may have been copied by now
        raise CompanyProblem(f"{store}: {problem}") from None
    except OSError as error:
        raise CompanyProblem(f"{store}: {in_words(error)}") from None


@contextmanager
def _unsure(outcome: Migrated, what: str, kind: type[CompanyProblem] = CompanyProblem) -> Iterator[None]:
    """Let what goes wrong where the company is in the target, or may be, say so with `what`: no copy has failed."""
    try:
        yield
    except kind as problem:
        outcome.status = MigrationStatus.UNSURE
        raise kind(f"{problem}; {what}" if what else str(problem)) from None


def _check_source(shot: Snapshot, clock: Clock) -> None:
    """Raise where the source is no company that could live elsewhere, or its bot is at work."""
    if shot.doubles:
        raise CompanyProblem(
            "two keys have one name, and nobody can tell which of these is the key:"
            f" {few(shot.doubles)}; nothing was copied"
        )
    if shot.account is None:
        raise CompanyProblem(f"creds.json {shot.creds_problem}: keys without their pairing are of no use elsewhere")
    fresh = [name for name, each in shot.files.items() if clock.now - AT_WORK < each.entry.modified < clock.now]
    if fresh:
        raise Refused(f"written in the last minute: {few(fresh)}; the bot is at work: stop it first")


def _names(shot: Snapshot, outcome: Migrated, *, names_only: bool) -> list[str]:
    """Return the names that go along; what is no key of the library's stays, and is named."""
    lost = [name for name in shot.files if names_only and read_file_name(name) is None and name != "creds.json"]
    odd = [name for name in lost if shot.files[name].entry.kind is not Kind.UNKNOWN]
    if odd:
        raise CompanyProblem(f"nobody can tell for sure which keys these are: {few(odd)}; nothing was copied")
    # No key that the library writes has a slash in its file's name.
    unread = {name: why for name, why in shot.left.items() if kind_of(name) is not Kind.UNKNOWN and "/" not in name}
    if unread:
        raise CompanyProblem(f"keys that cannot go along: {in_reasons(unread)}; nothing was copied")
    outcome.left = sorted([*lost, *shot.left, *shot.strangers])
    if outcome.left:
        outcome.warnings.append(f"no keys, so they stay where they are: {few(outcome.left)}")
    return [name for name in shot.files if name not in set(lost)]


def _is_there(target: Target, shot: Snapshot, names: list[str], company_id: str, clock: Clock) -> bool:
    """Tell whether the target has it already. Raises Refused where what it has may not be replaced."""
    with _in(_TARGET):
        there_already = target.companies.has(company_id)
    if not there_already:
        return False
    with _taken(target.companies, _TARGET, company_id, clock) as present:
        if not (present.files or present.doubles):
            return False
        assert shot.account is not None, "looked at before"
        there = present.account.pairing if present.account else None
        if is_same(there, shot.account.pairing) is False:
            raise Refused(
                f"the target holds another pairing of this company ({there}, and the source has"
                f" {shot.account.pairing}); nothing was copied"
            )
        if names and not (set(names) - present.files.keys()) and not _differing(shot, present, names):
            return True
        if _digest(present) != _recorded(target.records, company_id):
            raise Refused(
                "the target holds this company, and what is there is not what was copied there: its bot has written"
                " since, a cleanup went through it, or it was never copied there; nothing was copied"
            )
    return False


def _build(folders: WholeFolders, shot: Snapshot, names: list[str], company_id: str, *, run_id: str, now: int) -> Aside:
    aside = folders.begin(company_id, run_id, why=RESTORE, now=now)
    try:
        with folders.fill(aside) as into:
            for name in names:
                into.write(name, shot.read(name), shot.files[name].entry.modified)
    except BaseException:
        with suppress(OSError, CompanyProblem):
            folders.discard(aside)
        raise
    return aside


def _compare(
    target: Target, records: SmallRecords, shot: Snapshot, names: list[str], *, outcome: Migrated, clock: Clock
) -> None:
    """Read back what was written, and remember what is there, so that it may be copied anew while nobody uses it.

    Raises CompanyProblem where any value is another.
    """
    with ExitStack() as stack:
        with _unsure(outcome, _NOT_COMPARED):
            present = stack.enter_context(_taken(target.companies, _TARGET, outcome.company_id, clock))
        missing = [name for name in names if name not in present.files]
        wrong = missing or _differing(shot, present, names)
        with suppress(CompanyProblem) if wrong else _unsure(outcome, _NOT_RECORDED), _in(_TARGET):
            records.write(_PART, COMPANY_PREFIX + outcome.company_id, {"copied": _digest(present)})
        if wrong:
            raise CompanyProblem(f"read back, these are not what was written: {few(wrong)}; do not use this copy")


def _differing(one: Snapshot, other: Snapshot, names: list[str]) -> list[str]:
    """Return the names whose values differ: by their bytes, and where these do, as JSON."""
    return [
        name
        for name in names
        if one.files[name].entry.sha256 != other.files[name].entry.sha256
        and not is_same_json(b"".join(one.read(name)), b"".join(other.read(name)))
    ]


def _digest(shot: Snapshot) -> str:
    lines = "".join(f"{name}\0{shot.files[name].entry.sha256}\n" for name in sorted(shot.files))
    lines += "".join(f"{name}\0twice\n" for name in shot.doubles)
    return sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def _recorded(records: SmallRecords | None, company_id: str) -> str | None:
    if records is None:
        return None
    try:
        return str(records.read(_PART, COMPANY_PREFIX + company_id)["copied"])
    except (OSError, ValueError, KeyError):
        return None
