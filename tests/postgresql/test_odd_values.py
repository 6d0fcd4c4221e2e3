"""Values that no bot should have, and some has: what a cleanup or a restore took comes back as its type writes it."""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pg_bench import OTHER, SPLIT, Database, database
from test_strange_tables import GOING, KEYS, fill

from servers import Server

ODD = [
    r"\ud83d",
    r"\udd11\ud83d",
    r"\u0000",
    r"\\\u0000",
    r"\\u0000",
    r"\\",
    r"\"",
    r"\u0001",
    r"\u00e9",
    "é",
    r"\/",
    "u0000",
]
"""Pieces of texts in JSON: half an emoji, NUL, what only looks like one, and what is neither."""
SETTINGS = {
    "extra_float_digits": "-3",
    "datestyle": "'Postgres, DMY'",
    "timezone": "'Asia/Kolkata'",
    "intervalstyle": "sql_standard",
    "array_nulls": "off",
    "xmloption": "document",
    "standard_conforming_strings": "off",
}
STRANGE = {
    "integer[]": "'[0:2]={1,2,3}'",
    "text[]": '\'[1:2][3:4]={{a,NULL},{"\\\\ud83d","NULL"}}\'',
    "letters": "'[-1:0]={a,b}'",
    "real": "1.1::real / 3",
    "point": "'(0.1,0.30000000000000004)'",
    "float8[]": "array[0.1::float8 + 0.2, null]",
    "xml": "'abc<b/>'",
    "tstzrange": "tstzrange('2026-01-01 12:00+00', null)",
    "interval": "'-1 year 2 months 3 days -4:05:06'",
    "int2vector": "'1 2 3'",
    "json": r"""'["\u0000", { "same": 1, "same": 2 }]'""",
    "jsonb": "'null'",
    "document": r"""'"\ud83d"'""",
}
"""Types, each with a value of which JSON says too little, or which settings change."""


def written(db: Database) -> list[list[tuple[Any, ...]]]:
    """Return the rows of both tables as their types write them, to the last digit."""
    with psycopg.connect(db.url, options="-c extra_float_digits=1 -c datestyle=ISO -c timezone=UTC") as looking:
        queries = [f"select concat(r) from {table} r order by 1" for table in ("whatsapp_keys", "whatsapp_auth")]
        return [looking.execute(query).fetchall() for query in queries]


def goes_and_comes_back(db: Database) -> None:
    """Require that a night takes five rows, and its undo brings them back."""
    before = written(db)
    said = db.run("clean", "--json")
    assert 5 == said["totals"]["removed"]
    assert before != written(db)
    assert 5 == db.run("undo", said["run_id"], "--json", "--anyway")["totals"]["restored"]
    assert before == written(db)


def replaced_and_back(db: Database, folder: Path, meanwhile: Callable[[], object]) -> None:
    """Require that a company comes back in whose place its archive was put, after what happens `meanwhile`."""
    (folder / "archives").mkdir(0o700)
    db.run("backup", "--to", str(folder / "archives"))
    meanwhile()
    before = written(db)
    db.run("restore", "latest", "--from", str(folder / "archives"), "--company", "7", "--replace", "--anyway")
    (aside,) = db.run("undo", "--json")["set_aside"]
    assert before != written(db)
    db.run("undo", aside["run_id"], "--anyway")
    assert before == written(db)


def odd(dice: random.Random) -> str:
    """Return some JSON of odd texts, also as the names of fields."""
    texts = ['"' + "".join(dice.choices(ODD, k=dice.randrange(4))) + '"' for _ in range(6)]
    return dice.choice(
        ["{{ {0}: {1}, {2} : [{3},{4}, {5}]}}", "[{0}, null, {{{1}:{2}}}]", "null", "1.50", "[]"]
    ).format(*texts)


def make_odd(db: Database, dice: random.Random) -> None:
    """Give each row JSON of its own: the value, and columns that only the bot knows."""
    for table, value in (("whatsapp_keys", "value"), ("whatsapp_auth", "creds")):
        for (place,) in db.execute(f"select ctid::text from {table}"):
            values = [odd(dice) if value == "value" else None, odd(dice), dice.choice([None, odd(dice)]), place]
            db.execute(
                f'update {table} set {value} = coalesce(%s::json, {value}), more = %s, "per%%cent" = %s'
                " where ctid = %s::tid",
                values,
            )


@pytest.fixture
def texts(db: Database) -> Database:
    """Give a database whose values are of type `json`, with two columns more, one of a domain."""
    fill(db, SPLIT.replace("jsonb", "json"))
    db.execute("create domain document as json")
    for table in ("whatsapp_keys", "whatsapp_auth"):
        db.execute(f"alter table {table} add more document default '1', add \"per%cent\" json")
    return db


@pytest.mark.parametrize("seed", range(3))
def test_json_that_nobody_can_read_comes_back_to_the_letter(texts: Database, seed: int) -> None:
    """The server keeps it, and refuses whatever looks into it."""
    make_odd(texts, random.Random(seed))
    goes_and_comes_back(texts)


@pytest.mark.parametrize("seed", range(2))
def test_a_company_that_lay_aside_has_such_json(texts: Database, tmp_path: Path, seed: int) -> None:
    """In its keys, in columns beside its creds, and in a name in them, as JSON.stringify writes half an emoji."""

    def odder() -> None:
        make_odd(texts, random.Random(seed))
        texts.execute(r"update whatsapp_auth set creds = replace(creds::text, 'secret-name', 'Ann \ud83d\u0000')::json")

    replaced_and_back(texts, tmp_path, odder)


def test_json_that_its_column_takes_no_more_stays_and_keeps_nobody_back(texts: Database) -> None:
    """The column became `jsonb` meanwhile, which has no such text: one row waits, until its column is what it was."""
    texts.execute(r"""update whatsapp_keys set value = '{"a":"\u00e9 \ud83d\ude00"}'""")
    texts.execute(rf"""update whatsapp_keys set value = '["\u0000"]' where company_id = '7' and key_id = '{OTHER}.0'""")
    before = written(texts)
    run = texts.run("clean", "--json")["run_id"]
    texts.execute("alter table whatsapp_keys alter value type jsonb using value::jsonb")
    said = texts.run("undo", run, "--json", "--anyway", status=1)
    assert (4, 1) == (said["totals"]["restored"], said["totals"]["stayed"])
    (reason,) = [each["reason"] for company in said["companies"] for each in company["stayed"]]
    assert r"has an escape that the type of its column does not take (\u0000?)" in reason
    texts.execute("alter table whatsapp_keys alter value type json using value::json")
    texts.execute(r"""update whatsapp_keys set value = '{"a":"\u00e9 \ud83d\ude00"}'""")
    texts.run("undo", run, "--anyway")
    assert before == written(texts)


@pytest.mark.parametrize("kind", ["text", "bytea"])
def test_json_does_not_come_back_as_something_else(texts: Database, kind: str) -> None:
    """Into a column that takes anything it could come as what stood for it meanwhile."""
    texts.execute(r"""update whatsapp_keys set value = '{"a":"\ud83d"}'""")
    run = texts.run("clean", "--json", "--company", "7")["run_id"]
    how = "value::text" if kind == "text" else "convert_to(value::text, 'UTF8')"
    texts.execute(f"alter table whatsapp_keys alter value type {kind} using {how}")
    texts.run("undo", run, "--anyway", status=1)
    assert set(KEYS) - GOING == texts.keys("7")


def test_what_the_encoding_of_a_database_has_not_is_kept_as_well(one_server: Server) -> None:
    """A letter of another alphabet is an escape there, which nobody can read; the creds are known all the same."""
    with database(one_server, "template template0 encoding 'LATIN1' locale 'C'") as db:
        fill(db, SPLIT.replace("jsonb", "json"))
        db.execute(r"""update whatsapp_keys set value = '{"a":"\u0410 \u00e9"}'""")
        db.execute(r"update whatsapp_auth set creds = replace(creds::text, 'secret-name', '\u0410')::json")
        goes_and_comes_back(db)


def strange(db: Database) -> None:
    """Give both tables columns of strange types, and the database settings that change how values are written."""
    db.execute("create domain document as json; create domain letters as text[]")
    for table in ("whatsapp_keys", "whatsapp_auth"):
        for number, (kind, value) in enumerate(STRANGE.items()):
            with suppress(psycopg.errors.FeatureNotSupported):  # not every server has XML
                db.execute(f"alter table {table} add strange{number} {kind} default {value}")
    db.execute("".join(f"alter database {db.name} set {name} = {value};" for name, value in SETTINGS.items()))


def test_a_value_of_a_strange_type_comes_back_as_it_was(db: Database) -> None:
    """Whatever the database has set for everybody."""
    fill(db)
    strange(db)
    goes_and_comes_back(db)


def test_a_company_that_lay_aside_has_strange_types(db: Database, tmp_path: Path) -> None:
    """In both of its tables."""
    fill(db)
    replaced_and_back(db, tmp_path, lambda: strange(db))


def test_a_list_that_begins_anywhere_is_kept_so_that_any_version_reads_it(db: Database) -> None:
    """The row says it as a text in the end, and a list with bounds as all have stays one."""
    fill(db)
    db.execute("alter table whatsapp_keys add a integer[] default '[0:1]={1,2}', add b integer[] default '{3}'")
    db.run("clean")
    kept = [json.loads(row) for (row,) in db.execute("select row::text from baileys_cleanup.quarantine")]
    assert [("[0:1]={1,2}", [3])] * 5 == [(row["a"], row["b"]) for row in kept]
