"""Values as the library's files have them: JSON in which bytes are base64 (`BufferJSON`, `src/Utils/generics.ts`).

Some stores write bytes as lists of numbers, or a Uint8Array as an object of numbered bytes, which the library reads
back as what it is not. Pure.
"""

import base64
import json
from typing import Any

_LISTED = b'"data":['
_NUMBERED = b'"0":'


def as_in_files(value: bytes) -> bytes:
    """Return a value as a file would have it: the very bytes where its bytes are base64, or it is no JSON."""
    dense = value.replace(b" ", b"")
    if _LISTED not in dense and _NUMBERED not in dense:
        return value
    try:
        read = json.loads(value)
        written = _rewritten(read)
        return value if written == read else _text(written)
    except (ValueError, RecursionError):
        return value


def _text(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Return a value as `JSON.stringify` writes it, in which half a pair of surrogates stays the escape that it was."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "backslashreplace")


def _rewritten(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        return [_rewritten(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"type", "data"} and value["type"] == "Buffer" and _are_bytes(value["data"]):
        return _buffer(value["data"])
    if value and list(value) == [str(number) for number in range(len(value))] and _are_bytes(list(value.values())):
        return _buffer(list(value.values()))
    return {key: _rewritten(each) for key, each in value.items()}


def _are_bytes(value: object) -> bool:
    most = 255
    return isinstance(value, list) and all(type(each) is int and 0 <= each <= most for each in value)


def _buffer(numbers: list[int]) -> dict[str, str]:
    return {"type": "Buffer", "data": base64.b64encode(bytes(numbers)).decode("ascii")}


def is_same_json(one: bytes, other: bytes) -> bool:
    """Tell whether two values are the same JSON, however each is written; what is no JSON is the same as nothing.

    JavaScript has one type of numbers, so 1 is 1.0; Python alone takes `true` for 1.
    """
    try:
        return _is_same(json.loads(one), json.loads(other))
    except (ValueError, RecursionError):
        return False


def _is_same(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON value
    pairs = [(one, other)]
    while pairs:
        left, right = pairs.pop()
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            pairs += [(each, right[key]) for key, each in left.items()]
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            pairs += zip(left, right, strict=True)
        elif isinstance(left, bool) is not isinstance(right, bool) or left != right:
            return False
    return True


def as_listed(value: bytes) -> bytes:
    """Return a value with its bytes as lists of numbers, as `JSON.stringify` of Node writes a Buffer."""
    try:
        return _text(_listed(json.loads(value)))
    except (ValueError, RecursionError):
        return value


def _listed(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        return [_listed(each) for each in value]
    if not isinstance(value, dict):
        return value
    data = value.get("data")
    if value.keys() == {"type", "data"} and value["type"] == "Buffer" and isinstance(data, str):
        return {"type": "Buffer", "data": list(base64.b64decode(data))}
    return {key: _listed(each) for key, each in value.items()}
