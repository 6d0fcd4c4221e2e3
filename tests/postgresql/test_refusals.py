"""What is wrong with a store is one sentence: with status 2 before anything, or the company fails and others go on."""

import json
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from pg_bench import JOINED, OTHER, PRISMA, SPLIT, Database, creds

from baileys_cleanup.decision.outcome import RunOutcome
from baileys_cleanup.store.open import open_store
from baileys_cleanup.store.place import Place
from baileys_cleanup.watch.remember.run_history import read_history, record_clean
from servers import free_port

KEYS = {f"session|{OTHER}.0": 20, f"session|{OTHER}.9": 1}
CUSTOM = {
    "BAILEYS_CLEANUP_POSTGRESQL__LAYOUT": "custom",
    "BAILEYS_CLEANUP_POSTGRESQL__KEYS_TABLE": "auth",
    "BAILEYS_CLEANUP_POSTGRESQL__COMPANY": "session",
    "BAILEYS_CLEANUP_POSTGRESQL__ID": "id",
    "BAILEYS_CLEANUP_POSTGRESQL__VALUE": "keys",
}


def refused(done: subprocess.CompletedProcess[str], *parts: str, status: int = 2) -> None:
    """Require one sentence with these parts, and the status."""
    assert status == done.returncode, done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert 1 == len(lines), done.stderr
    for part in parts:
        assert part in lines[0]
    assert "Traceback" not in done.stderr


@pytest.fixture
def split(db: Database) -> Database:
    """Give a database of the layout split with one company."""
    db.execute(SPLIT)
    db.split("1", KEYS, creds())
    return db


def test_a_server_that_is_not_there(db: Database) -> None:
    """The sentence says where nobody listens."""
    port = free_port()
    refused(db.call("clean", url=f"postgresql://bot@127.0.0.1:{port}/x"), f"port {port}", "Connection refused")


@pytest.mark.parametrize("rest", ["@[::1/x", "@127.0.0.1/x?nonsense", "@127.0.0.1/x?connect_timeout=soon"])
def test_a_url_that_cannot_be_read_is_not_repeated(db: Database, rest: str) -> None:
    """The driver would say it again, with its password."""
    done = db.call("clean", url="", BAILEYS_CLEANUP_STORE=f"postgresql://bot:s3cret{rest}")
    refused(done, "cannot read this URL")
    assert "s3cret" not in done.stderr


def test_a_parameter_that_libpq_does_not_know_is_named(db: Database) -> None:
    """With those that there are, and without the password beside it."""
    url = db.url.replace("postgres@", "postgres:s3cret@") + "?sslmode=disable&foo=s3cret&password=s3cret"
    done = db.call("clean", url="", BAILEYS_CLEANUP_STORE=url.replace("foo=s3cret", "foo=bar"))
    refused(done, "no parameter is called foo; allowed after the question mark: ", "sslmode", "target_session_attrs")
    assert "s3cret" not in done.stderr


def test_a_scheme_is_one_in_any_case(split: Database) -> None:
    """A scheme's case says nothing, wherever a store is named."""
    assert 0 == split.call("check", url=split.url.replace("postgresql:", "PostgreSQL:")).returncode
    done = split.call(
        "migrate", "--dry-run", "--from", split.url.replace("postgresql:", "POSTGRES:"), "--to", "/", url=""
    )
    refused(done, "sessions root")


def test_a_database_that_is_not_there(db: Database) -> None:
    """The server's own words."""
    refused(db.call("clean", url=db.server.database("nowhere")), 'database "nowhere" does not exist')


def test_tls_that_the_server_has_not(db: Database) -> None:
    """What was asked for is not given up silently."""
    refused(db.call("clean", url=db.url + "?sslmode=require"), "the server has none")


def wait_until_asked(url: str) -> None:
    """Wait until the server goes by its new rules, and lets nobody in without a password."""
    end = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError as error:
            if "no password supplied" in str(error):
                return
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("password", [None, "wrong-s3cret"])
def test_a_password_that_is_missing_or_wrong(db: Database, password: str | None) -> None:
    """It says where a password comes from, and repeats none."""
    rules = db.server.folder / "data/pg_hba.conf"
    before = rules.read_text()
    db.execute("create role asked login password 'right'")
    rules.write_text("host all asked all scram-sha-256\n" + before)
    try:
        db.execute("select pg_reload_conf()")
        wait_until_asked(db.url.replace("postgres@", "asked@"))
        url = db.url.replace("postgres@", f"asked:{password}@" if password else "asked@")
        done = subprocess.run(
            [sys.executable, "-m", "baileys_cleanup", "clean"],
            env={"BAILEYS_CLEANUP_STORE": url, "PATH": "/usr/bin", "HOME": "/nonexistent"},
            capture_output=True,
            text=True,
            check=False,
        )
        refused(done, "~/.pgpass")
        assert "s3cret" not in done.stderr
    finally:
        rules.write_text(before)
        db.execute("select pg_reload_conf()")
        db.execute("drop role asked")


def test_a_password_that_is_right_is_never_shown(split: Database) -> None:
    """Neither in the summary nor in the JSON, nor among the settings."""
    url = split.url.replace("postgres@", "postgres:s3cret@")
    for words in (
        ["clean", "--json"],
        ["clean"],
        ["settings"],
        ["check", "--json"],
        ["monitor", "--once", "--json"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "baileys_cleanup", *words],
            env={"BAILEYS_CLEANUP_STORE": url, "PATH": "/usr/bin", "HOME": "/nonexistent"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == done.returncode, done.stderr
        assert "s3cret" not in done.stdout + done.stderr
        assert split.name in done.stdout


@pytest.mark.parametrize("password", ["s3c/ret", "s3c@ret", "s3c@r/et"])
def test_a_password_that_has_to_be_escaped(db: Database, password: str) -> None:
    """The driver would take a part of it for a host, and say that it does not answer."""
    done = db.call("clean", url="", BAILEYS_CLEANUP_STORE=db.url.replace("postgres@", f"postgres:{password}@"))
    refused(done, "BAILEYS_CLEANUP_STORE", "percent-encoded")
    assert "s3c" not in done.stderr


def test_a_password_as_an_option(db: Database) -> None:
    """Everybody on the machine could read it there."""
    refused(db.call("clean", url="postgresql://bot:s3cret@db/x"), "password")


def test_no_table(db: Database) -> None:
    """It names what is there, and the layout that would fit."""
    db.execute(PRISMA)
    refused(db.call("clean"), "no table whatsapp_keys", "Session", 'postgresql.layout = "prisma"')


def test_the_hint_names_what_is_missing_and_not_what_is_set(db: Database) -> None:
    """Tables of other names: both, or the one that nobody has named yet; with the hint followed it works."""
    db.execute(SPLIT.replace("whatsapp_auth", "my_auth").replace("whatsapp_keys", "my_keys"))
    keys, creds_table = 'postgresql.keys_table = "my_keys"', 'postgresql.creds_table = "my_auth"'
    refused(db.call("clean"), f"{keys} and {creds_table}")
    names = {"BAILEYS_CLEANUP_POSTGRESQL__KEYS_TABLE": "my_keys"}
    done = db.call("clean", **names)
    refused(done, "no table whatsapp_auth", creds_table)
    assert "keys_table" not in done.stderr
    both = names | {"BAILEYS_CLEANUP_POSTGRESQL__CREDS_TABLE": "my_auth"}
    db.run("clean", **both)
    refused(db.call("clean", **both, BAILEYS_CLEANUP_POSTGRESQL__LAYOUT="prisma"), 'postgresql.layout = "split"')
    db.execute("alter table my_auth rename column creds to state")
    done = db.call("clean", **both)
    refused(done, "lacks creds", "postgresql.creds_table names a table with the columns company_id and creds")
    assert "single value" not in done.stderr, "that is said of keys"


def test_a_table_in_another_schema(db: Database) -> None:
    """The sentence names it as the setting has to."""
    db.execute(f'create schema "Bot"; set search_path = "Bot"; {SPLIT}')
    refused(db.call("clean"), 'postgresql.keys_table = "Bot.whatsapp_keys"')
    names = {"BAILEYS_CLEANUP_POSTGRESQL__KEYS_TABLE": "Bot.whatsapp_keys"}
    refused(db.call("clean", **names), 'postgresql.creds_table = "Bot.whatsapp_auth"')
    db.run("clean", **names, BAILEYS_CLEANUP_POSTGRESQL__CREDS_TABLE="Bot.whatsapp_auth")


def test_a_view_is_no_table(db: Database) -> None:
    """Nothing can be taken out of it and put back as it was."""
    db.execute(SPLIT + "alter table whatsapp_keys rename to k; create view whatsapp_keys as select * from k")
    refused(db.call("clean"), "whatsapp_keys is a view")


def test_columns_that_do_not_fit(db: Database) -> None:
    """It names the columns that are there, and those that are not."""
    db.execute("create table whatsapp_keys (company text, k text, v jsonb)")
    refused(db.call("clean"), "company, k, v", "lacks company_id, key_type, key_id, value")


def test_a_table_of_another_name_is_found_by_its_columns(db: Database) -> None:
    """A fork's table has the columns of a layout that is known."""
    db.execute(PRISMA.replace('"Session"', '"BaileysSession"'))
    refused(db.call("clean"), 'postgresql.keys_table = "BaileysSession"')
    variables = {"LAYOUT": "prisma", "KEYS_TABLE": "BaileysSession"}
    db.run("clean", **{f"BAILEYS_CLEANUP_POSTGRESQL__{name}": value for name, value in variables.items()})


def test_keys_in_one_value(db: Database) -> None:
    """Such a store cannot be cleaned key by key."""
    db.execute("create table auth (session text primary key, creds jsonb, keys jsonb)")
    refused(db.call("clean", **CUSTOM), "single value")


def test_a_column_of_times_that_is_none(split: Database) -> None:
    """A number is no time."""
    split.execute("alter table whatsapp_keys alter updated_at drop default, alter updated_at type bigint using 0")
    refused(split.call("clean"), "bigint", "timestamp")


def test_a_company_that_is_not_there(split: Database) -> None:
    """It names those that are."""
    refused(split.call("clean", "--company", "2"), "no such company", ": 1")
    refused(split.call("clean", "--company", "../1"), "slash")
    assert {f"session|{OTHER}.0", f"session|{OTHER}.9"} == split.keys("1")


def test_a_role_that_may_only_read_dry_runs_and_cannot_clean(split: Database) -> None:
    """SELECT is enough for a dry run, which says what a real run would meet."""
    split.execute(
        "drop role if exists reader; create role reader login; grant select on whatsapp_keys, whatsapp_auth to reader"
    )
    url = split.server.database(split.name, "reader")
    done = split.call("clean", "--dry-run", "--json", url=url)
    assert 0 == done.returncode, done.stderr
    company = json.loads(done.stdout)["companies"][0]
    assert 1 == company["files"]["removed"]
    assert any("UPDATE, DELETE, INSERT" in warning for warning in company["warnings"])
    assert split.call("check", url=url).stdout.startswith("OK")
    assert 'company_id="1"' in split.call("metrics", url=url).stdout
    assert 0 == split.call("monitor", "--once", "--dry-run", url=url).returncode
    # A monitor remembers whom it has told, and that is written down: it looks, and says that it will tell again.
    done = split.call("monitor", "--once", url=url)
    assert (1, True) == (done.returncode, "what was told cannot be remembered" in done.stderr), done.stderr
    refused(split.call("clean", url=url), "baileys_cleanup cannot be made", "permission denied")
    done = split.call("migrate", "--prepare", "--to", url, url="")
    refused(done, f"cannot be made in {url}", f'GRANT CREATE ON DATABASE "{split.name}" TO "reader", or let')
    split.execute(f'GRANT CREATE ON DATABASE "{split.name}" TO "reader"')
    done = split.call("clean", "--json", url=url)
    assert 1 == done.returncode
    assert "permission denied for table whatsapp_keys" in json.loads(done.stdout)["companies"][0]["errors"][0]["error"]
    assert 2 == len(split.keys("1"))
    split.execute("grant select, update, delete, insert on whatsapp_keys to reader")
    assert 1 == json.loads(split.call("clean", "--json", url=url).stdout)["totals"]["removed"]


def test_a_role_that_may_only_read_looks_also_where_the_tool_has_been(split: Database) -> None:
    """What another role's runs left to be remembered it may not read: it says so, with what would let it."""
    split.run("clean", "--undo-days", "7")
    split.split("1", {f"session|{OTHER}.0": 20})
    split.execute(
        "drop role if exists reader; create role reader login; grant select on whatsapp_keys, whatsapp_auth to reader"
    )
    url = split.server.database(split.name, "reader")
    said = json.loads(split.call("clean", "--dry-run", "--json", url=url).stdout)
    assert 1 == said["totals"]["removed"]
    assert any("GRANT USAGE ON SCHEMA baileys_cleanup TO" in note for note in said["notes"])
    for words in (["check"], ["metrics"], ["explain"], ["monitor", "--once", "--dry-run"]):
        assert 0 == split.call(*words, url=url).returncode, words
    refused(split.call("undo", url=url), "GRANT SELECT ON ALL TABLES IN SCHEMA baileys_cleanup")
    split.execute(
        "grant usage on schema baileys_cleanup to reader; grant select on all tables in schema baileys_cleanup to reader"
    )
    assert 1 == len(json.loads(split.call("undo", "--json", url=url).stdout)["runs"])
    assert [] == json.loads(split.call("clean", "--dry-run", "--json", url=url).stdout)["notes"]


def test_a_schema_that_another_role_prepared(split: Database) -> None:
    """The sentence has the statements that let this one work there; with them it cleans and takes back."""
    split.call("migrate", "--prepare", "--to", split.url, url="")
    split.execute('drop role if exists "Clean-Up"; create role "Clean-Up" login')
    split.execute('grant select, update, delete, insert on whatsapp_keys to "Clean-Up"')
    split.execute('grant select on whatsapp_auth to "Clean-Up"')
    url = split.server.database(split.name, "Clean-Up")
    done = split.call("clean", url=url)
    refused(done, "lacks rights in the schema baileys_cleanup")
    split.execute(done.stderr.partition("another role made: ")[2])
    said = json.loads(split.call("clean", "--json", url=url).stdout)
    assert 1 == said["totals"]["removed"]
    assert 0 == split.call("undo", said["run_id"], url=url).returncode


def test_a_table_without_the_right_to_see_it(split: Database) -> None:
    """One sentence, before anything."""
    split.execute("drop role if exists nobody; create role nobody login")
    refused(
        split.call("clean", "--dry-run", url=split.server.database(split.name, "nobody")),
        "permission denied for table whatsapp",
    )


def test_a_lock_that_is_held_for_hours_fails_the_company_and_no_other(split: Database) -> None:
    """A statement of ours waits 5 seconds at most; what is locked by row is only passed over."""
    split.run("clean", "--company", "1", "--undo-days", "1")
    split.split("1", {f"session|{OTHER}.0": 20})
    with psycopg.connect(split.url) as other:
        other.execute("lock table whatsapp_keys in share mode")
        said = json.loads(split.call("clean", "--json").stdout)
        assert "partial" == said["status"]
        assert "another session holds a lock" in said["companies"][0]["errors"][0]["error"]
        other.rollback()
    assert 2 == len(split.keys("1"))


def test_a_lock_on_the_records_costs_nothing_that_was_recorded(split: Database) -> None:
    """How earlier runs ended cannot be read meanwhile: it is not begun anew, and the next run adds to it."""
    run = RunOutcome("20261122T030000Z-4f1c", False, split.url, 1_795_316_400 * 10**9, 7)
    with open_store(Place(split.url)) as store, store.workspace(create=True) as workspace:
        assert workspace is not None
        record_clean(workspace, run)
        with psycopg.connect(split.url) as other:
            other.execute("lock table baileys_cleanup.records in access exclusive mode")
            with pytest.raises(OSError, match="name 'history' cannot be read, and stays as it is"):
                record_clean(workspace, run)
            other.rollback()
        record_clean(workspace, run)
        assert 2 == len(read_history(workspace)[0].runs)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("records", "table records, name 'last-run', cannot be read: "),
        ("lease", "the lock of the store"),
        ("runs", "the runs in"),
    ],
)
def test_a_record_that_another_session_holds_is_told_before_anything(split: Database, table: str, said: str) -> None:
    """With the store's name; nobody is asked to accept the clock of what can be read a moment later."""
    split.run("clean", "--undo-days", "1")
    with psycopg.connect(split.url) as other:
        other.execute(f"lock table baileys_cleanup.{table} in access exclusive mode")
        for words in (["clean"], ["undo", "latest"]):
            done = split.call(*words)
            refused(done, split.url, "another session holds a lock")
            assert "--accept-clock" not in done.stderr
            assert said in done.stderr or words != ["clean"]
        other.rollback()
    assert f"session|{OTHER}.9" in split.keys("1")


def test_a_statement_timeout_fails_and_loses_nothing(split: Database) -> None:
    """The server's limit is kept, and told."""
    split.run("clean", "--dry-run")
    split.execute(
        "create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(3); return old; end'"
    )
    split.execute("create trigger slow before delete on whatsapp_keys for each row execute function slow()")
    split.execute(f"alter database {split.name} set statement_timeout = '1s'")
    said = json.loads(split.call("clean", "--json").stdout)
    assert "statement_timeout" in said["companies"][0]["errors"][0]["error"]
    assert 2 == len(split.keys("1"))


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_the_isolation_level_of_the_database_does_not_matter(split: Database, level: str) -> None:
    """Ours is set for each transaction."""
    split.execute(f"alter database {split.name} set default_transaction_isolation = '{level}'")
    assert 1 == split.run("clean", "--json")["totals"]["removed"]


def test_a_database_that_is_read_only_by_default_is_written_all_the_same(split: Database) -> None:
    """A real run says that it writes; only a replica cannot."""
    split.execute(f"alter database {split.name} set default_transaction_read_only = on")
    assert 1 == split.run("clean", "--json")["totals"]["removed"]


@pytest.mark.parametrize(
    ("value", "problem"),
    [("{broken", "not valid JSON"), ("", "is empty"), ("[1]", "not a JSON object"), ('{"me": 1}', "incomplete")],
)
def test_creds_that_are_no_creds_remove_no_session(db: Database, value: str, problem: str) -> None:
    """As with a file that does not parse: the guards hold."""
    db.execute(PRISMA)
    for name, data in {"creds": value, f"session-{OTHER}.0": "no json"}.items():
        db.execute('insert into "Session" ("sessionId", id, data) values (%s, %s, %s)', ["7", name, data])
    layout = {"BAILEYS_CLEANUP_POSTGRESQL__LAYOUT": "prisma"}
    db.run("clean", **layout)
    db.execute("update baileys_cleanup.ledger set since = since - interval '20 days'")
    said = db.run("clean", "--json", "--accept-clock", **layout)
    assert 0 == said["totals"]["removed"]
    assert any(problem in warning for warning in said["companies"][0]["warnings"])


@pytest.mark.parametrize(
    ("value", "problem"), [(None, "is empty"), ("null", "not a JSON object"), ("[1]", "not a JSON")]
)
def test_creds_in_a_column_of_json_that_are_none(db: Database, value: str | None, problem: str) -> None:
    """What the server takes apart is told in the same words as a file."""
    db.execute(SPLIT.replace("creds jsonb not null", "creds jsonb"))
    db.execute("insert into whatsapp_auth values ('1', %s)", [value])
    db.split("1", KEYS)
    said = db.run("clean", "--json")
    assert 0 == said["totals"]["removed"]
    assert any(problem in warning for warning in said["companies"][0]["warnings"])


def test_ids_that_are_hard_to_write_are_companies_like_others(db: Database) -> None:
    """Quotes, percent signs, case: every id is a value and never a part of a statement."""
    db.execute(SPLIT)
    ids = ["a", "A", "o'brien", '"; drop table x; --', "100%s", "%(company)s", "Zürich ☂", "{keys}"]
    for company in ids:
        db.split(company, KEYS, creds())
    said = db.run("clean", "--json")
    assert (len(ids), len(ids)) == (said["totals"]["companies"], said["totals"]["removed"])
    assert {f"session|{OTHER}.9"} == db.keys('"; drop table x; --')
    db.run("undo", said["run_id"], "--company", "100%s")
    assert 2 == len(db.keys("100%s"))


def test_a_company_that_may_not_be_named_is_passed_over(db: Database) -> None:
    """An id with a slash is no company, and the summary says so."""
    db.execute(SPLIT)
    db.split("a/b", KEYS, creds())
    db.split("1", KEYS, creds())
    said = db.run("clean", "--json")
    assert ["1"] == [each["company_id"] for each in said["companies"]]
    assert any("a/b" in warning for warning in said["warnings"])
    assert 2 == len(db.keys("a/b"))


def test_exclude_leaves_companies_out(split: Database) -> None:
    """As with folders."""
    said = split.run("clean", "--json", BAILEYS_CLEANUP_EXCLUDE="1*")
    assert [] == said["companies"]


def test_an_empty_store_is_a_warning(db: Database) -> None:
    """Is it the right database, may this role see the rows."""
    db.execute(SPLIT)
    said = db.run("clean", "--json")
    assert any("holds no company" in warning for warning in said["warnings"])


def test_two_runs_at_once(split: Database) -> None:
    """The second one has status 3, and says who is at work."""
    split.run("clean", "--dry-run")
    split.run("clean")
    split.execute(
        "insert into baileys_cleanup.lease values ('lock', 'x', 'process 7 on elsewhere', null, now() + interval '1 hour')"
    )
    refused(split.call("clean"), "process 7 on elsewhere", status=3)
    split.execute("update baileys_cleanup.lease set until = now() - interval '1 second'")
    split.run("clean")


@pytest.mark.parametrize("words", [["clean"], ["clean", "--shard=0/1"], ["rotate", "--company", "1", "--yes"]])
def test_one_that_is_held_up_while_it_takes_the_lock_is_another_run(split: Database, words: list[str]) -> None:
    """A slow disk of the server, or a machine that stands still: status 3, which a scheduler tries again, and not 2."""
    split.run("clean", "--undo-days", "1")
    with psycopg.connect(split.url) as other:
        other.execute("select pg_advisory_xact_lock(hashtextextended('baileys_cleanup lease lock', 0))")
        refused(split.call(*words), "another run is at work", status=3)
        other.rollback()
    assert 0 == split.call(*words).returncode


@pytest.mark.parametrize("shard", [[], ["--shard=0/1"]])
def test_one_that_is_held_up_while_it_makes_the_schema_is_another_run(split: Database, shard: list[str]) -> None:
    """The first runs of two machines at once: likewise status 3. Who only looks does so, and cannot remember it."""
    with psycopg.connect(split.url) as other:
        other.execute("select pg_advisory_xact_lock(hashtextextended('baileys_cleanup schema', 0))")
        refused(split.call("clean", *shard), "another run is making the schema baileys_cleanup", status=3)
        looked = split.run("monitor", "--once", "--json", status=1)
        assert ["1"] == [each["company_id"] for each in looked["companies"]]
        other.rollback()
    assert 0 == split.call("clean", *shard).returncode


def test_a_fresh_rotation_is_for_folders(split: Database) -> None:
    """It says so, before anybody is asked whether the bot is stopped."""
    refused(split.call("rotate", "--company", "1", "--fresh"), "--fresh begins with an empty folder")


def test_without_the_driver_the_extra_is_named(tmp_path: Path) -> None:
    """The command that installs it stands in the sentence."""
    (tmp_path / "psycopg.py").write_text("raise ImportError('not here')")
    done = subprocess.run(
        [sys.executable, "-m", "baileys_cleanup", "clean", "--store", "postgresql://db/x"],
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    refused(done, "psycopg", "baileys-cleanup[postgresql]")


def test_joined_names_without_creds_remove_no_session(db: Database) -> None:
    """Keys without creds in sight: the guards would be blind, so no session goes."""
    db.execute(JOINED)
    db.execute("insert into auth_data values (%s, '{}')", [f"7:session-{OTHER}.0"])
    layout = {"BAILEYS_CLEANUP_POSTGRESQL__LAYOUT": "postgres-baileys"}
    db.run("clean", **layout)
    db.execute("update baileys_cleanup.ledger set since = since - interval '20 days'")
    assert 0 == db.run("clean", "--json", "--accept-clock", **layout)["totals"]["removed"]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("records", ["explain", "--company", "1"]),
        ("records", ["metrics"]),
        ("records", ["rotate", "--company", "1", "--dry-run"]),
        ("set_aside", ["undo"]),
    ],
)
def test_who_only_looks_at_a_locked_table_of_the_tools_gets_status_2(
    db: Database, table: str, words: list[str]
) -> None:
    """Nothing was touched, so it is not 1; the store and the lock are named."""
    db.execute(SPLIT)
    db.split("1", {f"session|{OTHER}.0": 20}, creds())
    db.run("clean")
    with psycopg.connect(db.url) as other:
        other.execute(f"lock table baileys_cleanup.{table} in access exclusive mode")
        done = db.call(*words)
    assert 2 == done.returncode, done.stderr
    assert db.url in done.stderr
    assert "another session holds a lock on the table" in done.stderr
