"""The way back: from an archive into a company's folder, file by file, or as a whole folder built beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from baileys_cleanup.backups.archive import open_archive
from baileys_cleanup.backups.find import FoundArchive
from baileys_cleanup.backups.restore_plan import (
    RATCHETS,
    FileDecision,
    Identity,
    Present,
    Step,
    choose_missing,
    choose_whole,
    compare,
    leave_in_archive,
)
from baileys_cleanup.decision.names import CREDS_NAME, Kind, kind_of
from baileys_cleanup.decision.pairing import Pairing
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CompanyProblem, CompanyUnreachable, Refused, ServerGone, in_words
from baileys_cleanup.output.text import count, few, shown
from baileys_cleanup.store.small_records import AuditLog
from baileys_cleanup.store.snapshots import Clock, Snapshot, SnapshotReader, in_reasons, open_spool
from baileys_cleanup.store.whole_folders import RESTORE, FileWriter, WholeFolders, cannot_read


class RestoreRequest(NamedTuple):
    """What a restore was asked for: the company, and how.

    `anyway` takes a pairing that nobody can compare for the same. `last` is what was last noted of the company's.
    """

    company_id: str
    everything: bool
    replace: bool
    anyway: bool = False
    last: Pairing | None = None


@dataclass(slots=True)
class RestorePlan:
    """What a restore will do, decided before anything is touched. `present` is None where there is no folder yet."""

    asked: RestoreRequest
    found: FoundArchive
    choices: list[FileDecision]
    present: Snapshot | None
    warnings: list[str] = field(default_factory=list)

    @property
    def builds(self) -> bool:
        """Tell whether a whole folder is built beside the present one, or where none is."""
        return self.asked.replace or self.present is None

    def names(self, step: Step) -> set[str]:
        """Return the files of one step."""
        return {choice.name for choice in self.choices if choice.step is step}


@contextmanager
def plan_restore(
    companies: SnapshotReader, found: FoundArchive, asked: RestoreRequest, clock: Clock
) -> Iterator[RestorePlan]:
    """Look at the company's folder and decide over every file. Touches nothing.

    Raises Refused where the folder has another pairing, or nobody can tell; CompanyProblem or OSError where it cannot
    be read.
    """
    with open_spool() as contents:
        present: Snapshot | None = None
        if companies.has(asked.company_id):
            present = companies.take(asked.company_id, contents, clock)
        files = [entry.name for entry in found.manifest.files if entry.kind is Kind.UNKNOWN]
        yield _plan(found, asked, present, companies.without_place(files))


def _plan(found: FoundArchive, asked: RestoreRequest, present: Snapshot | None, nowhere: Sequence[str]) -> RestorePlan:
    whole = asked.replace or present is None
    here = _present(present) if whole else {**_present(present), **_doubles(present)}
    identity = Identity.ABSENT
    if present is not None:
        last = None if asked.anyway else asked.last
        identity = compare(present.account, present.creds_problem, found.account, last)
        if identity is Identity.UNSURE and asked.anyway:
            identity = Identity.SAME
    if identity is Identity.UNSURE:
        raise Refused(
            f"nobody can tell whether company {shown(asked.company_id)} still has the archive's pairing"
            f" ({_both(found, asked, present)}); nothing was restored; `--anyway` takes the two for one"
        )
    if identity is Identity.OTHER and not asked.replace:
        raise Refused(
            f"company {shown(asked.company_id)} is of another account than the archive, or was paired anew"
            f" ({_both(found, asked, present)}); nothing was restored."
            " --replace sets the present folder aside and puts the archived account in its place"
        )
    files = found.manifest.files
    choose = choose_whole if whole else choose_missing
    choices = leave_in_archive(choose(files, here, found.account, identity, everything=asked.everything), nowhere)
    plan = RestorePlan(asked, found, choices, present)
    plan.warnings += _warnings(plan, identity)
    if nowhere:
        plan.warnings.append(f"no keys, so they stay in the archive: {few(sorted(nowhere))}")
    return plan


def _both(found: FoundArchive, asked: RestoreRequest, present: Snapshot | None) -> str:
    """Return both pairings in words."""
    account = present.account if present is not None else None
    here = account.pairing if account is not None and account.pairing else asked.last
    return f"its pairing is {here or 'of no account'}, the archive's {found.account.pairing or 'of no account'}"


def _present(present: Snapshot | None) -> Mapping[str, Present]:
    files = {} if present is None else present.files
    return {name: Present(source.entry.sha256, source.whole) for name, source in files.items()}


def _doubles(present: Snapshot | None) -> Mapping[str, Present]:
    """Return what is there twice, and so is there, whatever it holds."""
    return {} if present is None else dict.fromkeys(present.doubles, Present("", whole=True))


def _warnings(plan: RestorePlan, identity: Identity) -> Iterator[str]:
    found, asked = plan.found, plan.asked
    if found.passed:
        yield f"newer archives were passed over: {'; '.join(found.passed)}"
    if found.manifest.company_id != asked.company_id:
        yield (
            f"the archive is of company {shown(found.manifest.company_id)}: bots with one pairing log each other out"
        )
    if not found.account.devices:
        yield "the archive holds no pairing: the bot will ask for a QR code"
    if identity is Identity.OTHER:
        yield (
            "the present folder is of another account, or was paired anew"
            f" ({_both(found, asked, plan.present)}): nothing of it comes along"
        )
    if plan.present is not None and plan.present.strangers and plan.builds:
        yield f"no regular files, so they stay in the folder that is set aside: {few(plan.present.strangers)}"
    if plan.present is not None and plan.present.doubles and plan.builds:
        yield f"two keys of one name, so they stay in what is set aside: {few(plan.present.doubles)}"
    if plan.present is not None and plan.present.left and plan.builds:
        yield f"too much for an auth file, so it stays in the folder that is set aside: {in_reasons(plan.present.left)}"
    if any(choice.step is Step.RESTORED and choice.kind in RATCHETS for choice in plan.choices):
        yield (
            "sessions and sender keys come back as they were: whatever was sent or received since the backup used keys"
            " that will be used again, contacts cannot read some of the next messages, and some are lost for good"
        )
    present = plan.present.account if plan.present is not None else None
    if (
        plan.builds
        and identity is Identity.SAME
        and present is not None
        and (present.next_pre_key or 0) > (found.account.next_pre_key or 0)
    ):
        yield (
            f"creds.json goes back from pre-key {present.next_pre_key} to {found.account.next_pre_key}: Baileys makes"
            " the numbers between anew, and a contact who was handed one of them needs a retry"
        )


# --- carrying it out --------------------------------------------------------------------------------------


class RestoredInPart(CompanyProblem):
    """Something went wrong while the missing files went in, or nobody knows whether one did. The text says how far."""


class SwitchUnknown(CompanyProblem):
    """The server went away while two companies changed places: nobody knows whether they did. The text says why."""


class Target(NamedTuple):
    """What a restore works with; `wait` is called before two folders are compared again."""

    companies: SnapshotReader
    folders: WholeFolders
    audit: AuditLog
    wait: Callable[[], object]


def carry_out(target: Target, plan: RestorePlan, *, run_id: str, now: int) -> list[str]:
    """Do what was planned, for who holds the run lock. Returns the files that could not be put in, with the reason.

    Raises Refused where the bot was at work meanwhile, CompanyProblem or OSError where it cannot be done; a folder
    that was to be built is not there then, and the present one is as it was. Raises SwitchUnknown where nobody
    can tell, and RestoredInPart where some of the missing files are there by now.
    """
    if plan.builds:
        return _build(target, plan, run_id=run_id, now=now)
    return _put_in(target, plan, run_id)


def _put_in(target: Target, plan: RestorePlan, run_id: str) -> list[str]:
    """Make the missing files whole elsewhere, then let each appear, never over another."""
    wanted = plan.names(Step.RESTORED)
    problems: list[str] = []
    done: list[str] = []
    begun = ""
    try:
        with target.folders.insertion(plan.asked.company_id) as into:
            _unpack(plan.found.file, wanted, into)
            for name in sorted(wanted, key=_order):
                target.audit.write(
                    "restore", run=run_id, company=plan.asked.company_id, file=name, archive=plan.found.name
                )
                begun = name
                try:
                    into.insert(name)
                    done.append(name)
                except FileExistsError:
                    problems.append(f"{shown(name)}: it appeared meanwhile, and is never overwritten")
                begun = ""
    except (CompanyProblem, OSError) as problem:
        unheard = begun if isinstance(problem, CompanyUnreachable | ServerGone) else ""
        if not (done or unheard):
            raise
        raise RestoredInPart(_how_far(done, unheard, wanted, problem)) from None
    return problems


def _how_far(done: Sequence[str], unheard: str, wanted: set[str], problem: Exception) -> str:
    """Return in words what is in by now; `unheard` is the file of which nobody knows."""
    may_be = f", and {shown(unheard)} may be" if unheard else ""
    return (
        f"{len(done):,} of {count(len(wanted), 'file')} are in{may_be}: {in_words(problem)};"
        " the same command puts in what is missing"
    )


def _order(name: str) -> tuple[bool, bool, str]:
    """Sort names as they go in: a key before its memory, and `creds.json` last, with which a bot would start."""
    return name == CREDS_NAME, kind_of(name) is Kind.SENDER_KEY_MEMORY, name


def _build(target: Target, plan: RestorePlan, *, run_id: str, now: int) -> list[str]:
    """Build the whole folder beside the present one, and switch the two in one step.

    Returns in words what the bot wrote after the last look and the new folder lacks.
    """
    company_id, folders = plan.asked.company_id, target.folders
    aside = folders.begin(company_id, run_id, why=RESTORE, now=now)
    try:
        with folders.fill(aside) as into:
            _fill(into, plan)
        _check_at_rest(target.companies, plan)
        target.audit.write("replace", run=run_id, company=company_id, archive=plan.found.name)
    except BaseException:
        with suppress(OSError, CompanyProblem):  # the next restore or cleaning discards it
            folders.discard(aside)
        raise
    try:
        aside = folders.switch(aside)
    except CompanyUnreachable as problem:
        raise SwitchUnknown(str(problem)) from None
    if plan.present is None:
        return []
    sources = plan.present.files.values()
    seen = [AuthFile(e.name, e.kind, e.modified, e.size) for e in (source.entry for source in sources)]
    seen += [AuthFile(name, kind_of(name)) for name in (*plan.present.left, *plan.present.doubles)]
    try:
        late = folders.bring_late(aside, seen, target.wait)
    except (CompanyProblem, OSError) as problem:
        return [f"it is restored, and whether the bot wrote while it was cannot be looked at: {in_words(problem)}"]
    if late.brought:
        plan.warnings.append(f"written while the folders were switched, and brought over: {few(late.brought)}")
    return [*late.told(folders.where(aside)), *cannot_read(folders.shrunk(aside))]


def _fill(into: FileWriter, plan: RestorePlan) -> None:
    _unpack(plan.found.file, plan.names(Step.RESTORED), into)
    if plan.present is not None:
        for name in sorted(plan.names(Step.KEPT)):
            source = plan.present.files[name]
            into.write(name, plan.present.read(name), source.entry.modified, source.like)


def _check_at_rest(companies: SnapshotReader, plan: RestorePlan) -> None:
    """Raise Refused where the present folder is not as it was when it was read: its newest state would be lost."""
    company_id = plan.asked.company_id
    if plan.present is None:
        if companies.has(company_id):
            raise Refused(f"a folder of company {shown(company_id)} appeared meanwhile; nothing was restored")
    elif not companies.is_unchanged(company_id, plan.present):
        raise Refused(
            f"the bot of company {shown(company_id)} is at work in its folder; nothing was restored: stop it first"
        )


def _unpack(file: BinaryIO, wanted: set[str], into: FileWriter) -> None:
    """Write the wanted files of an archive. Raises ArchiveProblem at whatever is wrong with it."""
    with open_archive(file) as archive:
        for entry, content in archive.files():
            if entry.name in wanted:
                into.write(entry.name, content, entry.modified)
