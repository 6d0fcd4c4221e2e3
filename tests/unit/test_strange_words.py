"""Words of others through every output: escapes, marks that turn a line around, newlines, and 10,000 characters of them.

A store of dictionaries stands behind the commands: no file system would let an id be so long.
"""

import json
import re
import time

import pytest
from click.testing import CliRunner

from baileys_cleanup import cli
from baileys_cleanup.output.text import argument
from baileys_cleanup.store import open as opening
from baileys_cleanup.watch.tell.messages import Place, message

from .helpers import DAY, OTHER, creds
from .store import memory
from .watch.helpers import detail, facts, view
from .watch.show.test_page import Reader, shown_page
from .watch.tell.test_messages import told

OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
"""What a terminal, a log reader or a browser would obey instead of showing it; ends of lines are looked at apart."""

WORDS = {
    "an escape": "\x1b[2J\x1b]0;owned\x07",
    "C1": "\x9b31m\x85",
    "turned around": "\u202egpj.exe\u2066\u2069\u200f",
    "invisible": "\u200b\ufeff\U000e0041\u2060",
    "lines": '1\n# HELP evil 1\nevil{x="y"} 1\r\nFrom: x',
    "markup": "</td><script>alert('1')</script><img src=x onerror=\"alert(1)\">&amp;",
    "quotes": "a\"b\\c'd`$(reboot){}%s%n",
    "no text": "\udcff\udc80\ud800x",
}
WORDS |= {f"{name}, 10,000 characters": (WORDS[name] * 10_000)[:10_000] for name in ("an escape", "lines", "markup")}
every_word = pytest.mark.parametrize("word", WORDS.values(), ids=WORDS)


def check(said, lines=None):
    """Assert that nothing in an output is obeyed, and where `lines` are given that nothing begins one of its own."""
    found = OBEYED.search(said)
    assert found is None, repr(said[max(0, found.start() - 40) : found.end() + 40])
    said.encode("utf-8")
    if lines is not None:
        assert [] == [line[:80] for line in said.splitlines() if not re.match(lines, line)]


@pytest.fixture
def companies(monkeypatch, word):
    """Give a company of a strange id with a strange file, a full one of the same kind, and an ordinary one."""
    monkeypatch.setitem(opening.STORES, "memory", memory.__name__)
    memory.empty()
    now = time.time_ns()
    files = dict.fromkeys([f"session-{OTHER}.{device}.json" for device in range(3)], (b"{}", now - 20 * DAY))
    files[f"session-{word}.json"] = (b"{}", now - 20 * DAY)
    files[word] = (b"{}", now - 20 * DAY)
    for number, company_id in enumerate((word, f"full{word}", "8")):
        me = {"id": f"1555000000{number}:7@s.whatsapp.net", "name": word}
        full = dict.fromkeys([f"lid-mapping-{each}.json" for each in range(200)], (b"{}", now)) if number == 1 else {}
        memory.COMPANIES[company_id] = files | full | {"creds.json": (creds(me=me), now - DAY)}
    yield memory.COMPANIES
    memory.empty()


COMMANDS = [
    ("clean", "--dry-run"),
    ("clean", "--verbose", "--json", "--log-format", "json"),
    ("clean", "--verbose", "--log-format", "console"),
    ("clean", "--quiet"),
    ("explain",),
    ("check",),
    ("metrics",),
    ("monitor", "--dry-run"),
    ("monitor", "--once", "--json", "--log-format", "json"),
    ("monitor", "--once", "--log-format", "console"),
]


@pytest.mark.usefixtures("companies")
@every_word
def test_no_output_obeys_a_name(word):
    """Ids, file names and what stands in creds.json are shown with escapes, in every text, document and log."""
    for asked in COMMANDS:
        done = CliRunner().invoke(cli.commands, [*asked, "--store", "memory://all"])
        assert done.exception is None or isinstance(done.exception, SystemExit), (asked, done.exception)
        check(done.stdout)
        check(done.stderr)
        if "--json" in asked:
            json.loads(done.stdout)
        if asked == ("metrics",):
            check(done.stdout, r"# (HELP|TYPE|EOF)|baileys_")
        assert not re.search(r"^(evil|From:)", done.stdout + done.stderr, re.MULTILINE), asked


@every_word
def test_no_setting_and_no_option_is_obeyed(word, monkeypatch):
    """A wrong id, root, place or setting is repeated with escapes, in one sentence, status 2."""
    word = word.replace("\0", "")
    asked = [
        ("clean", "--company", word, "--sessions-root", "/nonexistent"),
        ("clean", "--sessions-root", f"/nonexistent/{word}"),
        ("backup", "--to", f"/nonexistent/{word}", "--sessions-root", "/nonexistent"),
        ("undo", word, "--sessions-root", "/nonexistent"),
        ("settings", "--config", f"/nonexistent/{word}"),
    ]
    for arguments in asked:
        done = CliRunner().invoke(cli.commands, arguments)
        assert not isinstance(done.exception, UnicodeError), arguments
        check(str(done.exception or ""))
        check(done.output)
    if word.isprintable() or "\n" in word:
        monkeypatch.setenv("BAILEYS_CLEANUP_UNDO_DAYS", word)
        done = CliRunner().invoke(cli.commands, ["settings"])
        check(str(done.exception or ""))
        assert "undo_days" in str(done.exception).lower()


@every_word
def test_no_message_and_no_title_is_obeyed(word):
    """A mail has no header of others in it: ids, host and root are escaped, and a title is one line."""
    for many in (1, 3):
        alerts = [
            told(view(200, f"{number}{word}"), view(120, f"{number}{word}"), done=f"x{number}")
            for number in range(many)
        ]
        text = message(alerts, Place(f"/root{word}", f"host{word}", " --sessions-root /root"))
        check(text.title)
        assert "\n" not in text.title
        check(text.body)
        assert not re.search(r"^(evil|From:)", text.body, re.MULTILINE)


@every_word
def test_the_page_shows_markup_as_text(word):
    """No element and no attribute of others comes into the page, and every element is closed."""
    read = Reader(
        shown_page(
            facts(view(200, word, detail()), view(20, "8", detail()), again=f" --config {argument(word)}"), {word: 3}
        )
    )
    assert not read.all("script")
    assert not read.all("img")
    assert not [name for _, each in read.elements for name in each if name.startswith("on")]
    check(read.text)


def test_these_words_would_be_obeyed():
    """Each of them, as it is, is one that the checks find, or that would be markup."""
    harmless = {"markup", "quotes", "no text", "lines"}
    assert {name for name, word in WORDS.items() if not OBEYED.search(word)} <= {
        *harmless,
        *(f"{name}, 10,000 characters" for name in harmless),
    }
