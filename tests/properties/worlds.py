"""What hypothesis draws: names, files, accounts, policies, times."""

from collections.abc import Iterable

from hypothesis import strategies as st

from baileys_cleanup.decision.account import ABSENT, Account, unreadable
from baileys_cleanup.decision.names import kind_of
from baileys_cleanup.decision.policy import Policy, Preset
from baileys_cleanup.decision.verdict import AuthFile, MemoryGone

SECOND = 10**9
DAY = 86_400 * SECOND
NOW = 1_795_316_400 * SECOND
PN, LID, OTHER, OTHER_LID = "15550000001", "100000000000001", "15550000002", "100000000000002"
OWN = frozenset({(PN, 7), (LID, 7)})
GROUPS = ["120363000000000001@g.us", "15550000002-1600000000@g.us", "1600000000@broadcast", "status@broadcast"]
GROUPS += ["120363000000000009@newsletter", "x--y"]

# --- names ----------------------------------------------------------------------------------------------

users = st.sampled_from([PN, LID, OTHER, OTHER_LID])
domains = st.sampled_from(["", "_1", "_128", "_129"])
devices = st.sampled_from(["0", "7", "99", "00007"])
sessions = st.builds("session-{}{}.{}.json".format, users, domains, devices)
_groups = st.sampled_from(GROUPS)
sender_keys = st.one_of(
    st.builds("sender-key-{}--{}{}--{}.json".format, _groups, users, domains, devices),
    st.builds("sender-key-{}--{}.json".format, _groups, st.sampled_from(["nobody", "15550000001_1_1--7", "1--000007"])),
)
memories = st.builds("sender-key-memory-{}.json".format, st.sampled_from(GROUPS))
PROTECTED_NAMES = [
    "creds.json",
    "app-state-sync-key-AACpMw==.json",
    "app-state-sync-key-AAD______4v.json",
    "app-state-sync-version-critical_block.json",
    "app-state-sync-version-regular.json",
    "app-state-sync-regular.json",
    "app-state-sync-x",
    "lid-mapping-15550000002.json",
    "lid-mapping-100000000000002_reverse.json",
]
protected_names = st.sampled_from(PROTECTED_NAMES)
kept_names = st.sampled_from(
    [
        "device-list-15550000002.json",
        "tctoken-100000000000002@lid.json",
        "tctoken-__index.json",
        "identity-key-100000000000002_1.7.json",
        "contacts-tc-token-15550000002.json",
        "session-.json",
        "pre-key-x.json",
        "pre-key-07.json",
        "creds.json.bak",
    ]
)
loose_names = st.sampled_from(["session-old.json", "sender-key-x.json", "sender-key-memory-x.json"])

anything = st.text(
    st.one_of(st.characters(), st.characters(categories=["Cs", "Cc", "Cf", "Nd"]), st.sampled_from("0123456789.-_\n")),
    max_size=16,
)
_words = st.sampled_from(
    ["session", "sender-key", "sender-key-memory", "pre-key", "app-state-sync", "app-state-sync-key"]
)
_more_words = st.sampled_from(
    ["lid-mapping", "device-list", "tctoken", "identity-key", "Session", "SENDER-KEY", " session"]
)
_beginnings = st.one_of(_words.map("{}-".format), _more_words.map("{}-".format), st.sampled_from(["creds", ""]))
_middles = st.one_of(anything, st.integers(-5, 10**9).map(str), st.sampled_from(["", "١٢", "x", "1.0", ".json"]))
_endings = st.sampled_from(
    [
        ".json",
        ".json",
        ".json",
        ".json.tmp",
        ".json.bak",
        ".JSON",
        ".json\n",
        "\n.json",
        ".json ",
        "",
        "~",
        ".json\udcff",
    ]
)
wild_names = st.one_of(anything, st.builds("{}{}{}".format, _beginnings, _middles, _endings))
names = st.one_of(
    sessions, sender_keys, sender_keys, memories, memories, loose_names, protected_names, kept_names, wild_names
)

# --- accounts, policies, times ------------------------------------------------------------------------------

counters = st.one_of(st.none(), st.sampled_from([1, 31, 100, 700, 812, 813, 814, 900, 5000]))
accounts = st.one_of(
    st.just(ABSENT),
    st.just(unreadable("is empty")),
    st.builds(Account, st.just(True), st.just(OWN), counters, counters),
    st.builds(Account, st.just(True), st.sampled_from([OWN, frozenset({(PN, 7)}), frozenset()]), counters, counters),
)


@st.composite
def policies(draw: st.DrawFn, *presets: Preset) -> Policy:
    """Draw any policy that the settings would let pass, under these presets or any."""
    floor = draw(st.integers(1, 60))
    return Policy(
        preset=draw(st.sampled_from(presets or tuple(Preset))),
        session_max_age_days=draw(st.sampled_from([1, 2, 3, 14, 30, 36_500])),
        sender_key_max_age_days=draw(st.sampled_from([1, 2, 3, 14, 36_500])),
        max_pre_keys=draw(st.integers(floor, 120)),
        min_pre_keys=floor,
        keep_advertised_pre_keys=draw(st.booleans()),
        keep_own_sessions=draw(st.booleans()),
        former_pairing_days=draw(st.sampled_from([None, None, 1, 30])),
    )


ages = st.one_of(
    st.builds(lambda days, off: days * DAY + off, st.sampled_from([0, 1, 2, 3, 14, 30]), st.integers(-2, 2)),
    st.builds(lambda days, off: days * DAY + off, st.integers(-400, 4000), st.integers(-DAY, DAY)),
    st.sampled_from([NOW, NOW + 1, NOW - 1]),  # dates around the epoch
)

# --- files --------------------------------------------------------------------------------------------------


def dated(names_and_ages: Iterable[tuple[str, int | None]], now: int = NOW) -> list[AuthFile]:
    """Give files as the planner sees them; None is a date that nobody could read."""
    return [
        AuthFile(name, kind_of(name), None if age is None else now - age, 10 + place)
        for place, (name, age) in enumerate(names_and_ages)
    ]


@st.composite
def pre_keys(draw: st.DrawFn) -> list[tuple[str, int | None]]:
    """Draw pre-keys upload by upload; each is written at once, over a minute, a little longer, or over hours."""
    drawn: list[tuple[str, int | None]] = []
    first = draw(st.sampled_from([1, 1, 400, 700]))
    for _ in range(draw(st.integers(0, 3))):
        count = draw(st.sampled_from([1, 5, 30, 49, 98, 99, 100, 101, 130, 180]))
        step = draw(st.sampled_from([1, 1, 2]))
        span = draw(st.sampled_from([0, 1, 59, 60, 61, 119, 120, 7200])) * SECOND
        age = draw(st.sampled_from([0, 10, 10, 60])) * DAY + draw(st.sampled_from([0, 0, 30, 60])) * SECOND
        drawn += [
            (f"pre-key-{first + place * step}.json", age + span - span * place // max(count - 1, 1))
            for place in range(count)
        ]
        first += count * step
    return drawn


@st.composite
def folders(draw: st.DrawFn, *, now: int = NOW) -> list[AuthFile]:
    """Draw the files of one company, in any order; some cannot be dated, some have several links."""
    drawn = dict(draw(st.lists(st.tuples(names, ages), max_size=25)))
    drawn |= {name: age for name, age in draw(pre_keys()) if age is not None}
    files = dated(drawn.items(), now)
    blind = draw(st.sets(st.integers(0, max(len(files) - 1, 0)), max_size=4))
    linked = draw(st.sets(st.integers(0, max(len(files) - 1, 0)), max_size=4))
    return [
        file._replace(modified=None if place in blind else file.modified, sole=place not in linked)
        for place, file in enumerate(files)
    ]


@st.composite
def groups(draw: st.DrawFn) -> list[AuthFile]:
    """Draw sender keys and memories only, so that pairs meet often, some with a copy beside them."""
    drawn = dict(draw(st.lists(st.tuples(st.one_of(sender_keys, memories), ages), max_size=14)))
    copies = draw(st.lists(st.tuples(st.one_of(st.sampled_from(sorted(drawn) or ["x"]), memories), ages), max_size=2))
    files = dated((drawn | {f"{name}.bak": age for name, age in copies}).items())
    linked = draw(st.sets(st.integers(0, max(len(files) - 1, 0)), max_size=2))
    return [file._replace(sole=place not in linked) for place, file in enumerate(files)]


@st.composite
def memories_gone(draw: st.DrawFn, files: list[AuthFile], *, now: int = NOW) -> dict[str, MemoryGone]:
    """Draw what earlier runs may have remembered of these files: some keys, some moments, some of them absurd."""
    keys = [file.name for file in files if file.kind == "sender_key"]
    hours = st.sampled_from([0, 1, 5, 6, 7, 200, 5000, -1, -9000]).map(lambda number: now - number * 3600 * SECOND)
    moments = st.one_of(hours, hours.map(lambda moment: moment + 1))
    return draw(st.dictionaries(st.sampled_from(keys), st.builds(MemoryGone, moments, st.booleans()))) if keys else {}


@st.composite
def companies(draw: st.DrawFn) -> tuple[list[AuthFile], dict[str, MemoryGone]]:
    """Draw the files of a company, and what its last run left to be remembered."""
    files = draw(st.one_of(folders(), groups()))
    return files, draw(memories_gone(files))
