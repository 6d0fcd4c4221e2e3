"""What one look saw, for people at a terminal and for programs. Pure."""

from collections.abc import Iterable
from typing import Any

from baileys_cleanup.output.document import company_problem_fields, place_fields, problem_fields
from baileys_cleanup.output.judgement import document as judgement_document
from baileys_cleanup.output.judgement import in_words as finding_in_words
from baileys_cleanup.output.table import Paint, cell, table
from baileys_cleanup.output.text import count, named, shown, size
from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.watch.emergency import EmergencyCleanup
from baileys_cleanup.watch.rehearsal import Rehearsal
from baileys_cleanup.watch.result import LookResult
from baileys_cleanup.watch.see.company import View
from baileys_cleanup.watch.show.words import ago, trend_in_words

_HEAD = ["COMPANY", "FILES", "TREND", "LEVEL", "A CLEANUP FREES", "SILENT FOR"]
_SPARE = [{5}, {2}, {4}]
"""The columns that go where a terminal is narrow: silence, trend, what a cleanup frees."""


def lines(result: LookResult, paint: Paint, again: str = "", width: int | None = None) -> Iterable[str]:
    """Return the lines of the table, no wider than `width` characters, and what is to say below it."""
    done = {name: cleanup.in_words() for name, cleanup in result.emergencies.items()}
    yield from _lines(result, done, paint, again, width=width)


def rehearsal_lines(rehearsal: Rehearsal, paint: Paint, again: str = "", width: int | None = None) -> Iterable[str]:
    """Return the table of a look that touched nothing, with what it would do and send."""
    yield from _lines(rehearsal.result, rehearsal.plans, paint, again, width=width)
    for number, message in enumerate(rehearsal.messages, 1):
        if message is None:
            yield f"alerts.urls, number {number}: would hear nothing"
            continue
        yield f"alerts.urls, number {number}: would hear"
        yield from (f"  {shown(line)}" for line in (message.title, *message.body.splitlines()))
    yield "Dry run: nothing was changed, and nobody was told."


def _lines(result: LookResult, done: dict[str, str], paint: Paint, again: str, *, width: int | None) -> Iterable[str]:
    rows = [_row(view, result) for view in result.views]
    if rows:
        yield from table([_HEAD, *rows], paint, _HEAD.index("LEVEL"), width=width, spare=_SPARE)
        yield ""
    yield f"{count(len(result.found), 'company', 'companies')}. Root: {shown(result.sessions_root)}"
    for company_id, deed in done.items():
        yield f"company {shown(company_id)}: {deed}"
    for view in result.views:
        trouble = view.judgement.trouble
        if trouble is not None:
            word = "critical" if view.pairing.dead else "warning"
            yield f"{paint(word, word)}: company {shown(view.company_id)}: {finding_in_words(trouble, again)}"
    for each in result.unreadable:
        yield f"{paint('error', 'error')}: company {shown(each.company_id)}: {shown(each.problem)}"
    for over in result.passed_over:
        yield f"passed over: {named(over.name)}: {over.why}"
    for text in result.warnings:
        yield f"{paint('warning', 'warning')}: {shown(text)}"
    for text in result.problems:
        yield f"{paint('error', 'error')}: {shown(text)}"


def _row(view: View, result: LookResult) -> list[str]:
    detail = view.detail
    removable = detail.removable if detail else None
    frees = f"{count(removable.files, 'file')}, {size(removable.size)}" if removable and removable.files else "nothing"
    trend = trend_in_words(result.trends.get(view.company_id))
    silent = ago(result.looked, detail.newest) if detail and view.silent else ""
    return [cell(view.company_id), f"{view.counted:,}", trend, view.level.value, frees, silent]


def document(result: LookResult, again: str = "") -> dict[str, Any]:
    """Return one look as a JSON document."""
    return {
        "looked_at": timestamp(result.looked),
        **place_fields(result.sessions_root),
        "companies": [_company(view, result, again) for view in result.views],
        "passed_over": [{"name": shown(each.name), "reason": each.why} for each in result.passed_over],
        "alerts": [
            {
                "company_id": shown(sent.alert.view.company_id),
                "level": sent.alert.view.level.value,
                "severity": sent.alert.severity.name.lower(),
                "clear": sent.alert.clear,
                "delivered": not sent.failures,
            }
            for sent in result.alerts
        ],
        "warnings": [shown(text) for text in result.warnings],
        "errors": [
            *(company_problem_fields(each.company_id, each.problem) for each in result.unreadable),
            *map(problem_fields, result.problems),
        ],
    }


def rehearsal_document(rehearsal: Rehearsal, again: str = "") -> dict[str, Any]:
    """Return a look that touched nothing as a JSON document, with what it would do and send."""
    return {
        "dry_run": True,
        **document(rehearsal.result, again),
        "would_do": [{"company_id": shown(name), "what": plan} for name, plan in rehearsal.plans.items()],
        "would_send": [
            {"service": number, "title": shown(message.title), "body": message.body}
            for number, message in enumerate(rehearsal.messages, 1)
            if message is not None
        ],
    }


def _company(view: View, result: LookResult, again: str) -> dict[str, Any]:
    cleanup = result.emergencies.get(view.company_id)
    detail = view.detail
    return {
        "company_id": shown(view.company_id),
        "counted": view.counted,
        "level": view.level.value,
        "pairing": view.pairing.value,
        **judgement_document(view.judgement, again),
        "trend": result.trends.get(view.company_id),
        "removable": _freed(detail.removable.files, detail.removable.size) if detail else None,
        "last_write": timestamp(detail.newest) if detail and detail.newest is not None else None,
        "emergency": _emergency(cleanup) if cleanup else None,
    }


def _emergency(cleanup: EmergencyCleanup) -> dict[str, Any]:
    errors = [problem_fields(cleanup.problem)] if cleanup.problem else []
    return {"files": {"removed": cleanup.files}, "runs": cleanup.runs, "errors": errors}


def _freed(files: int, size: int) -> dict[str, Any]:
    return {"files": {"removed": files}, "bytes": size}
