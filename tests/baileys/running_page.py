"""The part of `docs/consequences.md` about bots that run while they are cleaned, and the table README may have of it."""

from collections.abc import Iterable
from typing import Any

from install import VERSIONS
from lab import HOURS_BETWEEN
from lives import IN_FILES, MOMENTS, STORES, WINDOWS
from results import WORDS
from running_results import BY_CHANCE, Key
from tables import table

Found = dict[Key, dict[str, Any]]

COUNTED = tuple(moment for moment in MOMENTS if moment != BY_CHANCE)


def counts(records: Iterable[dict[str, Any]]) -> tuple[int, int, int]:
    """Clean, retried and lost deliveries of some records."""
    records = list(records)
    retried, lost = (sum(sum(one[word].values()) for one in records) for word in WORDS)
    return sum(one["deliveries"] for one in records) - retried - lost, retried, lost


def ending(one: dict[str, Any]) -> str:
    """`clean`, or how many deliveries of a moment needed a retry or were lost, at most where that is chance."""
    _, retried, lost = counts([one])
    at_most = "up to " if one["moment"] == BY_CHANCE else ""
    parts = [f"{at_most}{retried} retried"] * bool(retried) + [f"**{at_most}{lost} lost**"] * bool(lost)
    return ", ".join(parts) or "clean"


def totals(found: Found) -> str:
    """Clean/retried/lost by version and store: nothing cleaned, and the two presets."""
    columns = (("nothing", True), ("standard", True), ("standard", False), ("gentle", True))
    rows = [
        [
            f"{version}, {store}",
            *(
                "/".join(map(str, counts(found[version, store, name, with_it, moment] for moment in COUNTED)))
                for name, with_it in columns
            ),
        ]
        for version in VERSIONS
        for store in STORES
    ]
    head = ["", "nothing cleaned", "`standard`", "`standard`, nobody has `getMessage`", "`gentle`"]
    return table(head, rows)


def cell(found: Found, version: str, store: str, cleaning: str, moment: str) -> str:
    """How a moment ended, with `getMessage` and without."""
    one, other = (ending(found[version, store, cleaning, with_it, moment]) for with_it in (True, False))
    return one if one == other else f"{one}; without: {other}"


def by_moment(found: Found, store: str) -> str:
    """The preset `standard`, moment by moment."""
    rows = [
        [title, *(cell(found, version, store, "standard", moment) for version in VERSIONS)]
        for moment, title in MOMENTS.items()
    ]
    return table(["when the tool runs", *VERSIONS], rows)


def both_at_once(found: Found) -> str:
    """What the forced windows do where memory and own key go together."""
    rows = [
        [f"{MOMENTS[moment]}, {store}", *(cell(found, version, store, "by_hand", moment) for version in VERSIONS)]
        for moment in WINDOWS
        for store in IN_FILES
    ]
    return table(["when both go", *VERSIONS], rows)


def thrown(found: Found, store: str) -> str:
    """By version, what a send throws after `standard` because a session went, in words."""
    told = []
    for version in VERSIONS:
        errors = {
            error: sum(found[version, store, "standard", True, moment]["thrown"].get(error, 0) for moment in COUNTED)
            for moment in COUNTED
            for error in found[version, store, "standard", True, moment]["thrown"]
        }
        said = ", ".join(f"`{error}`, {count} deliveries" for error, count in errors.items())
        told.append(f"- {version}: {said or 'nothing is thrown'}.")
    return "\n".join(told)


def deliveries(found: Found) -> int:
    """How many deliveries the totals are of."""
    return sum(found[VERSIONS[0], STORES[0], "nothing", True, moment]["deliveries"] for moment in COUNTED)


def for_the_readme(found: Found) -> str:
    """The table that README may show."""
    return totals(found)


SECTION = """## A bot that runs

The lab lets bots live on, connected, while the tool runs on their folder; each run comes {hours} hours after the last
by the tool's clock, and before each every file is older than every limit. A bot's app hands its keys to the library
inside `makeCacheableSignalKeyStore` (*cached*: what was read or written stays in memory for 5 minutes) or as
`useMultiFileAuthState` has them (*bare*). In a *database* they lie where [`auth-state.mjs`](../deploy/node/auth-state.mjs)
keeps them: PostgreSQL with Redis in front of it, and no cache in the bot. Clean/retried/lost of {deliveries} deliveries:

{totals}

They are the sum of the moments below but the last, in which everybody talks while the tool is at work. What goes there
just before its next use is chance, so the lab holds only what is promised: with nothing cleaned and with `gentle` all
of it is clean; with `standard` only messages to the bot may need a retry.

### Keys in the cached store, preset `standard`

{cached}

### Keys bare, or in a database, preset `standard`

A bot in a database fares in each moment as one whose bare keys lie in files.

{bare}

A removed session or sender key of somebody else is missed at its next use, because nothing has it in memory. And a
send may throw:

{thrown}

7.0.0-rc.9 remembers for 5 minutes that a session was there (`peerSessionsCache`, lib/Socket/messages-send.js) and does
not look again. Where neither a file nor a cache has it any more, `sendMessage` throws until those 5 minutes are over,
and the message goes to nobody, whatever the app's `getMessage`. The other versions look, and open a new session. It
takes a session that looks old and was used a moment ago: here the dates were set back. With true dates, what was just
used is young and stays; what is left is a send that found a session of that age and came to nothing before it was
written. With the cached store, and with `gentle`, nothing is thrown in any version. So a bot on 7.0.0-rc.9 with bare
keys has three ways out: the cached store (one line in its code), `gentle`, or to be stopped while the tool runs.

### Memory and own key at once

To write to a group, the library reads who has its key (`sender-key-memory`), waits for the server, and then reads the
key (`relayMessage`, lib/Socket/messages-send.js). If both files go in between, or while the memory of a send that failed
is still in a cache, it writes with a new key that it hands to nobody. The lab makes the server wait, or answer with an
error, and takes both files by hand, as `find -delete` by age does:

{both}

So the tool takes the memory in one run and the key in a later one. The tables above have these moments, in the first
night and in the second. (Without `getMessage` 7.x forgets what it sent with the first companion that asks for it again;
in the lab a phone asks first, for which everybody is sent it again. Else all but the first are without it.)"""


def section(found: Found) -> str:
    """The whole part."""
    return SECTION.format(
        hours=HOURS_BETWEEN,
        deliveries=deliveries(found),
        totals=totals(found),
        cached=by_moment(found, "cached"),
        bare=by_moment(found, "bare"),
        thrown=thrown(found, "bare"),
        both=both_at_once(found),
    )
