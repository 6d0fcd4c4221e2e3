"""The monitor's page in a real browser: no script, nothing from elsewhere, on a phone, and read aloud."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from machine import DEPLOY, RunTool, missing, needs
from watching import monitor
from web import TIMEOUT, fetch, wait_until

pytestmark = pytest.mark.slow

try:
    from playwright.sync_api import sync_playwright
except ImportError:
    sync_playwright = None

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


@pytest.fixture
def address(tool: str, run_tool: RunTool, demo: Path) -> Iterator[str]:
    """Watch the demo, and give the address of its page."""
    run_tool("--sessions-root", demo, "--company", "962302")
    with monitor(tool, demo, "--listen", "127.0.0.1:0") as watch:
        wait_until(lambda: fetch(f"{watch.address}healthz")[0] == 200, "a look")
        yield watch.address


@pytest.fixture
def browser() -> Iterator[Any]:
    """Start a browser of one's own."""
    needs("chromium")
    if sync_playwright is None:
        missing("needs playwright (pip install '.[ci]')")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options, timeout=1000 * TIMEOUT)
        yield chromium
        chromium.close()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_without_a_script(
    address: str, browser: Any, scheme: str, size: dict[str, int], tmp_path: Path
) -> None:
    """Nothing is wider than the screen, nothing is asked for but the page, and the browser has no complaint."""
    context = browser.new_context(viewport=size, java_script_enabled=False, color_scheme=scheme)
    context.set_default_timeout(1000 * TIMEOUT)
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    for table in page.locator("table").all():
        box = table.bounding_box()
        assert box["x"] + box["width"] <= size["width"]
    colours = {level: colour_of(page, level) for level in ("critical", "excellent")}
    assert len(set(colours.values())) == 2, "the page's own style was not taken"
    page.screenshot(path=tmp_path / f"{scheme}.png", full_page=True)
    assert (tmp_path / f"{scheme}.png").stat().st_size > 10_000
    assert [url for url in asked if not url.endswith("/favicon.ico")] == [address]
    assert [text for text in complaints if "favicon" not in text and "404" not in text] == []
    context.close()


def test_filter_and_order_work_without_a_script(address: str, browser: Any) -> None:
    """The form asks the server; what was asked for stands in the address and in the fields, also after loading again."""
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(1000 * TIMEOUT)
    page = context.new_page()
    page.goto(address)
    page.get_by_label("Company", exact=True).fill("23")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(lambda url: "text=23" in url)
    rows = page.get_by_role("table").first.get_by_role("rowheader").all_inner_texts()
    assert {row.split()[0] for row in rows} == {"123456", "962302"} & {row.split()[0] for row in rows}
    assert rows
    page.goto(f"{address}?order=name")
    rows = page.get_by_role("table").first.get_by_role("rowheader").all_inner_texts()
    assert [row.split()[0] for row in rows] == sorted(row.split()[0] for row in rows)
    page.get_by_role("link", name="critical").click()
    page.wait_for_url(lambda url: "level=critical" in url)
    assert page.get_by_role("table").first.get_by_role("rowheader").count() == 1
    context.close()


def colour_of(page: Any, level: str) -> str:
    """Give the colour in which a level is written."""
    return str(page.locator(f".level.{level}").first.evaluate("element => getComputedStyle(element).color"))


def test_the_page_read_aloud(address: str, browser: Any) -> None:
    """What the browser hands to a screen reader: a heading, named tables, row and column heads, levels in words."""
    page = browser.new_page()
    page.set_default_timeout(1000 * TIMEOUT)
    page.goto(address)
    heard = page.locator("body").aria_snapshot()
    assert 'heading "Baileys companies" [level=1]' in heard
    for part in ("table", "Companies, the fullest first", "The last runs", "columnheader", "rowheader", "critical"):
        assert part in heard
    assert page.title().startswith("1 dead, 1 critical - ")
    assert page.get_by_role("rowheader", name="962302").count() == 1
    first = page.get_by_role("table").first.get_by_role("row").nth(1).inner_text()
    assert first.startswith("123456")
    assert "critical" in first


def test_the_picture_in_the_docs_is_there_and_small() -> None:
    """README and docs show a PNG of under 200 KB."""
    picture = (DEPLOY.parent / "docs" / "images" / "monitor.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 200_000
