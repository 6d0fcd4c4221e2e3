"""Tables for people: aligned, coloured by their own words, and no wider than the terminal. Pure."""

from collections.abc import Callable, Collection, Sequence

from baileys_cleanup.decision.levels import Level
from baileys_cleanup.output.text import shown

Paint = Callable[[str, str], str]
"""Gives a text the colour of a word (a level, a status), or leaves it as it is."""
_GAP = "  "
_SHORTEST = 12
"""Characters of a name below which a column goes before the name gets shorter still."""


_LONGEST = 64
"""Characters of a name in a cell; ids have 36 and fewer, and one that no line holds would make all rows as long."""


def cell(name: str) -> str:
    """Return a name as a cell has it: escaped, and cut where it is very long. Documents and sentences have it whole."""
    return _cut(shown(name), _LONGEST)


def plain(text: str, word: str) -> str:  # noqa: ARG001 - the shape of every Paint
    """Leave a text as it is."""
    return text


def table(
    rows: Sequence[Sequence[str]],
    paint: Paint,
    painted: int | None,
    *,
    width: int | None = None,
    spare: Sequence[Collection[int]] = (),
) -> list[str]:
    """Return aligned lines: the first column to the left, numbers to the right, the rest to the left.

    Column `painted` gets the colour of its own word. Where `width` (characters, None: no limit) is too little, the
    columns of `spare` go, one group after the other, and then the first column is cut.
    """
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = {
        index
        for index, column in enumerate(columns)
        if index and all(cell.replace(",", "").isdigit() or cell == "-" for cell in column[1:])
    }
    kept = list(range(len(columns)))
    if width is not None:
        kept, widths[0] = _fitting(widths, width, spare)
    lines: list[str] = []
    for row in rows:
        cells = [_cut(row[0], widths[0]), *row[1:]]
        padded = [cells[at].rjust(widths[at]) if at in right else cells[at].ljust(widths[at]) for at in kept]
        if painted in kept and row[painted] in set(Level):
            padded[kept.index(painted)] = paint(padded[kept.index(painted)], row[painted])
        lines.append(_GAP.join(padded).rstrip())
    return lines


def _fitting(widths: Sequence[int], width: int, spare: Sequence[Collection[int]]) -> tuple[list[int], int]:
    """Return the columns that have room, and the width of the first."""
    kept = list(range(len(widths)))
    groups = iter(spare)
    while True:
        room = width - sum(widths[at] + len(_GAP) for at in kept[1:])
        if room >= min(widths[0], _SHORTEST):
            return kept, min(widths[0], room)
        group = next(groups, None)
        if group is None:
            return kept, min(widths[0], _SHORTEST)
        kept = [at for at in kept if at not in group]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."
