"""Where age comes from: a column, the server's commit times, the ledger. What nobody knows is young."""

import json
from collections.abc import Iterator

import pytest
from pg_bench import OTHER, Database, creds, database

import servers
from servers import Server

PLAIN = """
create table whatsapp_auth (company_id text primary key, creds text not null);
create table whatsapp_keys (company_id text, key_type text, key_id text, value text not null,
    primary key (company_id, key_type, key_id));
"""
LATER = ("faketime", "-f")
OLD, NEW, SAME = f"{OTHER}.0", f"{OTHER}.1", f"{OTHER}.2"


def fill(db: Database) -> None:
    """Fill a company of a layout without a column of update times."""
    db.execute(PLAIN)
    db.execute("insert into whatsapp_auth values ('1', %s)", [json.dumps(creds())])
    for key in (OLD, NEW, SAME):
        db.execute("insert into whatsapp_keys values ('1', 'session', %s, '\"a\"')", [key])


def age_ledger(db: Database, days: int) -> None:
    """Let the ledger have seen everything so many days earlier."""
    db.execute("update baileys_cleanup.ledger set since = since - make_interval(days => %s)", [days])


def test_a_first_run_removes_nothing_by_age_and_says_so(db: Database) -> None:
    """The ledger begins with it; a dry run before it says the same."""
    fill(db)
    dry = db.run("clean", "--dry-run", "--json")
    assert any("begins with the first real run" in note for note in dry["notes"])
    first = db.run("clean", "--json")
    assert 0 == first["totals"]["removed"]
    assert any("the tool's own ledger" in note for note in first["notes"])
    assert 3 == len(db.execute("select * from baileys_cleanup.ledger"))


def test_a_row_is_as_old_as_it_has_been_seen_unchanged(db: Database) -> None:
    """A new value makes it young, and so does the same value written anew."""
    fill(db)
    db.run("clean")
    age_ledger(db, 15)
    db.execute("update whatsapp_keys set value = '\"b\"' where key_id = %s", [NEW])
    db.execute("update whatsapp_keys set value = value where key_id = %s", [SAME])
    assert 1 == db.run("clean", "--json", "--accept-clock")["totals"]["removed"]
    assert {f"session|{NEW}", f"session|{SAME}"} == db.keys("1")
    db.run("clean")
    assert 2 == len(db.execute("select * from baileys_cleanup.ledger"))


def test_a_value_written_and_written_back_is_young(db: Database) -> None:
    """The value of the first night is there on the second, and was in use between them."""
    fill(db)
    db.run("clean")
    age_ledger(db, 15)
    db.execute("update whatsapp_keys set value = '\"b\"'")
    db.execute("update whatsapp_keys set value = '\"a\"'")
    assert 0 == db.run("clean", "--json", "--accept-clock")["totals"]["removed"]


def test_days_that_left_no_trace_in_the_rows_are_no_days(db: Database) -> None:
    """The ledger's own look at the last run is no trace, a row that was written since is: a clock that jumps is told."""
    fill(db)
    db.run("clean")
    for days in ("+4d", "+16d"):
        jumped = db.call("clean", before=(*LATER, days))
        assert jumped.returncode == 4, jumped.stdout + jumped.stderr
        assert "no file of any company was written after it" in jumped.stderr
    assert 3 == len(db.keys("1"))
    db.execute("update whatsapp_keys set value = '\"b\"' where key_id = %s", [NEW])
    later = db.call("clean", "--json", before=(*LATER, "+16d"))
    assert '"removed": 2' in later.stdout, later.stdout + later.stderr
    assert {f"session|{NEW}"} == db.keys("1")
    assert 4 == db.call("clean", before=(*LATER, "+32d")).returncode


def test_a_machine_that_is_ahead_of_the_server_sees_nothing_old(db: Database) -> None:
    """What it sees for the first time is as young by its own clock, by which ages are counted."""
    fill(db)
    for _ in range(2):
        done = db.call("clean", "--json", before=(*LATER, "+16d"))
        assert '"removed": 0' in done.stdout, done.stdout + done.stderr
    assert 3 == len(db.keys("1"))


def test_a_company_that_the_last_run_did_not_see_tells_nothing(db: Database) -> None:
    """What is new to the ledger there may have been written before that run."""
    fill(db)
    db.execute("insert into whatsapp_auth values ('2', %s)", [json.dumps(creds())])
    db.execute("insert into whatsapp_keys values ('2', 'session', %s, '\"a\"')", [OLD])
    db.run("clean")
    age_ledger(db, 2)
    db.execute("update whatsapp_keys set value = '\"b\"' where company_id = '1' and key_id = %s", [OLD])
    db.run("clean", "--company", "2")
    assert 4 == db.call("clean", before=(*LATER, "+16d")).returncode
    assert 3 == len(db.keys("1"))


def test_a_ledger_that_is_lost_makes_everything_young(db: Database) -> None:
    """Never old."""
    fill(db)
    db.run("clean")
    age_ledger(db, 100)
    db.execute("truncate baileys_cleanup.ledger")
    assert 0 == db.run("clean", "--json", "--accept-clock")["totals"]["removed"]
    assert 3 == len(db.keys("1"))


def test_what_is_gone_is_forgotten(db: Database) -> None:
    """Also in a night with as many new rows as rows that went: a row that comes back one day begins anew."""
    fill(db)
    db.run("clean")
    db.execute("delete from whatsapp_keys where key_id = %s", [OLD])
    db.execute("insert into whatsapp_keys values ('1', 'session', %s, '\"a\"')", [f"{OTHER}.3"])
    db.run("clean")
    remembered = "select key_id from baileys_cleanup.ledger order by 1"
    assert [(NEW,), (SAME,), (f"{OTHER}.3",)] == db.execute(remembered)
    db.execute("delete from whatsapp_keys where key_id = %s", [NEW])
    db.run("clean")
    assert [(SAME,), (f"{OTHER}.3",)] == db.execute(remembered)


def test_looking_writes_no_ledger(db: Database) -> None:
    """check, metrics and a dry run leave no trace, also where the schema is there."""
    fill(db)
    db.call("migrate", "--prepare", "--to", db.url, url="")
    for words in (["clean", "--dry-run"], ["check"], ["metrics"], ["explain"]):
        db.run(*words)
    assert [] == db.execute("select * from baileys_cleanup.ledger")


@pytest.fixture(scope="module")
def tracking() -> Iterator[Server]:
    """Give a server that keeps commit times."""
    with servers.postgres("--track_commit_timestamp=on") as server:
        yield server


def test_commit_times_are_the_age_where_the_server_keeps_them(tracking: Server) -> None:
    """Exact from the first run on; a write of the same value counts; VACUUM FREEZE does not."""
    with database(tracking) as db:
        fill(db)
        db.execute("vacuum freeze whatsapp_keys")
        later = db.call("clean", "--dry-run", "--json", before=(*LATER, "+15d"))
        assert '"removed": 3' in later.stdout, later.stdout + later.stderr
        assert 0 == db.run("clean", "--dry-run", "--json")["totals"]["removed"]
        assert db.run("clean", "--dry-run", "--json")["notes"] == []


def test_what_is_older_than_the_commit_times_is_kept_until_the_ledger_knows(tracking: Server) -> None:
    """A row without a commit time is seen for the first time, and young."""
    with database(tracking) as db, database(tracking) as other:
        fill(db)
        fill(other)
        tracking.stop()
        tracking.options[:] = ["--track_commit_timestamp=off"]
        tracking.start()
        tracking.stop()
        tracking.options[:] = ["--track_commit_timestamp=on"]
        tracking.start()
        assert [(None,)] * 3 == db.execute("select pg_xact_commit_timestamp(xmin) from whatsapp_keys")
        later = db.call("clean", "--json", "--accept-clock", before=(*LATER, "+400d"))
        assert '"removed": 0' in later.stdout, later.stdout + later.stderr
        age_ledger(db, 415)
        assert 3 == db.run("clean", "--json", "--accept-clock")["totals"]["removed"]
        other.run("clean")
        assert 4 == other.call("clean", before=(*LATER, "+16d")).returncode
        other.execute("update whatsapp_keys set value = '\"b\"' where key_id = %s", [NEW])
        later = other.call("clean", "--json", before=(*LATER, "+16d"))
        assert '"removed": 3' in later.stdout, later.stdout + later.stderr


def test_a_column_that_is_null_or_infinite_keeps_the_row(db: Database) -> None:
    """Unknown is kept."""
    db.execute(PLAIN + "alter table whatsapp_keys add updated_at timestamptz")
    db.execute("insert into whatsapp_auth values ('1', %s)", [json.dumps(creds())])
    for key, when in ((OLD, None), (NEW, "infinity"), (SAME, "-infinity")):
        db.execute("insert into whatsapp_keys values ('1', 'session', %s, '{}', %s)", [key, when])
    said = db.run("clean", "--json", "--verbose")
    assert 0 == said["totals"]["removed"]
    assert {"date_unknown"} == {each["rule"] for each in said["companies"][0]["keeps"] if each["kind"] == "session"}
