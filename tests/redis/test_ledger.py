"""The ledger's dates are those of what it has seen, and of nothing that came before or after."""

import time
from typing import Any

import pytest
from redis_bench import Bench
from test_redis import FIELDS, OTHER

from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.place import Place
from baileys_cleanup.store.redis import whole
from baileys_cleanup.store.redis.database import Database

DAY = 86_400 * 10**9
FIELD = f"session-{OTHER}.0"


def test_what_a_bot_writes_right_after_a_restore_is_young(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The date of the archive is that of the value that was put back, not of the one that has come in its place."""
    bench.client.hset("1:auth", mapping=FIELDS)
    bench.client.hdel("1:auth", FIELD)
    remember = whole._date

    def written_anew(store: Database, company_id: str, values: Any) -> None:
        bench.client.hset("1:auth", FIELD, "new")
        remember(store, company_id, values)

    monkeypatch.setattr(whole, "_date", written_anew)
    with open_store(Place(bench.url)) as store, store.workspace(create=True) as workspace:
        with workspace.whole_folders().insertion("1") as into:
            into.write(f"{FIELD}.json", [b"old"], time.time_ns() - 13 * DAY)
            into.insert(f"{FIELD}.json")
        with store.company("1") as company:
            company.names()
            assert company.file(f"{FIELD}.json").first_seen
            assert time.time_ns() - company.file(f"{FIELD}.json").modified < DAY


def test_a_key_is_as_young_as_the_look_at_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in a run that comes to its company hours after it began."""
    bench.client.hset("1:auth", mapping=FIELDS)
    with open_store(Place(bench.url)) as store:
        clock, later = time.time_ns, 3 * 3_600 * 10**9
        monkeypatch.setattr(time, "time_ns", lambda: clock() + later)
        with store.company("1") as company:
            before = time.time_ns()
            company.names()
            assert company.file(f"{FIELD}.json").modified >= before
