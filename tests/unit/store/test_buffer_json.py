"""Values as files have them: bytes in base64, whatever the store made of them."""

import json

import pytest

from baileys_cleanup.store.buffer_json import as_in_files, as_listed, is_same_json

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


def test_half_a_pair_of_surrogates_stays_an_escape():
    """As of a name that was cut in the middle of an emoji: it cannot be written in any other way."""
    half = b'{"name":"\\ud83d","key":{"type":"Buffer","data":"AQL/"}}'
    assert b'"\\ud83d"' in as_listed(half)
    assert half == as_in_files(as_listed(half))


@pytest.mark.parametrize("value", [b'{"0":' * 800 + b"1" + b"}" * 800, b'{"type":"Buffer","data":"abc"}'])
def test_what_cannot_be_written_anew_stays(value):
    """Deeper than anybody can go; bytes that are no base64."""
    assert value == as_in_files(value) == as_listed(value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b'{"a":1,"b":[2]}', b'{ "b": [2], "a": 1 }', True),
        (b'{"a":1}', b'{"a":2}', False),
        (b'{"a":1}', b'{"b":1}', False),
        (b'{"a":[1,{"b":2}]}', b'{"a":[1.0,{"b":2e0}]}', True),
        (b'{"a":[true]}', b'{"a":[1]}', False),
        (b'{"a":0.0}', b'{"a":false}', False),
        (b"[true, false]", b"[true,false]", True),
        (b"[1]", b"[1,1]", False),
        (b"{}", b"[]", False),
        (b'"1"', b"1", False),
        (b"no json", b"no json", False),
        (b"[" * 100_000, b"[" * 100_000, False),
    ],
)
def test_two_values_are_the_same_json_however_each_is_written(one, other, same):
    """What cannot be read is the same as nothing: nobody can tell."""
    assert is_same_json(one, other) is same
