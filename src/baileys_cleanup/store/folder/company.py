"""One company folder: lists, looks and reads `creds.json`. Nothing here writes, and nothing follows a link."""

import errno
import os
import stat
from collections.abc import Callable, Iterable
from typing import NamedTuple, Self

from baileys_cleanup.decision.account import ABSENT, Account, read_account, unreadable
from baileys_cleanup.decision.names import COMPANY_PREFIX, CREDS_LIMIT, CREDS_NAME, kind_of
from baileys_cleanup.decision.verdict import AuthFile
from baileys_cleanup.errors import CredsUnreadable, in_words
from baileys_cleanup.store.company import Listing, Look
from baileys_cleanup.store.folder.beside import with_creds
from baileys_cleanup.store.folder.opening import open_to_look

OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


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
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class Company:
    """One company folder, held open. `id` is the folder's name without `company_`, as is."""

    def __init__(self, company_id: str, fd: int) -> None:
        self.id = company_id
        self.fd = fd

    @property
    def folder_name(self) -> str:
        """The name of the folder under the sessions root."""
        return COMPANY_PREFIX + self.id

    def doubt(self) -> str | None:
        """Return why nothing could be removed here: no right to write in the folder, None where there is one."""
        if os.access(".", os.W_OK | os.X_OK, dir_fd=self.fd, effective_ids=True):
            return None
        read_only = os.fstatvfs(self.fd).f_flag & os.ST_RDONLY
        why = in_words(OSError(errno.EROFS if read_only else errno.EACCES, ""))
        return f"a real run would remove nothing here: {why}"

    def names(self) -> Listing:
        """List the auth files. Sub-folders, links, pipes and the like are strangers: named, never counted."""
        files: list[AuthFile] = []
        strangers: list[str] = []
        with os.scandir(self.fd) as entries:
            for entry in entries:
                name = entry.name
                if entry.is_file(follow_symlinks=False):
                    files.append(AuthFile(name, kind_of(name)))
                else:
                    strangers.append(name)
        return Listing(files, strangers)

    def look(self, files: Iterable[AuthFile], wanted: Iterable[AuthFile]) -> Look:
        """Date the `wanted` ones among `files`; the others are passed on as they are."""
        look_at, folder = os.stat, self.fd
        dated: dict[str, AuthFile] = {}
        vanished: list[AuthFile] = []
        errors: dict[str, str] = {}
        for file in wanted:
            name = file.name
            try:
                status = look_at(name, dir_fd=folder, follow_symlinks=False)
            except FileNotFoundError:
                vanished.append(file)
                continue
            except OSError as error:
                errors[name] = f"its date could not be read: {error.strerror}"
                continue
            if not stat.S_ISREG(status.st_mode):
                vanished.append(file)
                continue
            stamp = Stamp.of(status)
            dated[name] = AuthFile(name, file.kind, stamp.modified, stamp.size, status.st_nlink == 1, stamp)
        looked = [dated.get(file.name, file) for file in files]
        if vanished:
            gone = {file.name for file in vanished}
            looked = [file for file in looked if file.name not in gone]
        return Look(looked, vanished, errors)

    def deeper(self, strangers: Iterable[str]) -> list[str]:
        """Return those of the strangers that are folders and hold a `creds.json` of their own."""
        return with_creds(self.fd, strangers)

    def account(self, wait: Callable[[], object]) -> Account:
        """Read who owns this folder. A copy that does not parse is read once more after `wait` (a second).

        `creds.json` is opened without following a link and without blocking; only a regular file is read.
        """
        try:
            data = self._read_creds()
            try:
                return read_account(data)
            except CredsUnreadable:
                wait()
                return read_account(self._read_creds())
        except FileNotFoundError:
            return ABSENT
        except CredsUnreadable as problem:
            return unreadable(str(problem))
        except OSError as error:
            why = "is a link" if error.errno == errno.ELOOP else f"cannot be read: {error.strerror}"
            return unreadable(why)

    def _read_creds(self) -> bytes:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        fd = open_to_look(CREDS_NAME, flags, self.fd)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "it is not a regular file")
            if status.st_size > CREDS_LIMIT:
                raise OSError(errno.EFBIG, f"it is larger than {CREDS_LIMIT // 1024**2} MiB")
            parts: list[bytes] = []
            while part := os.read(fd, 1024 * 1024):
                parts.append(part)
            return b"".join(parts)
        finally:
            os.close(fd)
