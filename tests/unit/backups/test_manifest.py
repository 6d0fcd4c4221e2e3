"""`manifest`: what an archive says it holds is followed only where a backup could have written it."""

import json

import pytest

from baileys_cleanup.backups.manifest import MOST_BYTES, is_bare, read_manifest, write_manifest
from baileys_cleanup.decision.pairing import Pairing
from baileys_cleanup.errors import ArchiveProblem

from .helpers import FILES, json_of, manifest

FILE = {"name": "a", "kind": "unknown", "size": 1, "sha256": "0" * 64, "modified": 0}
SOUND = {"schema_version": 1, "company_id": "1", "created": "x", "tool": "t", "paired": True, "files": [FILE]}


def test_a_manifest_comes_back_as_it_was():
    """Names with bytes that are not UTF-8, sizes, hashes and dates survive the round trip."""
    assert manifest() == read_manifest(write_manifest(manifest()))
    assert sum(map(len, FILES.values())) == manifest().size


def test_the_kind_is_what_the_name_says():
    """A manifest that lies about a kind is not believed."""
    data = json_of(SOUND | {"files": [FILE | {"name": "creds.json", "kind": "session"}]})
    assert "creds" == read_manifest(data).files[0].kind


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"schema_version": None},
        {"files": None},
        {"files": {}},
        {"files": [FILE, FILE]},
        {"files": [FILE | {"size": MOST_BYTES + 1}]},
        {"company_id": ".."},
        {"company_id": "a/b"},
        {"company_id": ""},
        {"company_id": 7},
        {"created": None},
        {"tool": None},
    ],
)
def test_a_wrong_head_is_refused(change):
    """Another version, no files, a file twice, too much, or no company: not followed."""
    assert read_manifest(json_of(SOUND))
    with pytest.raises(ArchiveProblem, match="its manifest"):
        read_manifest(json_of(SOUND | change))


@pytest.mark.parametrize(
    "change",
    [
        {"name": name}
        for name in ("", ".", "..", "a/b", "/etc/passwd", "../creds.json", "a\0b", "x" * 256, "\ud800", 7, None)
    ]
    + [{"size": size} for size in (-1, True, 1.5, "1", None)]
    + [{"sha256": digest} for digest in ("", "0" * 63, "0" * 65, "G" * 64, "A" * 64, 7, None)]
    + [{"modified": modified} for modified in (True, 1.5, "1", None, 1 << 63, -(1 << 63) - 1)],
)
def test_a_wrong_file_is_refused(change):
    """A name that leaves the folder, a size, hash or date that is none: not followed."""
    with pytest.raises(ArchiveProblem, match="no backup could have put there"):
        read_manifest(json_of(SOUND | {"files": [FILE | change]}))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(data):
    """Cut short, another type, or nested without end."""
    with pytest.raises(ArchiveProblem):
        read_manifest(data)


def test_a_bare_name_stays_in_its_folder():
    """Control characters and bytes that are not UTF-8 may be in a name; what leads elsewhere may not."""
    assert all(map(is_bare, ["a", "a\nb", "\udcff", "..."]))
    assert not any(map(is_bare, ["..", ".", "", "a/..", "\0"]))


def test_the_pairing_is_noted_and_an_older_manifest_has_none():
    """What was written is read; without a note, or with one that is none, the pairing is not known."""
    noted = manifest(pairing=Pairing("15550000001", 7, "0" * 16))
    assert noted.pairing == read_manifest(write_manifest(noted)).pairing
    document = json.loads(write_manifest(noted))
    for without in ({"pairing": "nobody"}, {"pairing": 7}, {"pairing": None}):
        assert read_manifest(json.dumps(document | without).encode()).pairing is None
    del document["pairing"]
    assert read_manifest(json.dumps(document).encode()).pairing is None
