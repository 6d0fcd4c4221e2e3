"""Removal loses no update: bots write the very keys that go, as fast as they can, and no write of theirs is lost."""

import json
import random
import threading
import time
from contextlib import suppress
from typing import Any, Self

import psycopg
import pytest
from click.testing import CliRunner
from pg_bench import OTHER, SPLIT, Database, creds

from baileys_cleanup import cli
from baileys_cleanup.store.postgresql import connection

KEYS = [f"{OTHER}.{device}" for device in range(200)]
UPSERT = (
    "insert into whatsapp_keys values ('1', 'session', %s, %s, now()) on conflict (company_id, key_type, key_id)"
    " do update set value = excluded.value, updated_at = excluded.updated_at"
)
OLD = "update whatsapp_keys set updated_at = now() - interval '20 days' where company_id = '1'"
ROUNDS, MOST_ROUNDS = 60, 6_000
"""So many, and on a busy machine more, until the two have met."""


class Bots:
    """Writers of the very keys, each its own; what the server acknowledged is remembered."""

    def __init__(self, db: Database, *, writers: int = 4, together: bool = False) -> None:
        self.written: dict[str, int] = {}
        self.deadlocks = 0
        self.writes = 0
        self._db, self._together = db, together
        self._end = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(KEYS[number::writers],)) for number in range(writers)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _write(self, mine: list[str]) -> None:
        number = 0
        with psycopg.connect(self._db.url, autocommit=True) as its_own, its_own.cursor() as cursor:
            while not self._end.is_set():
                number += 1
                batch = random.sample(KEYS, 10) if self._together else [random.choice(mine)]
                values: list[Any] = [part for key in batch for part in (key, str(number))]
                when = "now() - interval '20 days'" if self._together else "now()"
                rows = ", ".join([f"('1', 'session', %s, %s::jsonb, {when})"] * len(batch))
                query = UPSERT.replace("('1', 'session', %s, %s, now())", rows)
                try:
                    cursor.execute(query, values)
                except psycopg.errors.DeadlockDetected:
                    self.deadlocks += 1
                    continue
                self.writes += 1
                if self._together:
                    time.sleep(0.01)
                else:
                    self.written[batch[0]] = number


@pytest.fixture
def company(db: Database) -> Database:
    """Give a company whose sessions are old."""
    db.execute(SPLIT)
    db.split("1", {f"session|{key}": 20 for key in KEYS}, creds())
    db.run("clean", "--company", "1")  # the schema is there
    return db


def lost(db: Database, written: dict[str, int], elsewhere: str) -> list[str]:
    """Return the keys whose last acknowledged write is nowhere: neither in place, nor as what was taken."""
    query = f"select key_id, value::text from whatsapp_keys where company_id = '1' union all {elsewhere}"
    there: dict[str, set[int]] = {}
    for key, value in db.execute(query):
        with suppress(ValueError):
            there.setdefault(key, set()).add(int(value))
    return [key for key, number in written.items() if number not in there.get(key, set())]


def takes(began: float, met: object) -> bool:
    """Tell whether to go on: for eight seconds, and where the two have not met by then for ten minutes at most."""
    return time.monotonic() - began < (8 if met else 600)


TAKEN = "select row->>'key_id', row->>'value' from baileys_cleanup.quarantine where company = '1'"


def test_no_update_is_lost_and_what_was_written_stays(company: Database) -> None:
    """60 rounds against four writers: what is in the quarantine is what was planned, and every write is in place."""
    from baileys_cleanup.cleaning.company import Terms, look_and_plan
    from baileys_cleanup.decision.policy import Policy
    from baileys_cleanup.settings.values import Settings
    from baileys_cleanup.store.open import open_store
    from baileys_cleanup.store.place import Place
    from baileys_cleanup.store.remover import Outcome
    from baileys_cleanup.store.runs import Run

    outcomes = dict.fromkeys(Outcome, 0)
    with Bots(company) as bots, open_store(Place(company.url)) as store, store.workspace(create=True) as workspace:
        assert workspace is not None
        for number in range(MOST_ROUNDS):
            if number >= ROUNDS and outcomes[Outcome.CHANGED] and outcomes[Outcome.REMOVED]:
                break
            # Some rows look old at the moment of the plan, the writers go on meanwhile.
            company.execute(OLD)
            run = Run(f"race-{number:04}", time.time_ns(), 7)
            terms = Terms(time.time_ns(), Settings().levels, None, lambda: None, lambda: False)
            with workspace.remover(run, time.time_ns) as remover, store.company("1") as ours:
                planned = look_and_plan(ours, Policy(), terms).plan.removals
                with remover.company(ours) as at_work:
                    for removal in at_work.remove(planned, lambda: False):
                        outcomes[removal.outcome] += 1
    # What the tool took was 20 days old: no value of a writer that came after may be the newest and be gone.
    query = "select count(*) from baileys_cleanup.quarantine where (row->>'updated_at')::timestamptz > now() - interval '10 days'"
    assert [(0,)] == company.execute(query)
    assert [] == lost(company, bots.written, TAKEN)
    assert outcomes[Outcome.CHANGED] > 0, "no writer came in between: the proof proves nothing"
    assert outcomes[Outcome.REMOVED] > 0
    print({name.value: number for name, number in outcomes.items()}, "writes", bots.writes)


def test_a_naive_delete_under_the_same_load_loses_updates(company: Database) -> None:
    """The same rounds with look-then-delete take what was never planned: the load of the proof is real."""
    wrong = 0
    with Bots(company):
        for number in range(MOST_ROUNDS):
            if number >= ROUNDS and wrong:
                break
            company.execute(OLD)
            query = "select key_id, value::text from whatsapp_keys where company_id = '1' and updated_at < now() - interval '14 days'"
            planned = dict(company.execute(query))
            time.sleep(0.002)
            delete = (
                "delete from whatsapp_keys where company_id = '1' and key_id = any(%s) returning key_id, value::text"
            )
            wrong += sum(planned[key] != value for key, value in company.execute(delete, [list(planned)]))
    assert wrong > 0


def test_a_bot_that_writes_in_batches_meets_no_deadlock(company: Database) -> None:
    """A bot upserts keys ten at a time, in changing order, and is cleaned meanwhile: none of its writes is ended."""
    removed = 0
    with Bots(company, writers=1, together=True) as bots:
        began = time.monotonic()
        while takes(began, removed and bots.writes):
            done = CliRunner().invoke(cli.commands, ["clean", "--json", "--company", "1", "--store", company.url])
            removed += json.loads(done.stdout)["totals"]["removed"]
    assert 0 == bots.deadlocks
    assert removed > 0
    assert bots.writes > 0


def test_an_undo_costs_a_bot_no_write(company: Database) -> None:
    """A bot upserts the very keys that come back, ten in a transaction and in changing order: none of them is ended.

    What it has written by then stays; whatever was taken is back, or newer.
    """
    from baileys_cleanup.cleaning.company import Terms, look_and_plan
    from baileys_cleanup.decision.policy import Policy
    from baileys_cleanup.settings.values import Settings
    from baileys_cleanup.store.open import open_store
    from baileys_cleanup.store.place import Place
    from baileys_cleanup.store.runs import Run

    end = threading.Event()
    written: list[int] = []
    ended: list[str] = []

    def write() -> None:
        old = UPSERT.replace("now())", "now() - interval '20 days')")
        with psycopg.connect(company.url, autocommit=True) as its_own:
            while not end.is_set():
                try:
                    with its_own.transaction():
                        for key in random.sample(KEYS, 10):
                            its_own.execute(old, [key, "1"])
                            time.sleep(0.001)
                    written.append(1)
                except psycopg.Error as error:
                    ended.append(str(error))

    bot = threading.Thread(target=write)
    back = taken = 0
    company.split("1", {f"session|{key}": 20 for key in KEYS})
    bot.start()
    try:
        with open_store(Place(company.url)) as store, store.workspace(create=True) as workspace:
            assert workspace is not None
            began = time.monotonic()
            while takes(began, back and len(written) > 10):
                run = Run(f"undo-{time.monotonic_ns()}", time.time_ns(), 7)
                terms = Terms(time.time_ns(), Settings().levels, None, lambda: None, lambda: False)
                with workspace.remover(run, time.time_ns) as remover, store.company("1") as ours:
                    planned = look_and_plan(ours, Policy(), terms).plan.removals
                    with remover.company(ours) as at_work:
                        taken += sum(each.outcome.value == "removed" for each in at_work.remove(planned, lambda: False))
                with store.company("1") as ours, workspace.returning(run, "1") as returning:
                    told = list(returning.put_back(ours, returning.names(), lambda: False))
                    back += sum(each.problem is None for each in told)
                    assert all(isinstance(each.problem, FileExistsError | None) for each in told), told
    finally:
        end.set()
        bot.join()
    assert [] == ended
    assert len(written) > 10
    assert 0 < back <= taken
    assert {f"session|{key}" for key in KEYS} == company.keys("1")
    print("transactions of the bot", len(written), "taken", taken, "back", back)


def test_what_a_bot_writes_while_an_undo_waits_wins(company: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """No unique index forbids a second row: what another transaction holds is waited for, and then looked for anew."""
    company.execute("alter table whatsapp_keys drop constraint whatsapp_keys_pkey")
    company.split("1", {f"session|{key}": 20 for key in KEYS[:2]})
    assert 2 == company.run("clean", "--json", "--company", "1")["totals"]["removed"]
    waits = (  # longer than the rows together do
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'baileys-cleanup'"
        " and clock_timestamp() - query_start > '1s'"
    )
    patient = {writes: begin.replace("'5s'", "'600s'") for writes, begin in connection._BEGIN.items()}
    monkeypatch.setattr(connection, "_BEGIN", patient)  # or a busy machine is later than that
    with psycopg.connect(company.url) as other:
        other.execute("select * from baileys_cleanup.quarantine for update")

        def write_meanwhile() -> None:
            until = time.monotonic() + 300
            while time.monotonic() < until and company.execute(waits) != [(1,)]:
                time.sleep(0.05)
            company.split("1", {f"session|{KEYS[0]}": 0})
            other.rollback()

        bot = threading.Thread(target=write_meanwhile)
        bot.start()
        done = CliRunner().invoke(cli.commands, ["undo", "latest", "--anyway", "--json", "--store", company.url])
        bot.join()
    assert {"restored": 1, "stayed": 1} == json.loads(done.stdout)["totals"]
    assert [(2,)] == company.execute("select count(*) from whatsapp_keys where company_id = '1'")


def test_what_a_bot_holds_is_not_waited_for(company: Database) -> None:
    """A transaction of the bot's that holds rows keeps them: they are `changed`, and the run is over at once."""
    company.split("1", {f"session|{key}": 20 for key in KEYS})
    with psycopg.connect(company.url) as bot:
        bot.execute("select * from whatsapp_keys where key_id = %s for update", [KEYS[0]])
        began = time.monotonic()
        said = company.run("clean", "--json", "--company", "1")
        assert time.monotonic() - began < 60
        bot.rollback()
    assert (len(KEYS) - 1, 1) == (said["totals"]["removed"], said["totals"]["changed"])
    assert {f"session|{KEYS[0]}"} == company.keys("1")
