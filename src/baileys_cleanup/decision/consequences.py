"""Explains: what each auth file is, when it is written, and what WhatsApp users would notice if it went.

The one source of these words: `baileys-cleanup explain` says them, and `docs/consequences.md` is made of them.
The consequences were seen with the real library, versions 6.7.24, 7.0.0-rc.3, 7.0.0-rc.9 and 7.0.0-rc14, in
`tests/baileys`; what was only read in its source says so there.
"""

from typing import NamedTuple

from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.verdict import Rule

MEANING: dict[Kind, str] = {
    Kind.CREDS: "the pairing itself: this account's identity and its counters",
    Kind.APP_STATE_SYNC_KEY: "a key for chat settings (archive, mute, read marks) that the phone shared",
    Kind.APP_STATE_SYNC_VERSION: "how far the chat settings are synchronised",
    Kind.LID_MAPPING: "which phone number belongs to which LID",
    Kind.PRE_KEY: "a one-time key that WhatsApp hands to a contact who writes for the first time",
    Kind.SESSION: "the encrypted conversation with one device of a contact",
    Kind.SENDER_KEY: "the key with which one device writes to one group",
    Kind.SENDER_KEY_MEMORY: "who in a group was already given this account's own sender key",
    Kind.DEVICE_LIST: "which devices a contact has",
    Kind.TCTOKEN: "a privacy token that WhatsApp asks for when writing to a contact",
    Kind.IDENTITY_KEY: "the identity of a contact's device, to notice a change",
    Kind.UNKNOWN: "not a name that is known here",
}

WRITTEN: dict[Kind, str] = {
    Kind.CREDS: "at pairing, and whenever a counter or a setting of the account changes",
    Kind.APP_STATE_SYNC_KEY: "once, when the phone shares it",
    Kind.APP_STATE_SYNC_VERSION: "with every change of the chat settings",
    Kind.LID_MAPPING: "once, when the pair becomes known: its age says nothing",
    Kind.PRE_KEY: "once, with its batch; Baileys deletes it when a contact has used it",
    Kind.SESSION: "with every message sent to that device, and every message read from it",
    Kind.SENDER_KEY: "with every message that its device writes to the group, and when it is handed out",
    Kind.SENDER_KEY_MEMORY: "with every own message to the group; Baileys deletes it when a member asks for a retry",
    Kind.DEVICE_LIST: "with every look-up of the contact's devices",
    Kind.TCTOKEN: "when the contact's token arrives or is renewed",
    Kind.IDENTITY_KEY: "with the first message of a device, and when its identity changes",
    Kind.UNKNOWN: "by whoever knows what it is",
}
"""When a file is written, and so when its date moves. Baileys writes them all, but what is unknown."""

_LOST: dict[Kind, str] = {
    Kind.CREDS: "the bot is logged out and has to be paired again with a QR code",
    Kind.APP_STATE_SYNC_KEY: "chat settings can no longer be read or changed until the bot is paired again",
    Kind.APP_STATE_SYNC_VERSION: "all chat settings are fetched anew, and their events come again",
    Kind.LID_MAPPING: (
        "an old session of the number may be taken again: the contact's next message needs one retry, and the"
        " conversation may split in two"
    ),
    Kind.PRE_KEY: (
        "the first message of a contact who still holds this pre-key needs one retry (7.0.0-rc.9: it is lost while"
        " the contact's next key is gone as well)"
    ),
    Kind.SESSION: (
        "the contact's next message needs one retry, and is lost if the contact's app cannot send it again; the bot's"
        " next one opens a new session"
    ),
    Kind.SENDER_KEY: (
        "that member's next message in the group needs one retry, and is lost if the member's app cannot send it again"
    ),
    Kind.SENDER_KEY_MEMORY: "nothing: the own key is handed out once more with the next message to the group",
    Kind.DEVICE_LIST: "nothing: the list is fetched again with the next message",
    Kind.TCTOKEN: "WhatsApp may refuse the bot's next message to this contact (error 463)",
    Kind.IDENTITY_KEY: "nothing at once, but a changed identity of the contact goes unnoticed one time",
    Kind.UNKNOWN: "nobody can tell",
}
_OWN_PAIR = "nothing: the group gets a new key with the next message, together with everyone who needs it"
_OWN_ALONE = "the whole group could not read the bot's next message"
_FORMER = "nothing: no contact can use a pre-key of a pairing that is no more"
_REPLACED = "nothing: the contact's messages go through the session of its LID"
_BY_RULE: dict[Rule, str] = {
    Rule.SESSION_REPLACED: _REPLACED,
    Rule.PRE_KEY_ADVERTISED: "first messages of up to 812 new contacts would fail, in 7.0.0-rc.6 to rc.9 for good",
    Rule.PRE_KEY_NOT_UPLOADED: "WhatsApp would be given a key that is no longer there",
    Rule.PRE_KEY_NEWEST: "the bot would upload new keys at its next start, and the folder would grow",
    Rule.OWN_SESSION: (
        "messages sent from the phone, and keys for chat settings, may need a retry first (not seen in the lab, where"
        " Baileys plays the phone)"
    ),
    Rule.SENDER_KEY_PAIR: _OWN_ALONE,
    Rule.SENDER_KEY_AFTER_MEMORY: (
        "nothing, unless a message to the group was on its way when the memory went: then the whole group could not"
        " read it"
    ),
    Rule.PRE_KEY_FORMER_PAIRING: _FORMER,
    Rule.PRE_KEY_FORMER_PAIRING_AGE: _FORMER,
    Rule.SECOND_NAME: "nothing that the file it is a copy of does not cost already",
}


class Explanation(NamedTuple):
    """One file explained. `written` says when its date moves, `notice` what users would notice if it went."""

    meaning: str
    written: str
    notice: str


def explain(kind: Kind, rule: Rule) -> Explanation:
    """Return what a file of this kind is, and what its loss means in the light of the rule that decided."""
    if rule is Rule.SENDER_KEY_PAIR_AGE:
        return Explanation(MEANING[kind], WRITTEN[kind], _OWN_PAIR)
    if kind is Kind.SENDER_KEY_MEMORY:  # gone alone, whatever kept it, it costs nothing
        return Explanation(MEANING[kind], WRITTEN[kind], _LOST[kind])
    return Explanation(MEANING[kind], WRITTEN[kind], _BY_RULE.get(rule, _LOST[kind]))
