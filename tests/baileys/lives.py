"""Bots that run while they are cleaned: the values. Who is cleaned how and when, and how a bot fared.

`running.py` is what runs them.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from authfolder import AuthFolder
from lab import run_tool
from policies import OLDER_THAN_EVERY_LIMIT

IN_FILES = ("cached", "bare")
"""How the bot's app hands its keys to the library: inside `makeCacheableSignalKeyStore`, or as they come."""

STORES = (*IN_FILES, "database")
"""Where the keys lie, too: in files, or in PostgreSQL with a Redis in front, from where they are handed as they come."""

MOMENTS = {
    "started": "just started",
    "used": "everything just used",
    "in_flight": "a message to a group on its way",
    "in_flight_later": "the same, the night after",
    "failed_send": "a message to a group failed",
    "failed_send_later": "the same, the night after",
    "failed_send_twice": "the same, two runs in one minute",
    "busy": "messages in all directions meanwhile",
}
"""When the cleaning comes, in the order in which one bot lives through them."""

WINDOWS = ("in_flight", "failed_send")
"""The two moments at which the library knows who has a group's key, and has not read the key yet."""


class Home(Protocol):
    """Where the keys of a bot lie while it runs, as a cleaning finds them."""

    def age(self) -> None:
        """Make all of them older than every limit."""

    def clean(self, preset: str, hours: int) -> list[str]:
        """Run the real tool with a preset, so many hours from now. Return what went."""


@dataclass(frozen=True)
class FolderHome:
    """A company's folder under a sessions root."""

    root: Path
    folder: AuthFolder

    def age(self) -> None:
        """Date every file back; what the bot has in its cache stays as it is."""
        self.folder.age(OLDER_THAN_EVERY_LIMIT)

    def clean(self, preset: str, hours: int) -> list[str]:
        """Run the real tool with a preset, so many hours from now. Return what went."""
        summary = run_tool(self.root, "--preset", preset, "--verbose", hours_later=hours)
        (company,) = summary["companies"]
        return sorted(one["file"] for one in company["removals"])


Clean = Callable[[Home, int], list[str]]
"""Cleans where the keys lie, so many hours from now. Returns what went."""


def nothing(home: Home, hours: int) -> list[str]:
    return []


def by_hand(home: Home, hours: int) -> list[str]:
    """What a `find -delete` by age takes of a group: memory and own key at once."""
    assert isinstance(home, FolderHome)
    return home.folder.remove([*home.folder.memories(), *home.folder.sender_keys(own=True)])


def by_tool(preset: str) -> Clean:
    """The real tool with a preset."""
    return lambda home, hours: home.clean(preset, hours)


@dataclass(frozen=True)
class Cleaning:
    """One way to clean, and the moments it is tried at."""

    name: str
    title: str
    clean: Clean
    moments: tuple[str, ...] = tuple(MOMENTS)
    costs_retries: bool = False
    stores: tuple[str, ...] = STORES


CLEANINGS = (
    Cleaning("nothing", "nothing", nothing),
    Cleaning("standard", "preset `standard`", by_tool("standard"), costs_retries=True),
    Cleaning("gentle", "preset `gentle`", by_tool("gentle")),
    Cleaning("by_hand", "memory and own key at once, by hand", by_hand, WINDOWS, True, IN_FILES),
)


@dataclass(frozen=True)
class Life:
    """How a bot fared: every promised message of every moment, and what went at each cleaning."""

    version: str
    store: str
    cleaning: str
    get_message: bool
    told: dict[str, Any]
    gone: dict[str, list[list[str]]]
    """By moment: what each cleaning of it took, in order."""

    def lines(self, *moments: str) -> list[dict[str, Any]]:
        """One entry for each message and device it was promised to, of these moments or of all."""
        return [line for name, lines in self.told["moments"].items() if name in (moments or MOMENTS) for line in lines]

    def ends(self, *moments: str) -> Counter[str]:
        """How many ended how."""
        return Counter(line["outcome"] for line in self.lines(*moments))

    def steps(self, outcome: str, *moments: str) -> set[str]:
        """Which lines ended so for at least one device."""
        return {line["step"] for line in self.lines(*moments) if line["outcome"] == outcome}

    def troubles(self, *moments: str) -> list[str]:
        """Every line that did not go clean: for messages of tests."""
        return [
            f"{line['step']}: {line['device']} {line['outcome']} {line['errors']}"
            for line in self.lines(*moments)
            if line["outcome"] != "clean"
        ]
