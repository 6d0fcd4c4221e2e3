"""Who may read a file: owner, group, mode and access list, taken from one that is there and given to one that is made.

A file that a restore makes looks like the one it replaces, else like most of its neighbours of the same kind, else
like most of all its neighbours, else as the folder has it for new files. The bot is somebody else than who restores.
"""

import errno
import os
import stat
import struct
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pwd import getpwuid
from typing import NamedTuple, Self

from baileys_cleanup.decision.names import CREDS_NAME, kind_of
from baileys_cleanup.errors import MayNotGive
from baileys_cleanup.output.text import shown

_ACCESS = "system.posix_acl_access"
_FOR_NEW_FILES = "system.posix_acl_default"
_USER, _MASK, _READ = 0x02, 0x10, 0x04
_NO_LIST = {errno.ENODATA, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}
_OF_A_FILE = 0o666
_OF_A_FOLDER = 0o7777
_SHARED = stat.S_IRGRP | stat.S_IWGRP | stat.S_IXGRP


class Likeness(NamedTuple):
    """Who may do what with a file or folder. `access` and `inherited` are its access lists, None where it has none."""

    uid: int
    gid: int
    mode: int
    access: bytes | None = None
    inherited: bytes | None = None

    @classmethod
    def of(cls, place: int | str, status: os.stat_result) -> Self:
        """Take it from a file or folder, open or by path, that was just looked at as `status`."""
        is_folder = stat.S_ISDIR(status.st_mode)
        # A file that is made is never a program, whoever it belongs to: what lies in it is somebody else's.
        mode = status.st_mode & (_OF_A_FOLDER if is_folder else _OF_A_FILE)
        inherited = _list_of(place, _FOR_NEW_FILES) if is_folder else None
        return cls(status.st_uid, status.st_gid, mode, _list_of(place, _ACCESS), inherited)

    def give(self, fd: int, name: str) -> None:
        """Give it to an open file or folder that was made. Raises Refused where this user may not."""
        here = os.fstat(fd)
        try:
            if (here.st_uid, here.st_gid) != (self.uid, self.gid):
                os.fchown(fd, self.uid, self.gid)
            if self.access is None:
                with suppress(OSError):  # where it inherited none
                    os.removexattr(fd, _ACCESS)
            os.fchmod(fd, self.mode)
            if self.access is not None:
                os.setxattr(fd, _ACCESS, self.access)
            if self.inherited is not None:
                os.setxattr(fd, _FOR_NEW_FILES, self.inherited)
        except PermissionError:
            raise MayNotGive(
                f"{shown(name)} has to belong to {user_name(self.uid)} (uid {self.uid}, group {self.gid}, mode"
                f" {self.mode:o}), and this user may not give it that; nothing was changed"
            ) from None

    def lets_read(self, uid: int, gid: int) -> bool:
        """Tell whether a user of some group may read, as far as owner, group and mode tell."""
        if uid == 0:
            return True
        if self.access is not None:
            named = _readers(self.access)
            if uid != self.uid and uid in named:
                return named[uid]
        if uid == self.uid:
            return bool(self.mode & stat.S_IRUSR)
        return bool(self.mode & (stat.S_IRGRP if gid == self.gid else stat.S_IROTH))


class Neighbours:
    """The auth files of a live folder, as those to be made have to look."""

    def __init__(self, folder: Likeness, files: dict[str, Likeness]) -> None:
        self._folder = folder
        self._everybody = files
        # Where others may write as well, a single file of theirs must not make them the owner of what is restored.
        users = Counter(likeness.uid for likeness in files.values()).most_common(1)
        trusted = {folder.uid, *(uid for uid, _ in users)}
        self._files = {name: likeness for name, likeness in files.items() if likeness.uid in trusted}

    @classmethod
    def of(cls, fd: int) -> Self:
        """Look at an open folder. Raises OSError where a file's own list cannot be read."""
        found: dict[str, Likeness] = {}
        with os.scandir(fd) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    with suppress(FileNotFoundError):
                        found[entry.name] = _by_name(entry.name, fd)
        return cls(Likeness.of(fd, os.fstat(fd)), found)

    def owners(self) -> dict[Likeness, str]:
        """Return the looks that there are, each with the name of a file that has it."""
        return {likeness: name for name, likeness in self._everybody.items()}

    def like(self, name: str) -> Likeness:
        """Return how a file of this name has to look."""
        kind = kind_of(name)
        alike = [likeness for other, likeness in self._files.items() if kind_of(other) is kind]
        return self._files.get(name) or most_common(alike) or most_common(self._files.values()) or self._new()

    def _new(self) -> Likeness:
        """Return what the folder has for new files: its own list for them, else its owner, and a group that writes."""
        folder = self._folder
        shared = folder.mode & _SHARED == _SHARED
        return Likeness(folder.uid, folder.gid, 0o660 if shared else 0o600, folder.inherited)


def most_common(likenesses: Iterable[Likeness]) -> Likeness | None:
    """Return the one that most have, None where there is none."""
    counted = Counter(likenesses).most_common(1)
    return counted[0][0] if counted else None


def shrunk(former: int, live: int) -> list[str]:
    """Return the files of a live folder that the bot of the former one can no longer read, both open.

    The bot is who owned the former file of that name, else the former `creds.json`, else most of the former files.
    """
    before, after = _all(former), _all(live)
    bot = before.get(CREDS_NAME) or most_common(before.values())
    lost: list[str] = []
    for name, now in after.items():
        was = before.get(name) or bot
        if was is not None and was != now and was.lets_read(was.uid, was.gid) and not now.lets_read(was.uid, was.gid):
            lost.append(name)
    return sorted(lost)


def _readers(access: bytes) -> dict[int, bool]:
    """Return the users that an access list names, and whether it lets each read."""
    # include/uapi/linux/posix_acl_xattr.h: a version, then entries of a tag, rights and an id.
    entries = list(struct.iter_unpack("<HHI", access[4:]))
    mask = next((rights for tag, rights, _ in entries if tag == _MASK), _READ)
    return {who: bool(rights & mask & _READ) for tag, rights, who in entries if tag == _USER}


def user_name(uid: int) -> str:
    """Return the name of a user, or its number."""
    try:
        return getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _all(fd: int) -> dict[str, Likeness]:
    found: dict[str, Likeness] = {}
    with os.scandir(fd) as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.is_file(follow_symlinks=False):
                    found[entry.name] = _by_name(entry.name, fd)
    return found


def _by_name(name: str, folder: int) -> Likeness:
    # By the kernel's own path to a descriptor: an access list cannot be asked for by folder and name.
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    return Likeness.of(f"/proc/self/fd/{folder}/{name}", status)


def _list_of(place: int | str, name: str) -> bytes | None:
    try:
        if isinstance(place, int):
            return os.getxattr(place, name)
        return os.getxattr(place, name, follow_symlinks=False)
    except OSError as error:
        if error.errno in _NO_LIST or not os.path.exists("/proc/self/fd"):
            return None
        raise
