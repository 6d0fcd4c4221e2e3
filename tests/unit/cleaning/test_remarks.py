"""`cleaning.remarks`: what is said of a plan as a whole."""

from baileys_cleanup.cleaning.remarks import remarks
from baileys_cleanup.decision.account import Account
from baileys_cleanup.decision.plan import plan
from baileys_cleanup.decision.policy import Policy

from ..helpers import KNOWN, NOW, OWN, auth_file

STANDARD = Policy()


def said(files, policy=STANDARD, account=KNOWN):
    """Give the warnings and notes of a plan over these files."""
    return remarks(plan(files, policy, account, NOW), policy)


def test_keys_of_a_former_pairing_are_named_with_their_numbers():
    """How many, which numbers, and what lets them go; with the setting, when they go."""
    account = Account(True, OWN, 31, 31)
    files = [auth_file(f"pre-key-{number}.json", 1) for number in range(1, 31)]
    files += [auth_file(f"pre-key-{number}.json", 60) for number in range(100, 105)]
    (note,) = said(files, account=account).notes
    assert [] == [part for part in ("5 pre-keys", "100 to 104", "former_pairing_days") if part not in note]
    (note,) = said(files, Policy(former_pairing_days=90), account).notes
    assert "they go at 90 days" in note


def test_what_may_be_of_a_batch_in_the_making_is_not_called_so():
    """Numbers beyond the counter that are as young as the others are named of nobody."""
    assert [] == said([auth_file(f"pre-key-{number}.json", 1) for number in range(1, 41)]).notes


def test_a_folder_that_lost_its_dates_is_told_apart_from_a_young_one():
    """Thirty sessions of one moment: nobody can tell how old they are. Thirty of thirty moments: they are young."""
    (note,) = said([auth_file(f"session-1555{number:07}.0.json", 2) for number in range(30)]).notes
    assert note.startswith("30 of 30 sessions, sender keys and memories have one date, 2026-11-20 03:00 UTC")
    assert [] == said([auth_file(f"session-1555{number:07}.0.json", number / 99) for number in range(30)]).notes


def test_an_impossible_date_is_a_warning_and_a_hard_link_a_note():
    """Both stay, and somebody should know why."""
    found = said([auth_file("session-1.0.json", 20_000), auth_file("session-2.0.json", 20, sole=False)])
    assert (1, 1) == (len(found.warnings), len(found.notes))
