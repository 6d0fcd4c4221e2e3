"""The traps: each guard of the tool has a removal that the real library does not survive unharmed."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from cases import ALL_VERSIONS, BATCH_VERSIONS, LID_VERSIONS
from lab import Outcome

FIRST_CONTACTS = {"queued: first message of erin", "first message of dave"}
TO_GROUPS = {"bot to group", "bot to old group"}
NEW_SESSION_EACH_TIME = "7.0.0-rc.3"
"""It fetches a bundle for whatever it sends, so that an old session is never used (`assertSessions`)."""


@dataclass(frozen=True)
class Trap:
    """A removal, and what goes wrong after it: `sprung` is true where it did."""

    case: str
    sprung: Callable[[Outcome], bool]
    versions: tuple[str, ...] = ALL_VERSIONS
    get_message: bool = True
    why: str = ""


def ends(outcome: Outcome, steps: set[str]) -> set[str]:
    """How these lines ended, device by device."""
    return {line["outcome"] for line in outcome.lines if line["step"] in steps}


TRAPS = (
    Trap("own_sender_key", lambda seen: ends(seen, TO_GROUPS) == {"retry"}, why="the new key goes to nobody"),
    Trap(
        "own_sender_key",
        lambda seen: ends(seen, TO_GROUPS) == {"lost"},
        ("6.7.24",),
        get_message=False,
        why="there is nothing to answer the retry with",
    ),
    Trap(
        "pre_keys",
        lambda seen: seen.steps("lost") >= FIRST_CONTACTS,
        ("7.0.0-rc.9",),
        why="the sender takes the next bundle, whose key is gone as well",
    ),
    Trap(
        "pre_keys",
        lambda seen: seen.steps("retry") >= FIRST_CONTACTS,
        ("7.0.0-rc14",),
        why="the second retry receipt brings a key of its own",
    ),
    Trap(
        "pre_keys",
        lambda seen: seen.steps("lost") >= FIRST_CONTACTS,
        ("7.0.0-rc14",),
        get_message=False,
        why="the sender has nothing to send again",
    ),
    Trap(
        "newest_pre_key",
        lambda seen: seen.told["uploads"][:1] == [5 if seen.version in BATCH_VERSIONS else 30],
        LID_VERSIONS,
        why="it is looked for at every start, and more are made: the folder grows by being cleaned",
    ),
    Trap(
        "creds",
        lambda seen: not seen.told["paired"] and {line["outcome"] for line in seen.lines} == {"lost"},
        why="a new identity asks for a QR code",
    ),
    Trap(
        "app_state_key",
        lambda seen: seen.steps("lost") == {"chat settings"},
        why="no code of the library asks for the key again",
    ),
    Trap(
        "lid_mapping",
        lambda seen: seen.steps("retry") == {"olga to bot"},
        BATCH_VERSIONS,
        why="the old session under the number is taken again",
    ),
    Trap("tctoken", lambda seen: not seen.told["tokenSent"], BATCH_VERSIONS, why="the message goes without its token"),
    Trap(
        "old_session_back",
        lambda seen: "bot to alice" in seen.steps("lost"),
        tuple(version for version in ALL_VERSIONS if version != NEW_SESSION_EACH_TIME),
        why="message keys are used twice, and the receiver does not even ask again",
    ),
)


def sprung_in_each():
    """Each trap in each of its versions."""
    return [
        pytest.param(trap, version, id=f"{trap.case}-{version}-{'with' if trap.get_message else 'without'}")
        for trap in TRAPS
        for version in trap.versions
    ]


@pytest.mark.parametrize(("trap", "version"), sprung_in_each())
def test_a_trap_is_sprung(lab, trap, version):
    """The removal breaks what it is said to break, and with nothing removed that is whole."""
    seen = lab.after(trap.case, version, get_message=trap.get_message)
    assert trap.sprung(seen), (trap.why, seen.ends())
    assert not trap.sprung(lab.after("nothing", version, get_message=trap.get_message))


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_own_sender_key_with_its_memory_goes_clean(lab, version):
    """Both together cost nothing: the library makes a new key and hands it to every device."""
    assert lab.after("own_pair", version, get_message=True).worst == "clean"


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_the_pair_has_one_age(lab, version):
    """An old own sender key stays beside a young memory, so that the group reads the next message at once."""
    seen = lab.after("tool_young_memory", version, get_message=True)
    kept = [line for line in seen.lines if line["step"] in TO_GROUPS]
    assert len(kept) == 8
    assert {line["outcome"] for line in kept} == {"clean"}, seen.ends()
    assert len(seen.removed) > 0


@pytest.mark.parametrize("version", ["7.0.0-rc.9"])
def test_a_capped_batch_loses_first_messages_on_rc9(lab, version):
    """With the guard off, the tool's cap of 50 loses strangers' messages for good, `getMessage` or not."""
    seen = lab.after("tool_unguarded_batch", version, get_message=True)
    assert seen.steps("lost") >= FIRST_CONTACTS
    assert set(seen.errors()) >= {"Invalid PreKey ID"}
    assert seen.minted > 0


@pytest.mark.parametrize("version", ["7.0.0-rc14"])
def test_a_capped_batch_delays_first_messages_on_the_newest(lab, version):
    """There the retry receipt's own key is used: late with `getMessage`, lost without."""
    with_it = lab.after("tool_unguarded_batch", version, get_message=True)
    assert with_it.steps("lost") == set(), with_it.trails()
    assert with_it.steps("retry") >= FIRST_CONTACTS
    assert lab.after("tool_unguarded_batch", version, get_message=False).steps("lost") >= FIRST_CONTACTS


@pytest.mark.parametrize("version", BATCH_VERSIONS)
def test_the_guard_keeps_first_contacts_clean(lab, version):
    """The same folder with the guard on: no pre-key goes, and no first message needs a retry."""
    seen = lab.after("tool_default", version, get_message=True)
    assert [name for name in seen.removed if name.startswith("pre-key-")] == []
    assert seen.steps("clean") >= FIRST_CONTACTS, seen.ends()
