"""`rotation.survey`: who is to be rotated, and what goes along."""

import pytest

from baileys_cleanup.decision.account import ABSENT, Account
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.errors import Refused
from baileys_cleanup.rotation.survey import require_pairing, survey
from baileys_cleanup.store.folder.company import Company

from ..helpers import KNOWN, NOW, OTHER, creds, put


def test_every_file_is_seen_with_date_and_size(root, place):
    """What goes along has what is needed to know it again; strangers are named beside."""
    put(place / "company_7", "creds.json", creds())
    put(place / "company_7", f"session-{OTHER}.0.json")
    (place / "company_7" / "a folder").mkdir()
    with root.company("7") as company:
        seen = survey(company, Policy(), NOW, lambda: None)
    assert (["creds.json"], [f"session-{OTHER}.0.json"], ["a folder"]) == (
        [file.name for file in seen.taken],
        [file.name for file in seen.left],
        seen.strangers,
    )
    assert all(file.modified is not None for file in (*seen.taken, *seen.left))
    assert len(creds()) == seen.size


def test_what_cannot_be_looked_at_is_refused(root, place, monkeypatch):
    """A file without a date might be the newest: nothing is rotated without it."""
    put(place / "company_7", "creds.json", creds())
    look = Company.look
    monkeypatch.setattr(Company, "look", lambda self, *args: look(self, *args)._replace(errors={"creds.json": "EIO"}))
    with root.company("7") as company, pytest.raises(Refused, match=r"creds\.json cannot be looked at"):
        survey(company, Policy(), NOW, lambda: None)


@pytest.mark.parametrize(
    "account",
    [
        ABSENT,
        Account(True),
        Account(True, problem="creds.json is not valid JSON; the highest"),
        Account(True, frozenset(), 5, 5),
    ],
)
def test_without_an_identity_soft_is_refused_with_what_is_left(account):
    """The sentence offers a backup and a fresh folder."""
    with pytest.raises(Refused, match=r"(?s)cannot be rotated softly.*restore.*--fresh"):
        require_pairing("7", account)


def test_with_an_identity_it_is_not():
    """One device is enough, also where a counter is missing."""
    require_pairing("7", KNOWN)
    require_pairing("7", Account(True, KNOWN.devices, problem="creds.json is incomplete"))
