"""Shards over a Redis server: beside each other, and together what one run does."""

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from redis_bench import Bench
from test_redis import FIELDS

from baileys_cleanup.errors import CompanyProblem, LockHeld
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.place import Place
from baileys_cleanup.store.redis import lease


def shard_of(company_id: str, number: int) -> int:
    """Compute the shard of a company as docs/kubernetes.md writes it down."""
    return int(hashlib.sha256(company_id.encode()).hexdigest()[:8], 16) % number


IDS = [str(number) for number in range(8)]
CLEAN = ("clean", "--json", "--accept-clock")


@pytest.fixture
def many(bench: Bench) -> Bench:
    """Give a server with eight companies, all of it seen long ago."""
    for company_id in IDS:
        bench.client.hset(f"{company_id}:auth", mapping=FIELDS)
    bench.run("clean", "--json")
    bench.age(20)
    return bench


def at_once(bench: Bench, number: int, *words: str) -> list[Any]:
    """Run all shards at once; give what each said."""
    with ThreadPoolExecutor(number) as pool:
        runs = [pool.submit(bench.run, *words, f"--shard={index}/{number}") for index in range(number)]
        return [each.result() for each in runs]


def keys(bench: Bench) -> dict[bytes, dict[bytes, bytes]]:
    """Give the keys of all companies."""
    return {key: bench.client.hgetall(key) for key in bench.client.scan_iter("*:auth")}


def test_shards_clean_undo_and_purge_what_one_run_would(many: Bench) -> None:
    """At once, each its own companies, and nobody in the way; the leases are gone in the end."""
    before = keys(many)
    said = at_once(many, 3, *CLEAN)
    for index, document in enumerate(said):
        assert (f"{index}/3", "done") == (document["shard"], document["status"])
        expected = [company_id for company_id in IDS if shard_of(company_id, 3) == index]
        assert expected == [company["company_id"] for company in document["companies"]]
    gone = sum(document["totals"]["removed"] for document in said)
    assert gone == sum(map(len, before.values())) - sum(map(len, keys(many).values())) > 0
    runs = [run for run in many.run("undo", "--json")["runs"] if run["shard"]]
    assert ["0/3", "1/3", "2/3"] == sorted(run["shard"] for run in runs)
    at_once(many, 2, "undo", *(run["run_id"] for run in runs), "--anyway")
    assert before == keys(many)
    assert [None] == [run["shard"] for run in many.run("undo", "--json")["runs"]]
    for index, document in enumerate(at_once(many, 2, *CLEAN, "--undo-days=0")):
        assert [f"shard {index}/2: {len(document['companies'])} of 8 companies"] == [
            note for note in document["notes"] if note.startswith("shard")
        ]
    assert gone == sum(map(len, before.values())) - sum(map(len, keys(many).values()))
    assert [] == list(many.client.scan_iter("baileys-cleanup:lease*"))


def test_a_purge_is_shared_among_shards(many: Bench) -> None:
    """Each deletes what is due of its own companies; the run is forgotten with the last."""
    run_id = many.run(*CLEAN, "--undo-days=3")["run_id"]
    record = many.client.hget("baileys-cleanup:runs", run_id) or b""
    many.client.hset("baileys-cleanup:runs", run_id, record.replace(b'"undo_days": 3', b'"undo_days": 0'))
    many.run(*CLEAN, "--shard=0/2")
    companies = {each.decode() for each in many.client.hgetall(f"baileys-cleanup:run:{run_id}")}
    assert companies == {company_id for company_id in IDS if shard_of(company_id, 2) == 1}
    many.run(*CLEAN, "--shard=1/2")
    assert {} == many.client.hgetall(f"baileys-cleanup:run:{run_id}")
    assert not many.client.hexists("baileys-cleanup:runs", run_id)


def test_a_shared_lease_keeps_others_away(many: Bench) -> None:
    """Many share it; who wants it alone is refused, and the other way round; a company is held by one."""
    with (
        open_store(Place(many.url)) as one,
        open_store(Place(many.url)) as two,
        one.workspace(create=True) as first,
        two.workspace(create=True) as second,
    ):
        assert first is not None
        assert second is not None
        with first.hold(shared=True), second.hold(shared=True), pytest.raises(LockHeld, match="at work"):
            second.hold().__enter__()
        with first.hold(), pytest.raises(LockHeld, match="at work"):
            second.hold(shared=True).__enter__()
        with first.hold("company 1"), second.hold("company 2"), pytest.raises(LockHeld, match="holds company 1"):
            second.hold("company 1").__enter__()
        with second.hold():
            pass
    assert [] == list(many.client.scan_iter("baileys-cleanup:lease*"))


def test_a_shard_that_died_does_not_hold_for_ever(many: Bench) -> None:
    """Its share has an end; until then a whole run is refused, and another shard is not."""
    seconds = many.client.time()[0]
    many.client.zadd("baileys-cleanup:lease-shared:{lock}", {"process 7 on elsewhere abc": (seconds + 600) * 1_000})
    assert "process 7 on elsewhere" in many.run(*CLEAN, status=3)["errors"][0]["error"]
    many.run(*CLEAN, "--shard=0/2")
    many.client.zadd("baileys-cleanup:lease-shared:{lock}", {"process 7 on elsewhere abc": (seconds - 1) * 1_000})
    many.run(*CLEAN)


def test_each_lease_is_renewed_in_its_time(many: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard takes one for each company: that its run is at work is shown all the same; who lost it goes no further."""
    monkeypatch.setattr(lease, "_RENEW_AFTER", 0.1)
    key = "baileys-cleanup:lease:{lock}"
    with open_store(Place(many.url)) as store, store.workspace(create=True) as workspace:
        assert workspace is not None
        with workspace.hold():
            many.client.pexpire(key, 60_000)
            for _ in range(3):
                time.sleep(0.06)
                with workspace.hold("company 1"), store.company(IDS[0]):
                    pass
            assert many.client.pttl(key) > 60_000
            many.client.set(key, "another run")
            time.sleep(0.1)
            for _ in range(2):
                with pytest.raises(CompanyProblem, match="the lock was lost"), store.company(IDS[0]):
                    pass
    assert b"another run" == many.client.getdel(key)
