"""`listed_rows`: what was packed comes out as it was, whatever the layout and however odd the id."""

import struct

import pytest

from baileys_cleanup.store.postgresql.layouts import Form, Layout, Table
from baileys_cleanup.store.postgresql.listed_rows import ListedRows, PackedRows
from baileys_cleanup.store.postgresql.stamp import Stamp

TABLE = Table(("public", "k"), {})
YEAR_2000 = 946_684_800_000_000
NEVER, ALWAYS = -(2**63), 2**63 - 1


def listed(form, *parts):
    """List rows that came in several parts."""
    rows = ListedRows(layout(form))
    for part in parts:
        rows.add(part)
    return rows


def packed(*rows, character=len):
    """Pack rows of name, length of its type, size and moment as PostgreSQL does; all lie at the last place there is."""
    return PackedRows(
        "".join(name for name, *_ in rows),
        b"".join(struct.pack(">i", character(name)) for name, *_ in rows),
        b"".join(struct.pack(">q", written) for *_, written in rows),
        b"".join(
            struct.pack(">IHIiI", 4_000_000_000, 65_535, 4_294_967_295, size, length) for _, length, size, _ in rows
        ),
    )


def layout(form):
    """Give a layout of a form."""
    return Layout("any", form, TABLE, "c", "t" if form is Form.SPLIT else None, "i", "v", None, None)


@pytest.mark.parametrize(
    ("form", "key", "name"),
    [
        (Form.SPLIT, ("session", "1.0"), "session-1.0.json"),
        (Form.SPLIT, ("sender-key", "1@g.us::2::0"), "sender-key-1@g.us--2--0.json"),
        (Form.SPLIT, ("app-state-sync-key", "a/b=="), "app-state-sync-key-a__b==.json"),
        (Form.SPLIT, ("", ""), "-.json"),
        (Form.SPLIT, ("", "creds"), "creds.json"),
        (Form.SPLIT, ("any", "creds"), "creds.json"),
        (Form.SPLIT, ("any-creds", "1"), "any-creds-1.json"),
        (Form.SPLIT, ("x" * 70_000, "-"), "x" * 70_000 + "--.json"),
        (Form.SPLIT, ("odd:type", "auth_creds"), "odd:type-auth_creds.json"),
        (Form.FILE, ("", "sender-key-1@g.us--2--0"), "sender-key-1@g.us--2--0.json"),
        (Form.FILE, ("", "a/b:c"), "a/b:c.json"),
        (Form.WORD, ("", "sender-key-1@g.us::2::0"), "sender-key-1@g.us--2--0.json"),
        (Form.JOINED, ("", "auth_creds"), "creds.json"),
        (Form.JOINED, ("", "session-1.0"), "session-1.0.json"),
    ],
)
@pytest.mark.parametrize(
    "date",
    [
        (0, NEVER, None),
        (0, ALWAYS, None),
        (0, -YEAR_2000, 0),
        (2**31 - 1, -5, YEAR_2000 - 5),
        (7, 2**62, 2**62 + YEAR_2000),
    ],
)
def test_what_was_packed_comes_out_as_it_was(form, key, name, date):
    """Key, place, transaction, size and date, at their ends and without."""
    size, written, micros = date
    stem = "-".join(key) if form is Form.SPLIT else key[1]
    rows = listed(form, packed((f"{stem}.json", len(key[0]), size, written)))
    assert [name] == list(rows) == [layout(form).file_name(*key)]
    assert (name in rows, "else" in rows, rows.double) == (True, False, set())
    assert (size, micros, [micros]) == (rows.size(name), rows.written(name), rows.all_written([name]))
    assert Stamp(*key, "(4000000000,65535)", "4294967295", True) == rows.stamp(name, in_ledger=True)


@pytest.mark.parametrize("together", [True, False])
def test_each_row_keeps_what_is_its_own(together):
    """Names of different lengths, one of them not as it stands in the row, one without a date."""
    three = ("pre-key-1.json", 7, 10, 1), ("sender-key-é@g.us::2::0.json", 10, 20, NEVER), ("a-.json", 1, 30, 3)
    rows = listed(Form.SPLIT, packed(*three)) if together else listed(Form.SPLIT, *map(packed, three))
    names = ["pre-key-1.json", "sender-key-é@g.us--2--0.json", "a-.json"]
    assert names == list(rows)
    assert [10, 20, 30] == [rows.size(name) for name in names]
    assert [YEAR_2000 + 3, None, YEAR_2000 + 1] == rows.all_written(names[::-1])
    assert [("pre-key", "1"), ("sender-key", "é@g.us::2::0"), ("a", "")] == [
        rows.stamp(name, in_ledger=False)[:2] for name in names
    ]


def test_a_server_without_an_encoding_counts_bytes():
    """The lengths of names are those of their bytes there."""
    there = packed(("session-é.json", 7, 1, 1), ("b.json", 0, 2, 2), character=lambda name: len(name.encode()))
    rows = listed(Form.FILE, there)
    assert {"session-é.json": 1, "b.json": 2} == {name: rows.size(name) for name in rows}


@pytest.mark.parametrize("together", [True, False])
def test_two_rows_of_one_name_are_told_and_can_be_dropped(together):
    """Raw and as a file is called, in one part or two."""
    twice = [("sender-key-1::2::0.json", 0, 1, 1), ("sender-key-1--2--0.json", 0, 1, 1), ("x.json", 0, 1, 1)]
    rows = listed(Form.WORD, packed(*twice)) if together else listed(Form.WORD, *map(packed, twice))
    assert ({"sender-key-1--2--0.json"}, 2) == (rows.double, len(rows))
    rows.drop("sender-key-1--2--0.json")
    rows.drop("not there")
    assert ["x.json"] == list(rows)


def test_a_company_without_rows_has_no_names():
    """As one whose rows went between the list of companies and the look."""
    assert ([], set()) == (list(ListedRows(layout(Form.SPLIT))), ListedRows(layout(Form.SPLIT)).double)
