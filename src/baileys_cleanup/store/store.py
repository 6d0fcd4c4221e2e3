"""The door to where auth files lie: what everybody above may ask of a store, whatever it is made of."""

from typing import NamedTuple

from baileys_cleanup.decision.verdict import AuthFile


class Listing(NamedTuple):
    """The names in a company folder: its auth files, not looked at yet, and what else lies there."""

    files: list[AuthFile]
    strangers: list[str]


class Look(NamedTuple):
    """The auth files as the planner wants them, and those that vanished or could not be read meanwhile."""

    files: list[AuthFile]
    vanished: list[AuthFile]
    errors: dict[str, str]
