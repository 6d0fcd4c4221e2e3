"""`explain`: every kind has its words, and a rule can say more than the kind."""

import pytest

from baileys_cleanup.decision.consequences import explain
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.verdict import Rule


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_can_be_explained_under_every_rule(kind):
    """There are words for what a file is and for what its loss means, whatever decided."""
    for rule in Rule:
        words = explain(kind, rule)
        assert words.meaning
        assert words.written
        assert words.notice


@pytest.mark.parametrize(
    ("kind", "rule", "part"),
    [
        (Kind.CREDS, Rule.PROTECTED, "QR code"),
        (Kind.SESSION, Rule.SESSION_AGE, "one retry"),
        (Kind.SESSION, Rule.OWN_SESSION, "from the phone"),
        (Kind.SENDER_KEY, Rule.SENDER_KEY_PAIR_AGE, "nothing"),
        (Kind.SENDER_KEY, Rule.SENDER_KEY_PAIR, "whole group could not read"),
        (Kind.SENDER_KEY, Rule.SENDER_KEY_AGE, "one retry"),
        (Kind.SENDER_KEY_MEMORY, Rule.SENDER_KEY_MEMORY_AGE, "nothing"),
        (Kind.PRE_KEY, Rule.PRE_KEY_CAP, "one retry"),
        (Kind.PRE_KEY, Rule.PRE_KEY_ADVERTISED, "for good"),
        (Kind.TCTOKEN, Rule.NO_RULE, "463"),
        (Kind.UNKNOWN, Rule.UNKNOWN_NAME, "nobody can tell"),
    ],
)
def test_the_consequence_fits_kind_and_rule(kind, rule, part):
    """What users would notice is told in the light of the rule that decided."""
    assert part in explain(kind, rule).notice


def test_a_memory_alone_is_always_safe_to_lose():
    """A memory that stays with its own sender key could go unnoticed, and that is what is said."""
    assert explain(Kind.SENDER_KEY_MEMORY, Rule.SENDER_KEY_PAIR).notice.startswith("nothing")
