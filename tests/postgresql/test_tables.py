"""Cleaning in each layout: the same plan as for files, and undo gives back the very rows."""

import json
import time
from pathlib import Path

import pytest
from pg_bench import DAY, JOINED, LID, OTHER, PN, PRISMA, SPLIT, Database, creds, database

from servers import Server

KEYS = {
    f"session|{OTHER}.0": 20,
    f"session|{OTHER}.1": 13.9,
    f"session|{PN}.0": 20,
    f"session|{LID}_1.0": 20,
    f"sender-key|120363001@g.us::{OTHER}::0": 4,
    f"sender-key|120363001@g.us::{OTHER}::1": 2,
    "sender-key-memory|120363009@g.us": 5,
    "app-state-sync-key|AAAA/b==": 900,
    "app-state-sync-version|regular_high": 900,
    "lid-mapping|15550000777": 900,
    "device-list|15550000777": 900,
    "tctoken|15550000777@s.whatsapp.net": 900,
    "identity-key|15550000777.0": 900,
    **{f"pre-key|{number}": 30 for number in range(1, 61)},
}
GONE = {
    f"session|{OTHER}.0",
    f"sender-key|120363001@g.us::{OTHER}::0",
    "sender-key-memory|120363009@g.us",
    *(f"pre-key|{number}" for number in range(1, 11)),
}


@pytest.fixture
def split(db: Database) -> Database:
    """Give a database of the layout split with two companies."""
    db.execute(SPLIT)
    db.split("962302", KEYS, creds())
    other = creds() | {"me": {"id": "15550000008:7@s.whatsapp.net"}}
    db.split("it's 100%", {f"session|{OTHER}.0": 20}, other)
    return db


def test_a_dry_run_names_what_would_go_and_writes_nothing(split: Database) -> None:
    """The names are those of files, and neither row nor schema is made."""
    before = split.execute("select * from whatsapp_keys order by 1, 2, 3")
    said = split.run("clean", "--dry-run", "--json", "--company", "962302")
    assert (split.url, None) == (said["store"], said["sessions_root"])
    company = said["companies"][0]
    names = {each["file"] for each in company["removals"]}
    assert {f"session-{OTHER}.0.json", f"sender-key-120363001@g.us--{OTHER}--0.json"} <= names
    assert len(GONE) == company["files"]["removed"] == len(names)
    assert len(KEYS) + 1 == company["files"]["seen"]
    assert before == split.execute("select * from whatsapp_keys order by 1, 2, 3")
    assert [] == split.execute("select 1 from pg_namespace where nspname = 'baileys_cleanup'")


def test_clean_and_undo_give_back_the_very_rows(split: Database) -> None:
    """What went lies in the tool's own schema, and comes back with its date."""
    before = split.execute("select * from whatsapp_keys order by 1, 2, 3")
    said = split.run("clean", "--json")
    assert len(GONE) + 1 == said["totals"]["removed"]
    assert set(KEYS) - GONE == split.keys("962302")
    assert 0 == split.run("clean", "--json")["totals"]["removed"]
    listed = split.run("undo", "--json")["runs"]
    assert [said["run_id"]] == [run["run_id"] for run in listed]
    back = split.run("undo", said["run_id"], "--json")
    assert len(GONE) + 1 == back["totals"]["restored"]
    assert before == split.execute("select * from whatsapp_keys order by 1, 2, 3")
    assert [] == split.run("undo", "--json")["runs"]
    assert [(0,)] == split.execute("select count(*) from baileys_cleanup.quarantine")


def test_a_date_at_the_limit_goes_and_one_below_stays(db: Database) -> None:
    """The boundary of an age is exact: a fortnight goes, a minute less stays."""
    db.execute(SPLIT)
    db.split("1", {f"session|{OTHER}.0": 14.0001, f"session|{OTHER}.1": 14 - 60 / DAY}, creds())
    db.run("clean")
    assert {f"session|{OTHER}.1"} == db.keys("1")


def test_undo_looks_at_each_row_a_few_times_however_many_there_are(db: Database) -> None:
    """Also where the server has counted nothing since: a hundred go together, and none is looked for among all others."""
    number = 2_000
    db.execute(SPLIT)
    db.split("1", {}, creds())
    db.execute("alter table whatsapp_keys set (autovacuum_enabled = off)")
    db.execute(
        "insert into whatsapp_keys select '1', 'session', i || '.0', '{}', now() - interval '20 days'"
        f" from generate_series(1, {number}) i"
    )
    db.run("clean", "--accept-clock")
    counted = "from pg_stat_user_tables where relname = 'quarantine'"
    ((before,),) = db.execute(f"select seq_tup_read + idx_tup_fetch {counted}")
    assert number == db.run("undo", "latest", "--anyway", "--json")["totals"]["restored"]
    for _ in range(300):  # the server counts what a session did once that is gone
        read, deleted = db.execute(f"select seq_tup_read + idx_tup_fetch, n_tup_del {counted}")[0]
        if deleted == number:
            break
        time.sleep(0.1)
    assert (number, True) == (deleted, read - before < 20 * number), read - before


def test_undo_never_overwrites_a_newer_key(split: Database) -> None:
    """A key that the bot has written since stays as it is, and the old one stays away."""
    run = split.run("clean", "--json", "--company", "962302")["run_id"]
    split.execute("insert into whatsapp_keys values ('962302', 'session', %s, '\"new\"')", [f"{OTHER}.0"])
    said = split.run("undo", run, "--anyway", "--json", status=1)  # it was written a moment ago
    assert [f"session-{OTHER}.0.json"] == [each["file"] for each in said["companies"][0]["stayed"]]
    query = "select value from whatsapp_keys where company_id = '962302' and key_id = %s and key_type = 'session'"
    assert [("new",)] == split.execute(query, [f"{OTHER}.0"])


def test_what_a_run_removed_is_deleted_for_good_when_its_days_are_over(split: Database) -> None:
    """A later run purges, and `--undo-days 0` keeps nothing."""
    run = split.run("clean", "--json", "--company", "962302")["run_id"]
    split.execute("update baileys_cleanup.runs set started = started - 8 * 86400 * 1000000000::bigint")
    split.run("clean", "--json", "--undo-days", "0")
    assert [(0,)] == split.execute("select count(*) from baileys_cleanup.quarantine")
    assert [] == split.run("undo", "--json")["runs"]
    assert "there is nothing to undo" in split.run("undo", run, status=2)


def test_no_private_key_leaves_the_server(split: Database) -> None:
    """Of creds only the public fields are asked for, and nothing of them is shown."""
    split.execute("alter database " + split.name + " set log_statement = 'all'")
    said = split.run("clean", "--verbose", "--json")
    assert "secret" not in json.dumps(said)


def test_the_other_commands_work_as_on_files(split: Database) -> None:
    """explain, check, metrics and monitor see the same companies."""
    said = split.run("explain", f"session-{OTHER}.0.json", "--company", "962302", "--json")
    assert ["remove"] == [each["verdict"] for each in said["companies"][0]["verdicts"]]
    assert split.run("check").startswith("OK")
    metrics = split.run("metrics")
    assert 'baileys_session_files_count{company_id="962302",file_type="pre_key"} 60.0' in metrics
    assert "baileys_root_free_bytes" not in metrics
    looked = split.run("monitor", "--once", "--json")
    assert ["962302", "it's 100%"] == sorted(each["company_id"] for each in looked["companies"])


def test_prisma_rows_are_files_without_their_ending(db: Database) -> None:
    """Creds and keys lie in one table, under the names of files."""
    db.execute(PRISMA)
    rows = {
        "creds": json.dumps(creds()),
        f"session-{OTHER}.0": "{}",
        f"sender-key-1@g.us--{OTHER}--0": "{}",
        "odd": "1",
    }
    for name, data in rows.items():
        db.execute('insert into "Session" ("sessionId", id, data) values (%s, %s, %s)', ["7", name, data])
    before = db.execute('select * from "Session" order by id')
    layout = {"BAILEYS_CLEANUP_POSTGRESQL__LAYOUT": "prisma"}
    first = db.run("clean", "--json", **layout)
    assert 0 == first["totals"]["removed"]
    assert {"creds", "session", "sender_key", "unknown"} == set(first["companies"][0]["kinds"])
    db.execute("update baileys_cleanup.ledger set since = since - interval '20 days'")
    second = db.run("clean", "--json", "--accept-clock", **layout)
    assert 2 == second["totals"]["removed"]
    assert {"creds", "odd"} == {row[0] for row in db.execute('select id from "Session"')}
    db.run("undo", second["run_id"], **layout)
    assert before == db.execute('select * from "Session" order by id')
    assert 2 == db.run("clean", "--dry-run", "--json", "--accept-clock", **layout)["totals"]["removed"]


def test_postgres_baileys_names_follow_the_company(db: Database) -> None:
    """A company's id may hold a colon, and no other company's rows are taken for its own."""
    db.execute(JOINED)
    names = ["auth_creds", f"session-{OTHER}.0", f"sender-key-1@g.us::{OTHER}::0", f"session-{PN}.0"]
    for company in ("7", "77", "a:b"):
        for name in names:
            data = json.dumps(creds()) if name == "auth_creds" else "{}"
            db.execute("insert into auth_data values (%s, %s)", [f"{company}:{name}", data])
    layout = {"BAILEYS_CLEANUP_POSTGRESQL__LAYOUT": "postgres-baileys"}
    first = db.run("clean", "--json", **layout)
    assert ["7", "77", "a:b"] == [each["company_id"] for each in first["companies"]]
    assert {4} == {each["files"]["seen"] for each in first["companies"]}
    db.execute("update baileys_cleanup.ledger set since = since - interval '20 days'")
    assert 2 == db.run("clean", "--json", "--accept-clock", "--company", "7", **layout)["totals"]["removed"]
    assert 2 + 4 + 4 == len(db.execute("select * from auth_data"))


def test_a_custom_layout_names_its_tables_and_columns(db: Database) -> None:
    """Fork names, another schema, an integer id: all by settings."""
    db.execute("create schema bot; create table bot.k (c bigint, n text, v bytea, w timestamp)")
    db.execute("create table bot.a (c bigint, creds text)")
    db.execute("insert into bot.a values (5, %s)", [json.dumps(creds())])
    db.execute("insert into bot.k values (5, %s, 'x', now() - interval '20 days')", [f"session-{OTHER}.0"])
    db.execute("insert into bot.k values (5, %s, 'x', now())", [f"session-{OTHER}.1"])
    names = {"KEYS_TABLE": "bot.k", "CREDS_TABLE": "bot.a", "COMPANY": "c", "ID": "n", "VALUE": "v", "UPDATED": "w"}
    names |= {"LAYOUT": "custom", "IDS": "file"}
    variables = {f"BAILEYS_CLEANUP_POSTGRESQL__{name}": value for name, value in names.items()}
    said = db.run("clean", "--json", "--company", "5", **variables)
    assert 1 == said["totals"]["removed"]
    db.run("undo", said["run_id"], "--anyway", **variables)
    assert 2 == len(db.execute("select * from bot.k"))


def test_two_rows_that_would_be_one_file_stay(db: Database) -> None:
    """Nobody can tell which of them the bot reads: both stay, and the summary says so."""
    db.execute(SPLIT)
    db.split("1", {"sender-key|1@g.us::15550000777::0": 20, "sender-key|1@g.us--15550000777--0": 20}, creds())
    said = db.run("clean", "--json")
    assert 0 == said["totals"]["removed"]
    assert "1 entry" in said["companies"][0]["warnings"][0]


def test_a_row_without_a_name_is_nobodys_and_takes_no_other_ones_place(db: Database, tmp_path: Path) -> None:
    """Between rows that go and stay lie some without an id: each of the others keeps its own date.

    An archive and a folder have no place for it, and are made all the same.
    """
    db.execute(SPLIT.replace(", primary key (company_id, key_type, key_id)", ""))
    db.split("1", {f"session|{OTHER}.0": 20, f"session|{OTHER}.1": 1}, creds())
    db.execute("insert into whatsapp_keys values ('1', 'session', null, '{}', now()), ('1', null, 'x', '{}', now())")
    db.split("1", {f"session|{OTHER}.2": 20, f"session|{OTHER}.3": 1})
    said = db.run("clean", "--json")
    assert {"seen": 5, "removed": 2} == {name: said["totals"][name] for name in ("seen", "removed")}
    left = db.execute("select key_id from whatsapp_keys where company_id = '1' order by 1")
    assert [(f"{OTHER}.1",), (f"{OTHER}.3",), ("x",), (None,)] == left
    for place in ("archives", "folders"):
        (tmp_path / place).mkdir(0o700)
    assert {"archived": 3} == db.run("backup", "--to", str(tmp_path / "archives"), "--json")["companies"][0]["files"]
    moved = db.call("migrate", "--from", db.url, "--to", str(tmp_path / "folders"), url="")
    assert (0, False) == (moved.returncode, "meanwhile" in moved.stdout + moved.stderr), moved.stdout + moved.stderr
    assert 3 == len(list((tmp_path / "folders" / "company_1").iterdir()))


def test_a_row_without_a_name_is_left_out_of_an_archive_of_prisma(db: Database, tmp_path: Path) -> None:
    """Where creds lie among the keys."""
    db.execute(PRISMA.replace(" not null", ""))
    for name, data in (("creds", json.dumps(creds())), (None, "{}"), (f"session-{OTHER}.0", "{}")):
        db.execute('insert into "Session" ("sessionId", id, data) values (%s, %s, %s)', ["1", name, data])
    said = db.run("backup", "--to", str(tmp_path), "--json", BAILEYS_CLEANUP_POSTGRESQL__LAYOUT="prisma")
    assert {"archived": 2} == said["companies"][0]["files"]


def test_companies_that_a_collation_takes_for_one_are_two(db: Database, tmp_path: Path) -> None:
    """Each is looked at with its own rows, whatever the column thinks of upper and lower case."""
    if not db.execute("select 1 from pg_collation where collprovider = 'i'"):
        pytest.skip("this server was built without ICU, and has no such collation")
    db.execute("create collation anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    db.execute(SPLIT.replace("company_id text", 'company_id text collate "anycase"').replace(" primary key", "", 1))
    db.execute("alter table whatsapp_keys drop constraint whatsapp_keys_pkey")
    db.split("Bot", {f"session|{OTHER}.0": 20, f"session|{OTHER}.1": 1}, creds())
    db.split("bot", {f"session|{OTHER}.0": 1, f"session|{OTHER}.1": 20, f"session|{OTHER}.2": 1}, creds())
    said = db.run("clean", "--dry-run", "--json")
    assert {"Bot": 3, "bot": 4} == {each["company_id"]: each["files"]["seen"] for each in said["companies"]}
    going = {each["company_id"]: [removal["file"] for removal in each["removals"]] for each in said["companies"]}
    assert {"Bot": [f"session-{OTHER}.0.json"], "bot": [f"session-{OTHER}.1.json"]} == going
    (tmp_path / "archives").mkdir(0o700)
    made = db.run("backup", "--to", str(tmp_path / "archives"), "--json")
    assert {"Bot": 3, "bot": 4} == {each["company_id"]: each["files"]["archived"] for each in made["companies"]}
    words = ["restore", "latest", "--from", str(tmp_path / "archives"), "--company", "Bot", "--replace", "--anyway"]
    db.run(*words)
    assert [(3,)] == db.execute("select count(*) from whatsapp_keys where company_id::bytea = 'bot'")


def test_a_database_without_an_encoding(one_server: Server) -> None:
    """There a text is bytes: names beyond ASCII are cut where they end all the same, and what is no text is a failure."""
    with database(one_server, "encoding 'SQL_ASCII' template template0 locale 'C'") as db:
        db.execute(SPLIT)
        db.split("1", {f"session|{OTHER}.0": 20, f"session|{OTHER}.1": 1}, creds())
        for name, age in ((r"\303\251.0", 1), (r"\303\274.0", 20), ("z", 1)):
            row = f"'1', 'session', E'{name}', '{{}}', now() - interval '{age} days'"
            db.execute(f"insert into whatsapp_keys values ({row})")
        for company in ("0", "2"):
            db.split(company, {f"session|{OTHER}.0": 20}, creds(me={"id": f"1555{company}:7@s.whatsapp.net"}))
        db.execute(r"insert into whatsapp_keys values ('2', 'session', E'\351', '{}', now())")
        both = db.run("clean", "--json", "--company", "0", "--company", "2", status=1)["companies"]
        assert [1, 0] == [each["files"]["removed"] for each in both]
        assert "no text in UTF-8" in both[1]["errors"][0]["error"]
        said = db.run("clean", "--json", "--company", "1")
        assert {"seen": 6, "removed": 2} == {name: said["totals"][name] for name in ("seen", "removed")}
        left = {bytes(row[0]) for row in db.execute("select key_id::bytea from whatsapp_keys where company_id = '1'")}
        assert {"é.0".encode(), f"{OTHER}.1".encode(), b"z"} == left
