"""The manifest: what an archive says it holds. It comes first, so that a reader knows every limit before it reads.

Pure. A manifest is JSON; names that are not UTF-8 stand in it as Python's lone surrogates, escaped.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from baileys_cleanup.backups.bounded_json import ListedObject
from baileys_cleanup.decision.names import kind_of
from baileys_cleanup.decision.pairing import Pairing
from baileys_cleanup.errors import ArchiveProblem
from baileys_cleanup.store.snapshots import MOST_BYTES, MOST_FILES, Entry, is_bare

NAME = "manifest.json"
VERSION = 1
MOST_MANIFEST = 64 * 1024**2
"""Bytes. A company of 200,000 files is below that."""
_LONGEST_ENTRY = 4096
"""Letters of one file's entry: a name of 255 bytes, each of them escaped, and a hash."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DATES = 1 << 63


class Manifest(NamedTuple):
    """What an archive holds. `paired` tells whether its `creds.json` names an account; `created` is a UTC time.

    `pairing` is the one that its `creds.json` tells, None where that tells none or the archive is older than this note.
    """

    company_id: str
    created: str
    tool: str
    paired: bool
    files: Sequence[Entry]
    pairing: Pairing | None = None

    @property
    def size(self) -> int:
        """The bytes of all files together."""
        return sum(entry.size for entry in self.files)


def write_manifest(manifest: Manifest) -> bytes:
    """Return the bytes of a manifest."""
    document = {
        "schema_version": VERSION,
        "company_id": manifest.company_id,
        "created": manifest.created,
        "tool": manifest.tool,
        "paired": manifest.paired,
        "pairing": None if manifest.pairing is None else str(manifest.pairing),
        "files": [entry._asdict() for entry in manifest.files],
    }
    return json.dumps(document, indent=0).encode("ascii")


def content_hash(files: Iterable[Entry], pairing: Pairing | None, readers: Sequence[str]) -> str:
    """Return what tells whether two archives hold the same for the same `readers`, whenever they were made."""
    entries = sorted([entry.name, entry.size, entry.sha256, entry.modified] for entry in files)
    document = json.dumps([None if pairing is None else str(pairing), sorted(readers), entries])
    return hashlib.sha256(document.encode("ascii")).hexdigest()


def read_manifest(data: bytes) -> Manifest:
    """Return the manifest that these bytes are. Raises ArchiveProblem where they are none that may be followed.

    What it takes in memory is bounded by its size: it may come from anybody.
    """
    files: list[Entry] = []
    names: set[str] = set()
    try:
        document = ListedObject(data, "files", _LONGEST_ENTRY)
        for file in document.entries():
            files.append(_entry(file))
            names.add(files[-1].name)
            if len(files) > MOST_FILES:
                raise ArchiveProblem(f"its manifest lists more than {MOST_FILES:,} files")
    except ValueError:
        raise ArchiveProblem("its manifest is not valid JSON, or no manifest") from None
    head = document.values
    version = head.get("schema_version")
    if version != VERSION:
        raise ArchiveProblem(f"its manifest has schema_version {version!r:.20}; this baileys-cleanup knows {VERSION}")
    manifest = Manifest(
        company_id=_text(head, "company_id"),
        created=_text(head, "created"),
        tool=_text(head, "tool"),
        paired=head.get("paired") is True,
        files=files,
        pairing=Pairing.read(head.get("pairing")),
    )
    if not is_bare(manifest.company_id):
        raise ArchiveProblem("its manifest names no company")
    if len(names) < len(files):
        raise ArchiveProblem("its manifest names a file twice")
    if manifest.size > MOST_BYTES:
        raise ArchiveProblem(f"its manifest promises more than {MOST_BYTES // 1024**3} GiB")
    return manifest


def _text(document: dict[str, Any], key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str):
        raise ArchiveProblem(f"its manifest has no {key}")
    return value


def _entry(file: Any) -> Entry:  # noqa: ANN401 - any JSON value
    match file:
        case {"name": str(name), "size": int(size), "sha256": str(sha256), "modified": int(modified)}:
            sound = size >= 0 and _SHA256.fullmatch(sha256) and -_DATES <= modified < _DATES
            if sound and is_bare(name) and not {type(size), type(modified)} & {bool}:
                return Entry(name, kind_of(name), size, sha256, modified)
    raise ArchiveProblem("its manifest lists a file that no backup could have put there")
