"""Undo: brings back what a run removed, and never over anything newer.

Putting an old session over a newer one reuses message keys, and the peer can no longer read
(`src/Signal/libsignal.ts`; the same in 6.7.24 and 7.0.0-rc14). So whatever exists by now stays, an own sender key
and its group's memory come back together or not at all, and a phone number's session stays away once its LID
mapping exists.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.names import (
    Kind,
    kind_of,
    mapping_name,
    memory_name,
    read_sender_key_memory,
    read_session,
)
from baileys_cleanup.decision.outcome import Problem
from baileys_cleanup.decision.pairs import binds, group_pairs
from baileys_cleanup.decision.plan import Rule
from baileys_cleanup.errors import CompanyProblem, UsageProblem
from baileys_cleanup.output.text import argument, shown
from baileys_cleanup.store.folder.audit import rules_of
from baileys_cleanup.store.folder.quarantine import put_back
from baileys_cleanup.store.folder.quarantined import holds_company, quarantined, quarantined_companies
from baileys_cleanup.store.folder.root import Company, Root
from baileys_cleanup.store.folder.runs import Run, read_runs
from baileys_cleanup.store.folder.set_aside import RESTORE, Aside, is_live, open_aside, read_asides, switch, switch_back
from baileys_cleanup.store.folder.tool_folder import ROTATIONS, ToolFolder


class Undoable(NamedTuple):
    """A run as `undo` lists it: what of it is still in the quarantine. `size` is in bytes."""

    run: Run
    companies: dict[str, int]
    size: int

    @property
    def files(self) -> int:
        """How many files could come back."""
        return sum(self.companies.values())


class SetAside(NamedTuple):
    """A whole folder that lies aside. `size` is in bytes; `former` is False for one that was switched back already."""

    aside: Aside
    files: int
    size: int
    former: bool


@dataclass(slots=True)
class Restored:
    """What came back into one company, and what stayed away and why."""

    company_id: str
    files: list[str] = field(default_factory=list)
    stayed: list[Problem] = field(default_factory=list)


def undoable_runs(tool: ToolFolder) -> tuple[list[Undoable], list[str]]:
    """Return the runs that can be undone, newest first, and the names of records that cannot be read."""
    found: list[Undoable] = []
    runs, broken = read_runs(tool)
    for run in reversed(runs):
        companies: dict[str, int] = {}
        size = 0
        for company_id in quarantined_companies(tool, run):
            with quarantined(tool, run, company_id) as fd, os.scandir(fd) as entries:
                sizes = [entry.stat(follow_symlinks=False).st_size for entry in entries]
            if sizes:
                companies[company_id] = len(sizes)
                size += sum(sizes)
        if companies:
            found.append(Undoable(run, companies, size))
    return found, broken


def set_aside_folders(tool: ToolFolder) -> list[SetAside]:
    """Return the whole folders that lie aside, newest first; what never was live is none of them."""
    found: list[SetAside] = []
    for aside in reversed(read_asides(tool)):
        try:
            with open_aside(tool, aside) as fd, os.scandir(fd) as entries:
                sizes = [entry.stat(follow_symlinks=False).st_size for entry in entries]
                former = os.fstat(fd).st_ino != aside.built
        except FileNotFoundError:
            continue  # there was none before, or somebody deleted it
        if not aside.lived and not former:
            continue
        found.append(SetAside(aside, len(sizes), sum(sizes), former))
    return found


def choose_set_aside(tool: ToolFolder, run_id: str, wanted: Iterable[str], again: str = "") -> list[SetAside]:
    """Return the folders that a run set aside, of the wanted companies or all; nothing when it set none aside.

    "latest" is the newest run that can be undone, of either sort. `again` are the options that a later command needs
    to find the same sessions root. Raises UsageProblem for a company without one, and
    for a rotation: that is taken back by `rotate` itself, which keeps the journal and starts the bot.
    """
    folders = set_aside_folders(tool)
    restored = [folder for folder in folders if folder.aside.why == RESTORE]
    if run_id == "latest" and restored:
        runs, _ = undoable_runs(tool)
        if not runs or restored[0].aside.started > runs[0].run.started:
            run_id = restored[0].aside.run_id
    chosen = [folder for folder in folders if folder.aside.run_id == run_id]
    rotated = next((folder.aside for folder in chosen if folder.aside.why != RESTORE), None)
    if rotated is not None:
        raise UsageProblem(
            f"run {shown(run_id)} is a rotation; what takes it back is: baileys-cleanup rotate --company"
            f" {argument(rotated.company_id)} --rollback{again}"
        )
    ids = {text.removeprefix("company_") for text in wanted}
    missing = ids - {folder.aside.company_id for folder in chosen}
    if chosen and missing:
        raise UsageProblem(
            f"run {shown(run_id)} set no folder of company {', '.join(map(shown, sorted(missing)))} aside"
        )
    return [folder for folder in chosen if not ids or folder.aside.company_id in ids]


def switch_set_aside(root: Root, tool: ToolFolder, folder: SetAside, again: str = "") -> None:
    """Let a folder that lies aside go live; the present one lies in its place. Raises CompanyProblem when it cannot."""
    if tool.has(ROTATIONS):
        from baileys_cleanup.rotation.journal import why_not_now  # noqa: PLC0415 - most roots have none

        problem = why_not_now(tool, folder.aside.company_id, again)
        if problem:
            raise CompanyProblem(problem)
    if folder.former or is_live(root, folder.aside):
        switch_back(root, tool, folder.aside)
    else:
        switch(root, tool, folder.aside)


def choose_run(tool: ToolFolder, run_id: str, wanted: Iterable[str]) -> tuple[Run, list[str]]:
    """Return the run and the ids of the companies to undo; all of the run's when none is wanted.

    Raises UsageProblem for a run that is not there, or that took nothing from a wanted company.
    """
    found, broken = undoable_runs(tool)
    if f"{run_id}.json" in broken:
        raise UsageProblem(
            f"the record of run {shown(run_id)} cannot be read; its files are kept in {shown(tool.path)}/quarantine"
        )
    chosen = next((entry for entry in found if run_id in {entry.run.run_id, "latest"}), None)
    if not found:
        raise UsageProblem(f"there is nothing to undo under {shown(tool.path)}")
    if chosen is None:
        known = ", ".join(entry.run.run_id for entry in found[:3]) or "none"
        raise UsageProblem(
            f"there is no run {shown(run_id)!r} to undo; `baileys-cleanup undo` lists those that are (newest: {known})"
        )
    ids = list(dict.fromkeys(text.removeprefix("company_") for text in wanted))
    for company_id in ids:
        if company_id not in chosen.companies:
            raise UsageProblem(
                f"run {chosen.run.run_id} has nothing of company {shown(company_id)!r};"
                f" it has {', '.join(map(shown, sorted(chosen.companies)))}"
            )
    return chosen.run, ids or sorted(chosen.companies)


def _refuse_rotated(tool: ToolFolder, run: Run, company_id: str, again: str) -> None:
    """Raise CompanyProblem where the folder is being rotated, or was paired anew since: its old keys are worthless."""
    if not tool.has(ROTATIONS):
        return
    from baileys_cleanup.rotation.journal import read_journals, way_on  # noqa: PLC0415 - most roots have none

    for journal in read_journals(tool).of(company_id):
        if journal.open:
            raise CompanyProblem(way_on(journal, again))
        if journal.fresh and journal.done and journal.started >= run.started:
            raise CompanyProblem(f"the folder was paired anew since, by the rotation {journal.run_id}")


def undo_company(
    root: Root,
    tool: ToolFolder,
    run: Run,
    company_id: str,
    *,
    wait: Callable[[], object],
    stopping: Callable[[], bool],
    again: str = "",
) -> Restored:
    """Put back what a run took from one company; what has to stay away is named with its reason.

    `again` are the options that a later command needs to find the same sessions root.
    """
    restored = Restored(company_id)
    if not holds_company(tool, run, company_id):  # settled a moment ago: it is all back
        return restored
    try:
        _refuse_rotated(tool, run, company_id, again)
        with root.company(company_id) as company, quarantined(tool, run, company_id) as fd:
            names = sorted(os.listdir(fd))
            account = company.account(wait)
            pairs = group_pairs(names, account)
            stay = _staying(company, names, account, pairs, run.started, later=_later(tool, run, company_id))
            alone = _taken_alone(tool, run, company_id, pairs)
            present = [file.name for file in company.names().files]
            # A key before its memory: a key alone is harmless when this is cut short, a memory alone is not.
            for name in sorted(names, key=_is_memory):
                if stopping():
                    restored.stayed.append(Problem(name, "stopped before it"))
                elif name in stay:
                    restored.stayed.append(Problem(name, stay[name]))
                elif name not in alone and _lacks_its_key(name, pairs, present, restored.files, account):
                    restored.stayed.append(Problem(name, _ALONE))
                else:
                    _put_back(company, fd, name, restored)
    except CompanyProblem as problem:
        with quarantined(tool, run, company_id) as fd:
            restored.stayed += [Problem(name, str(problem)) for name in sorted(os.listdir(fd))]
    except OSError as error:
        restored.stayed.append(Problem(None, f"its files cannot be put back: {error.strerror}"))
    return restored


def _put_back(company: Company, fd: int, name: str, restored: Restored) -> None:
    try:
        put_back(name, fd, company.fd)
    except FileExistsError:
        restored.stayed.append(Problem(name, _NEWER))
    except OSError as error:
        restored.stayed.append(Problem(name, f"cannot be put back: {error.strerror}"))
    else:
        restored.files.append(name)


_NEWER = "something of that name exists by now, and nothing is ever overwritten"
_PAIR = "an own sender key and its group's memory come back together or not at all, and a newer one exists"
_ALONE = "a memory comes back together with its group's own sender key or not at all, and that key is not there"
_MAPPED = "the contact's LID mapping exists by now; its old session could overwrite the present one"


def _lacks_its_key(
    name: str, pairs: dict[str, list[str]], present: list[str], restored: list[str], account: Account
) -> bool:
    """Tell whether a memory would speak of an own key that is not there: then the whole group could not read."""
    group = read_sender_key_memory(name)
    if group is None or group not in pairs:
        return False
    keys = [key for key in pairs[group] if key != name]
    return not set(keys) <= set(restored) or not any(binds(key, group, account) for key in [*present, *restored])


def _is_memory(name: str) -> bool:
    return kind_of(name) is Kind.SENDER_KEY_MEMORY


def _staying(
    company: Company,
    names: list[str],
    account: Account,
    pairs: dict[str, list[str]],
    started: int,
    *,
    later: dict[str, str],
) -> dict[str, str]:
    """Return the names that must not come back, each with its reason. `later` is what later runs took, with the run."""
    present = {file.name: file for file in company.names().files}
    stay = {name: _NEWER for name in names if name in present}
    for name in names:
        if name in later:
            stay.setdefault(name, f"a newer one lies in the quarantine of run {later[name]}: undo that one")
    for name in names:
        session = read_session(name)
        if session and mapping_name(session) in present:
            stay.setdefault(name, _MAPPED)
    for group, members in pairs.items():
        rivals = [file for file in present.values() if binds(file.name, group, account)]
        written_since = any(
            file.modified is None or file.modified > started for file in company.look(rivals, rivals).files
        )
        if memory_name(group) in present or written_since or any(name in stay for name in members):
            for name in members:
                stay.setdefault(name, _PAIR)
    return stay


def _later(tool: ToolFolder, run: Run, company_id: str) -> dict[str, str]:
    """Return what runs after this one took from the company and still hold: name to the newest such run."""
    found: dict[str, str] = {}
    for other in read_runs(tool)[0]:
        if other.started > run.started and holds_company(tool, other, company_id):
            with quarantined(tool, other, company_id) as fd:
                found.update(dict.fromkeys(os.listdir(fd), other.run_id))
    return found


def _taken_alone(tool: ToolFolder, run: Run, company_id: str, pairs: dict[str, list[str]]) -> set[str]:
    """Return the memories that the run took without any own sender key, because there was none."""
    lonely = {name for members in pairs.values() if len(members) == 1 for name in members if _is_memory(name)}
    if not lonely:
        return lonely
    rules = rules_of(tool, run.run_id, company_id)
    return {name for name in lonely if rules.get(name) == Rule.SENDER_KEY_MEMORY_AGE}
