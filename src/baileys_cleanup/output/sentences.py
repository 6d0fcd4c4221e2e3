"""The sentences about a whole run, the same in every summary for people. Pure."""

from baileys_cleanup.decision.outcome import CompanyOutcome, RunOutcome, RunStatus, Tally
from baileys_cleanup.errors import in_words
from baileys_cleanup.output.text import count, few, shown, size


def total_line(run: RunOutcome) -> str:
    """Return what the run did, in numbers, and where."""
    verb = "would be removed" if run.dry_run else "removed"
    return (
        f"{count(run.companies, 'company', 'companies')}: {count(run.total.seen, 'file')} before,"
        f" {run.total.removed:,} {verb} ({size(run.size)}), {run.total.seen - run.total.removed:,} left"
        f"{_extra(run.total)}. Root: {shown(run.sessions_root)}"
    )


def ending(run: RunOutcome) -> str | None:
    """Return what was done and what was not, None where all was done."""
    if run.status is RunStatus.DONE:
        return None
    cleaned = run.companies - run.companies_failed - run.companies_refused
    parts = [f"{count(cleaned, 'company', 'companies')} {_be(cleaned, run)} cleaned"]
    if run.companies_failed:
        parts.append(f"{run.companies_failed:,} failed: what could not be removed there stays")
    if run.companies_refused:
        alone = f"{run.companies_refused:,} {_be(run.companies_refused, run)} left alone by a guard"
        parts.append(f"{alone}: nothing {_be(1, run)} removed there")
    if run.errors:
        parts.append(f"{count(len(run.errors), 'thing')} beside the companies went wrong")
    if run.stopped:
        parts.append(f"the companies after {'it' if run.companies == 1 else 'them'} were not looked at")
    return f"Run {run.status.value}: {'; '.join(parts)}."


def problems_in_words(outcome: CompanyOutcome) -> list[str]:
    """Return the errors of a company as sentences, one for each cause; the JSON summary has every file."""
    files: dict[str, list[str]] = {}
    for file, error in outcome.errors:
        files.setdefault(error, []).extend([] if file is None else [file])
    return [f"{few(names)}: {error}" if names else error for error, names in files.items()]


def _be(number: int, run: RunOutcome) -> str:
    return "would be" if run.dry_run else "was" if number == 1 else "were"


def _extra(total: Tally) -> str:
    parts = [f"{total.failed:,} failed"] * bool(total.failed) + [f"{total.changed:,} changed"] * bool(total.changed)
    return f" ({', '.join(parts)})" if parts else ""


def unwritten(error: OSError, folder: str) -> str:
    """Return the sentence of a record that could not be written: its path if the error names one, else the folder."""
    named = error.filename
    if isinstance(named, str) and named.startswith("/"):
        return f"{shown(named)} cannot be written: {in_words(error)}"
    return f"nothing can be written in {shown(folder)}: {in_words(error)}"
