"""`output.judgement`: what is to be said of a company, with commands that can be pasted."""

import shlex

from baileys_cleanup.decision.judgement import Cause, Finding, Judgement, Severity
from baileys_cleanup.output.judgement import alike, command, document, help_in_words, in_words

DEAD = Finding(Cause.PAIRING_DEAD, Severity.CRITICAL, "it is dead", "put it back", ("restore", "--company", "a b;c"))
NOTE = Finding(Cause.EMPTY, Severity.NOTE, "it is\nempty")


def test_a_command_is_as_the_shell_takes_it_back():
    """Each word is quoted, and the options that lead to the same place follow as they are."""
    said = command(DEAD.command, " --config '/x y'")
    assert ["baileys-cleanup", "restore", "--company", "a b;c", "--config", "/x y"] == shlex.split(said)


def test_a_finding_is_one_line():
    """The sentence, what to do, the command; nothing beside the sentence where nothing helps, and no line breaks."""
    assert "it is dead; put it back: baileys-cleanup restore --company 'a b;c'" == in_words(DEAD)
    assert ("it is\\nempty", "") == (in_words(NOTE), help_in_words(NOTE))
    assert "baileys-cleanup x" == help_in_words(NOTE._replace(command=("x",)))


def test_who_says_the_same_and_is_restored_by_one_command_stands_together():
    """The command has all names; another sentence, or a command that takes one company, stands alone."""
    one, two = (DEAD._replace(command=("restore", "latest", "--company", name)) for name in "12")
    other = one._replace(sentence="it is gone", command=("restore", "latest", "--company", "3"))
    rotate = DEAD._replace(command=("rotate", "--company", "4"))
    found = alike([("1", one), ("3", other), ("2", two), ("4", rotate), ("5", rotate)])
    assert [["1", "2"], ["3"], ["4"], ["5"]] == [ids for ids, _ in found]
    assert ("restore", "latest", "--company", "1", "--company", "2") == found[0][1].command


def test_the_document_has_every_finding():
    """The worst severity, and each finding with what helps; null where nothing does."""
    found = document(Judgement((DEAD, NOTE)))
    assert ("critical", ["pairing_dead", "empty"]) == (found["severity"], [each["cause"] for each in found["findings"]])
    assert (None, None) == (found["findings"][1]["advice"], found["findings"][1]["command"])
    assert "it is\\nempty" == found["findings"][1]["sentence"]
    assert {"severity": "ok", "findings": []} == document(Judgement())
