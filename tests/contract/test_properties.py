"""Random companies against an oracle that states the rules once more, a few of them in each run of the tool."""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from . import oracle
from .world import DAY, DEVICE, LID, OTHER, OTHER_LID, PN, Root, creds

ACCOUNT_OWN = frozenset({(PN, str(DEVICE)), (LID, str(DEVICE))})
AGES = st.sampled_from([-400.0, 0.0, 1.0, 2.99, 3.01, 5.0, 13.99, 14.01, 30.0, 4000.0, 5000.0]).map(
    lambda days: days * DAY
)

users = st.sampled_from([PN, LID, OTHER, OTHER_LID, PN + "1"])
domains = st.sampled_from(["", "_1", "_128", "_129"])
devices = st.sampled_from(["0", str(DEVICE), "99", "000007"])
groups = st.sampled_from(
    [
        "120363000000000001@g.us",
        "120363000000000002@g.us",
        f"{OTHER}-1600000000@g.us",
        "16@broadcast",
        "status@broadcast",
        "x",
    ]
)
# What * may stand for: nothing that is a control character; invisible and odd ones are fair.
words = st.text(
    st.characters(codec="utf-8", exclude_characters="/", exclude_categories=("Cc", "Zl", "Zp")), max_size=12
)
prefixes = st.sampled_from(
    [
        "session-",
        "sender-key-",
        "sender-key-memory-",
        "app-state-sync-",
        "app-state-sync-key-",
        "lid-mapping-",
        "device-list-",
        "tctoken-",
        "identity-key-",
        "Session-",
        "pre-key-",
        "creds",
        "",
    ]
)
endings = st.sampled_from([".json", ".json", ".json.bak", ".json.tmp", ".JSON", ".json\n", "", "\x1b[0m.json"])
names = st.one_of(
    st.builds("session-{}{}.{}.json".format, users, domains, devices),
    st.builds("sender-key-{}--{}{}--{}.json".format, groups, users, domains, devices),
    st.builds("sender-key-memory-{}.json".format, groups),
    st.builds("{}{}{}".format, prefixes, words, endings).filter(
        lambda name: (
            name not in {"", ".", "..", "creds.json"} and len(name.encode()) < 200 and oracle.kind(name) != "pre_key"
        )
    ),
)


@st.composite
def pre_keys(draw: st.DrawFn) -> dict[str, float]:
    """Draw pre-keys: batches that are hours apart, each written at once, within half a minute, or over a day."""
    files: dict[str, float] = {}
    first = 1
    for nth in range(draw(st.integers(0, 3))):
        count = draw(st.sampled_from([1, 5, 30, 49, 51, 99, 100, 101, 150, 200]))
        step = draw(st.sampled_from([1, 1, 3]))
        span = draw(st.sampled_from([0, 30, DAY]))
        for place in range(count):
            files[f"pre-key-{first + place * step}.json"] = (100 - 10 * nth) * DAY - span * place / count
        first += count * step
    return files


@st.composite
def companies(draw: st.DrawFn) -> tuple[dict[str, float], oracle.Account]:
    """Draw what lies in one company, and its counters."""
    files = draw(st.dictionaries(names, AGES, max_size=40)) | draw(pre_keys())
    for name in draw(st.sets(st.sampled_from(sorted(files)), max_size=5)) if files else ():
        files.setdefault(f"{name}.bak", draw(AGES))
    highest = max((int(name[8:-5]) for name in files if oracle.kind(name) == "pre_key"), default=0)
    upto = draw(st.sampled_from([highest + 1, 812, 813, 5000]))
    uploaded = draw(st.sampled_from([upto, max(1, highest - 20), 10_000]))
    return files, oracle.Account(ACCOUNT_OWN, upto, uploaded)


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.lists(companies(), min_size=1, max_size=8))
def test_the_tool_removes_what_the_rules_say(drawn: list[tuple[dict[str, float], Any]]) -> None:
    """In every random company, dry run and real run remove exactly what the oracle says, and nothing is lost."""
    with tempfile.TemporaryDirectory() as parent:
        root = Root(Path(parent) / "root")
        began = time.time()
        for nth, (files, account) in enumerate(drawn):
            company = root.company(str(nth), creds(upto=account.upto, uploaded=account.uploaded))
            for name, age in files.items():
                company.put(name, age=age + time.time() - began)
        expected = {
            f"company_{nth}/{name}"
            for nth, (files, account) in enumerate(drawn)
            for name in oracle.removed(files, account)
        }
        before = root.files()
        dry = root.dry()
        assert root.files() == before
        result = root.clean()
        gone = {os.fsdecode(name) for name in before.keys() - root.files().keys()}
        assert gone == expected
        assert dry.summary["totals"] == result.summary["totals"]
        assert root.files() | root.quarantine() == before
        for nth, (files, _) in enumerate(drawn):
            kinds = ["creds", *(oracle.kind(name) for name in files)]
            seen = {kind: counts["seen"] for kind, counts in result.companies[str(nth)]["kinds"].items()}
            assert seen == {kind: kinds.count(kind) for kind in kinds}
