"""The records of runs, and what of each lies in the quarantine."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from baileys_cleanup.store.redis.database import Database, beside
from baileys_cleanup.store.redis.layout import OWN
from baileys_cleanup.store.redis.server import Server
from baileys_cleanup.store.runs import Run
from baileys_cleanup.store.store import Purged, Quarantined

RUNS = f"{OWN}runs"
AUDIT = f"{OWN}audit"
"""A list with a line for each removal, written before it."""


def read_runs(server: Server) -> tuple[list[Run], list[str]]:
    """Return the recorded runs, oldest first, and those whose record cannot be read."""
    runs: list[Run] = []
    broken: list[str] = []
    for run_id, told in server.fields(RUNS):
        try:
            record = json.loads(told)
            started, undo_days, state = int(record["started"]), int(record["undo_days"]), str(record["state"])
            runs.append(Run(run_id, started, undo_days, state, str(record.get("shard", ""))))
        except (ValueError, KeyError, TypeError):
            broken.append(run_id)
    return sorted(runs, key=lambda run: (run.started, run.run_id)), sorted(broken)


def write_run(server: Server, run: Run) -> None:
    """Record a run."""
    record = {"started": run.started, "undo_days": run.undo_days, "state": run.state, "shard": run.shard}
    server.call("HSET", RUNS, run.run_id, json.dumps(record))


def note_company(store: Database, run: Run, company_id: str) -> None:
    """Note that a run takes from a company, and from which key: so that nothing lies where nobody looks."""
    store.server.call("HSET", f"{OWN}run:{run.run_id}", company_id, store.note(company_id))


def key_of(store: Database, run_id: str, company_id: str) -> str:
    """Return the key that a company had when a run took from it: the settings may name another one by now."""
    return store.noted_key(company_id, store.server.call("HGET", f"{OWN}run:{run_id}", company_id))


def quarantine(store: Database, run_id: str, company_id: str) -> str:
    """Return the key of what a run took from a company, in the slot of the company's own."""
    return beside("quarantine", run_id, key_of(store, run_id, company_id))


def companies_of(server: Server, run_id: str) -> list[str]:
    """Return the companies that a run took from."""
    return sorted(company for company, _ in server.fields(f"{OWN}run:{run_id}"))


def forget_empty(store: Database, run: Run) -> None:
    """Forget what of a run is empty, and a run of which nothing is left."""
    left = 0
    for company_id in companies_of(store.server, run.run_id):
        if store.server.call("EXISTS", quarantine(store, run.run_id, company_id)):
            left += 1
        else:
            store.server.call("HDEL", f"{OWN}run:{run.run_id}", company_id)
    if not left:
        store.server.call("HDEL", RUNS, run.run_id)


class Note(NamedTuple):
    """What a run noted of a key that it took. What of that cannot be read is unknown: the key may come back without."""

    rule: str = ""
    size: int = 0
    mark: str = ""
    modified: int | None = None
    pairing: str | None = None


def _note(told: bytes) -> Note:
    try:
        said = json.loads(told)
    except (ValueError, RecursionError):
        return Note()
    if not isinstance(said, dict):
        return Note()
    known: dict[str, Any] = {name: said[name] for name, kind in _KINDS.items() if type(said.get(name)) is kind}
    return Note(**known)


_KINDS = {"rule": str, "size": int, "mark": str, "modified": int, "pairing": str}


def held(store: Database, run_id: str, company_id: str) -> Iterator[tuple[str, Note]]:
    """Give what a run took from a company: the field, and what was noted of it."""
    for field, told in store.server.fields(quarantine(store, run_id, company_id)):
        if field.startswith("m:"):
            yield field[2:], _note(told)


def quarantined(store: Database, run: Run) -> dict[str, Quarantined]:
    """Return what of a run still lies in the quarantine, by company."""
    found: dict[str, Quarantined] = {}
    for company_id in companies_of(store.server, run.run_id):
        notes = [note for _, note in held(store, run.run_id, company_id)]
        if notes:
            found[company_id] = Quarantined(len(notes), sum(note.size for note in notes))
    return found


def purge(store: Database, run: Run, stopping: Callable[[], bool], takes: Callable[[str], bool]) -> Purged:
    """Delete for good what a run removed from the companies that this one takes, one at a time.

    What another shard deletes meanwhile is gone, and not counted.
    """
    files = size = 0
    for company_id, each in quarantined(store, run).items():
        if stopping():
            break
        if not takes(company_id) or not store.server.call("UNLINK", quarantine(store, run.run_id, company_id)):
            continue
        files, size = files + each.files, size + each.size
    forget_empty(store, run)
    return Purged(files, size, [])
