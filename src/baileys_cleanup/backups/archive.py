"""An archive: a gzipped tar with its manifest first, written from a snapshot and read with distrust.

What is read is bounded by what the manifest promised, member by member; nothing is ever unpacked by path. The same
reading decides whether an archive that was just written is good, so what a backup keeps can be restored.
"""

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, NamedTuple, cast

from baileys_cleanup.backups import manifest as manifests
from baileys_cleanup.backups.manifest import Manifest, read_manifest, write_manifest
from baileys_cleanup.decision.account import Account, read_account
from baileys_cleanup.decision.names import COMPANY_PREFIX, CREDS_LIMIT, CREDS_NAME
from baileys_cleanup.decision.pairing import is_same
from baileys_cleanup.decision.policy import SECOND
from baileys_cleanup.errors import ArchiveProblem, CredsUnreadable
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.snapshots import CHUNK, Entry, Snapshot

_BLOCK = tarfile.BLOCKSIZE
_HEADERS = 16 * _BLOCK
"""Bytes that a member's headers may take: a name of 255 bytes and a date need six blocks."""
_MOST_AT_ONCE = CHUNK
_FREE = 64 * CHUNK
_MOST_AIR = 200
"""Unpacked bytes per packed byte, above the first `_FREE`: key files stay below 10, a bomb is near 1,000."""
_BROKEN = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, OverflowError, RecursionError)


def write_archive(out: BinaryIO, manifest: Manifest, shot: Snapshot) -> None:
    """Write an archive. Raises OSError where it cannot be written."""
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=out, mtime=0) as packed,
        tarfile.TarFile(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as tar,
    ):
        data = write_manifest(manifest)
        newest = max((entry.modified for entry in manifest.files), default=0)
        tar.addfile(_member(manifests.NAME, len(data), newest), io.BytesIO(data))
        for entry in manifest.files:
            member = _member(f"{COMPANY_PREFIX}{manifest.company_id}/{entry.name}", entry.size, entry.modified)
            shot.contents.seek(shot.files[entry.name].offset)
            tar.addfile(member, shot.contents)
            tar.members.clear()  # type: ignore[attr-defined] # it would remember every one


def _member(name: str, size: int, modified: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o600
    member.mtime = modified // SECOND
    seconds, rest = divmod(abs(modified), SECOND)
    member.pax_headers = {"mtime": f"{'-' if modified < 0 else ''}{seconds}.{rest:09}"}
    return member


class Archive:
    """An archive that is being read, once, from its beginning."""

    def __init__(self, tar: tarfile.TarFile, stream: "_Bounded", manifest: Manifest) -> None:
        self.manifest = manifest
        self._tar = tar
        self._stream = stream

    def files(self) -> Iterator[tuple[Entry, Iterator[bytes]]]:
        """Give each file with its bytes. Raises ArchiveProblem at whatever is not as the manifest says.

        The bytes of one file have to be taken before the next file is; they are all checked, taken or not.
        """
        with _sound():
            folder = f"{COMPANY_PREFIX}{self.manifest.company_id}/"
            for entry in self.manifest.files:
                member = _next(self._tar)
                if member is None:
                    raise ArchiveProblem(f"it ends before {shown(entry.name)}")
                _check_member(member, folder + entry.name, entry.size)
                content = self._content(entry)
                yield entry, content
                for _ in content:
                    pass
            extra = _next(self._tar)
            if extra is not None:
                raise ArchiveProblem(f"it holds {shown(extra.name)[:80]}, of which its manifest says nothing")
            self._stream.check_end()

    def _content(self, entry: Entry) -> Iterator[bytes]:
        digest = hashlib.sha256()
        left = entry.size
        with _sound():
            for part in self._stream.parts(entry.size):
                left -= len(part)
                digest.update(part)
                yield part
        if left:
            raise ArchiveProblem(f"it ends within {shown(entry.name)}")
        if digest.hexdigest() != entry.sha256:
            raise ArchiveProblem(f"{shown(entry.name)} is not what was backed up: its SHA-256 is another")


@contextmanager
def open_archive(file: BinaryIO) -> Iterator[Archive]:
    """Open an archive and read its manifest. Raises ArchiveProblem where that cannot be trusted.

    Raises OSError where the file itself cannot be read.
    """
    with ExitStack() as stack:
        with _sound():
            archive = _open(file, stack)
        yield archive


def _open(file: BinaryIO, stack: ExitStack) -> Archive:
    file.seek(0)
    packed = stack.enter_context(gzip.GzipFile(fileobj=file, mode="rb"))
    stream = _Bounded(packed, file, _HEADERS + manifests.MOST_MANIFEST)
    forwards = cast("BinaryIO", stream)
    tar = stack.enter_context(tarfile.TarFile(fileobj=forwards, mode="r", encoding="utf-8", errors="surrogateescape"))
    member = _next(tar)
    if member is None or member.size > manifests.MOST_MANIFEST:
        raise ArchiveProblem("it has no manifest")
    _check_member(member, manifests.NAME, member.size)
    manifest = read_manifest(b"".join(stream.parts(member.size)))
    stream.allow(manifest.size + len(manifest.files) * (_HEADERS + _BLOCK) + _HEADERS + tarfile.RECORDSIZE)
    return Archive(tar, stream, manifest)


class CheckedArchive(NamedTuple):
    """An archive that was read to its end: what it holds, and whose account."""

    manifest: Manifest
    account: Account


def check_archive(file: BinaryIO) -> CheckedArchive:
    """Read an archive to its end. Raises ArchiveProblem where anything is wrong with it, or it holds no creds.json."""
    account: Account | None = None
    with open_archive(file) as archive:
        for entry, content in archive.files():
            if entry.name == CREDS_NAME and entry.size <= CREDS_LIMIT:
                try:
                    account = read_account(b"".join(content))
                except CredsUnreadable as problem:
                    raise ArchiveProblem(f"its creds.json {problem}") from None
        if account is None:
            raise ArchiveProblem("it has no creds.json that can be one")
        if is_same(archive.manifest.pairing, account.pairing) is False:
            raise ArchiveProblem("its manifest names another pairing than its creds.json")
        return CheckedArchive(archive.manifest, account)


def _next(tar: tarfile.TarFile) -> tarfile.TarInfo | None:
    member = tar.next()
    tar.members.clear()  # type: ignore[attr-defined] # it would remember every one
    return member


def _check_member(member: tarfile.TarInfo, name: str, size: int) -> None:
    if member.name != name:
        raise ArchiveProblem(f"it holds {shown(member.name)[:80]} where {shown(name)} has to be")
    if member.type != tarfile.REGTYPE or member.issparse():
        raise ArchiveProblem(f"{shown(name)} is no plain file in it")
    if member.size != size:
        raise ArchiveProblem(f"{shown(name)} has {member.size:,} bytes in it, and its manifest says {size:,}")


@contextmanager
def _sound() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise ArchiveProblem(f"it is cut short or damaged ({str(error)[:80] or type(error).__name__})") from None


class _Bounded:
    """The unpacked stream, forwards only; it refuses to become more than was promised."""

    def __init__(self, packed: gzip.GzipFile, raw: BinaryIO, limit: int) -> None:
        self._packed = packed
        self._raw = raw
        self._limit = limit
        self._at = 0
        self._last = b""

    def read(self, size: int = -1) -> bytes:
        """Read that many bytes, or fewer at the end."""
        if not 0 <= size <= _MOST_AT_ONCE:
            raise ArchiveProblem("one of its headers is too large to be one")
        self._last = self._packed.read(size)
        self._at += len(self._last)
        if self._at > self._limit:
            raise ArchiveProblem("it holds more than its manifest says")
        if self._at > _FREE and self._at > _MOST_AIR * self._raw.tell():
            raise ArchiveProblem(f"it unpacks to more than {_MOST_AIR} times its size: that is no backup")
        return self._last

    def parts(self, size: int) -> Iterator[bytes]:
        """Give so many bytes, part by part; fewer where the stream ends before."""
        end = self._at + size
        while self._at < end and (part := self.read(min(_MOST_AT_ONCE, end - self._at))):
            yield part

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self._at

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        """Read on to a position."""
        if whence != os.SEEK_SET or position < self._at:
            raise ArchiveProblem("it can only be read forwards")
        while self._at < position and self.read(min(_MOST_AT_ONCE, position - self._at)):
            pass
        return self._at

    def allow(self, more: int) -> None:
        """Set the limit to so many bytes from here on."""
        self._limit = self._at + more

    def check_end(self) -> None:
        """Raise ArchiveProblem where anything but zeros follows; reading to the end also checks gzip's own sum."""
        while True:
            if self._last.strip(b"\0"):
                raise ArchiveProblem("something follows its end")
            if not self.read(_MOST_AT_ONCE):
                return
