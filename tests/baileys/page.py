"""Make `docs/consequences.md` of the words in `explain.py`, the planner's own verdicts, and the lab's results.

python tests/baileys/page.py              # from the committed results.json and running.json
python tests/baileys/page.py --measure    # run the whole lab first, and write both anew
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import results
import running_page
import running_results
from cases import CASES
from install import VERSIONS
from policies import POLICIES
from tables import table

from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.consequences import MEANING, WRITTEN, explain
from baileys_cleanup.decision.names import Kind, kind_of
from baileys_cleanup.decision.plan import plan
from baileys_cleanup.decision.policy import DAY, Policy, Preset
from baileys_cleanup.decision.verdict import AuthFile, Rule, Verdict

PAGE = Path(__file__).resolve().parents[2] / "docs" / "consequences.md"
COMMAND = ".venv/bin/python tests/baileys/page.py"

TITLES = {case.name: case.title for case in CASES} | {policy.name: policy.title for policy in POLICIES}


@dataclass(frozen=True)
class Subject:
    """One sort of file: an example of it, the removals of the lab that concern it, and the tests that show it."""

    title: str
    example: str
    cases: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        return kind_of(self.example)


GROUP = "120363000000000001@g.us"
OLD_GROUP = "15550000002-1600000000@g.us"
GENTLE_TESTS = ("test_gentle.py::test_gentle_removals_are_not_felt", "test_gentle.py::test_the_gentle_preset")
COSTLY_TESTS = ("test_gentle.py::test_what_a_gentle_policy_must_leave",)
NEVER_TESTS = ("test_names.py::test_no_protected_kind_is_ever_planned",)

SUBJECTS = (
    Subject("", "creds.json", ("creds",), ("test_traps.py::test_a_trap_is_sprung", *NEVER_TESTS)),
    Subject(
        "",
        "app-state-sync-key-AACpMw==.json",
        ("app_state_key",),
        ("test_traps.py::test_a_trap_is_sprung", *NEVER_TESTS),
    ),
    Subject("", "app-state-sync-version-regular_low.json", ("app_state_version",), NEVER_TESTS),
    Subject(
        "",
        "lid-mapping-15550000002.json",
        ("lid_mapping",),
        ("test_traps.py::test_a_trap_is_sprung", *NEVER_TESTS),
    ),
    Subject(
        "above the cap",
        "pre-key-1.json",
        ("pre_keys", "pre_keys_drained", "pre_keys_newest_first"),
        ("test_traps.py::test_a_capped_batch_loses_first_messages_on_rc9",),
    ),
    Subject(
        "above the cap, of a batch that WhatsApp still hands out",
        "pre-key-1001.json",
        (),
        ("test_traps.py::test_the_guard_keeps_first_contacts_clean",),
    ),
    Subject("the newest", "pre-key-60.json", ("newest_pre_key",), ("test_traps.py::test_a_trap_is_sprung",)),
    Subject(
        "with a contact's device",
        "session-100000000000003_1.0.json",
        ("session_live", "session_queued", "session_unanswered", "all_sessions", "old_session_back"),
        (*COSTLY_TESTS, "test_traps.py::test_a_trap_is_sprung"),
    ),
    Subject("under a number whose LID is known", "session-15550000002.0.json", ("orphans",), GENTLE_TESTS),
    Subject("with this account's own device", "session-15550000001.0.json", ("own_sessions",), COSTLY_TESTS[:0]),
    Subject(
        "own, together with its memory",
        f"sender-key-{GROUP}--100000000000001_1--7.json",
        ("own_pair", "own_sender_key"),
        (*GENTLE_TESTS, "test_traps.py::test_a_trap_is_sprung", "test_traps.py::test_the_pair_has_one_age"),
    ),
    Subject(
        "another member's", f"sender-key-{GROUP}--100000000000002_1--0.json", ("others_sender_keys",), COSTLY_TESTS
    ),
    Subject("with an own sender key beside it", f"sender-key-memory-{GROUP}.json", ("own_pair",), GENTLE_TESTS),
    Subject("alone", f"sender-key-memory-{OLD_GROUP}.json", ("memory",), GENTLE_TESTS),
    Subject("", "device-list-15550000002.json", ("device_list",)),
    Subject("", "tctoken-100000000000002@lid.json", ("tctoken",), ("test_traps.py::test_a_trap_is_sprung",)),
    Subject("", "identity-key-100000000000002_1.7.json", ("identity_key",)),
    Subject("", "pre-key-x.json", (), ("test_names.py::test_every_file_the_library_writes_is_of_a_known_kind",)),
)
"""Every kind, and each sort of it that the rules tell apart."""


# --- what the rules say -----------------------------------------------------------------------------------


def verdicts(preset: Preset) -> dict[str, Verdict]:
    """What the planner says to every example when it is older than every limit."""
    now = 1_795_316_400 * 1_000_000_000
    policy = Policy(preset=preset)
    own = frozenset({("15550000001", 7), ("100000000000001", 7)})
    names = {subject.example for subject in SUBJECTS}
    old = [AuthFile(name, kind_of(name), now - 60 * DAY, 1) for name in names]
    few = [AuthFile(f"pre-key-{n}.json", Kind.PRE_KEY, now - 60 * DAY, 1) for n in range(2, 60)]
    batch = [AuthFile(f"pre-key-{n}.json", Kind.PRE_KEY, now - 60 * DAY, 1) for n in range(1001, 1813)]
    plans = [
        plan([file for file in old if file.name != "pre-key-1001.json"] + few, policy, Account(True, own, 61, 61), now),
        plan(batch, policy, Account(True, own, 1813, 1813), now),
    ]
    said = [verdict for made in plans for verdict in [*made.removals, *made.keeps]]
    return {verdict.file.name: verdict for verdict in said if verdict.file.name in names}


def in_words(verdict: Verdict) -> str:
    """A verdict for the page: what happens, when, and by which rule."""
    policy = Policy()
    session, group = f"at {policy.session_max_age_days} days", f"at {policy.sender_key_max_age_days} days"
    when = {
        Rule.SESSION_AGE: session,
        Rule.SESSION_REPLACED: session,
        Rule.SENDER_KEY_AGE: group,
        Rule.SENDER_KEY_MEMORY_AGE: group,
        Rule.SENDER_KEY_PAIR_AGE: f"{group}, by the newer date of the two",
        Rule.PRE_KEY_CAP: f"beyond the {policy.max_pre_keys} with the highest numbers",
    }
    does = f"removed {when[verdict.rule]}" if verdict.remove else "kept"
    return f"{does} (`{verdict.rule}`)"


# --- what the lab found -----------------------------------------------------------------------------------


def cell(found: dict[results.Key, dict[str, Any]], case: str, version: str) -> str:
    """One removal in one version, for an app with `getMessage` and without."""
    with_it = found.get((case, version, True))
    if with_it is None:
        return "-"
    one, other = ending(with_it), ending(found[case, version, False])
    return one if one == other else f"{one}; without: {other}"


def ending(record: dict[str, Any]) -> str:
    """`clean`, or how many deliveries needed a retry or were lost."""
    retried, lost = (sum(record[word].values()) for word in results.WORDS)
    if lost == record["deliveries"]:
        return "**everything lost**"
    parts = [f"{retried} retried"] * bool(retried) + [f"**{lost} lost**"] * bool(lost)
    made = f", {record['made']} pre-keys made" if record["made"] else ""
    return (", ".join(parts) or "clean") + made


def measured(found: dict[results.Key, dict[str, Any]], cases: Iterable[str]) -> str:
    """The rows of these removals."""
    rows = [[TITLES[case], *(cell(found, case, version) for version in VERSIONS)] for case in cases]
    return table(["removed", *VERSIONS], rows)


def runs_of_the_tool(found: dict[results.Key, dict[str, Any]], *names: str) -> str:
    """What the tool's own runs took, and what came of it: all of them, or those of these names."""
    rows = []
    for policy in POLICIES:
        if names and policy.name not in names:
            continue
        cells = []
        for version in VERSIONS:
            one = found.get((policy.name, version, True))
            cells.append(f"{one['removed']} files: {cell(found, policy.name, version)}" if one else "-")
        rows.append([policy.title, *cells])
    return table(["run", *VERSIONS], rows)


def freed(found: dict[results.Key, dict[str, Any]]) -> str:
    """What gentle frees beside standard, in words."""
    numbers = [
        f"{found['tool_gentle', version, True]['removed']} of {found['tool_default', version, True]['removed']} files"
        f" in {version}"
        for version in VERSIONS
    ]
    return ", ".join(numbers)


def for_the_readme(found: dict[results.Key, dict[str, Any]]) -> str:
    """The table that the README has: the presets, and what a `getMessage` is good for."""
    return runs_of_the_tool(found, "tool_default", "tool_forgetful_bot", "tool_gentle")


# --- the page ---------------------------------------------------------------------------------------------

INTRODUCTION = """# Consequences

For each kind of file: what it is, when its date moves, what the tool does with it, and what its loss costs. The words
are those of `baileys-cleanup explain`. The verdicts are the planner's, over an old file of each sort. The measurements
are of [the lab](../tests/baileys/README.md), which removes files from a folder that the real library made, and lets
life go on. This page is made by a program, and a test compares:

```sh
{command}
```

`{command} --measure` runs the whole lab first.

How to read the measurements:

- A *delivery* is one message to one device. It is *clean* (arrived, nobody asked again), *retried* (arrived after the
  library's own retry receipt) or *lost* (it never came).
- The first number is for apps that give Baileys a `getMessage`, on both sides. *Without* is for apps that do not, on
  both sides, where that differs. Phones keep what they sent, so contacts with a phone are like the first.
- `-` is a version that does not have this kind, or has nothing to remove.
- Each removal is followed by {rounds} deliveries, the tool's own runs by two rounds of them. Every number here is held
  by `test_results.py::test_the_lab_finds_what_is_committed`; the tests named below say what it means.
- What WhatsApp itself does is not in it: see "What it cannot show" in the lab's README."""

PRESETS = """## The two presets

`retention.preset` says what the rules may reach: `standard`, the default, all they can; `gentle` only what nobody
missed in the lab. Everything in the folder is older than every limit here, and an account talks in every direction
afterwards, twice.

{runs}

What gentle freed beside standard: {freed}.

It leaves what needed a retry: sessions in use, other members' sender keys, and pre-keys. What it takes are own sender
keys with their memories, memories, and sessions that a LID's took the place of."""


def page(found: dict[results.Key, dict[str, Any]], running: running_page.Found) -> str:
    """The whole page."""
    standard, gentle = verdicts(Preset.STANDARD), verdicts(Preset.GENTLE)
    rounds = " or ".join(sorted({str(found["nothing", version, True]["deliveries"]) for version in VERSIONS}))
    parts = [
        INTRODUCTION.format(command=COMMAND, rounds=rounds),
        PRESETS.format(runs=runs_of_the_tool(found), freed=freed(found)),
        running_page.section(running),
    ]
    for kind in Kind:
        subjects = [subject for subject in SUBJECTS if subject.kind is kind]
        rows = [
            [
                subject.title or "all",
                in_words(standard[subject.example]),
                in_words(gentle[subject.example]),
                explain(kind, standard[subject.example].rule).notice,
            ]
            for subject in subjects
        ]
        parts.append(f"## `{kind}`\n\n- What it is: {MEANING[kind]}.\n- When it is written: {WRITTEN[kind]}.")
        parts.append(table(["which", "standard", "gentle", "if it goes"], rows))
        cases = dict.fromkeys(case for subject in subjects for case in subject.cases)
        if cases:
            parts.append(measured(found, cases))
        tests = dict.fromkeys(test for subject in subjects for test in subject.tests)
        if tests:
            parts.append("Shown by " + ", ".join(f"`{test}`" for test in tests) + ".")
    return "\n\n".join(parts) + "\n"


def measure() -> None:
    """Run the whole lab and write what it found."""
    import install
    from lab import Lab
    from running import Running

    install.install_all()
    with tempfile.TemporaryDirectory(prefix="baileys-lab-") as scratch:
        lab = Lab(Path(scratch), VERSIONS)
        try:
            running = Running(lab)
            running.start()
            results.write(results.records(lab.outcomes()))
            running_results.write(running_results.records(running.all()))
        finally:
            lab.close()


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="run the lab first")
    if parser.parse_args().measure:
        measure()
    PAGE.write_text(page(results.read(), running_results.read()), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")


if __name__ == "__main__":
    main()
