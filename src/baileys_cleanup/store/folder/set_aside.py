"""Whole company folders: one built beside the live one, switched with it in one step, the former one kept aside.

aside/<run_id>/company_<id>/               the folder that is not live: the built one, later the former one
aside/<run_id>/records/company_<id>.json   which of the two the built one is
aside/<run_id>/former/company_<id>/        only in the middle of a switch, where the kernel cannot swap two names

A former folder may hold the only `creds.json`, so nothing here is ever deleted by time.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.decision.pairing import Pairing
from baileys_cleanup.errors import CompanyProblem, in_words
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.folder.company import OPEN_FOLDER
from baileys_cleanup.store.folder.likeness import Likeness
from baileys_cleanup.store.folder.overlay import why_not_switched
from baileys_cleanup.store.folder.records import read_record, write_record
from baileys_cleanup.store.folder.renaming import exchange, rename_without_replacing
from baileys_cleanup.store.folder.root import Root
from baileys_cleanup.store.folder.tool_folder import ToolFolder, make_folder
from baileys_cleanup.store.whole_folders import RESTORE, Aside

_PART = "aside"
_RECORDS = "records"
_FORMER = "former"


def begin(root: Root, tool: ToolFolder, company_id: str, run_id: str, *, why: str, now: int) -> Aside:
    """Make an empty folder to be filled, with the owner and mode of the live one (0700 without one), and its record.

    Raises CompanyProblem when the live one is no folder or on another mount, MayNotGive when this user may not give
    the new one its owner.
    """
    name = COMPANY_PREFIX + company_id
    with _place(tool, run_id) as place:
        with suppress(OSError):  # an empty one that was made by a run killed before it could record it
            os.rmdir(name, dir_fd=place)
        os.mkdir(name, 0o700, dir_fd=place)
        pairing: Pairing | None = None
        with _folder(place, name) as fd:
            if root.has(company_id):
                with root.company(company_id) as company:
                    pairing = company.account(lambda: None).pairing
                    Likeness.of(company.fd, os.fstat(company.fd)).give(fd, name)
            elif os.geteuid() == 0:
                owner = Likeness.of(root.fd, os.fstat(root.fd))
                owner._replace(mode=0o700, access=None, inherited=None).give(fd, name)
            noted = str(pairing) if pairing else None
            aside = Aside(run_id, company_id, why, now, os.fstat(fd).st_ino, pairing=noted)
        _record(place, aside)
        os.fsync(place)
    return aside


@contextmanager
def open_aside(tool: ToolFolder, aside: Aside) -> Iterator[int]:
    """Open the folder that lies aside now: to fill the built one, or to look at the former one."""
    with _place(tool, aside.run_id) as place, _folder(place, aside.folder_name) as fd:
        yield fd


def read_asides(tool: ToolFolder) -> list[Aside]:
    """Return all that was recorded, oldest first; a record that cannot be read is passed over, its folder stays."""
    found: list[Aside] = []
    with suppress(FileNotFoundError), tool.part(_PART, create=False) as part:
        for run_id in sorted(os.listdir(part)):
            with suppress(OSError), _folder(part, run_id) as place, _folder(place, _RECORDS) as records:
                for name in sorted(name for name in os.listdir(records) if name.endswith(".json")):
                    with suppress(OSError, ValueError, KeyError, TypeError):
                        found.append(_read(records, name, run_id))
    return found


def is_live(root: Root, aside: Aside) -> bool:
    """Tell whether the built folder is the live one now."""
    return _inode_at(root.fd, aside.folder_name) == aside.built


def switch(root: Root, tool: ToolFolder, aside: Aside) -> Aside:
    """Let the built folder go live; the former one lies in its place. Returns the new state.

    Killed at any moment, either folder is live, or `settle` makes one so. Raises CompanyProblem when it cannot be done.
    """
    if is_live(root, aside):
        raise CompanyProblem(f"the folder of run {aside.run_id} is live already")
    return _swap(root, tool, aside)


def switch_back(root: Root, tool: ToolFolder, aside: Aside) -> Aside:
    """Let the former folder go live again; the built one lies in its place, with all that was written since.

    Raises CompanyProblem when the live folder is no longer the one that was built: a later run has to be taken back
    first.
    """
    if not is_live(root, aside):
        raise CompanyProblem(
            f"the live folder is not the one that run {aside.run_id} put there: take back what was done since, first;"
            " or, if the sessions root was copied here, where nothing tells its folders apart any more, stop the bot"
            f" and change the two by hand: the other one is {shown(tool.path)}/aside/{aside.run_id}/"
            f"{shown(aside.folder_name)}"
        )
    return _swap(root, tool, aside)


def settle(root: Root, tool: ToolFolder, aside: Aside) -> Aside:
    """End a switch that was cut short, so that one folder is live and the other aside. Returns the true state.

    A built folder never goes live here unless its switch had begun: it may be half filled.
    """
    with _place(tool, aside.run_id) as place:
        if _inode_at(root.fd, aside.folder_name) is None and _is_in_switch(place, aside):
            _go_live(root, place, aside)
        _bring_former(place, aside)
        if not aside.lived and _has_lived(root, place, aside):
            return _lived(place, aside)
    return aside


def settle_all(root: Root, tool: ToolFolder) -> list[str]:
    """End every switch that was cut short, and discard what a killed restore had built and never let live.

    Only for who holds the run lock: nobody is building then. Returns in words what could not be ended; one company
    does not keep the others from it.
    """
    problems: list[str] = []
    for aside in read_asides(tool):
        try:
            settled = settle(root, tool, aside)
            if settled.why == RESTORE and not settled.lived:
                with suppress(FileNotFoundError):  # an earlier discard was cut short
                    discard(root, tool, settled)
        except (OSError, CompanyProblem) as problem:
            problems.append(
                f"company {shown(aside.company_id)}: the folder that run {aside.run_id} was switching could not be"
                f" settled: {in_words(problem)}"
            )
    return problems


def discard(root: Root, tool: ToolFolder, aside: Aside) -> None:
    """Delete a built folder that never was live, and forget it. Raises CompanyProblem for any other."""
    with _place(tool, aside.run_id) as place:
        if _has_lived(root, place, aside):
            raise CompanyProblem(f"the folder that run {aside.run_id} set aside was live once; it is kept")
        # else it was discarded by a run that was killed before it could forget it
        if _inode_at(place, aside.folder_name) is not None:
            with _folder(place, aside.folder_name) as fd:
                for name in os.listdir(fd):
                    os.unlink(name, dir_fd=fd)
            os.rmdir(aside.folder_name, dir_fd=place)
        with _folder(place, _RECORDS) as records:
            os.unlink(f"{aside.folder_name}.json", dir_fd=records)
        for name in (_RECORDS, _FORMER):
            with suppress(OSError):  # others of the same run are still there
                os.rmdir(name, dir_fd=place)
    with suppress(OSError), tool.part(_PART) as part:
        os.rmdir(aside.run_id, dir_fd=part)


# --- how --------------------------------------------------------------------------------------------------


def _swap(root: Root, tool: ToolFolder, aside: Aside) -> Aside:
    name = aside.folder_name
    with _place(tool, aside.run_id) as place:
        try:
            if _inode_at(root.fd, name) is None:
                _go_live(root, place, aside)
            elif _inode_at(place, name) is None:  # there was none before: nothing takes its place
                _move(name, root.fd, place)
            elif not exchange(name, name, place, root.fd):
                make_folder(place, _FORMER)
                with _folder(place, _FORMER) as former:
                    _move(name, root.fd, former)
                _go_live(root, place, aside)
                _bring_former(place, aside)
        except OSError as error:
            why = why_not_switched(error, root.fd, root.path, name)
            raise CompanyProblem(f"its folder cannot be switched: {why}") from None
        os.fsync(root.fd)
        os.fsync(place)
        return _lived(place, aside)


def _go_live(root: Root, place: int, aside: Aside) -> None:
    """Fill the empty place of the live folder: with the one aside, else with the former one.

    Raises FileNotFoundError where neither is there: nothing is called live that is not.
    """
    if _inode_at(place, aside.folder_name) is not None:
        _move(aside.folder_name, place, root.fd)
        return
    with _folder(place, _FORMER) as former:
        _move(aside.folder_name, former, root.fd)


def _is_in_switch(place: int, aside: Aside) -> bool:
    """Tell whether the former folder lies where it only is between the two renames of a switch."""
    with suppress(FileNotFoundError), _folder(place, _FORMER) as former:
        return _inode_at(former, aside.folder_name) is not None
    return False


def _bring_former(place: int, aside: Aside) -> None:
    if _is_in_switch(place, aside):
        with _folder(place, _FORMER) as former:
            _move(aside.folder_name, former, place)


def _move(name: str, source: int, target: int) -> None:
    if not rename_without_replacing(name, name, source, target):
        # The kernel cannot promise it, so look; a folder is replaced by a rename only when it is empty.
        if _inode_at(source, name) is None:
            raise FileNotFoundError(name)
        if _inode_at(target, name) is not None:
            raise FileExistsError(name)
        os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)


def _has_lived(root: Root, place: int, aside: Aside) -> bool:
    """Tell whether the built folder was ever live: it is, it is known, or another one lies in its place.

    In a root that was copied, inodes tell nothing, and every folder counts as one that was.
    """
    return aside.lived or is_live(root, aside) or _inode_at(place, aside.folder_name) not in {aside.built, None}


def _lived(place: int, aside: Aside) -> Aside:
    if not aside.lived:
        aside = aside._replace(lived=True)
        _record(place, aside)
    return aside


def _record(place: int, aside: Aside) -> None:
    make_folder(place, _RECORDS)
    record = {"company": aside.company_id, "why": aside.why, "started": aside.started, "pairing": aside.pairing}
    with _folder(place, _RECORDS) as records:
        write_record(records, f"{aside.folder_name}.json", record | {"built": aside.built, "lived": aside.lived})


def _read(records: int, name: str, run_id: str) -> Aside:
    record = read_record(records, name)
    company, why = str(record["company"]), str(record["why"])
    lived, pairing = bool(record["lived"]), Pairing.read(record.get("pairing"))
    noted = str(pairing) if pairing else None
    return Aside(run_id, company, why, int(record["started"]), int(record["built"]), lived, noted)


@contextmanager
def _place(tool: ToolFolder, run_id: str) -> Iterator[int]:
    with ExitStack() as stack:
        part = stack.enter_context(tool.part(_PART))
        make_folder(part, run_id)
        yield stack.enter_context(_folder(part, run_id))


@contextmanager
def _folder(parent: int, name: str) -> Iterator[int]:
    fd = os.open(name, OPEN_FOLDER, dir_fd=parent)
    try:
        yield fd
    finally:
        os.close(fd)


def _inode_at(folder: int, name: str) -> int | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_ino
    except FileNotFoundError:
        return None
