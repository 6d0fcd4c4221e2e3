"""Snapshots and archives that several tests need, good and hostile."""

import contextlib
import gzip
import hashlib
import io
import json
import tarfile

from baileys_cleanup.backups.archive import write_archive
from baileys_cleanup.backups.manifest import Entry, Manifest, write_manifest
from baileys_cleanup.backups.snapshot import Snapshot, Source
from baileys_cleanup.decision.names import kind_of
from baileys_cleanup.settings.values import Backup
from baileys_cleanup.store.folder.company import Stamp

from ..helpers import NOW, creds

COMPANY = "962302"
ODD = "odd\nname \udcff ü.bak"
FILES = {"creds.json": creds(), "session-15550000002.0.json": b'{"s":1}', "pre-key-7.json": b"{}", ODD: b"\0\1"}
MODIFIED = NOW - 123_456_789


def entry(name, content=b"{}", modified=MODIFIED):
    """Give the entry of a file."""
    return Entry(name, kind_of(name), len(content), hashlib.sha256(content).hexdigest(), modified)


def manifest(files=FILES, company_id=COMPANY, **more):
    """Give the manifest of some files."""
    entries = [entry(name, content) for name, content in files.items()]
    return Manifest(company_id, "2026-11-22T03:00:00Z", "baileys-cleanup 0", True, entries)._replace(**more)


def archive(files=FILES, company_id=COMPANY, **more):
    """Give the bytes of an archive that the tool wrote."""
    whole = manifest(files, company_id, **more)
    contents = io.BytesIO(b"".join(files.values()))
    shot = Snapshot(contents)
    at = 0
    for each in whole.files:
        shot.files[each.name] = Source(each, Stamp(1, 1, each.size, each.modified), at, whole=True)
        at += each.size
    out = io.BytesIO()
    write_archive(out, whole, shot)
    return out.getvalue()


def hostile(members, listed=FILES, *, compress=True, company_id=COMPANY, tail=b""):
    """Give an archive whose members are whatever was asked for: (name, content) pairs or whole headers."""
    raw = io.BytesIO()
    with tarfile.TarFile(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as tar:
        head = write_manifest(manifest(listed, company_id)) if isinstance(listed, dict) else listed
        if head is not None:
            add(tar, "manifest.json", head)
        for member, content in members:
            if isinstance(member, str):
                add(tar, member, content)
            else:
                tar.addfile(member, io.BytesIO(content))
    data = raw.getvalue() + tail
    return gzip.compress(data) if compress else data


def add(tar, name, content):
    """Add a plain file."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def as_archived(files=FILES):
    """Give the members that belong to the files."""
    return [(f"company_{COMPANY}/{name}", content) for name, content in files.items()]


class Drawer:
    """A store in memory. `broken` is raised by what it names."""

    where = "drawer"

    def __init__(self):
        self.lying = {}
        self.broken = {}
        self.fetched = []

    def _fail(self, what):
        if what in self.broken:
            raise self.broken[what]

    def list(self):
        """List what lies there."""
        from baileys_cleanup.backups.places.place import Stored

        self._fail("list")
        return sorted(Stored(name, len(data)) for name, data in self.lying.items())

    @contextlib.contextmanager
    def fetch(self, name):
        """Give one."""
        self._fail("fetch")
        self.fetched.append(name)
        yield io.BytesIO(self.lying[name])

    @contextlib.contextmanager
    def draft(self):
        """Begin one."""
        self._fail("draft")
        yield _Draft(self)

    def delete(self, name):
        """Delete one."""
        self._fail("delete")
        self.lying.pop(name, None)


class _Draft:
    def __init__(self, drawer):
        self.file = io.BytesIO()
        self._drawer = drawer

    def publish(self, name):
        """Let it take its name."""
        from baileys_cleanup.backups.places.place import Stored

        self._drawer._fail("publish")
        assert name not in self._drawer.lying
        self._drawer.lying[name] = self.file.getvalue()
        return Stored(name, len(self.file.getvalue()))


KEEP = Backup(keep_last=1, keep_daily=0, keep_weekly=0)


def json_of(document):
    """Give JSON bytes."""
    return json.dumps(document).encode()
