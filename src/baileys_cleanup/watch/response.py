"""What a look may do about what it sees: tell services, clean, rotate."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from baileys_cleanup.cleaning.company import clean_company
from baileys_cleanup.cleaning.world import CleanOne
from baileys_cleanup.decision.shards import Shard
from baileys_cleanup.watch.remember.alerts_sent import Company
from baileys_cleanup.watch.tell.apprise_services import Service


class RotationAnswer(NamedTuple):
    """What a rotation did that was asked for because a cleanup did not help, or why one would be of no use.

    Neither where none is due.
    """

    done: str | None = None
    of_no_use: str | None = None


def never_rotate(_company_id: str, _counted: int) -> RotationAnswer:
    """Answer that no rotation is due."""
    return RotationAnswer()


class Response(NamedTuple):
    """What a look may do: the services to tell, and the name of this machine.

    `clean_one` cleans each company in an emergency cleanup. `rotate` gets a company that was critical, with its count
    after the cleanup. `shard` is the part of the companies that it looks at, beside others; None for all. `told` is
    what a process that looks again and again has told, for when the record of that cannot be read; None where it ends.
    """

    services: Sequence[Service]
    host: str
    clean_one: CleanOne = clean_company
    rotate: Callable[[str, int], RotationAnswer] = never_rotate
    shard: Shard | None = None
    told: dict[str, Company] | None = None
