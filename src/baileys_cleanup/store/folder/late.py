"""What was written into the folder that was live after the last look at it: brought over, or named.

Nobody can keep a bot from writing between that look and the switch. So both folders are compared after every switch.
"""

from collections.abc import Callable, Iterable, Mapping

from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.pairing import is_same
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CompanyProblem, in_words
from baileys_cleanup.store.folder.company import Company
from baileys_cleanup.store.folder.root import Root
from baileys_cleanup.store.folder.set_aside import open_aside
from baileys_cleanup.store.folder.staging import StagedFiles, open_staging
from baileys_cleanup.store.folder.tool_folder import ToolFolder
from baileys_cleanup.store.whole_folders import Aside, Late


def list_live(root: Root, company_id: str) -> list[AuthFile]:
    """Return the files of the live folder with their dates; none where there is no folder."""
    if not root.has(company_id):
        return []
    with root.company(company_id) as company:
        return _dated(company)


_LOOKS = 5
"""How often the folder that lies aside is looked at while somebody still writes there."""


def bring_late(
    root: Root, tool: ToolFolder, aside: Aside, seen: Iterable[AuthFile], wait: Callable[[], object]
) -> Late:
    """Bring over what was written late into the folder that lies aside now. `seen` is what it held at the last look.

    It is looked at again after a `wait`: who opened a file before the switch may write to it after.

    A file goes over where the live one is the very file that was seen, so that the late one continues it; a new one
    where both folders have one pairing and the live one has none of its name. Nothing goes over where they are known
    to have two. Whatever else differs is named.
    """
    late = Late([], [])
    known = {file.name: file for file in seen}
    try:
        for look in range(_LOOKS):
            if look:
                wait()
            before, known = known, _bring(root, tool, aside, known, late)
            if look and _unchanged(before, known):
                break
    except (CompanyProblem, OSError) as problem:
        late = late._replace(unknown=in_words(problem))
    left = list(dict.fromkeys(late.left))
    return late._replace(brought=[name for name in dict.fromkeys(late.brought) if name not in left], left=left)


def _unchanged(before: Mapping[str, AuthFile], now: Mapping[str, AuthFile]) -> bool:
    return before.keys() == now.keys() and all(_same(before[name], file) for name, file in now.items())


def _bring(
    root: Root, tool: ToolFolder, aside: Aside, known: Mapping[str, AuthFile], late: Late
) -> dict[str, AuthFile]:
    """Compare once, and return what the folder that lies aside holds."""
    with root.company(aside.company_id) as live, open_aside(tool, aside) as fd:
        former = Company(aside.company_id, fd)
        found = _dated(former)
        written = [file for file in found if file.name not in known or _changed(file, known[file.name])]
        if written:
            present = {file.name: file for file in _dated(live)}
            kin = _same_pairing(live, former)
            with open_staging(tool, live) as staged:
                for file in written:
                    before, here = known.get(file.name), present.get(file.name)
                    went = _is_plain(file) and (
                        (kin is True and file.kind is not Kind.SENDER_KEY_MEMORY and _add(staged, fd, file))
                        if here is None and before is None
                        else kin is not False
                        and before is not None
                        and here is not None
                        and _same(here, before)
                        and _replace(staged, fd, file, here)
                    )
                    (late.brought if went else late.left).append(file.name)
        there = {file.name: file for file in found}
        late.left.extend(sorted(known.keys() - there.keys()))
        return there


def _dated(company: Company) -> list[AuthFile]:
    files = company.names().files
    return company.look(files, files).files


def _changed(file: AuthFile, known: AuthFile) -> bool:
    """Tell whether a file is another than it was seen; what was only seen by name is not asked about."""
    return known.modified is not None and not _same(file, known)


def _same(one: AuthFile, other: AuthFile) -> bool:
    return (one.size, one.modified) == (other.size, other.modified)


def _is_plain(file: AuthFile) -> bool:
    return file.sole and file.kind is not Kind.UNKNOWN


def _same_pairing(one: Company, other: Company) -> bool | None:
    """Tell whether two folders have one pairing, None where nobody can tell."""
    return is_same(*(company.account(lambda: None).pairing for company in (one, other)))


def _add(staged: StagedFiles, source: int, file: AuthFile) -> bool:
    try:
        if not staged.copy(source, file):
            return False
        staged.insert(file.name)
    except (CompanyProblem, OSError):
        return False
    return True


def _replace(staged: StagedFiles, source: int, file: AuthFile, here: AuthFile) -> bool:
    try:
        return staged.copy(source, file) and staged.replace(file.name, here)
    except (CompanyProblem, OSError):
        return False
