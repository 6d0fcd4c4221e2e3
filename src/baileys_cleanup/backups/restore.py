"""The way back: from an archive into a company's folder, file by file, or as a whole folder built beside it."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from baileys_cleanup.backups.archive import open_archive
from baileys_cleanup.backups.find import Found
from baileys_cleanup.backups.make import Moment
from baileys_cleanup.backups.restore_plan import (
    RATCHETS,
    Choice,
    Identity,
    Present,
    Step,
    choose_missing,
    choose_whole,
    compare,
)
from baileys_cleanup.backups.snapshot import Snapshot, is_unchanged, open_spool, take_snapshot
from baileys_cleanup.decision.names import CREDS_NAME, Kind, kind_of
from baileys_cleanup.errors import ArchiveProblem, CompanyProblem, Refused, in_words
from baileys_cleanup.output.text import few, shown
from baileys_cleanup.store.folder.audit import Audit
from baileys_cleanup.store.folder.company import Company
from baileys_cleanup.store.folder.purge import STAGING, forget_staged
from baileys_cleanup.store.folder.put_back import put_back
from baileys_cleanup.store.folder.root import Root
from baileys_cleanup.store.folder.set_aside import Aside, begin, discard, open_aside, switch
from baileys_cleanup.store.folder.tool_folder import ToolFolder
from baileys_cleanup.store.store import RESTORE

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Asked(NamedTuple):
    """What a restore was asked for: the company, and how."""

    company_id: str
    everything: bool
    replace: bool


@dataclass(slots=True)
class Plan:
    """What a restore will do, decided before anything is touched. `present` is None where there is no folder yet."""

    asked: Asked
    found: Found
    choices: list[Choice]
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
def plan_restore(root: Root, found: Found, asked: Asked, moment: Moment) -> Iterator[Plan]:
    """Look at the company's folder and decide over every file. Touches nothing.

    Raises Refused where the folder holds another account's pairing, CompanyProblem or OSError where it cannot be read.
    """
    with open_spool() as contents:
        present: Snapshot | None = None
        if root.has(asked.company_id):
            with root.company(asked.company_id) as company:
                present = take_snapshot(company, contents, moment.clock, moment.wait)
        yield _plan(found, asked, present)


def _plan(found: Found, asked: Asked, present: Snapshot | None) -> Plan:
    here = _present(present)
    identity = Identity.ABSENT
    if present is not None:
        identity = compare(present.account, present.creds_problem, found.account)
    if identity is Identity.OTHER and not asked.replace:
        raise Refused(
            f"creds.json of company {shown(asked.company_id)} is of another account than the archive; nothing was"
            " restored. --replace sets the present folder aside and puts the archived account in its place"
        )
    files = found.manifest.files
    choose = choose_whole if asked.replace or present is None else choose_missing
    choices = choose(files, here, found.account, identity, everything=asked.everything)
    plan = Plan(asked, found, choices, present)
    plan.warnings += _warnings(plan, identity)
    return plan


def _present(present: Snapshot | None) -> Mapping[str, Present]:
    files = {} if present is None else present.files
    return {name: Present(source.entry.sha256, source.whole) for name, source in files.items()}


def _warnings(plan: Plan, identity: Identity) -> Iterator[str]:
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
        yield "the present folder is of another account; nothing of it comes along"
    if plan.present is not None and plan.present.strangers and plan.builds:
        yield f"no regular files, so they stay in the folder that is set aside: {few(plan.present.strangers)}"
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


def carry_out(root: Root, tool: ToolFolder, plan: Plan, *, audit: Audit, run_id: str, now: int) -> list[str]:
    """Do what was planned, for who holds the run lock. Returns the files that could not be put in, with the reason.

    Raises Refused where the bot was at work meanwhile, CompanyProblem or OSError where it cannot be done; a folder
    that was to be built is not there then, and the present one is as it was.
    """
    if plan.builds:
        _build(root, tool, plan, audit=audit, run_id=run_id, now=now)
        return []
    with root.company(plan.asked.company_id) as company:
        return _put_in(company, tool, plan, audit, run_id)


def _put_in(company: Company, tool: ToolFolder, plan: Plan, audit: Audit, run_id: str) -> list[str]:
    """Make the missing files whole in the tool's own folder, then move each in, never over another."""
    wanted = plan.names(Step.RESTORED)
    problems: list[str] = []
    owner = os.fstat(company.fd)
    forget_staged(tool)
    with tool.part(STAGING) as staging:
        try:
            _unpack(plan.found.file, wanted, staging, owner)
            for name in sorted(wanted, key=_order):
                audit.write("restore", run=run_id, company=company.id, file=name, archive=plan.found.name)
                try:
                    put_back(name, staging, company.fd)
                except FileExistsError:
                    problems.append(f"{shown(name)}: it appeared meanwhile, and is never overwritten")
            os.fsync(company.fd)
        finally:
            with suppress(OSError):  # what stays there goes with the next run
                forget_staged(tool)
    return problems


def _order(name: str) -> tuple[bool, bool, str]:
    """Sort names as they go in: a key before its memory, and `creds.json` last, with which a bot would start."""
    return name == CREDS_NAME, kind_of(name) is Kind.SENDER_KEY_MEMORY, name


def _build(root: Root, tool: ToolFolder, plan: Plan, *, audit: Audit, run_id: str, now: int) -> None:
    """Build the whole folder beside the present one, and switch the two in one step."""
    company_id = plan.asked.company_id
    aside = begin(root, tool, company_id, run_id, why=RESTORE, now=now)
    try:
        with open_aside(tool, aside) as fd:
            if plan.present is None:
                _give_to_owner_of(root.fd, fd)
            _fill(fd, plan)
            os.fsync(fd)
        _check_at_rest(root, plan)
        audit.write("replace", run=run_id, company=company_id, archive=plan.found.name)
    except BaseException:
        _give_up(root, tool, aside)
        raise
    switch(root, tool, aside)


def _fill(fd: int, plan: Plan) -> None:
    owner = os.fstat(fd)
    _unpack(plan.found.file, plan.names(Step.RESTORED), fd, owner)
    if plan.present is not None:
        for name in sorted(plan.names(Step.KEPT)):
            _write(fd, name, plan.present.read(name), plan.present.files[name].entry.modified, owner)


def _check_at_rest(root: Root, plan: Plan) -> None:
    """Raise Refused where the present folder is not as it was when it was read: its newest state would be lost."""
    company_id = plan.asked.company_id
    if plan.present is None:
        if root.has(company_id):
            raise Refused(f"a folder of company {shown(company_id)} appeared meanwhile; nothing was restored")
        return
    with root.company(company_id) as company:
        if not is_unchanged(company, plan.present):
            raise Refused(
                f"the bot of company {shown(company_id)} is at work in its folder; nothing was restored: stop it first"
            )


def _give_up(root: Root, tool: ToolFolder, aside: Aside) -> None:
    with suppress(OSError, CompanyProblem):  # the next restore or cleaning discards it
        discard(root, tool, aside)


def _unpack(file: BinaryIO, wanted: set[str], folder: int, owner: os.stat_result) -> None:
    """Write the wanted files of an archive into an open folder. Raises ArchiveProblem at whatever is wrong with it."""
    with open_archive(file) as archive:
        for entry, content in archive.files():
            if entry.name in wanted:
                _write(folder, entry.name, content, entry.modified, owner)


def _write(folder: int, name: str, content: Iterable[bytes], modified: int, owner: os.stat_result) -> None:
    """Write one file: private, with its date, for the owner of the company's folder, and on the disk."""
    fd = os.open(name, _NEW, 0o600, dir_fd=folder)
    try:
        for part in content:
            left = memoryview(part)
            while left:
                left = left[os.write(fd, left) :]
        _give(fd, owner)
        try:
            os.utime(fd, ns=(modified, modified))
        except OverflowError:
            raise ArchiveProblem(f"{shown(name)} has a date that no file can have") from None
        os.fsync(fd)
    finally:
        os.close(fd)


def _give_to_owner_of(source: int, fd: int) -> None:
    _give(fd, os.fstat(source))


def _give(fd: int, owner: os.stat_result) -> None:
    """Let a file belong to whom the company's folder belongs: only root can, and only root has to."""
    here = os.fstat(fd)
    if os.geteuid() == 0 and (here.st_uid, here.st_gid) != (owner.st_uid, owner.st_gid):
        try:
            os.fchown(fd, owner.st_uid, owner.st_gid)
        except OSError as error:
            raise CompanyProblem(f"a file cannot be given to the folder's owner: {in_words(error)}") from None
