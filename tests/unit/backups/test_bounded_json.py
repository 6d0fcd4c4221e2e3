"""`bounded_json`: somebody else's JSON never takes many times its size in memory."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as some

from baileys_cleanup.backups.bounded_json import ListedObject
from baileys_cleanup.backups.manifest import read_manifest
from baileys_cleanup.errors import ArchiveProblem

from .helpers import FILES, json_of, manifest

PLAIN = some.none() | some.booleans() | some.integers() | some.text()
VALUES = some.recursive(PLAIN, lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner), max_leaves=8)
MIB = 1024**2


def read(data, longest=10_000):
    """Give the plain values and the entries of an object."""
    found = ListedObject(data, "files", longest)
    return list(found.entries()), found.values


@given(some.dictionaries(some.text(), PLAIN), some.lists(VALUES), some.sampled_from([None, 0, 3]))
def test_it_reads_what_json_reads(head, entries, indent):
    """Whatever is plain values and one list comes back as it was, however it was laid out."""
    head.pop("files", None)
    assert (entries, head) == read(json.dumps(head | {"files": entries}, indent=indent).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"files": []',
        b'{"files": [] "x": 1}',
        b'{"files": [1 2]}',
        b'{"files": [,]}',
        b'{"files": [1,]}',
        b'{"files": []}x',
        b'{"files": [], "files": []}',
        b'{"a": 1, "a": 2, "files": []}',
        b'{"a": [], "files": []}',
        b'{"a": {}, "files": []}',
        b'{1: 1, "files": []}',
        b'{"files": {}}',
        b'{"files": [' + b"[" * 5000 + b"]}",
        b'{"files": ["' + b"x" * 20_000 + b'"]}',
        b'{"\xff": 1}',
    ],
)
def test_what_is_no_such_object_is_refused(data):
    """Cut short, doubled, nested where a plain value has to be, too long, or no UTF-8."""
    with pytest.raises(ValueError):
        read(data)


@pytest.mark.parametrize("filling", [b"[],", b"{},", b"0,", b"null,", b'"",', b'{"a":{}},'])
@pytest.mark.parametrize("where", [b'{"files":[%s0]}', b'{"x":[%s0],"files":[]}', b'{"files":[{"name":[%s0]}]}'])
def test_a_hostile_manifest_takes_no_multiple_of_its_size(filling, where):
    """Eight megabytes of brackets would be hundreds as objects; here the peak stays at a few times the bytes."""
    data = where % (filling * (8 * MIB // len(filling)))
    tracemalloc.start()
    with pytest.raises(ArchiveProblem):
        read_manifest(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * len(data)


def test_a_manifest_of_many_files_stays_in_bounds():
    """What a backup writes of 5,000 files takes at most four times its own size."""
    files = {f"session-{number}.0.json": b"{}" for number in range(5_000)}
    data = json_of(
        {
            "schema_version": 1,
            "company_id": "1",
            "created": "x",
            "tool": "t",
            "paired": True,
            "files": [entry._asdict() for entry in manifest(files or FILES).files],
        }
    )
    tracemalloc.start()
    found = read_manifest(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found.files) == len(files)
    assert peak < 4 * len(data)
