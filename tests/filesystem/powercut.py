"""A power cut, as a disk sees it: what was flushed is there; of the rest any part may be, whatever its order was.

While the tool works in this process, each call that changes names or contents is noted. At the cut the tree is laid out
anew as it would come back, with the very files and folders (their inodes are what some records go by). The model is
harsher than ext4 or xfs, which keep the order of names:

- a name is durable when one of the folders that its call touches was flushed afterwards; of other calls any part is;
- calls on one name keep their order, one rename is one step, and no folder goes while something is in it;
- a content is durable when the file was flushed after it was written; else the file is as it was last flushed, or empty.
"""

import os
import random
import stat
from pathlib import Path
from typing import Any, NamedTuple

from .faults import Call

Spot = tuple[int, str]
"""A name: the inode of its folder, and the name in it."""


class Step(NamedTuple):
    """One change of names: what stood at the spots before it is gone, what stands there after it."""

    after: tuple[tuple[Spot, int | None], ...]
    folder: int = 0
    """The folder that it takes away, which has to be empty then."""

    @property
    def spots(self) -> set[Spot]:
        """The names that it touches."""
        return {spot for spot, _ in self.after}


class Content(NamedTuple):
    """What of a file is on the disk."""

    text: bytes
    modified: int


class Disk:
    """What is on the disk below a folder, and what is not yet."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.pool = top.parent / f"{top.name}-pool"
        self.pool.mkdir()
        self.names: dict[Spot, int] = {}
        self.contents: dict[int, Content] = {}
        self.folders: set[int] = {top.stat().st_ino}
        self.pending: list[Step] = []
        self._seen: dict[str, Any] = {}
        self._take(top)

    def _take(self, folder: Path) -> None:
        parent = folder.stat().st_ino
        for path in folder.iterdir():
            status = path.lstat()
            self.names[parent, path.name] = status.st_ino
            if stat.S_ISDIR(status.st_mode):
                self.folders.add(status.st_ino)
                self._take(path)
            else:
                self.contents[status.st_ino] = Content(path.read_bytes(), status.st_mtime_ns)

    # --- what is noted ------------------------------------------------------------------------------------

    def before(self, call: Call) -> None:
        """Note what a call is about to change, and keep a file that loses its name."""
        spots = _spots(call)
        self._seen = {"spots": spots, "inodes": [_inode(*spot) for spot in spots]}
        gone = spots[-1] if call.name in {"unlink", "replace", "rename"} else None
        if gone and call.name != "unlink" and self._seen["inodes"][-1] is None:
            gone = None
        if gone and self._below(gone[0]):
            inode = _inode(*gone)
            os.rename(gone[1], self.pool / f"{inode}", src_dir_fd=gone[0])
            if call.name == "unlink":
                os.close(os.open(gone[1], os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600, dir_fd=gone[0]))

    def after(self, call: Call) -> None:
        """Note what a call has changed, and what it has flushed."""
        if call.name == "fsync":
            self._flush(call.args[0])
            return
        spots = self._seen["spots"]
        if not spots or not all(self._below(fd) for fd, _ in spots):
            return
        places = [(os.fstat(fd).st_ino, name) for fd, name in spots]
        was = self._seen["inodes"]
        if call.name in {"mkdir", "open"}:
            inode = _inode(*spots[0])
            if was[0] is None and inode is not None:
                self.folders |= {inode} if call.name == "mkdir" else set()
                self.pending.append(Step(((places[0], inode),)))
        elif call.name in {"unlink", "rmdir"}:
            self.pending.append(Step(((places[0], None),), was[0] if call.name == "rmdir" else 0))
        elif call.name == "link":
            self.pending.append(Step(((places[1], was[0]),)))
        elif call.name == "renameat2" and call.args[4] == 2:
            self.pending.append(Step(((places[0], was[1]), (places[1], was[0]))))
        elif call.name in {"rename", "replace"} or (call.name == "renameat2" and _inode(*spots[0]) != was[0]):
            self.pending.append(Step(((places[0], None), (places[1], was[0]))))

    def _below(self, fd: int) -> bool:
        return os.fstat(fd).st_ino in self.folders

    def _flush(self, fd: int) -> None:
        status = os.fstat(fd)
        if not stat.S_ISDIR(status.st_mode):
            with open(f"/proc/self/fd/{fd}", "rb") as file:
                self.contents[status.st_ino] = Content(file.read(), status.st_mtime_ns)
            return
        flushed = [step for step in self.pending if any(folder == status.st_ino for folder, _ in step.spots)]
        self._settle(self._with_what_comes_before(flushed))

    # --- what comes back ----------------------------------------------------------------------------------

    def _with_what_comes_before(self, wanted: list[Step]) -> list[Step]:
        """Return steps with those that must have happened before them, in their order."""
        chosen: set[int] = set()
        for number in reversed(range(len(self.pending))):
            step = self.pending[number]
            later = [self.pending[each] for each in chosen]
            touched = set().union(*(each.spots for each in later)) if later else set()
            emptied = {each.folder for each in later}
            if (
                any(step is each for each in wanted)
                or step.spots & touched
                or {inode for inode, _ in step.spots} & emptied
            ):
                chosen.add(number)
        return [self.pending[number] for number in sorted(chosen)]

    def _settle(self, steps: list[Step]) -> None:
        for step in steps:
            for spot, inode in step.after:
                if inode is None:
                    self.names.pop(spot, None)
                else:
                    self.names[spot] = inode
        self.pending = [step for step in self.pending if not any(step is each for each in steps)]

    def cut(self, chance: random.Random) -> None:
        """Lay the tree out as it comes back: of what was not flushed any part is there, or none, or all."""
        share = chance.choice((0.0, 0.3, 0.7, 1.0))
        lucky = [step for step in self.pending if chance.random() < share]
        self._settle(self._with_what_comes_before(lucky))
        self._gather(self.top)
        self._lay_out(self.top, self.top.stat().st_ino)

    def _gather(self, folder: Path) -> None:
        for path in list(folder.iterdir()):
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode):
                self._gather(path)
            os.rename(path, self.pool / f"{status.st_ino}")

    def _lay_out(self, folder: Path, inode: int) -> None:
        for (parent, name), child in list(self.names.items()):
            if parent != inode:
                continue
            kept, path = self.pool / f"{child}", folder / name
            if child in self.folders:
                if kept.exists():
                    os.rename(kept, path)
                else:
                    path.mkdir(mode=0o700)
                self._lay_out(path, child)
            else:
                os.rename(kept, path)
                content = self.contents.get(child, Content(b"", 0))
                if path.read_bytes() != content.text:
                    path.write_bytes(content.text)
                    os.utime(path, ns=(content.modified, content.modified))


def _inode(fd: int, name: str) -> int | None:
    try:
        return os.stat(name, dir_fd=fd, follow_symlinks=False).st_ino
    except FileNotFoundError:
        return None


def _spots(call: Call) -> list[tuple[int, str]]:
    """Return the names that a call may change, each with its open folder."""
    name, args, more = call.name, call.args, call.kwargs
    if name in {"mkdir", "unlink", "rmdir"} or (name == "open" and args[1] & os.O_CREAT):
        return [(more["dir_fd"], args[0])] if more.get("dir_fd") is not None else []
    if name in {"rename", "replace", "link"}:
        return [(more["src_dir_fd"], args[0]), (more["dst_dir_fd"], args[1])]
    if name == "renameat2":
        return [(args[0], os.fsdecode(args[1])), (args[2], os.fsdecode(args[3]))]
    return []
