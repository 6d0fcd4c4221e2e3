"""One company folder: lists, looks and reads `creds.json`. Nothing here writes, and nothing follows a link."""

import errno
import json
import os
import stat
from collections import defaultdict
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import NamedTuple, Self

from baileys_cleanup.decision.account import ABSENT, Account, read_account, unreadable
from baileys_cleanup.decision.ages import Young
from baileys_cleanup.decision.names import COMPANY_PREFIX, CREDS_LIMIT, CREDS_NAME, Kind
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CompanyProblem, CredsUnreadable, in_words
from baileys_cleanup.output.text import shown, size
from baileys_cleanup.store.company import Listing, Look
from baileys_cleanup.store.folder.beside import with_creds
from baileys_cleanup.store.folder.opening import open_to_look

OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_MAPPING_LIMIT = 1024
"""Bytes. A LID mapping is a JSON string of some 20 digits."""


class Stamp(NamedTuple):
    """What tells one very file from any other, and one content from a later one. Times in nanoseconds.

    The time of the last status change and the number of links are left out: a rename moves them.
    """

    device: int
    inode: int
    size: int
    modified: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Take the stamp of a file that was just looked at."""
        return cls(*stamp_of(status))


stamp_of: Callable[[os.stat_result], tuple[int, int, int, int]] = attrgetter(
    "st_dev", "st_ino", "st_size", "st_mtime_ns"
)
"""Takes a stamp as a plain tuple: equal to the other, at a third of its cost, for what is done for each file."""

_NO_DATE = (0, 0)
"""What no date is later than and not later than."""


class Company:
    """One company folder, held open. `id` is the folder's name without `company_`, as is.

    `elsewhere` tells that it lies on another mount than the sessions root.
    """

    def __init__(self, company_id: str, fd: int, *, elsewhere: bool = False) -> None:
        self.id = company_id
        self.fd = fd
        self._elsewhere = elsewhere

    @property
    def folder_name(self) -> str:
        """The name of the folder under the sessions root."""
        return COMPANY_PREFIX + self.id

    def require_mount(self) -> None:
        """Raise CompanyProblem where no file can be moved from here into the tool's folder, nor back."""
        if self._elsewhere:
            raise CompanyProblem(
                "it lies on another file system or mount than the sessions root, so nothing can be moved into the"
                " quarantine; give that mount a sessions root of its own: put its files into a folder"
                f" {shown(self.folder_name)} inside the mount, point the bot there, and give the mount as"
                " --sessions-root"
            )

    def doubt(self) -> str | None:
        """Return why nothing could be removed here: another mount, no right to write in the folder; else None."""
        try:
            self.require_mount()
        except CompanyProblem as problem:
            return f"a real run would remove nothing here: {problem}"
        if os.access(".", os.W_OK | os.X_OK, dir_fd=self.fd, effective_ids=True):
            return None
        read_only = os.fstatvfs(self.fd).f_flag & os.ST_RDONLY
        why = in_words(OSError(errno.EROFS if read_only else errno.EACCES, ""))
        return f"a real run would remove nothing here: {why}"

    def names(self) -> Listing:
        """List the auth files. Sub-folders, links, pipes and the like are strangers: named, never counted."""
        names: list[str] = []
        strangers: list[str] = []
        with os.scandir(self.fd) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    names.append(entry.name)
                else:
                    strangers.append(entry.name)
        return Listing(names, strangers)

    def look(self, files: Iterable[AuthFile], wanted: Iterable[AuthFile]) -> Look:
        """Date the `wanted` ones among `files`; the others are passed on as they are."""
        by_kind: dict[Kind, list[str]] = defaultdict(list)
        for file in wanted:
            by_kind[file.kind].append(file.name)
        looks = [self.look_beyond(kind, names, None) for kind, names in by_kind.items()]
        dated = {file.name: file for look in looks for file in look.files}
        vanished = [file for look in looks for file in look.vanished]
        gone = {file.name for file in vanished}
        looked = [dated.get(file.name, file) for file in files if file.name not in gone]
        return Look(looked, vanished, {name: why for look in looks for name, why in look.errors.items()})

    def look_beyond(self, kind: Kind, names: Iterable[str], young: Young | None) -> Look:
        """Date files of one kind, and pass over those that are `young` and have no second link."""
        passed: list[int] = []
        look = Look([], [], {}, passed)
        look_at, fd, files = os.stat, self.fd, look.files
        after, upto = young or _NO_DATE
        for name in names:
            try:
                status = look_at(name, dir_fd=fd, follow_symlinks=False)
            except FileNotFoundError:
                look.vanished.append(AuthFile(name, kind))
                continue
            except OSError as error:
                look.errors[name] = f"its date could not be read: {error.strerror}"
                files.append(AuthFile(name, kind))
                continue
            modified = status.st_mtime_ns
            if not stat.S_ISREG(status.st_mode):
                look.vanished.append(AuthFile(name, kind))
            elif after < modified <= upto and status.st_nlink == 1:
                passed.append(modified)
            else:
                stamp = stamp_of(status)
                files.append(AuthFile(name, kind, modified, stamp[2], status.st_nlink == 1, stamp))
        return look

    def deeper(self, strangers: Iterable[str]) -> list[str]:
        """Return those of the strangers that are folders and hold a `creds.json` of their own."""
        return with_creds(self.fd, strangers)

    def account(self, wait: Callable[[], object]) -> Account:
        """Read who owns this folder. A copy that does not parse is read once more after `wait` (a second).

        `creds.json` is opened without following a link and without blocking; only a regular file is read.

        Raises CompanyProblem where it is not the file but the folder that keeps this user out.
        """
        try:
            data = self._read(CREDS_NAME, CREDS_LIMIT)
            try:
                return read_account(data)
            except CredsUnreadable:
                wait()
                return read_account(self._read(CREDS_NAME, CREDS_LIMIT))
        except FileNotFoundError:
            return ABSENT
        except CredsUnreadable as problem:
            return unreadable(str(problem))
        except OSError as error:
            if error.errno == errno.EACCES and not os.access(".", os.X_OK, dir_fd=self.fd, effective_ids=True):
                raise CompanyProblem(f"its folder may not be entered: {in_words(error)}") from None
            why = "is a link" if error.errno == errno.ELOOP else f"cannot be read: {error.strerror}"
            return unreadable(why)

    def written_since(self, moment: int) -> bool:
        """Tell whether a file was written after a moment; none is looked at but `creds.json` where that tells."""
        files = self.names().files
        creds = [file for file in files if file.kind is Kind.CREDS]
        return any(
            file.modified is not None and file.modified > moment
            for wanted in (creds, files)
            for file in self.look(wanted, wanted).files
        )

    def lid_of(self, mapping: str) -> str | None:
        """Return the LID user that a `lid-mapping-<number>.json` names, None where it names none. It is no key."""
        try:
            said = json.loads(self._read(mapping, _MAPPING_LIMIT))
        except (OSError, ValueError):
            return None
        return said if isinstance(said, str) else None

    def _read(self, name: str, limit: int) -> bytes:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        fd = open_to_look(name, flags, self.fd)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "it is not a regular file")
            if status.st_size > limit:
                raise OSError(errno.EFBIG, f"it is larger than {size(limit)}")
            parts: list[bytes] = []
            while part := os.read(fd, 1024 * 1024):
                parts.append(part)
            return b"".join(parts)
        finally:
            os.close(fd)
