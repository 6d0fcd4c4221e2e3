"""`demo`: a root to play with, in which every rule and guard has something to do."""

import pytest

from baileys_cleanup.cleaning.look import Terms, look_at_all
from baileys_cleanup.commands.demo_tree import build
from baileys_cleanup.decision.levels import Levels
from baileys_cleanup.decision.names import Kind
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import Rule
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.store.folder.folder_store import open_store

from ..helpers import NOW, names


def test_every_kind_and_most_rules_occur(tmp_path):
    """The demo has files of every kind, and each rule but the rarest decides over some."""
    terms = Terms(NOW, Levels(), None, lambda: None, lambda: False)
    kinds, rules = set(), set()
    with open_store(build(str(tmp_path / "demo"), NOW)) as root:
        ids, _ = root.company_ids()
        for company_id in ids:
            with root.company(company_id) as company:
                decided = look_at_all(company, Policy(), terms).plan
                verdicts = [*decided.removals, *decided.keeps]
                kinds |= {verdict.file.kind for verdict in verdicts}
                rules |= {verdict.rule for verdict in verdicts}
                assert decided.removals or company_id in {"700001", "Zürich-2"}
    assert set(Kind) == kinds
    spared = {Rule.HARD_LINKED, Rule.DATE_UNKNOWN, Rule.PRE_KEY_NOT_UPLOADED}
    spared |= {
        Rule.SENDER_KEY_MEMORY_AGE,
        Rule.SECOND_NAME,
        Rule.SECOND_NAME_STAYS,
        Rule.SESSION_REPLACED,
        Rule.COSTS_RETRY,
    }
    spared |= {Rule.PRE_KEY_FORMER_PAIRING, Rule.PRE_KEY_FORMER_PAIRING_AGE, Rule.PRE_KEY_NOT_COUNTED}
    spared |= {Rule.DATE_IMPOSSIBLE, Rule.ROTATED}
    assert set() == set(Rule) - rules - spared


def test_a_folder_in_use_is_left_alone(tmp_path):
    """A folder that holds anything is refused and stays as it is."""
    (tmp_path / "mine").write_text("x")
    with pytest.raises(UsageProblem, match="not empty"):
        build(str(tmp_path), NOW)
    assert ["mine"] == names(tmp_path)


@pytest.mark.parametrize("target", ["/proc/none/x", "file"])
def test_a_place_that_cannot_be_written_is_told(tmp_path, target):
    """Where no folder can be made the command ends with a sentence."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageProblem, match=r"cannot be built|is no folder"):
        build(str(tmp_path / target), NOW)
