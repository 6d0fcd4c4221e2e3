"""Tables that are not as ours: whatever goes comes back whole, and where it could not, nothing goes."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pg_bench import OTHER, PN, SPLIT, Database, creds

OLD, OWN = f"session|{OTHER}.0", f"session|{PN}.0"
KEYS = {OLD: 20, f"session|{OTHER}.1": 1, OWN: 20, "sender-key-memory|1@g.us": 20}
GOING = {OLD, "sender-key-memory|1@g.us"}
PARTITIONED = SPLIT.replace("key_id));", "key_id)) partition by list (company_id);") + (
    "create table of_7 partition of whatsapp_keys for values in ('7');"
    "create table of_others partition of whatsapp_keys default;"
)
SETTINGS = {
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "off",
    "escape_string_warning": "off",
    "bytea_output": "escape",
    "datestyle": "'SQL, DMY'",
    "intervalstyle": "sql_standard",
    "timezone": "'Pacific/Kiritimati'",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "transform_null_equals": "on",
    "array_nulls": "off",
    "row_security": "off",
    "extra_float_digits": "-10",
    "search_path": "'$user', public, pg_catalog",
}
ALL = "select k.*, k.tableoid::regclass::text from whatsapp_keys k order by 1, 2, 3"


def fill(db: Database, tables: str = SPLIT) -> None:
    """Make the tables, with two companies in them."""
    db.execute(tables)
    db.split("7", KEYS, creds())
    db.split("8", KEYS, creds(me={"id": "15550000008:7@s.whatsapp.net"}))


def test_what_goes_from_partitions_comes_back_to_them(db: Database) -> None:
    """Also in one transaction for many rows."""
    fill(db, PARTITIONED)
    before = db.execute(ALL)
    said = db.run("clean", "--json")
    assert 5 == said["totals"]["removed"]
    assert 5 == db.run("undo", said["run_id"], "--json")["totals"]["restored"]
    assert before == db.execute(ALL)


def test_what_a_database_has_set_for_everybody_changes_nothing(db: Database, tmp_path: Path) -> None:
    """A night, its undo, an archive and the way back from it, by the column and by the ledger."""
    fill(db)
    db.execute(
        "alter table whatsapp_keys alter value drop not null, add more jsonb default 'null', add \"per%cent\" jsonb"
    )
    before = db.execute(ALL)
    archives = tmp_path / "archives"
    archives.mkdir(0o700)
    with psycopg.connect(db.url, autocommit=True) as bot:  # as it was before the settings
        for name, value in SETTINGS.items():
            bot.execute(f"alter database {db.name} set {name} = {value}")
        said = db.run("clean", "--json")
        assert 5 == said["totals"]["removed"]
        assert 5 == db.run("undo", said["run_id"], "--json")["totals"]["restored"]
        db.run("backup", "--to", str(archives))
        bot.execute("delete from whatsapp_keys where company_id = '7' and key_id = %s", [f"{OTHER}.0"])
        db.run("restore", "latest", "--from", str(archives), "--company", "7", "--everything", "--anyway")
        assert before == bot.execute(ALL).fetchall()
        bot.execute("alter table whatsapp_keys drop column updated_at")
        assert 0 == db.run("clean", "--json")["totals"]["removed"]
        bot.execute("update baileys_cleanup.ledger set since = since - interval '20 days'")
        assert 7 == db.run("clean", "--json", "--accept-clock")["totals"]["removed"]


def test_the_ledger_knows_what_came_back_to_partitions(db: Database) -> None:
    """As old as it was, so that the next run would take it again."""
    fill(db, PARTITIONED)
    db.execute("alter table whatsapp_keys drop column updated_at")
    db.run("clean")
    db.execute("update baileys_cleanup.ledger set since = since - interval '20 days'")
    said = db.run("clean", "--json", "--accept-clock")
    assert 7 == said["totals"]["removed"]
    db.run("undo", said["run_id"])
    assert 7 == db.run("clean", "--dry-run", "--json", "--accept-clock")["totals"]["removed"]


def test_a_restore_puts_keys_into_partitions(db: Database, tmp_path: Path) -> None:
    """One that is missing, and a whole company."""
    fill(db, PARTITIONED)
    db.execute("delete from whatsapp_keys where key_type = 'sender-key-memory'")  # those a restore leaves away
    (tmp_path / "archives").mkdir(0o700)
    db.run("backup", "--to", str(tmp_path / "archives"))
    before = [row[:3] + row[5:] for row in db.execute(ALL)]
    db.execute("delete from whatsapp_keys where company_id = '7' and key_id = %s", [f"{PN}.0"])
    db.execute("delete from whatsapp_keys where company_id = '8'; delete from whatsapp_auth where company_id = '8'")
    for company in ("7", "8"):
        words = ["restore", "latest", "--from", str(tmp_path / "archives"), "--company", company]
        db.run(*words, "--everything", "--anyway")
    assert before == [row[:3] + row[5:] for row in db.execute(ALL)]


def test_a_value_that_is_the_null_of_json_comes_back(db: Database) -> None:
    """A row is kept as JSON, which has one null for that and for none at all; the column takes only the one."""
    fill(db)
    db.execute("update whatsapp_keys set value = 'null'")
    before = db.execute(ALL)
    db.run("undo", db.run("clean", "--json")["run_id"], "--anyway")
    assert before == db.execute(ALL)


def goes_and_comes_back(db: Database, told: str) -> None:
    """Require of five rows that a night takes them, and that its undo brings them back as they were told."""
    before = db.execute(told)
    said = db.run("clean", "--json")
    assert 5 == said["totals"]["removed"]
    db.run("undo", said["run_id"], "--anyway")
    assert before == db.execute(told)


NULLS = """
alter table whatsapp_keys alter column value drop not null;
alter table {0} add column "one's" jsonb, add column "two words" json default '1', add column plain text;
update {0} set "one's" = 'null', "two words" = 'null';
"""
ONE_KEY = "company_id = '7' and key_type = 'session'"


def test_the_null_of_json_and_none_at_all_come_back_as_they_were(db: Database) -> None:
    """Where a column takes both: in the value, and in columns that only the bot knows."""
    fill(db)
    db.execute(NULLS.format("whatsapp_keys"))
    db.execute(f"update whatsapp_keys set value = 'null' where {ONE_KEY}")
    db.execute("update whatsapp_keys set value = null, \"two words\" = null where company_id = '8'")
    goes_and_comes_back(db, ALL.replace("k.*", 'k.*, value is null, "one\'s"::text, "two words"::text'))


def test_a_domain_over_json_is_json(db: Database, tmp_path: Path) -> None:
    """In the value, where it is read as well, and in a column that only the bot knows."""
    db.execute("create domain document as jsonb; create domain of_bot as document")
    fill(db, SPLIT.replace("jsonb not null", "document"))
    db.execute("alter table whatsapp_keys add more of_bot default 'null'")
    db.execute(f"update whatsapp_keys set value = 'null' where {ONE_KEY}")
    db.execute("update whatsapp_keys set more = null where company_id = '8'")
    goes_and_comes_back(db, ALL.replace("k.*", "k.*, value is null, more is null"))
    assert 0 == db.call("migrate", "--from", db.url, "--to", str(tmp_path), url="").returncode
    assert "me" in json.loads((tmp_path / "company_7" / "creds.json").read_text())


@pytest.mark.parametrize("kind", ["jsonb[]", "pair", "needed", "hstore"])
def test_a_column_of_which_not_all_could_come_back_refuses_the_table(db: Database, kind: str) -> None:
    """A list does not tell the null of JSON from none at all, say: status 2, and a dry run warns."""
    fill(db)
    db.execute(
        "create type pair as (a integer, b json); create domain needed as jsonb not null; create extension hstore;"
        f" alter table whatsapp_keys add more {kind}" + (" default '1'" if kind == "needed" else "")
    )
    done = db.call("clean")
    assert (2, True) == (done.returncode, "the column more of the table" in done.stderr), done.stderr
    assert f"is of type {kind}" in done.stderr
    said = db.run("clean", "--dry-run", "--json")
    assert any(f"is of type {kind}" in text for text in said["companies"][0]["warnings"])


@pytest.mark.parametrize(
    "name", [r"\ud83d", r"\ud83d\udd11 \udd11\ud83d", r"\u0000", r"\\\u0000", r"\\u0000 \\\\ud83d"]
)
def test_creds_that_only_json_takes_are_creds(db: Database, name: str) -> None:
    """As in a folder: half an emoji in a name is the name's affair, and whose keys these are is known all the same."""
    fill(db, SPLIT.replace("creds jsonb", "creds json"))
    db.execute("update whatsapp_auth set creds = replace(creds::text, 'secret-name', %s)::json", [name])
    assert db.run("check").startswith("OK")
    said = db.run("clean", "--json")
    assert [[], []] == [company["warnings"] for company in said["companies"]]
    assert set(KEYS) - GOING == db.keys("7")


def test_rows_that_were_kept_without_a_note_come_back(db: Database) -> None:
    """As an earlier version kept them: what may be either null is none at all."""
    fill(db)
    db.execute(NULLS.format("whatsapp_keys"))
    run = db.run("clean", "--json", "--company", "7")["run_id"]
    db.execute("update baileys_cleanup.quarantine set row = (row::jsonb - 'baileys_cleanup_nulls')::json")
    db.run("undo", run)
    assert set(KEYS) == db.keys("7")
    assert [(2,)] == db.execute('select count(*) from whatsapp_keys where "one\'s" is null and "two words" is null')


def test_a_company_that_lay_aside_has_both_nulls(db: Database, tmp_path: Path) -> None:
    """In both of its tables."""
    fill(db)
    (tmp_path / "archives").mkdir(0o700)
    db.run("backup", "--to", str(tmp_path / "archives"))
    db.execute(NULLS.format("whatsapp_keys") + NULLS.format("whatsapp_auth"))
    db.execute(f"update whatsapp_keys set value = 'null', \"two words\" = null where {ONE_KEY}")
    told = [
        'select r.*, "one\'s"::text, "two words"::text from whatsapp_auth r order by 1',
        'select r.*, "one\'s"::text, "two words"::text, value is null from whatsapp_keys r order by 1, 2, 3',
    ]
    before = [db.execute(each) for each in told]
    db.run("restore", "latest", "--from", str(tmp_path / "archives"), "--company", "7", "--replace", "--anyway")
    (aside,) = db.run("undo", "--json")["set_aside"]
    db.run("undo", aside["run_id"], "--anyway")
    assert before == [db.execute(each) for each in told]


@pytest.mark.parametrize("whole", [True, False], ids=["set aside", "removed"])
def test_tables_that_were_moved_meanwhile(db: Database, tmp_path: Path, whole: bool) -> None:
    """Nobody but the operator knows that they are the same: the sentence has the statement that says so."""
    fill(db)
    (tmp_path / "archives").mkdir(0o700)
    db.run("backup", "--to", str(tmp_path / "archives"))
    if whole:
        db.run("restore", "latest", "--from", str(tmp_path / "archives"), "--company", "7", "--replace", "--anyway")
        (aside,) = db.run("undo", "--json")["set_aside"]
        run = aside["run_id"]
    else:
        run = db.run("clean", "--json", "--company", "7")["run_id"]
    tables = ("whatsapp_keys", "whatsapp_auth")
    db.execute("create schema bot;" + "".join(f"alter table {table} set schema bot;" for table in tables))
    now = {
        f"BAILEYS_CLEANUP_POSTGRESQL__{part}_TABLE": f"bot.{table}"
        for part, table in zip(("KEYS", "CREDS"), tables, strict=True)
    }
    said = db.run("undo", run, "--anyway", status=1, **now)
    assert "it was taken from public.whatsapp_keys" in said
    db.execute(said.partition("this says so: ")[2].partition("\n")[0])
    db.run("undo", run, "--anyway", **now)
    there = "select count(*) from bot.whatsapp_keys where company_id = '7'"
    assert [(len(KEYS),)] == db.execute(there)


def test_a_column_that_came_meanwhile_has_its_default(db: Database, tmp_path: Path) -> None:
    """A new version of the bot's software may have added one between a run and its undo, or a restore and its."""
    fill(db)
    (tmp_path / "archives").mkdir(0o700)
    db.run("backup", "--to", str(tmp_path / "archives"))
    words = ["restore", "latest", "--from", str(tmp_path / "archives"), "--company", "8", "--replace", "--anyway"]
    db.run(*words)
    (aside,) = db.run("undo", "--json")["set_aside"]
    run = db.run("clean", "--json", "--company", "7")["run_id"]
    db.execute("alter table whatsapp_keys add column tries integer not null default 3")
    db.execute("alter table whatsapp_auth add column tries integer not null default 3")
    db.run("undo", run)
    db.run("undo", aside["run_id"], "--anyway")
    assert [set(KEYS), set(KEYS)] == [db.keys("7"), db.keys("8")]
    assert [(3,)] == db.execute("select distinct tries from whatsapp_keys union select tries from whatsapp_auth")


def test_rows_without_what_they_say_do_not_come_back(db: Database) -> None:
    """Where the column of values has another name by now, they would be empty; in the quarantine they are whole."""
    fill(db)
    run = db.run("clean", "--json", "--company", "7")["run_id"]
    db.execute("alter table whatsapp_keys rename column value to content")
    db.execute("alter table whatsapp_keys alter column content drop not null")
    done = db.run("undo", run, status=1, BAILEYS_CLEANUP_POSTGRESQL__VALUE="content")
    assert "what was kept of it has no column content" in done
    assert set(KEYS) - GOING == db.keys("7")
    db.execute("alter table whatsapp_keys rename column content to value")
    db.run("undo", run)
    assert set(KEYS) == db.keys("7")


@pytest.mark.parametrize("action", ["cascade", "set null"])
def test_where_more_would_go_than_could_come_back_nothing_goes(db: Database, action: str) -> None:
    """Rows of another table would go along, and lie in no quarantine."""
    fill(db)
    db.execute(
        "create table notes (of text, kind text, name text, foreign key (of, kind, name) references whatsapp_keys on"
        f" delete {action})"
    )
    db.execute("insert into notes values ('7', 'session', %s)", [f"{OTHER}.0"])
    dry = db.run("clean", "--dry-run", "--json")
    assert any("notes" in warning for warning in dry["companies"][0]["warnings"])
    refused = db.run("clean", status=2)
    assert "notes" in refused
    assert "notes_of_kind_name_fkey" in refused
    assert set(KEYS) == db.keys("7")
    assert [("7", "session", f"{OTHER}.0")] == db.execute("select * from notes")


def test_a_foreign_key_that_only_refuses_fails_its_company(db: Database) -> None:
    """The server says no, and the others go on."""
    fill(db)
    db.execute(
        "create table notes (of text, kind text, name text, foreign key (of, kind, name) references whatsapp_keys)"
    )
    db.execute("insert into notes values ('7', 'session', %s)", [f"{OTHER}.0"])
    said = db.run("clean", "--json", status=1)
    assert [0, 3] == [each["files"]["removed"] for each in said["companies"]]
    assert "a foreign key of another table refers to it" in said["companies"][0]["errors"][0]["error"]


def test_replacing_a_company_takes_nothing_of_other_tables_along(db: Database, tmp_path: Path) -> None:
    """Whatever hangs on the creds by a foreign key would be gone with the former ones."""
    fill(db)
    db.execute("create table bookings (company_id text references whatsapp_auth on delete cascade)")
    db.execute("insert into bookings values ('7')")
    (tmp_path / "archives").mkdir(0o700)
    db.run("backup", "--to", str(tmp_path / "archives"))
    words = ["restore", "latest", "--from", str(tmp_path / "archives"), "--company", "7", "--replace", "--anyway"]
    assert "bookings" in db.run(*words, status=1)
    assert [("7",)] == db.execute("select * from bookings")
    assert set(KEYS) == db.keys("7")


def test_keys_that_hang_on_their_creds_come_back_after_them(db: Database, tmp_path: Path) -> None:
    """A company that was replaced goes live again, though its keys refer to the row of its creds."""
    fill(db)
    db.execute("alter table whatsapp_keys add foreign key (company_id) references whatsapp_auth on delete cascade")
    before = db.execute(ALL)
    (tmp_path / "archives").mkdir(0o700)
    db.run("backup", "--to", str(tmp_path / "archives"))
    words = ["restore", "latest", "--from", str(tmp_path / "archives"), "--company", "7", "--replace", "--anyway"]
    db.run(*words)
    (aside,) = db.run("undo", "--json")["set_aside"]
    db.run("undo", aside["run_id"], "--anyway")
    assert before == db.execute(ALL)


def test_a_table_that_others_inherit_from_is_left_alone(db: Database) -> None:
    """Their rows would come back to another table, without the columns that they have beside."""
    fill(db)
    db.execute("create table more (note text) inherits (whatsapp_keys)")
    db.execute("insert into more values ('7', 'session', '9.0', '{}', now() - interval '20 days', 'precious')")
    assert "more" in db.run("clean", status=2)
    assert [("precious",)] == db.execute("select note from more")


def test_what_a_trigger_keeps_is_a_failure(db: Database) -> None:
    """It stays as it was, and is not taken for a row that the bot wrote meanwhile."""
    fill(db)
    db.execute("create function keep() returns trigger language plpgsql as 'begin return null; end'")
    db.execute("create trigger keep before delete on whatsapp_keys for each row execute function keep()")
    said = db.run("clean", "--json", "--company", "7", status=1)
    assert {"seen": 5, "removed": 0, "kept": 3, "failed": 2, "changed": 0} == said["companies"][0]["files"]
    assert "a trigger of the table keeps it" in said["companies"][0]["errors"][0]["error"]
    db.execute(
        "create or replace function keep() returns trigger language plpgsql as $$begin raise exception 'no'; end$$"
    )
    said = db.run("clean", "--json", "--company", "7", status=1)
    assert "a trigger of the table refuses it" in said["companies"][0]["errors"][0]["error"]


def test_rows_that_may_be_seen_and_not_removed_are_told(db: Database) -> None:
    """Row security hides them from a removal: they would be told as written meanwhile, night after night."""
    fill(db)
    db.execute("drop role if exists seeing; create role seeing login")
    db.execute("grant all on whatsapp_keys, whatsapp_auth to seeing")
    db.execute(f"grant create on database {db.name} to seeing")
    db.execute("alter table whatsapp_keys enable row level security")
    db.execute("create policy look on whatsapp_keys for select using (true)")
    url = db.server.database(db.name, "seeing")
    done = db.call("clean", url=url)
    assert (2, True) == (done.returncode, "no policy that lets this role DELETE, INSERT, UPDATE" in done.stderr)
    assert set(KEYS) == db.keys("7")
    db.execute("create policy all_of_it on whatsapp_keys to seeing using (true)")
    assert 0 == db.call("clean", url=url).returncode
    assert set(KEYS) - GOING == db.keys("7")


def test_rows_of_one_bot_do_not_come_into_the_table_of_another(db: Database) -> None:
    """Two tables of one database share what the tool keeps, and a company may be in both."""
    for schema in ("one", "two"):
        db.execute(f"create schema {schema}; set search_path = {schema}; {SPLIT}")
        db.execute(
            f"insert into {schema}.whatsapp_auth values ('7', %s, now() - interval '1 hour')", [json.dumps(creds())]
        )
    row = ["7", "session", f"{OTHER}.0"]
    db.execute("insert into one.whatsapp_keys values (%s, %s, %s, '{}', now() - interval '20 days')", row)
    run = db.run("clean", "--json", **tables("one"))["run_id"]
    for same in ([], [row]):
        for each in same:
            db.execute("insert into two.whatsapp_keys values (%s, %s, %s, '{}', now() - interval '1 day')", each)
        stayed = db.run("undo", run, "--json", status=1, **tables("two"))["companies"][0]["stayed"]
        assert "one.whatsapp_keys" in stayed[0]["reason"]
        assert len(same) == len(db.execute("select * from two.whatsapp_keys"))
    db.run("undo", run, **tables("one"))
    assert [tuple(row)] == db.execute("select company_id, key_type, key_id from one.whatsapp_keys")


def test_a_rotation_is_not_taken_back_in_the_table_of_another(db: Database) -> None:
    """It stays one that can be taken back where it was made."""
    for schema in ("one", "two"):
        db.execute(f"create schema {schema}; set search_path = {schema}; {SPLIT}")
        db.execute(f"insert into {schema}.whatsapp_auth values ('7', %s)", [json.dumps(creds())])
    row = ["7", "session", f"{OTHER}.0"]
    db.execute("insert into one.whatsapp_keys values (%s, %s, %s, '{}', now())", row)
    back = ("rotate", "--company", "7", "--rollback", "--yes")
    db.run("rotate", "--company", "7", "--yes", **tables("one"))
    assert "taken from one.whatsapp_keys" in db.run(*back, status=4, **tables("two"))
    assert "1 key brought back" in db.run(*back, **tables("one"))
    assert [tuple(row)] == db.execute("select company_id, key_type, key_id from one.whatsapp_keys")


def tables(schema: str) -> dict[str, str]:
    """Return the settings for the tables of a schema."""
    names = {"KEYS_TABLE": "whatsapp_keys", "CREDS_TABLE": "whatsapp_auth"}
    return {f"BAILEYS_CLEANUP_POSTGRESQL__{name}": f"{schema}.{table}" for name, table in names.items()}


CUSTOM = {"LAYOUT": "custom", "KEYS_TABLE": "k", "COMPANY": "c", "ID": "i", "VALUE": "v", "UPDATED": "u"}
OLD = "timestamptz default now() - interval '20 days'"


def custom(**more: str) -> dict[str, str]:
    """Return the settings of a layout of somebody's own."""
    return {f"BAILEYS_CLEANUP_POSTGRESQL__{name}": value for name, value in (CUSTOM | more).items()}


def everybody_finds(db: Database, tmp_path: Path, variables: dict[str, str]) -> tuple[Any, Any]:
    """Require that clean, check, backup and migrate find creds and one session; return what clean and backup said."""
    cleaned = db.run("clean", "--dry-run", "--json", **variables)
    assert 2 == cleaned["totals"]["seen"]
    assert db.run("check", **variables).startswith("OK")
    archives, folder = tmp_path / "archives", tmp_path / "folder"
    archives.mkdir(0o700)
    folder.mkdir()
    archived = db.run("backup", "--to", str(archives), "--json", **variables)
    assert [2] == [company["files"]["archived"] for company in archived["companies"]]
    assert 0 == db.call("migrate", "--from", db.url, "--to", str(folder), url="", **variables).returncode
    assert "me" in json.loads((folder / "company_1" / "creds.json").read_text())
    assert 1 == db.run("clean", "--json", **variables)["totals"]["removed"]
    return cleaned, archived


def test_what_is_called_creds_among_the_keys_is_none_where_creds_have_a_table(db: Database, tmp_path: Path) -> None:
    """No bot reads it: it is named, and nothing else is the worse for it."""
    db.execute(f"create table a (c text, v jsonb); create table k (c text, i text, v jsonb, u {OLD})")
    db.execute("insert into a values ('1', %s)", [json.dumps(creds())])
    db.execute("insert into k values ('1', 'creds', '{}'), ('1', %s, '{}')", [f"session-{OTHER}.0"])
    cleaned, archived = everybody_finds(db, tmp_path, custom(CREDS_TABLE="a", CREDS="v"))
    for said in (cleaned, archived):
        assert any("called creds among the keys" in text for text in said["companies"][0]["warnings"])
    assert [("creds",)] == db.execute("select i from k")


def test_creds_that_have_no_type_are_found_by_all(db: Database, tmp_path: Path) -> None:
    """Among keys with types they are known by their id; which type to write anew nobody can tell."""
    db.execute(f"create table k (c text, t text, i text, v jsonb, u {OLD})")
    written = "insert into k values ('1', null, 'creds', %s), ('1', 'session', %s, '{}')"
    db.execute(written, [json.dumps(creds()), f"{OTHER}.0"])
    variables = custom(TYPE="t")
    everybody_finds(db, tmp_path, variables)
    before = db.execute("select * from k")
    words = ["restore", "latest", "--from", str(tmp_path / "archives"), "--company", "1", "--replace", "--anyway"]
    assert "the creds there have no type" in db.run(*words, status=None, **variables)
    assert before == db.execute("select * from k")
    db.run("undo", "latest", "--anyway", **variables)
    assert 2 == len(db.execute("select * from k"))
