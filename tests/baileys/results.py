"""What the lab found, as a file that is committed: `results.json`, one removal in one version per line.

Only what comes out the same in every run is in it: how many files went, which lines of the conversation needed
a retry or were lost and for how many devices, and, where nothing was felt, how many pre-keys the library made.
"""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results.json"

Key = tuple[str, str, bool]
"""Case, version, and whether the app has `getMessage`."""


def record(outcome: Any) -> dict[str, Any]:
    """One outcome of `lab.Outcome` as a line of the file."""
    ended = {word: Counter(line["step"] for line in outcome.lines if line["outcome"] == word) for word in WORDS}
    return {
        "case": outcome.case,
        "version": outcome.version,
        "get_message": outcome.get_message,
        "removed": len(outcome.removed),
        "deliveries": len(outcome.lines),
        **{word: dict(ended[word]) for word in WORDS},
        "made": 0 if any(ended.values()) else outcome.minted,
    }


WORDS = ("retry", "lost")


def records(outcomes: Iterable[Any]) -> list[dict[str, Any]]:
    """All of them in the order of the file."""
    return sorted(map(record, outcomes), key=key)


def key(one: dict[str, Any]) -> Key:
    """What a record is about."""
    return one["case"], one["version"], one["get_message"]


def read() -> dict[Key, dict[str, Any]]:
    """The committed results."""
    return {key(one): one for one in json.loads(RESULTS.read_text(encoding="utf-8"))}


def write(found: Iterable[dict[str, Any]]) -> None:
    """Write the file anew."""
    lines = ",\n".join(json.dumps(one) for one in found)
    RESULTS.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def is_news(outcome: Any) -> bool:
    """Tell whether an outcome is unlike the committed one."""
    found = record(outcome)
    return read().get(key(found)) != found
