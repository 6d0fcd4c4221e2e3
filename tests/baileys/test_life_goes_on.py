"""Life goes on: after a run of the real tool, the same identities of the real library keep talking."""

import pytest
from authfolder import BOT
from install import VERSIONS

from baileys_cleanup.decision.names import PROTECTED, Kind, kind_of

DIRECTIONS = {
    "queued: alice to bot",
    "queued: carol to group",
    "queued: first message of erin",
    "henry to bot",
    "bot to ivan",
    "judy to group",
    "bot to group",
    "bot to old group",
    "frank to bot",
    "first message of dave",
    "first message to grace",
}
"""What a scenario must contain to count: queued, 1:1 and group, both directions, first contact."""

AT_STAKE = {
    "queued: alice to bot",
    "queued: alice to bot again",
    "queued: carol to group",
    "queued: frank to bot",
    "henry to bot",
    "olga to bot",
    "judy to group",
    "frank to bot",
}
"""Incoming messages that need a key the default rules took; nothing else may need a retry."""


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_removed(lab, version):
    """With nothing removed every message of the conversation arrives at once: the lab itself is sound."""
    outcome = lab.after("nothing", version, get_message=True)
    assert outcome.steps("lost") | outcome.steps("retry") == set()
    assert outcome.steps("clean") >= DIRECTIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_the_default_rules_bite(lab, version):
    """What the tool removes in the scenario is sessions, own and others' sender keys and memories."""
    removed = lab.after("tool_default", version, get_message=True).removed
    kinds = {kind_of(name) for name in removed}
    assert kinds == {Kind.SESSION, Kind.SENDER_KEY, Kind.SENDER_KEY_MEMORY}
    assert kinds & PROTECTED == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_lost_after_the_default_rules(lab, version):
    """An app with `getMessage` gets and delivers every message, in every version."""
    outcome = lab.after("tool_default", version, get_message=True)
    assert outcome.steps("lost") == set()
    assert outcome.steps("retry") <= AT_STAKE
    assert len(outcome.lines) >= len(DIRECTIONS)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_bot_without_get_message_loses_nothing_that_its_contacts_can_send_again(lab, version):
    """Nobody has to ask for the bot's own messages again; and what is asked for again is its contacts' to keep."""
    outcome = lab.after("tool_forgetful_bot", version, get_message=True)
    assert outcome.steps("lost") == set()
    assert outcome.steps("retry") == lab.after("tool_default", version, get_message=True).steps("retry")


@pytest.mark.parametrize("version", VERSIONS)
def test_contacts_without_get_message_lose_only_what_needed_a_retry(lab, version):
    """Where nobody has a `getMessage` some incoming messages are lost, among those that else were retried."""
    without = lab.after("tool_default", version, get_message=False)
    assert without.steps("lost") <= AT_STAKE
    lost_on_the_bots_side = {line["device"] for line in without.lines if line["outcome"] == "lost"}
    assert lost_on_the_bots_side <= {BOT}


@pytest.mark.parametrize("get_message", [True, False], ids=["with getMessage", "without"])
@pytest.mark.parametrize("version", VERSIONS)
def test_the_second_round_is_clean(lab, version, get_message):
    """Whatever it cost, it costs once: the second round of the same conversation is clean."""
    outcome = lab.after("tool_default", version, get_message=get_message)
    again = [line for line in outcome.lines if line["step"].startswith("again: ")]
    assert len(again) > 20
    assert [line for line in again if line["outcome"] != "clean"] == []
