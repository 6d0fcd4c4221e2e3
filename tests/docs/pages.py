"""Reads our Markdown: headings, code blocks, tables, links. Knows only the forms we use."""

import re
import string
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def read(page: Path) -> str:
    """Return the text of a page or a source file."""
    return page.read_text(encoding="utf-8")


def blocks(text: str, *languages: str) -> list[str]:
    """Return the fenced blocks of these languages, in order."""
    return [body for language, body in _FENCE.findall(text) if language in languages]


def prose(text: str) -> str:
    """Return the text without its fenced blocks."""
    return _FENCE.sub("", text)


def section(page: Path, heading: str) -> str:
    """Return what stands under a heading, up to the next one of the same or a higher rank."""
    text = read(page)
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert found, f"{page.name} has no heading {heading!r}"
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def table(text: str) -> list[list[str]]:
    """Return the rows of the first table, its head left out."""
    found = re.search(r"(?:^\|.*\|$\n?)+", prose(text), re.MULTILINE)
    assert found, "there is no table"
    rows = found[0].splitlines()
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[2:]]


def codes(cell: str) -> list[str]:
    """Return what stands in backquotes."""
    return re.findall(r"`([^`]+)`", cell)


def links(page: Path) -> list[str]:
    """Return the targets of all links and pictures."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(read(page)))


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(read(page)), re.MULTILINE)
    unwanted = string.punctuation.replace("-", "").replace("_", "")
    return {"".join(char for char in heading.lower() if char not in unwanted).replace(" ", "-") for heading in headings}
