"""`decision.judgement`: what a look means, over all looks; and that advice is never what cannot help."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baileys_cleanup.decision.account import ABSENT, Account, read_account, unreadable
from baileys_cleanup.decision.judgement import Cause, Judgement, Observation, PairingState, Severity, judge, pairing_of
from baileys_cleanup.decision.levels import Level, Levels
from baileys_cleanup.decision.names import REMOVABLE, Kind

from ..helpers import OWN, creds

LEVELS = Levels()
counts = st.dictionaries(st.sampled_from(list(Kind)), st.integers(0, 300))


@st.composite
def observations(draw):
    """Give anything that a look may tell of a company."""
    kinds = draw(counts)
    removable = {kind: draw(st.integers(0, kinds[kind])) for kind in kinds if kind in REMOVABLE}
    return Observation(
        draw(st.text(min_size=1, max_size=8)),
        kinds,
        sum(kinds.values()),
        draw(st.sampled_from(list(PairingState))),
        draw(st.sampled_from([None, "creds.json is empty; the rest"])),
        draw(st.sampled_from([None, removable])),
        draw(st.lists(st.text(max_size=5), max_size=9)),
        draw(st.one_of(st.none(), st.integers(0, 400))),
    )


@pytest.mark.parametrize(
    ("account", "files", "expected"),
    [
        (Account(True, OWN, 31, 31), 3, PairingState.PAIRED),
        (Account(True, frozenset(), 31, 31), 3, PairingState.UNPAIRED),
        (Account(True, OWN, None, 31, "creds.json is incomplete: x"), 3, PairingState.INCOMPLETE),
        (Account(True, frozenset(), None, None, "creds.json is incomplete: x"), 3, PairingState.BROKEN),
        (unreadable("is empty"), 3, PairingState.BROKEN),
        (unreadable("is empty"), 1, PairingState.BROKEN),
        (ABSENT, 3, PairingState.GONE),
        (ABSENT, 0, PairingState.NOTHING),
        (read_account(creds()), 3, PairingState.PAIRED),
        (read_account(creds(me=None)), 3, PairingState.UNPAIRED),
        (read_account(b"{}"), 3, PairingState.BROKEN),
    ],
)
def test_the_state_of_a_pairing(account, files, expected):
    """Whole, not there yet, lacking a counter, broken, gone, or nothing at all."""
    assert expected is pairing_of(account, files)


@given(observations())
def test_a_dead_pairing_is_critical_before_any_count(seen):
    """Whatever else is so, it comes first, says that the bot will not come back, and names the command that helps."""
    judgement = judge(seen, LEVELS, 30)
    if not seen.pairing.dead:
        assert all(finding.cause is not Cause.PAIRING_DEAD for finding in judgement.findings)
        return
    first = judgement.findings[0]
    assert (Cause.PAIRING_DEAD, Severity.CRITICAL, Severity.CRITICAL) == (
        first.cause,
        first.severity,
        judgement.severity,
    )
    assert "will not come back by itself" in first.sentence
    assert ("restore", "latest", "--replace", "--company", seen.company_id) == first.command


@given(observations())
def test_advice_is_never_what_cannot_help(seen):
    """A command to clean stands there only where a cleanup would take something; nobody is told to rotate."""
    judgement = judge(seen, LEVELS, 30)
    removable = sum((seen.removable or {}).values())
    for finding in judgement.findings:
        assert "rotat" not in finding.sentence + finding.advice
        if finding.command and finding.command[0] == "--company":
            assert removable > 0
        if finding.cause is Cause.NOTHING_REMOVABLE:
            assert (0, "", ()) == (removable, finding.advice, finding.command)


@given(observations())
def test_the_count_is_told_from_attention_on_with_its_level(seen):
    """As ordered: a warning above 150, critical above 180, whether a cleanup helps or not; below nothing."""
    fullness = judge(seen, LEVELS, 30).fullness
    level = LEVELS.of(seen.counted)
    assert LEVELS.alarms(seen.counted) == (fullness is not None)
    if fullness is not None:
        assert (level is Level.CRITICAL) == (fullness.severity is Severity.CRITICAL)
        assert fullness.severity >= Severity.WARNING
        assert f"level {level}" in fullness.sentence


@given(observations())
def test_the_worst_comes_first(seen):
    """Findings are in the order of their severity, and the judgement is as bad as its worst."""
    judgement = judge(seen, LEVELS, 30)
    severities = [finding.severity for finding in judgement.findings]
    assert sorted(severities, reverse=True) == severities
    assert max(severities, default=Severity.OK) == judgement.severity


def test_what_fills_a_folder_is_named():
    """Kinds that no rule takes, and files that are still young or needed, the most of them first."""
    kinds = {Kind.LID_MAPPING: 300, Kind.DEVICE_LIST: 150, Kind.SESSION: 60, Kind.CREDS: 1, Kind.PRE_KEY: 0}
    kinds[Kind.UNKNOWN] = 1
    (finding,) = judge(Observation("7", kinds, 512, PairingState.PAIRED, removable={}), LEVELS).findings
    expected = (
        "512 files counted: level critical; a cleanup can free nothing: kinds that no rule takes (300 LID mappings,"
        " 150 device lists, 1 file of unknown name, creds.json) and files that are still young or needed (60 sessions)"
    )
    assert expected == finding.sentence


def test_what_a_cleanup_leaves_is_told():
    """How many would go, how many stay, and why that is still too many; kinds that do not count are no relief."""
    kinds = {Kind.LID_MAPPING: 300, Kind.SESSION: 60}
    seen = Observation("7", kinds, 360, PairingState.PAIRED, removable={Kind.SESSION: 50})
    (finding,) = judge(seen, LEVELS).findings
    assert "a cleanup would free 50 and leave 310, level critical, because of kinds that no rule takes (300" in (
        finding.sentence
    )
    (finding,) = judge(seen._replace(counted=300), Levels(not_counted=(Kind.SESSION,))).findings
    assert "would free 50 and leave 300" in finding.sentence
    (finding,) = judge(seen._replace(counted=190), LEVELS).findings
    assert finding.sentence.endswith("would free 50 and leave 140")


def test_contents_one_level_deeper_are_a_warning():
    """The folders are named, five of them, and what to do."""
    seen = Observation("7", {}, 0, PairingState.NOTHING, deeper=[str(number) for number in range(7)])
    (finding,) = judge(seen, LEVELS).findings
    assert (Cause.DEEPER, Severity.WARNING) == (finding.cause, finding.severity)
    assert "in '0', '1', '2', '3', '4' and more:" in finding.sentence


@pytest.mark.parametrize(("days", "told"), [(None, False), (29, False), (30, True), (400, True)])
def test_a_company_that_nobody_writes_is_a_note(days, told):
    """From the days on that were set, and never an alarm."""
    judgement = judge(Observation("7", {Kind.CREDS: 1}, 1, PairingState.PAIRED, silent_days=days), LEVELS, 30)
    assert told == (judgement.severity is Severity.NOTE)
    assert judgement.trouble is None


def test_what_is_well_has_nothing_to_say():
    """No finding, no severity, no trouble."""
    judgement = judge(Observation("7", {Kind.CREDS: 1}, 1, PairingState.PAIRED), LEVELS, 30)
    assert (Judgement(), Severity.OK, None, None, False) == (
        judgement,
        judgement.severity,
        judgement.trouble,
        judgement.fullness,
        judgement.stuck,
    )


def test_kinds_that_are_not_counted_are_left_out():
    """Of all kinds that are named, and the advertised pre-keys only once."""
    kinds = {Kind.LID_MAPPING: 300, Kind.SESSION: 60, Kind.PRE_KEY: 812}
    assert (410, 110, 360) == tuple(
        Levels(not_counted=kinds_left_out).count(kinds, 762)
        for kinds_left_out in ((), (Kind.LID_MAPPING,), (Kind.PRE_KEY,))
    )
