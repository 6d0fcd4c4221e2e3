"""The connection: one that was ended while nobody asked anything is made anew before the next question."""

import time
from collections.abc import Iterator

import psycopg
import pytest
from pg_bench import OTHER, SPLIT, Database, creds
from psycopg.sql import SQL

from baileys_cleanup.cleaning.look import Terms, look_and_plan
from baileys_cleanup.decision.levels import Levels
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.errors import CompanyProblem
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.place import Place
from baileys_cleanup.store.postgresql import connection as room
from baileys_cleanup.store.postgresql import lease
from baileys_cleanup.store.postgresql.connection import connected
from baileys_cleanup.store.runs import Run
from baileys_cleanup.store.store import Store, Workspace

END_ALL = (
    "select pg_terminate_backend(pid, 60000) from pg_stat_activity"
    " where application_name = 'baileys-cleanup' and datname = current_database()"
)
"""It waits until they are gone: one that was ended is still seen for a moment, and holds its lease for so long."""


def test_what_is_written_after_a_long_silence_is_written_once(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server, a pooler or a firewall ends what is idle; a write that was sent to nobody could not be sent again."""
    monkeypatch.setattr(room, "IDLE", 0.0)
    db.execute("create table written (what text)")
    with connected(Place(db.url)) as connection:
        connection.rows(SQL("select 1"))
        assert [(True,)] == db.execute(END_ALL)
        connection.rows(SQL("insert into written values ('together')"), writes=True)
        assert [(True,)] == db.execute(END_ALL)
        connection.write(SQL("insert into written values ('apart')"))
    assert [("together",), ("apart",)] == db.execute("select * from written")


def test_inside_of_one_moment_nothing_is_made_anew(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked there has to see the same."""
    monkeypatch.setattr(room, "IDLE", 0.0)
    db.execute("create table written (what text)")
    with connected(Place(db.url)) as connection, connection.still():
        assert [] == connection.rows(SQL("select * from written"))
        db.execute("insert into written values ('meanwhile')")
        assert [] == connection.rows(SQL("select * from written"))


def test_what_only_reads_is_asked_once_more_where_the_connection_broke(db: Database) -> None:
    """Also what comes batch by batch; what writes is not, because it may have been done."""
    db.execute("create table written (what text)")
    with connected(Place(db.url)) as connection:
        assert [(True,)] == db.execute(END_ALL)
        assert [(1,)] == connection.rows(SQL("select 1"))
        assert [(True,)] == db.execute(END_ALL)
        assert [(1,)] == list(connection.stream(SQL("select 1")))
        assert [(True,)] == db.execute(END_ALL)
        with pytest.raises(psycopg.OperationalError):
            connection.rows(SQL("insert into written values ('lost')"), writes=True)
    assert [] == db.execute("select * from written")


def test_a_lease_goes_over_to_the_connection_that_was_made_anew(db: Database) -> None:
    """Else another run would take it for that of a dead one."""
    db.execute(SPLIT)
    db.split("1", {}, creds())
    with open_store(Place(db.url)) as store, store.workspace(create=True) as workspace:
        assert workspace is not None
        with workspace.hold():
            assert [(True,)] == db.execute(END_ALL)
            store.company_ids()
            alive = "select count(*) from baileys_cleanup.lease join pg_stat_activity using (pid)"
            assert [(0,)] == db.execute(alive)
            with store.company("1"):
                assert [(1,)] == db.execute(alive)


@pytest.fixture
def held(db: Database) -> Iterator[tuple[Store, Workspace]]:
    """Give a store of one company with an old session, with the lock of a run held."""
    db.execute(SPLIT)
    db.split("1", {f"session|{OTHER}.0": 20}, creds())
    with open_store(Place(db.url)) as store, store.workspace(create=True) as workspace:
        assert workspace is not None
        with workspace.hold():
            yield store, workspace


def another(db: Database) -> None:
    """Hold the lock as another run, and let it go."""
    with open_store(Place(db.url)) as store, store.workspace(create=True) as workspace:
        assert workspace is not None
        with workspace.hold():
            pass


def test_who_lost_its_lease_with_its_connection_opens_no_company(db: Database, held: tuple[Store, Workspace]) -> None:
    """Another run was there meanwhile: it may have taken this one back, and forgotten it."""
    store, _ = held
    assert [(True,)] == db.execute(END_ALL)
    another(db)
    store.company_ids()  # over a new connection
    for _ in range(2):
        with pytest.raises(CompanyProblem, match="the lock was lost"), store.company("1"):
            pass


def test_who_lost_its_lease_in_the_middle_of_a_company_removes_nothing(
    db: Database, held: tuple[Store, Workspace]
) -> None:
    """The removal itself looks for the lease: what went under a run that is forgotten had no way back."""
    store, workspace = held
    run = Run("20261122T030000Z-4f1c", time.time_ns(), 7)
    terms = Terms(time.time_ns(), Levels(), None, lambda: None, lambda: False)
    with workspace.remover(run, time.time_ns) as remover, store.company("1") as company:
        planned = look_and_plan(company, Policy(), terms).plan.removals
        assert 1 == len(planned)
        assert [(True,)] == db.execute(END_ALL)
        another(db)
        store.company_ids()  # over a new connection
        with (
            remover.company(company) as at_work,
            pytest.raises(CompanyProblem, match="has taken the lock of this one"),
        ):
            list(at_work.remove(planned, lambda: False))
    assert {f"session|{OTHER}.0"} == db.keys("1")
    assert [] == db.execute("select 1 from baileys_cleanup.quarantine")


def test_each_lease_is_renewed_in_its_time(
    db: Database, held: tuple[Store, Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shard takes one for each company: that its run is at work is shown all the same."""
    store, workspace = held
    monkeypatch.setattr(lease, "_RENEW_AFTER", 0.2)
    until = "select max(until) from baileys_cleanup.lease where name = 'lock'"
    before = db.execute(until)
    for _ in range(4):
        time.sleep(0.1)
        with workspace.hold("company 1"), store.company("1"):
            pass
    assert before < db.execute(until)
