"""The committed results are what the lab finds."""

import results
from page import COMMAND


def test_the_lab_finds_what_is_committed(lab):
    """Every removal, in every version that took part, ends as `results.json` and so the docs say."""
    committed = {key: one for key, one in results.read().items() if one["version"] in lab.versions}
    found = {results.key(one): one for one in results.records(lab.outcomes())}
    trails = [outcome.trails() for outcome in lab.outcomes() if results.record(outcome) not in committed.values()]
    assert found == committed, f"if this is meant to change: {COMMAND} --measure\n{trails}"
