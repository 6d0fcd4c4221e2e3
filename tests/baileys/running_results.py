"""What came of bots that ran while they were cleaned, as a file that is committed: `running.json`.

One moment of one bot per line: how many files each cleaning took, and which lines of the conversation needed a retry,
were lost, or were never sent because the library threw, and for how many devices.

Where everybody talks while the tool is at work, it is chance which file goes before its next use. There the file has
what is promised: only messages to the bot may need a retry, or be lost where nobody keeps what he sent, so all of them
are counted; what goes beyond that is counted as it was found. How many files went is left out.
"""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from authfolder import BOT
from lives import CLEANINGS, Life
from results import WORDS

RUNNING = Path(__file__).resolve().parent / "running.json"
BY_CHANCE = "busy"

Key = tuple[str, str, str, bool, str]
"""Version, store, cleaning, whether the apps have `getMessage`, moment."""

COSTLY = {cleaning.name for cleaning in CLEANINGS if cleaning.costs_retries}


def record(life: Life, moment: str) -> dict[str, Any]:
    """One moment of a life as a line of the file."""
    lines = life.lines(moment)
    by_chance = moment == BY_CHANCE
    ended = {word: Counter(line["step"] for line in lines if line["outcome"] == word) for word in WORDS}
    if by_chance and life.cleaning in COSTLY:
        ended = promised(life, ended)
    thrown = Counter(line["failure"] for line in lines if line.get("failure"))
    return {
        "version": life.version,
        "store": life.store,
        "cleaning": life.cleaning,
        "get_message": life.get_message,
        "moment": moment,
        "removed": None if by_chance else [len(gone) for gone in life.gone[moment]],
        "deliveries": len(lines),
        **{word: dict(sorted(ended[word].items())) for word in WORDS},
        "thrown": dict(sorted(thrown.items())),
    }


def promised(life: Life, found: dict[str, Counter[str]]) -> dict[str, Counter[str]]:
    """What may come of messages that meet a cleaning: all to the bot retried or lost, and whatever was found beside."""
    to_bot = Counter(line["step"] for line in life.lines(BY_CHANCE) if line["device"] == BOT)
    if life.get_message:
        return {"retry": found["retry"] | to_bot, "lost": found["lost"]}
    beside = Counter({step: count for step, count in found["retry"].items() if step not in to_bot})
    return {"retry": beside, "lost": found["lost"] | to_bot}


def records(lives: Iterable[Life]) -> list[dict[str, Any]]:
    """All of them in the order of the file."""
    return sorted((record(life, moment) for life in lives for moment in life.told["moments"]), key=key)


def key(one: dict[str, Any]) -> Key:
    """What a record is about."""
    return one["version"], one["store"], one["cleaning"], one["get_message"], one["moment"]


def read() -> dict[Key, dict[str, Any]]:
    """The committed results."""
    return {key(one): one for one in json.loads(RUNNING.read_text(encoding="utf-8"))}


def write(found: Iterable[dict[str, Any]]) -> None:
    """Write the file anew."""
    lines = ",\n".join(json.dumps(one) for one in found)
    RUNNING.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def news(life: Life) -> set[str]:
    """The moments of a life that ended unlike the committed ones."""
    committed = read()
    found = {moment: record(life, moment) for moment in life.told["moments"]}
    return {moment for moment, one in found.items() if committed.get(key(one)) != one}
