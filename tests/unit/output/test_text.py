"""`text`: what people get to read."""

import pytest

from baileys_cleanup.output.text import count, few, named, shown, size


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("session-1.0.json", "session-1.0.json"),
        ("Zürich 2", "Zürich 2"),
        ("", ""),
        ("a\nb", r"a\nb"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m", r"\x9b31m"),
        ("\udcff", r"\udcff"),
        ("\u202eevil", r"\u202eevil"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_a_name_is_shown_without_what_a_terminal_would_obey(name, expected):
    """Printable text is shown as it is; control characters, odd bytes and invisible marks are escaped."""
    assert expected == shown(name)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((0, "file"), "0 files"),
        ((1, "file"), "1 file"),
        ((2, "file"), "2 files"),
        ((1500, "company", "companies"), "1,500 companies"),
        ((1, "company", "companies"), "1 company"),
    ],
)
def test_a_number_takes_its_noun(args, expected):
    """One is singular, all else plural, thousands are grouped."""
    assert expected == count(*args)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (10_240, "10.0 KiB"),
        (1_572_864, "1.5 MiB"),
        (3 * 1024**3, "3.0 GiB"),
        (5 * 1024**4, "5.0 TiB"),
        (5000 * 1024**4, "5000.0 TiB"),
    ],
)
def test_a_size_takes_the_unit_people_read(number, expected):
    """Bytes are whole, larger units have one decimal, and the largest unit is TiB."""
    assert expected == size(number)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ""),
        (["a"], "a"),
        (list("abcde"), "a, b, c, d, e"),
        (list("abcdefg"), "a, b, c, d, e and 2 more"),
        (["a\n"], r"a\n"),
    ],
)
def test_few_names_stand_for_many(names, expected):
    """Five names are listed, safe to print, and the others counted."""
    assert expected == few(names)


def test_an_empty_name_can_be_seen_in_a_sentence():
    """In quotes; any other has none."""
    assert ("''", "7", r"\x1b") == (named(""), named("7"), named("\x1b"))
    assert "'', 7" == few(["", "7"])
