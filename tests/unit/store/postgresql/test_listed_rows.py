"""`listed_rows`: what was packed comes out as it was, whatever the layout and however odd the id."""

import struct

import pytest

from baileys_cleanup.store.postgresql.layouts import Form, Layout, Table
from baileys_cleanup.store.postgresql.listed_rows import ListedRows
from baileys_cleanup.store.postgresql.stamp import Stamp

TABLE = Table(("public", "k"), {})
PLACE, XMIN = struct.pack(">IH", 4_000_000_000, 65_535), struct.pack(">I", 4_294_967_295)


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
        (Form.SPLIT, ("x" * 70_000, "-"), "x" * 70_000 + "--.json"),
        (Form.SPLIT, ("odd:type", "auth_creds"), "odd:type-auth_creds.json"),
        (Form.FILE, ("", "sender-key-1@g.us--2--0"), "sender-key-1@g.us--2--0.json"),
        (Form.FILE, ("", "a/b:c"), "a/b:c.json"),
        (Form.WORD, ("", "sender-key-1@g.us::2::0"), "sender-key-1@g.us--2--0.json"),
        (Form.JOINED, ("", "auth_creds"), "creds.json"),
        (Form.JOINED, ("", "session-1.0"), "session-1.0.json"),
    ],
)
@pytest.mark.parametrize(("size", "micros"), [(None, None), (0, 0), (2**31 - 1, -5), (7, 2**62)])
def test_what_was_packed_comes_out_as_it_was(form, key, name, size, micros):
    """Key, place, transaction, size and date, at their ends and without."""
    rows = ListedRows(layout(form))
    rows.add([("c", *key, PLACE, XMIN, size, micros)])
    assert [name] == list(rows) == [layout(form).file_name(*key)]
    assert (name in rows, "else" in rows, rows.double) == (True, False, set())
    assert (size or 0, micros) == (rows.size(name), rows.written(name))
    assert Stamp(*key, "(4000000000,65535)", "4294967295", True) == rows.stamp(name, in_ledger=True)


def test_two_rows_of_one_name_are_told_and_can_be_dropped():
    """Raw and as a file is called."""
    rows = ListedRows(layout(Form.WORD))
    rows.add([("c", "", "sender-key-1::2::0", PLACE, XMIN, 1, 1)])
    rows.add([("c", "", "sender-key-1--2--0", PLACE, XMIN, 1, 1), ("c", "", "x", PLACE, XMIN, 1, 1)])
    assert {"sender-key-1--2--0.json"} == rows.double
    rows.drop("sender-key-1--2--0.json")
    rows.drop("not there")
    assert ["x.json"] == list(rows)
