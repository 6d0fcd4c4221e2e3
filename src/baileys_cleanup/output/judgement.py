"""What is to be said of a company, for people and for programs. Pure."""

from collections.abc import Iterable
from typing import Any

from baileys_cleanup.decision.judgement import Finding, Judgement
from baileys_cleanup.output.text import argument, shown


def command(words: Iterable[str], again: str = "") -> str:
    """Return a command as the shell takes it; `again` are the options that lead it to the same sessions root."""
    return f"baileys-cleanup {' '.join(map(argument, words))}{again}"


def help_in_words(finding: Finding, again: str = "") -> str:
    """Return what to do about a finding, with the command that helps; nothing where nothing helps."""
    parts = [finding.advice] if finding.advice else []
    return ": ".join([*parts, command(finding.command, again)] if finding.command else parts)


def in_words(finding: Finding, again: str = "") -> str:
    """Return a finding and what to do about it, as one line."""
    way_on = help_in_words(finding, again)
    return shown(f"{finding.sentence}; {way_on}" if way_on else finding.sentence)


def document(judgement: Judgement, again: str = "") -> dict[str, Any]:
    """Return a judgement as JSON."""
    return {
        "severity": judgement.severity.name.lower(),
        "findings": [
            {
                "cause": finding.cause.value,
                "severity": finding.severity.name.lower(),
                "sentence": shown(finding.sentence),
                "advice": finding.advice or None,
                "command": command(finding.command, again) if finding.command else None,
            }
            for finding in judgement.findings
        ],
    }
