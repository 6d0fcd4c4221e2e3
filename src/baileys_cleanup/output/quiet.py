"""What `--quiet` says: nothing when all is well, else as little as a mail should hold. Pure but for `write`.

The total, then the companies that want something, by what they want. What an earlier run said of a company and has not
become worse is counted, and not listed again.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from baileys_cleanup.decision.judgement import Cause
from baileys_cleanup.decision.outcome import CompanyOutcome, CompanyStatus, RunOutcome, RunStatus
from baileys_cleanup.output.sentences import ending, problems_in_words, total_line
from baileys_cleanup.output.text import argument, count, shown

MOST_LINES = 40
_IN_A_LINE = 10
"""Companies that say the same, in one line."""
_COMPANY = "--company {}"


class Want(StrEnum):
    """What a company wants of a person, the worst first."""

    PAIRING = "whose pairing is broken or gone"
    FAILED = "not cleaned, or not wholly"
    REFUSED = "left alone by a guard"
    FULL = "fuller than normal"
    STUCK = "full of what no cleanup can free"
    LOOK = "with something to look at"


class Standing(NamedTuple):
    """What stands of a company since a run said so: the gist of its sentences, and its files."""

    sentences: tuple[str, ...]
    counted: int


class _Company(NamedTuple):
    company_id: str
    sentences: tuple[str, ...]
    standing: Standing
    helpless: bool


class QuietReport:
    """Hears of a whole run and says, at its end, what wants a person.

    `again` are the options that a later command needs to find the same sessions root. `recall` has to be called before
    the end, where what earlier runs said is known.
    """

    def __init__(self, write: Callable[[str], object], again: str = "") -> None:
        self._write = write
        self._again = again
        self._wants: dict[Want, list[_Company]] = {want: [] for want in Want}
        self._seen: set[str] = set()
        self._known: Mapping[str, Standing] = {}

    def company(self, outcome: CompanyOutcome) -> None:
        """Take down what one company wants."""
        self._seen.add(outcome.company_id)
        want = _want(outcome)
        if want is not None:
            sentences = (*problems_in_words(outcome), *outcome.warnings)
            standing = Standing(tuple(map(_gist, sentences)), outcome.counted or 0)
            helpless = outcome.status is CompanyStatus.CLEANED
            self._wants[want].append(_Company(outcome.company_id, sentences, standing, helpless))

    def recall(self, known: Mapping[str, Standing], *, whole: bool) -> dict[str, Standing]:
        """Hear what stands since earlier runs; return what stands now. `whole`: this run was over all companies."""
        self._known = known
        others = {} if whole else {name: what for name, what in known.items() if name not in self._seen}
        mine = {company.company_id: self._standing(company) for wants in self._wants.values() for company in wants}
        return others | mine

    def close(self, run: RunOutcome) -> None:
        """Say what there is to say, in 40 lines at most."""
        lines = [line for want in Want for line in self._group(want)]
        wanting = sum(map(len, self._wants.values()))
        if not (lines or run.warnings or run.errors or run.status is not RunStatus.DONE):
            return
        head = [total_line(run), *filter(None, [ending(run)])]
        head += [f"error: {shown(text)}" for text in run.errors] + [f"warning: {shown(text)}" for text in run.warnings]
        room = max(MOST_LINES - len(head), 1)
        for text in head:
            self._write(text + "\n")
        known = sum(self._is_known(company) for wants in self._wants.values() for company in wants)
        rest = wanting - known - sum(line.companies for line in lines[:room])
        if rest or known:
            lines = lines[: room - 1]
            rest = wanting - known - sum(line.companies for line in lines)
        for line in lines:
            self._write(line.text + "\n")
        if rest:
            self._write(f"and {rest:,} more: `baileys-cleanup check{self._again}`\n")
        elif known:
            self._write(f"All that stands is told by: baileys-cleanup check{self._again}\n")

    def _group(self, want: Want) -> Iterator["_Line"]:
        companies = self._wants[want]
        if not companies:
            return
        listed = [company for company in companies if not self._is_known(company)]
        known = len(companies) - len(listed)
        before = f", {known:,} of them as told before" if listed and known else ", as told before" if known else ""
        yield _Line(f"{count(len(companies), 'company', 'companies')} {want}{before}{':' if listed else ''}")
        listed.sort(key=lambda company: -company.standing.counted)
        same: dict[tuple[str, ...], list[str]] = {}
        for company in listed:
            # What restores one restores several: so those that say the same but for their names stand together.
            mine = _COMPANY.format(argument(company.company_id)) if want is Want.PAIRING else None
            alike = tuple(text.replace(mine, _COMPANY) if mine else text for text in company.sentences)
            same.setdefault(alike, []).append(company.company_id)
        for sentences, ids in same.items():
            for first in range(0, len(ids), _IN_A_LINE):
                some = ids[first : first + _IN_A_LINE]
                options = " ".join(_COMPANY.format(argument(company_id)) for company_id in some)
                text = "; ".join(sentences).replace(_COMPANY, options)
                yield _Line(f"  {', '.join(map(shown, some))}: {shown(text)}", len(some))

    def _is_known(self, company: _Company) -> bool:
        """Tell whether all of this was said before, and is not worse by a tenth. What failed is always said."""
        known = self._known.get(company.company_id)
        return (
            known is not None
            and company.helpless
            and set(company.standing.sentences) <= set(known.sentences)
            and company.standing.counted * 10 <= known.counted * 11
        )

    def _standing(self, company: _Company) -> Standing:
        return self._known[company.company_id] if self._is_known(company) else company.standing


class _Line(NamedTuple):
    text: str
    companies: int = 0


def _want(outcome: CompanyOutcome) -> Want | None:
    causes = {finding.cause for finding in outcome.judgement.findings}
    if causes & {Cause.PAIRING_DEAD, Cause.PAIRING_INCOMPLETE}:
        return Want.PAIRING
    if outcome.status is CompanyStatus.REFUSED:
        return Want.REFUSED
    if outcome.status is not CompanyStatus.CLEANED:
        return Want.FAILED
    if not outcome.warnings:
        return None
    return Want.STUCK if Cause.NOTHING_REMOVABLE in causes else Want.FULL if Cause.FULL in causes else Want.LOOK


def _gist(sentence: str) -> str:
    """Return what a sentence says, without its numbers and what it advises: those change while it stands."""
    return re.sub(r"\d+(?:[.,]\d+)*", "#", sentence.partition(";")[0])
