"""`watch.page`: what a reader, a screen reader and a browser without a script find on it."""

import re
from html.parser import HTMLParser

import pytest

from baileys_cleanup.decision.judgement import PairingState
from baileys_cleanup.decision.levels import Level
from baileys_cleanup.store.passed_over import PassedOver
from baileys_cleanup.watch.remember.run_history import History
from baileys_cleanup.watch.see.company import Removable, Unreadable
from baileys_cleanup.watch.show.asked import Asked
from baileys_cleanup.watch.show.page import page, trouble
from baileys_cleanup.watch.show.style import STYLE
from baileys_cleanup.watch.show.words import ago, trend_in_words

from ...helpers import DAY, NOW
from ..helpers import detail, ended, facts, view

VOID = {"meta", "br", "link", "input"}


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
    history = History({}, {"": run}, (ended(emergency=True), run))
    seen = (
        view(20, "b", detail(newest=NOW - 40 * DAY), silent_days=40),
        view(200, "<a>", detail(removable=Removable(5, 50), newest=NOW), removable=50),
        view(300, "stuck", detail(), removable=0),
        view(4, "dead", detail(), pairing=PairingState.BROKEN, problem="creds.json is empty; x"),
        Unreadable("c&d", "closed"),
    )
    over = (PassedOver("company_x", "a link", keys=True),)
    found = facts(*seen, history=history, passed_over=over, undoable={run.run_id}, again=" --config x")
    return Reader(shown_page(found, {"<a>": 3}))


def shown_page(found, trends=None, asked=Asked()):  # noqa: B008 - a value
    """Give the page of a look."""
    return page(found, trends or {}, "host", asked, 60)


def test_the_fullest_company_comes_first(read):
    """Companies with count, trend, level in words, what to do, and what a cleanup frees."""
    assert (
        "<a> last write: now 200 up 3 up 3 critical a cleanup would free 50 and leave 150 clean it now: baileys-cleanup --company '<a>' --config x 5 files 50 B now"
        in read.text
    )
    assert read.text.index("stuck last write") < read.text.index("<a> last write") < read.text.index("b last write")


def test_no_advice_stands_there_that_cannot_help(read):
    """What no cleanup can help says which kinds it is, and neither to clean nor to rotate."""
    assert "critical a cleanup can free nothing kinds that no rule takes (300 LID mappings) nothing" in read.text
    assert "rotate" not in read.text


def test_the_top_tells_what_matters_first(read):
    """Dead pairings with their command, the last cleanup, disk and quarantine, what would be freed, silent companies."""
    assert "Dead pairings 1 Last cleanup partial, just now" in read.text
    assert "A cleanup frees 5 files, 50 B Free on the disk 1000 B, 20 % of the inodes" in read.text
    assert "In the quarantine 3 files, 30 B Silent for long 1 company" in read.text
    way_back = "baileys-cleanup restore latest --replace --company dead --config x"
    assert "Company dead : creds.json is empty: the pairing is broken" in read.text
    assert way_back in read.text
    assert read.text.index(way_back) < read.text.index("Companies, the fullest first")


def test_bots_that_are_dead_alike_have_one_paragraph_and_one_command():
    """What brings one back brings all of them back; another trouble is another paragraph."""
    broken = {"pairing": PairingState.BROKEN, "problem": "creds.json is empty; x"}
    gone = {"pairing": PairingState.GONE, "problem": "creds.json is gone; x"}
    seen = [view(4, "8", **broken), view(4, "9", **broken), view(4, "10", **gone)]
    text = Reader(shown_page(facts(*seen))).text
    assert "Companies 8 , 9 : creds.json is empty" in text
    assert "restore latest --replace --company 8 --company 9 " in text
    assert "Company 10 : creds.json is gone" in text
    assert "dead excellent creds.json is gone" in text, "a small folder is no comfort there"


def test_a_shard_is_named():
    """Who sees a part of the companies is told that it is one."""
    assert "1 company of shard 1/4 under /root" in Reader(shown_page(facts(view(4), shard="1/4"))).text


def test_the_title_has_what_is_wrong_and_where(read):
    """A tab among others tells host, root, and that there is something to see."""
    assert read.text.startswith("1 dead, 2 critical - /root on host - Baileys companies")


def test_what_is_passed_over_is_named(read):
    """A link that looks like a company stands there with its reason."""
    assert "Passed over: company_x: a link" in read.text


def test_a_run_has_its_way_back(read):
    """The command that takes it back, as it can be pasted."""
    assert "baileys-cleanup undo 20261122T030000Z-4f1c --config x" in read.text


def test_it_loads_itself_again_until_told_to_stand_still(read):
    """By the document alone, without a script; the link turns it off, and what was asked for stays."""
    assert {"http-equiv": "refresh", "content": "60"} in read.all("meta")
    still = Reader(shown_page(facts(view(1, "7", detail())), asked=Asked(text="7", still=True)))
    assert not [each for each in still.all("meta") if "http-equiv" in each]
    assert "?text=7" in [each["href"] for each in still.all("a")]


def test_it_says_what_is_not_looked_at_yet():
    """From the first second: nothing seen is no empty root."""
    text = Reader(shown_page(facts(waiting=120))).text
    assert "0 companies are looked at, 120 not yet" in text
    assert "is the right disk mounted" not in text


def test_a_thousand_companies_stay_a_page():
    """The fullest 500 stand in the table, and the number of the rest."""
    seen = [view(each % 140 + 1, str(each), detail()) for each in range(1_000)]
    read = Reader(shown_page(facts(*seen)))
    assert 500 == len([head for head in read.all("th") if head["scope"] == "row"])
    assert "And 500 more: the filter finds them." in read.text


def test_levels_are_counted_in_words(read):
    """Each level has its number, from critical to excellent."""
    assert "2 critical 0 warning 0 attention 0 normal 2 excellent" in read.text


def test_what_could_not_be_seen_is_told(read):
    """A company that cannot be looked at stands there with its reason."""
    assert "Company c&d could not be looked at: closed" in read.text


def test_the_last_runs_are_there(read):
    """Both sorts, with how they ended."""
    assert "emergency of 2 companies baileys-cleanup undo" in read.text
    assert "done 3 files 30 B 1.00 s" in read.text
    assert "cleanup of 2 companies" in read.text
    assert "partial, 1 failure" in read.text


def test_a_screen_reader_finds_its_way(read):
    """A language, a title, one heading, captions, heads with a scope, regions with a name."""
    assert [{"lang": "en"}] == read.all("html")
    assert 1 == len(read.all("h1")) == len(read.all("main"))
    assert len(read.all("table")) == len(read.all("caption")) == 2
    assert {"col", "row"} == {head["scope"] for head in read.all("th")}
    assert all(region.get("aria-label") for region in read.all("div") if region.get("role") == "region")
    assert "Baileys companies" in read.text


def test_it_loads_nothing_and_runs_nothing(read):
    """No script, no picture, no outside address, no style but its own."""
    tags = {tag for tag, _ in read.elements}
    assert set() == tags & {"script", "img", "iframe", "link", "object"}
    assert [] == [attrs for _, attrs in read.elements if {"style", "src", "onload", "action"} & attrs.keys()]
    assert all(attrs["href"].startswith("?") for attrs in read.all("a"))
    assert not re.search(r"url\(|@import|https?:", STYLE)


def test_it_fits_a_phone(read):
    """The page tells the browser to use the phone's own width."""
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in read.all("meta")


def test_an_empty_root_is_told():
    """Without a company the page asks for the disk; without a run it says so."""
    text = Reader(shown_page(facts())).text
    assert "is the right disk mounted" in text
    assert "No run is recorded yet" in text


def test_no_name_gets_out_of_its_place():
    """Names with markup or control characters are shown, and never are markup."""
    text = shown_page(
        facts(view(1, "<script>alert(1)</script>\x1b", detail()), Unreadable('"><b>', "<i>")),
        asked=Asked(text='"><script>'),
    )
    assert [] == Reader(text).all("script") + Reader(text).all("b")[5:] + Reader(text).all("i")
    assert "\x1b" not in text


def test_without_a_look_the_page_says_why():
    """The trouble is on the page, escaped."""
    assert "There is no present look: <gone>." in Reader(trouble("<gone>")).text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "now"),
        (59, "now"),
        (60, "1 min"),
        (7_199, "119 min"),
        (7_200, "2 h"),
        (172_799, "47 h"),
        (172_800, "2 days"),
    ],
)
def test_how_long_ago_is_words(seconds, words):
    """In the largest unit of which there are two."""
    assert words == ago(NOW, NOW - seconds * 10**9)
    assert "never" == ago(NOW, None)


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
    for name in ("ink", "soft", "link", *Level):
        for ground in ("ground", "band"):
            light, dark = sorted((luminance(colours[name]), luminance(colours[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ground)
