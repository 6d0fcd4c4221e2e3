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


def alike(findings: Iterable[tuple[str, Finding]]) -> list[tuple[list[str], Finding]]:
    """Put together companies, each by its id with a finding, that say the same and that one command restores together.

    The finding that stands for several has the command with all of their names.
    """
    groups: dict[object, tuple[list[str], Finding]] = {}
    for company_id, finding in findings:
        own = ("--company", company_id)
        together = finding.command[:1] == ("restore",) and finding.command[-2:] == own
        key = (finding.sentence, finding.advice, finding.command[:-2]) if together else company_id
        ids, first = groups.setdefault(key, ([], finding))
        if ids:
            groups[key] = (ids, first._replace(command=(*first.command, *own)))
        ids.append(company_id)
    return list(groups.values())


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
