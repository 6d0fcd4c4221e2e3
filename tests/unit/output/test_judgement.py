"""`output.judgement`: what is to be said of a company, with commands that can be pasted."""

import shlex

from baileys_cleanup.decision.judgement import Cause, Finding, Judgement, Severity
from baileys_cleanup.output.judgement import command, document, help_in_words, in_words

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


def test_the_document_has_every_finding():
    """The worst severity, and each finding with what helps; null where nothing does."""
    found = document(Judgement((DEAD, NOTE)))
    assert ("critical", ["pairing_dead", "empty"]) == (found["severity"], [each["cause"] for each in found["findings"]])
    assert (None, None) == (found["findings"][1]["advice"], found["findings"][1]["command"])
    assert "it is\\nempty" == found["findings"][1]["sentence"]
    assert {"severity": "ok", "findings": []} == document(Judgement())
