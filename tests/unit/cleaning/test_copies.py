"""`cleaning.copies`: folders that only look like companies."""

import re
import tomllib
from fnmatch import fnmatchcase

import pytest

from baileys_cleanup.cleaning.copies import find_copies
from baileys_cleanup.output.text import shown

from ..helpers import creds, put


@pytest.mark.parametrize("tail", [".bak-20260901", "_old", " (copy)", "-2"])
def test_a_copy_with_a_tail_is_known_by_its_pairing(root, place, tail):
    """The same login under the same name with a tail is a copy; another login there is a company."""
    put(place / "company_1", "creds.json", creds())
    put(place / f"company_1{tail}", "creds.json", creds())
    ids = ["1", f"1{tail}"]
    assert ({f"1{tail}": "1"}, {}) == find_copies(root, ids)
    put(place / f"company_1{tail}", "creds.json", creds(me={"id": "15550000009:7@s.whatsapp.net"}))
    assert ({}, {}) == find_copies(root, ids)


@pytest.mark.parametrize("content", [None, b"", creds(me=None), creds(signedIdentityKey={"public": {"data": "Bg=="}})])
def test_what_only_looks_like_a_copy_is_told_and_cleaned(root, place, content):
    """A tail beside a creds.json that cannot tell, or of a former login of that device: a person has to look."""
    put(place / "company_1", "creds.json", creds(signedIdentityKey={"public": {"data": "BQ=="}}))
    (place / "company_1_old").mkdir()
    if content is not None:
        put(place / "company_1_old", "creds.json", content)
    found = find_copies(root, ["1", "1_old"])
    assert ({}, {"1_old": "1"}) == found
    (sentence,) = found.told(["1_old"])
    assert [] == [part for part in ("company 1_old", "company 1,", 'exclude = ["1_old"]') if part not in sentence]
    assert [] == found.told(["1"])


def test_a_longer_number_is_no_copy(root, place):
    """A name that only begins alike is another company's."""
    for number in ("1", "12"):
        put(place / f"company_{number}", "creds.json", creds())
    assert ({}, {}) == find_copies(root, ["1", "12"])


def test_what_is_said_of_a_copy_names_the_way_out(root, place):
    """The sentence has both names and the setting."""
    for number in ("1", "1_old"):
        put(place / f"company_{number}", "creds.json", creds())
    (said,) = find_copies(root, ["1", "1_old"]).told(["1", "1_old"])
    assert [] == [part for part in ("company 1_old", "company 1 ", 'exclude = ["1_old"]') if part not in said]


@pytest.mark.parametrize("tail", [' "q"', "'", "[2]", "*", "?", "\\", "\n", "\x7f", "-ä", "\udcff", "!"])
def test_the_setting_that_is_named_is_one_and_fits_that_copy_alone(root, place, tail):
    """It is pasted as it stands, whatever the id has in it that TOML or a pattern reads as something else."""
    copy = f"1{tail}"
    for company_id in ("1", copy):
        put(place / f"company_{company_id}", "creds.json", creds())
    (said,) = find_copies(root, ["1", copy]).told(["1", copy])
    proposed = re.search(r"exclude = .*(?= says)", shown(said))
    (pattern,) = tomllib.loads(proposed[0])["exclude"]
    assert [copy] == [each for each in (copy, "1", "1_x", "1 xqx") if fnmatchcase(each, pattern)]
