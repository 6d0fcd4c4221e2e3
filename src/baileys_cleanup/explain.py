"""Explains: what each auth file is, what the rules say to it, and what WhatsApp users would notice.

The consequences were seen with the real library, versions 6.7.24, 7.0.0-rc.9 and 7.0.0-rc14.
"""

from typing import NamedTuple

from baileys_cleanup.authfile import Kind
from baileys_cleanup.retention import Rule

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

_LOST: dict[Kind, str] = {
    Kind.CREDS: "the bot is logged out and has to be paired again with a QR code",
    Kind.APP_STATE_SYNC_KEY: "chat settings can no longer be read or changed until the bot is paired again",
    Kind.APP_STATE_SYNC_VERSION: "all chat settings are fetched anew, and their events come again",
    Kind.LID_MAPPING: "the conversation may split in two until the server is asked again",
    Kind.PRE_KEY: (
        "the first message of a contact who still holds this pre-key needs one retry (7.0.0-rc.9: it is lost while"
        " the contact's next key is gone as well)"
    ),
    Kind.SESSION: (
        "the contact's next message needs one retry, and the bot's next one opens a new session; a bot without"
        " `getMessage` loses what its contact's bot cannot send again"
    ),
    Kind.SENDER_KEY: "that member's next message in the group needs one retry",
    Kind.SENDER_KEY_MEMORY: "nothing: the own key is handed out once more with the next message to the group",
    Kind.DEVICE_LIST: "nothing: the list is fetched again with the next message",
    Kind.TCTOKEN: "WhatsApp may refuse the bot's next message to this contact (error 463)",
    Kind.IDENTITY_KEY: "nothing at once, but a changed identity of the contact goes unnoticed one time",
    Kind.UNKNOWN: "nobody can tell",
}
_OWN_PAIR = "nothing: the group gets a new key with the next message, together with everyone who needs it"
_OWN_ALONE = "the whole group could not read the bot's next message"
_KEPT: dict[Rule, str] = {
    Rule.PRE_KEY_ADVERTISED: "first messages of up to 812 new contacts would fail, in 7.0.0-rc.6 to rc.9 for good",
    Rule.PRE_KEY_NOT_UPLOADED: "WhatsApp would be given a key that is no longer there",
    Rule.PRE_KEY_NEWEST: "the bot would upload new keys at its next start, and the folder would grow",
    Rule.OWN_SESSION: "messages sent from the phone, and chat settings, would not reach the bot at first",
    Rule.SENDER_KEY_PAIR: _OWN_ALONE,
}


class Explanation(NamedTuple):
    """One file explained. `notice` is what users would notice if it went."""

    meaning: str
    notice: str


def explain(kind: Kind, rule: Rule) -> Explanation:
    """Return what a file of this kind is, and what its loss means in the light of the rule that decided."""
    if rule is Rule.SENDER_KEY_PAIR_AGE:
        return Explanation(MEANING[kind], _OWN_PAIR)
    if kind is Kind.SENDER_KEY_MEMORY:  # gone alone, whatever kept it, it costs nothing
        return Explanation(MEANING[kind], _LOST[kind])
    return Explanation(MEANING[kind], _KEPT.get(rule, _LOST[kind]))
