"""The connection: one that was ended while nobody asked anything is made anew before the next question."""

import psycopg
import pytest
from pg_bench import SPLIT, Database, creds
from psycopg.sql import SQL

from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.place import Place
from baileys_cleanup.store.postgresql import connection as room
from baileys_cleanup.store.postgresql.connection import connected

END_ALL = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'baileys-cleanup'"


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
