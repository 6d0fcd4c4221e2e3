"""`watch.page`: what a reader, a screen reader and a browser without a script find on it."""

import re
from html.parser import HTMLParser

import pytest

from baileys_cleanup.decision.levels import Level
from baileys_cleanup.watch.remember.run_history import History
from baileys_cleanup.watch.see.company import Blind, Removable
from baileys_cleanup.watch.show.page import STYLE, page, trend_in_words, trouble

from ..helpers import detail, ended, facts, view

VOID = {"meta", "br", "link"}


class Reader(HTMLParser):
    """Reads a page: its elements with their attributes, its text, and whether every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.texts = [], [], []
        self.feed(text)
        assert [] == self.open

    def handle_starttag(self, tag, attrs):
        """Take down an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Close an element, the one that was opened last."""
        assert tag == self.open.pop()

    def handle_data(self, data):
        """Take down a text."""
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self):
        """All text, as it is read."""
        return " ".join(" ".join(self.texts).split())

    def all(self, tag):
        """Give the attributes of all elements of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def read():
    """Give a page with everything on it."""
    run = ended(failures=1, status="partial")
    history = History(None, run, (ended(emergency=True), run))
    seen = (
        view(20, "b", detail()),
        view(200, "<a>", detail(removable=Removable(5, 50), creds_problem="creds.json is empty; x")),
    )
    return Reader(page(facts(*seen, Blind("c&d", "closed"), history=history), {"<a>": 3}))


def test_the_fullest_company_comes_first(read):
    """Companies with count, trend, level in words, what to do, and what a cleanup frees."""
    assert (
        "<a> 200 up 3 critical clean it now, or rotate the pairing creds.json is empty 5 files 50 B b 20 new"
        in read.text
    )


def test_levels_are_counted_in_words(read):
    """Each level has its number, from critical to excellent."""
    assert "1 critical 0 warning 0 attention 0 normal 1 excellent" in read.text


def test_what_could_not_be_seen_is_told(read):
    """A company that cannot be looked at stands there with its reason."""
    assert "Company c&d could not be looked at: closed" in read.text


def test_the_last_runs_are_there(read):
    """Both sorts, with how they ended."""
    assert "emergency of 2 companies done 3 files 30 B 1.00 s" in read.text
    assert "cleanup of 2 companies partial, 1 failure" in read.text


def test_a_screen_reader_finds_its_way(read):
    """A language, a title, one heading, captions, heads with a scope, regions with a name."""
    assert [{"lang": "en"}] == read.all("html")
    assert 1 == len(read.all("h1")) == len(read.all("main"))
    assert len(read.all("table")) == len(read.all("caption")) == 2
    assert {"col", "row"} == {head["scope"] for head in read.all("th")}
    assert all(region.get("aria-label") for region in read.all("div"))
    assert "Baileys companies" in read.text


def test_it_loads_nothing_and_runs_nothing(read):
    """No script, no picture, no outside address, no style but its own."""
    tags = {tag for tag, _ in read.elements}
    assert set() == tags & {"script", "img", "iframe", "link", "object", "form", "a"}
    assert [] == [attrs for _, attrs in read.elements if {"style", "src", "href", "onload"} & attrs.keys()]
    assert not re.search(r"url\(|@import|https?:", STYLE)


def test_it_fits_a_phone(read):
    """The page tells the browser to use the phone's own width."""
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in read.all("meta")


def test_an_empty_root_is_told():
    """Without a company the page asks for the disk; without a run it says so."""
    text = Reader(page(facts(), {})).text
    assert "is the right disk mounted" in text
    assert "No run is recorded yet" in text


def test_no_name_gets_out_of_its_place():
    """Names with markup or control characters are shown, and never are markup."""
    text = page(facts(view(1, "<script>alert(1)</script>\x1b", detail()), Blind('"><b>', "<i>")), {})
    assert [] == Reader(text).all("script") + Reader(text).all("b")[5:] + Reader(text).all("i")
    assert "\x1b" not in text


def test_without_a_look_the_page_says_why():
    """The trouble is on the page, escaped."""
    assert "There is no present look: <gone>." in Reader(trouble("<gone>")).text


@pytest.mark.parametrize(("trend", "words"), [(None, "new"), (0, "same"), (3, "up 3"), (-1200, "down 1,200")])
def test_trends_are_words(trend, words):
    """A trend is read aloud as it is written."""
    assert words == trend_in_words(trend)


def luminance(colour):
    """Give the relative luminance of a colour, as WCAG 2 has it."""
    colour = colour if len(colour) == 6 else "".join(char * 2 for char in colour)
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1])
def test_every_text_stands_out(scheme):
    """In light and dark every colour of text has a contrast of 4.5 to 1 or more against both grounds."""
    colours = dict(re.findall(r"--(\w+): #([0-9a-f]+)", STYLE.split("@media (prefers-color-scheme: dark)")[scheme]))
    assert {level.value for level in Level} <= colours.keys()
    for name in ("ink", "soft", *Level):
        for ground in ("ground", "band"):
            light, dark = sorted((luminance(colours[name]), luminance(colours[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ground)
