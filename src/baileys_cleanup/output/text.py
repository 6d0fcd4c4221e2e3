"""Words and numbers for people: escaped names, plurals, sizes. Pure."""

from collections.abc import Iterable
from shlex import quote


def shown(name: str) -> str:
    r"""Return a name that is safe to print: what is not printable is escaped, `\udcff` for a byte 0xff."""
    if name.isprintable():
        return name
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name)


def named(name: str) -> str:
    """Return a name as a sentence has it: one that is empty would not be seen there."""
    return shown(name) or "''"


def argument(value: str) -> str:
    """Return a value as the shell takes it back, for a command that is printed to be copied."""
    return quote(shown(value))


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return `1 file`, `25 files`, `1,500 companies`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def size(number: int) -> str:
    """Return a number of bytes in the unit people read: `512 B`, `10.0 KiB`, `1.5 MiB`."""
    value = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1023.95:  # noqa: PLR2004 - what rounds to 1024.0 is one of the next unit
            return f"{number} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def few(names: Iterable[str], limit: int = 5, more: int = 0) -> str:
    """Return the first names in words: `a, b, c and 12 more`; `more` are known by their number alone."""
    listed = [named(name) for name in names]
    rest = max(len(listed) - limit, 0) + more
    return ", ".join(listed[:limit]) + (f" and {rest:,} more" if rest else "")
