"""Which kind a name is, on the whole name and nothing but the name."""

import os

import pytest

from .world import CANARY, DAY, KINDS, Root, creds

# Longest name a file system takes, so the largest number a pre-key can carry.
HUGE = "9" * (255 - len("pre-key-.json"))

NAMES: dict[str, list[str | bytes]] = {
    "creds": ["creds.json"],
    "pre_key": [
        "pre-key-1.json",
        "pre-key-812.json",
        "pre-key-16777215.json",
        "pre-key-123456789.json",
        f"pre-key-{HUGE}.json",
    ],
    "session": [
        "session-15550000002.7.json",
        "session-100000000000002_1.0.json",
        "session-15550000009_128.99.json",
        "session-100000000000009_129.99.json",
        "session-old.json",
        "session-backup.json",
        "session-info.json",
        "session- .json",
        "session-..json",
        "session-.json.json",
        "session-sender-key-1.json",
        "session-session-1.0.json",
        "session-١٢.0.json",
        "session-é\U0001f511.json",
        "session-%0a$(reboot);'\"`.json",
        "session-[red]x[bold].json",
    ],
    "sender_key": [
        "sender-key-120363000000000001@g.us--100000000000002_1--7.json",
        "sender-key-120363000000000001@g.us--15550000002--7.json",
        "sender-key-15550000002-1600000000@g.us--15550000002--0.json",
        "sender-key-status@broadcast--15550000002--0.json",
        "sender-key-1600000000@broadcast--15550000002--0.json",
        "sender-key-x.json",
        "sender-key-memory.json",
        "sender-key-memories-x.json",
        "sender-key-Memory-x.json",
    ],
    "sender_key_memory": [
        "sender-key-memory-120363000000000001@g.us.json",
        "sender-key-memory-status@broadcast.json",
        "sender-key-memory-x.json",
        "sender-key-memory-sender-key-x.json",
    ],
    "app_state_sync_key": [
        "app-state-sync-key-AACpMw==.json",
        "app-state-sync-key-AAD______4v.json",
        "app-state-sync-key-x.json",
    ],
    "app_state_sync_version": [
        "app-state-sync-version-critical_block.json",
        "app-state-sync-version-critical_unblock_low.json",
        "app-state-sync-version-regular_high.json",
        "app-state-sync-version-regular_low.json",
        "app-state-sync-version-regular.json",
        "app-state-sync-version-tomorrow.json",
        "app-state-sync-version-.json",
        "app-state-sync-key-.json",
        "app-state-sync-key-AACpMw==.json.tmp",
        "app-state-sync-version-regular.json.bak",
        "app-state-sync-whatever",
        "app-state-sync-x.txt",
    ],
    "lid_mapping": [
        "lid-mapping-15550000002.json",
        "lid-mapping-100000000000002_reverse.json",
        "lid-mapping-x.json",
    ],
    "device_list": ["device-list-15550000002.json", "device-list-100000000000002.json", "device-list-x.json"],
    "tctoken": [
        "tctoken-100000000000002@lid.json",
        "tctoken-15550000003@s.whatsapp.net.json",
        "tctoken-__index.json",
        "tctoken-x.json",
    ],
    "identity_key": ["identity-key-100000000000002_1.7.json", "identity-key-x.json"],
    "unknown": [
        "creds.json.bak",
        "creds.json.tmp",
        "creds.json~",
        ".creds.json",
        "Creds.json",
        "CREDS.JSON",
        "creds-2.json",
        "creds.json ",
        "creds.json\n",
        "pre-key-x.json",
        "pre-key-.json",
        "pre-key-007.json",
        "pre-key--1.json",
        "pre-key-+1.json",
        "pre-key- 1.json",
        "pre-key-1 .json",
        "pre-key-1_0.json",
        "pre-key-1.0.json",
        "pre-key-1e3.json",
        "pre-key-0x1.json",
        "pre-key-١٢.json",
        "pre-key-１.json",
        "pre-key-1١.json",
        "pre-key-².json",
        "pre-key-1.json.json",
        "pre-key-1.json.tmp",
        "pre-key-1.json\n",
        "pre-key-1.Json",
        "Pre-Key-1.json",
        "prekey-1.json",
        "session-.json",
        "session.json",
        "session-1.0.json.tmp",
        "session-1.0.json.bak",
        "session-1.0.json~",
        "session-1.0.json ",
        "session-1.0.json\n",
        "session-1.0.jsonx",
        "session-1.0.JSON",
        "session-1.0json",
        "session-1.0",
        " session-1.0.json",
        ".session-1.0.json",
        "\nsession-1.0.json",
        "xsession-1.0.json",
        "Session-1.0.json",
        "SESSION-1.0.json",
        "sessions-1.0.json",
        "session_1.0.json",
        "session-a\nb.json",
        "session-\t.json",
        "session-\x1b[31mred\x1b[0m.json",
        "session-\x1b]0;title\x07.json",
        "session-\x7f.json",
        "session-\x85.json",
        "session-\x9b31m.json",
        b"session-\xff.json",
        b"session-\xc3.json",
        b"session-\xed\xa0\x80.json",
        b"session-\xc0\xaf.json",
        b"\xfe\xff",
        "sender-key-.json",
        "sender-key.json",
        "sender-key-x.json.tmp",
        "sender-key-memory-x.json.bak",
        "sender-key-memory-a\nb.json",
        "sender-key-\r.json",
        "Sender-key-x.json",
        "app-state-sync-",
        "app-state-sync",
        "app-state-x.json",
        "app-state-sync-key-\x07.json",
        b"app-state-sync-key-\xff.json",
        "App-state-sync-key-x.json",
        "lid-mapping-.json",
        "lid-mapping-1.json.tmp",
        "lid-mapping.json",
        "device-list-.json",
        "tctoken-.json",
        "identity-key-.json",
        "contacts-tc-token-1.json",
        "key-1.json",
        "notes.txt",
        "*",
        "--dry-run",
        "-rf",
        "a",
        "…",
    ],
}
TABLE = [(kind, name) for kind, names in NAMES.items() for name in names]
REMOVED_WHEN_OLD = {"session", "sender_key", "sender_key_memory"}


def test_every_name_has_the_kind_its_whole_name_says(root: Root) -> None:
    """Each name of a long table, beside the creds.json of a company of its own, is counted under its one kind, and goes only if that kind goes."""
    assert set(NAMES) == KINDS
    companies = {}
    for nth, (kind, name) in enumerate(TABLE):
        content = creds() if kind != "creds" else None
        companies[str(nth)] = (kind, name, root.company(str(nth), content).put(name, age=100 * DAY))
    dry = root.dry()
    seen = {company: set(found["kinds"]) for company, found in dry.companies.items()}
    assert seen == {company: {"creds", kind} for company, (kind, _, _) in companies.items()}
    removed = {company for company, found in dry.companies.items() if found["files"]["removed"]}
    expected = {company for company, (kind, _, _) in companies.items() if kind in REMOVED_WHEN_OLD}
    assert removed == expected

    root.clean()
    left = {company for company, (_, name, folder) in companies.items() if os.fsencode(name) in folder.names()}
    assert left == set(companies) - expected


def test_strange_names_are_shown_escaped(root: Root) -> None:
    """Control characters and bytes that are not UTF-8 reach neither text, JSON, log nor explanation as they are."""
    strange = [name for kind, name in TABLE if kind == "unknown"]
    company = root.company("a\nb\x1b[31m").put(*strange, age=100 * DAY)
    company.put("session-[bold]x[red].json", age=100 * DAY)
    (company.path / "session-\x1b[2J.json").symlink_to("nowhere")
    os.mkdir(os.fsencode(company.path) + b"/session-\xfe.json")
    # Root.run itself fails on raw control characters and broken UTF-8; the JSON below is pure text.
    for args in (["-n"], ["-n", "-v"], ["-v", "--log-format", "console"], ["-v", "--log-format", "json"]):
        assert root.run(*args).status == 0
    assert root.run("explain", "--company", "a\nb\x1b[31m").status == 0
    assert "\x1b" not in root.clean("-v").summary["companies"][0]["company_id"]
    company.put("session-[bold]x[red].json", age=100 * DAY)
    assert "session-[bold]x[red].json" in root.run("-n").out.decode(), "markup in a name is plain text"


LOCALES = [{}, {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]


@pytest.mark.parametrize("locale", LOCALES)
def test_odd_names_in_any_locale(root: Root, locale: dict[str, str]) -> None:
    """In a locale that cannot show them, odd names are still cleaned and shown without a crash, and come back as they were."""
    odd = ["session-é\U0001f511.json", "session-%s{}\\n'\".json"]
    company = root.company("société\nb").put(*odd, b"session-\xff.json", age=100 * DAY)
    before = root.files()
    assert root.run("-n", "-v", env=locale).status == 0
    result = root.clean("-v", env=locale)
    left = company.names()
    assert {b"creds.json", b"session-\xff.json"} <= left
    if "PYTHONUTF8" not in locale:  # told to take names for ASCII, it may keep what it cannot read
        assert left == {b"creds.json", b"session-\xff.json"}
    assert root.run("undo", result.summary["run_id"], env=locale).status == 0
    assert root.files() == before


def test_the_canary_is_really_there(root: Root) -> None:
    """The secret that no output may show is in the files, or its absence elsewhere would prove nothing."""
    company = root.company().put("session-1.0.json")
    assert CANARY in (company.path / "creds.json").read_text()
    assert CANARY in (company.path / "session-1.0.json").read_text()
