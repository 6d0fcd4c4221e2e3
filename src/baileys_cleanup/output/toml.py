"""Values as a settings file would have them. Pure; `json` is imported when a text is written."""

import re
from collections.abc import Mapping
from datetime import date, time

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_GLOB = re.compile(r"[*?[]")
_NO_CHARACTER = re.compile(r"[\ud800-\udfff]")
"""What stands for a byte that is no text, which no file of TOML holds."""


def as_toml(value: object) -> str:
    """Return a value as a settings file would have it; what is not set cannot be written, and is none."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key_as_toml(key)} = {as_toml(each)}' for key, each in value.items())}}}"
    if isinstance(value, date | time):
        return value.isoformat()
    return _text(value) if isinstance(value, str) else str(value)


def key_as_toml(key: str) -> str:
    """Return one part of a key: what is no plain word stands in quotes."""
    return key if _BARE.fullmatch(key) else _text(key)


def pattern_as_toml(name: str) -> str:
    """Return the glob pattern that fits a name, as a settings file would have it; `?` fits what none can hold."""
    return _text(_NO_CHARACTER.sub("?", _GLOB.sub(r"[\g<0>]", name)))


def _text(text: str) -> str:
    import json  # noqa: PLC0415 - only where a text is written

    written = json.dumps(text, ensure_ascii=False)  # what JSON escapes TOML writes the same way
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in written)
