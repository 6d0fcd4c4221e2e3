"""Values as files have them: bytes in base64, whatever the store made of them."""

import json

import pytest

from baileys_cleanup.store.buffer_json import as_in_files, as_listed

BUFFER = {"type": "Buffer", "data": "AQL/"}


@pytest.mark.parametrize(
    "stored",
    [
        {"key": {"type": "Buffer", "data": [1, 2, 255]}},
        {"key": {"0": 1, "1": 2, "2": 255}},
    ],
)
def test_listed_bytes_become_base64(stored):
    """A Buffer as a list, and a Uint8Array as an object of numbered bytes."""
    assert {"key": BUFFER} == json.loads(as_in_files(json.dumps(stored).encode()))


@pytest.mark.parametrize(
    "value",
    [
        b'{ "a" : 1}',
        b'{"chains":{"0":"AQ=="}}',
        b'{"0":300}',
        b"no json",
        b'{"data":[1,2]}',
        json.dumps(BUFFER).encode(),
    ],
)
def test_anything_else_keeps_its_very_bytes(value):
    """What is not certainly bytes is not touched, not even its spaces."""
    assert value == as_in_files(value)


def test_the_way_back_gives_the_same():
    """As Node's own JSON has a Buffer, and as files have it."""
    value = json.dumps({"a": [BUFFER], "b": None}, separators=(",", ":")).encode()
    assert {"a": [{"type": "Buffer", "data": [1, 2, 255]}], "b": None} == json.loads(as_listed(value))
    assert value == as_in_files(as_listed(value))
