"""`table`: aligned, painted, and no wider than asked."""

import pytest

from baileys_cleanup.output.table import cell, plain, table

ROWS = [["NAME", "N", "LEVEL", "REMARKS"], ["a" * 30, "1,000", "critical", "b" * 20], ["bcd", "-", "unknown", ""]]


def test_a_table_is_aligned_and_painted_by_its_own_word():
    """Numbers stand to the right, words to the left, and only a level's cell is painted."""
    rows = [["NAME", "N", "LEVEL"], ["a", "1,000", "critical"], ["bcd", "-", "unknown"]]
    lines = table(rows, lambda text, word: f"<{text}|{word}>", 2)
    assert ["NAME      N  LEVEL", "a     1,000  <critical|critical>", "bcd       -  unknown"] == lines


@pytest.mark.parametrize("width", [200, 69, 68, 60, 50, 40, 30])
def test_a_table_is_as_wide_as_there_is_room(width):
    """First the name is cut, then the spare column goes; level and numbers stay whatever the width."""
    lines = table(ROWS, plain, None, width=width, spare=[{3}])
    assert max(map(len, lines)) <= width
    assert ("b" * 20 in lines[1]) == (width >= 12 + 39)
    assert ("a" * 30 in lines[1]) == (width in {200, 69, 50})
    assert all(word in lines[1] for word in ("aaa", "1,000", "critical"))


def test_without_a_width_nothing_is_cut():
    """A pipe gets every column whole."""
    assert "a" * 30 + "  1,000  critical  " + "b" * 20 == table(ROWS, plain, None, spare=[{3}])[1]


def test_the_paint_finds_its_column_where_others_are_gone():
    """A level is painted also where a column before it had no room."""
    lines = table(ROWS, lambda text, word: f"<{text}|{word}>", 2, width=24, spare=[{1, 3}])
    assert "aaaaaaaaaaa...  <critical|critical>" == lines[1]


def test_a_cell_has_a_name_that_a_line_can_hold():
    """What is printable stays as it is, and a name of thousands of letters makes no row as long."""
    assert "bot-7" == cell("bot-7")
    assert r"a\x1b" == cell("a\x1b")
    assert "x" * 61 + "..." == cell("x" * 3_000)
