"""The traps: each guard of the tool has a removal that the real library does not survive unharmed."""

import pytest
from install import VERSIONS

BATCH = ("7.0.0-rc14", "7.0.0-rc.9")
FIRST_CONTACTS = {"queued: first message of erin", "first message of dave"}
CHECKED_AT_CONNECT = ("7.0.0-rc14", "7.0.0-rc.9", "7.0.0-rc.3")
"""Versions that look for the newest pre-key at every connect."""


def group_lines(outcome):
    """How the first own group message after the removal ended, device by device."""
    return [line for line in outcome.lines if line["step"] == "bot to group"]


@pytest.mark.parametrize("version", VERSIONS)
def test_own_sender_key_without_its_memory_reaches_nobody(lab, version):
    """The memory says everybody has the key, so the new one goes to nobody: every device has to ask again."""
    outcome = lab.after("own_sender_key", version, get_message=True)
    lines = group_lines(outcome)
    assert {line["outcome"] for line in lines} == {"retry"}
    assert {error for line in lines for error in line["errors"]} == {"No session found to decrypt message"}


@pytest.mark.parametrize("version", ["6.7.24"])
def test_own_sender_key_without_its_memory_is_lost_on_6(lab, version):
    """There, without `getMessage`, nobody in the group ever reads that message."""
    lines = group_lines(lab.after("own_sender_key", version, get_message=False))
    assert {line["outcome"] for line in lines} == {"lost"}


@pytest.mark.parametrize("version", VERSIONS)
def test_own_sender_key_with_its_memory_goes_clean(lab, version):
    """Both together cost nothing: the library makes a new key and hands it to every device."""
    assert lab.after("own_pair", version, get_message=True).worst == "clean"


@pytest.mark.parametrize("version", ["7.0.0-rc.9"])
def test_a_capped_batch_loses_first_messages_on_rc9(lab, version):
    """With the guard off, the tool's cap of 50 loses strangers' messages for good, `getMessage` or not."""
    outcome = lab.after("tool_uncapped_guard", version, get_message=True)
    assert outcome.steps("lost") >= FIRST_CONTACTS
    assert set(outcome.errors()) >= {"Invalid PreKey ID"}
    assert outcome.minted > 0


@pytest.mark.parametrize("version", ["7.0.0-rc14"])
def test_a_capped_batch_delays_first_messages_on_the_newest(lab, version):
    """There the retry receipt's own key is used: late with `getMessage`, lost without."""
    with_it = lab.after("tool_uncapped_guard", version, get_message=True)
    assert with_it.steps("lost") == set()
    assert with_it.steps("retry") >= FIRST_CONTACTS
    assert lab.after("tool_uncapped_guard", version, get_message=False).steps("lost") >= FIRST_CONTACTS


@pytest.mark.parametrize("version", BATCH)
def test_the_guard_keeps_first_contacts_clean(lab, version):
    """The same folder with the guard on: no pre-key goes, and no first message needs a retry."""
    outcome = lab.after("tool_default", version, get_message=True)
    assert [name for name in outcome.removed if name.startswith("pre-key-")] == []
    assert outcome.steps("clean") >= FIRST_CONTACTS


@pytest.mark.parametrize("version", CHECKED_AT_CONNECT)
def test_without_the_newest_pre_key_the_library_makes_more(lab, version):
    """At the next connect it finds it missing and uploads new ones: the folder grows by being cleaned."""
    outcome = lab.after("newest_pre_key", version, get_message=True)
    spare = lab.after("nothing", version, get_message=True)
    assert outcome.minted > spare.minted
    assert outcome.told["uploads"][:1] == [5 if version in BATCH else 30]


@pytest.mark.parametrize("version", VERSIONS)
def test_without_creds_the_pairing_is_gone(lab, version):
    """The library makes a new identity and asks for a QR code; nothing that waited is ever read."""
    outcome = lab.after("creds", version, get_message=True)
    assert outcome.told["paired"] is False
    assert {line["outcome"] for line in outcome.lines} == {"lost"}


@pytest.mark.parametrize("version", VERSIONS)
def test_without_the_app_state_key_chat_settings_fail_for_good(lab, version):
    """No code of the library asks for the key again: muting a chat fails."""
    outcome = lab.after("app_state_key", version, get_message=True)
    assert outcome.steps("lost") == {"chat settings"}


@pytest.mark.parametrize("version", BATCH)
def test_without_lid_mappings_a_known_contact_becomes_unreadable(lab, version):
    """The old session under the number is taken again: late with `getMessage`, lost without."""
    assert lab.after("lid_mapping", version, get_message=True).steps("retry") == {"olga to bot"}
    assert lab.after("lid_mapping", version, get_message=False).steps("lost") == {"olga to bot"}
