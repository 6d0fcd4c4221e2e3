"""`cleaning.whose_keys`: whether a folder still has the pairing whose keys a run took."""

import os
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.cleaning.whose_keys import last_noted, why_in_doubt, why_other
from baileys_cleanup.decision.account import ABSENT, Account, unreadable
from baileys_cleanup.decision.pairing import Pairing, is_same
from baileys_cleanup.store.folder.pairings import add_pairing, open_pairings
from baileys_cleanup.store.folder.runs import write_run
from baileys_cleanup.store.runs import Run

from ..helpers import NOW, OWN, PN

ONE = Pairing(PN, 7, "0" * 16)
OTHERS = [Pairing("15557777777", 7, "0" * 16), ONE._replace(device=8), ONE._replace(identity="1" * 16)]
RUN = Run("20261122T030000Z-4f1c", NOW, 7)


def having(pairing):
    """Give the account of a folder with this pairing."""
    return Account(True, OWN, 31, 31, pairing=pairing)


@pytest.mark.parametrize("other", OTHERS)
def test_another_pairing_is_certain_and_both_are_named(other):
    """Another number, another device, or the same device with another identity key."""
    sentence = why_other(ONE, having(other), None)
    assert [] == [part for part in (str(ONE), str(other)) if part not in sentence]


def test_the_same_pairing_is_no_reason():
    """Neither certain nor in doubt."""
    assert why_other(ONE, having(ONE), OTHERS[0]) is None
    assert why_in_doubt(RUN, ONE, having(ONE)) is None


def test_a_folder_begun_anew_is_another_pairing():
    """A sound creds.json that names no account was made by `initAuthCreds`: the former identity is gone."""
    assert "begun anew" in why_other(ONE, Account(True, frozenset(), 1, 1), None)


@pytest.mark.parametrize("account", [ABSENT, unreadable("is empty")])
def test_where_creds_cannot_be_read_the_last_note_tells(account):
    """Known to be another: certain; else nobody can tell, and that is said."""
    assert str(OTHERS[0]) in why_other(ONE, account, OTHERS[0])
    assert why_other(ONE, account, ONE) is None
    assert "cannot be read" in why_in_doubt(RUN, ONE, account)


def test_a_run_that_noted_nothing_is_in_doubt_where_there_is_a_pairing():
    """An older record says so; where neither side has a pairing nothing has changed that anybody could know of."""
    assert "no record of a pairing" in why_in_doubt(RUN, None, having(ONE))
    assert why_in_doubt(RUN, None, ABSENT) is None


PAIRINGS = [None, *map(Pairing._make, product((PN, "15557777777"), (7, 8), (None, "0" * 16, "1" * 16)))]


@given(st.sampled_from(PAIRINGS), st.sampled_from(PAIRINGS[1:]), st.sampled_from(PAIRINGS))
def test_over_any_two_pairings_keys_go_freely_only_where_they_are_the_same(taken, present, last):
    """Other than the present one is refused for good, the same is free, and all else asks."""
    other, doubt = why_other(taken, having(present), last), why_in_doubt(RUN, taken, having(present))
    same = is_same(taken, present)
    assert (same is False, same is None) == (other is not None, doubt is not None)


def test_the_newest_note_of_a_company_is_the_last(tool):
    """Runs that noted nothing of the company are passed over."""
    for number, pairing in enumerate([OTHERS[0], ONE, None]):
        run = Run(f"2026112{number}T030000Z-0000", NOW + number, 7)
        write_run(tool, run)
        if pairing is not None:
            fd = open_pairings(tool, run.run_id)
            add_pairing(fd, "7", str(pairing))
            os.close(fd)
    assert last_noted(tool, "7") == ONE
    assert last_noted(tool, "8") is None
