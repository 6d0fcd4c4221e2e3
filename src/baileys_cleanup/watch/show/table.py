"""What one look saw, for people at a terminal and for programs. Pure."""

from collections.abc import Iterable
from typing import Any

from baileys_cleanup.output.summary import Paint, table
from baileys_cleanup.output.text import count, shown, size
from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.watch.look import Seen
from baileys_cleanup.watch.see.company import View
from baileys_cleanup.watch.show.page import trend_in_words

_HEAD = ["COMPANY", "FILES", "TREND", "LEVEL", "A CLEANUP FREES", "DONE"]


def lines(seen: Seen, paint: Paint) -> Iterable[str]:
    """Return the lines of the table and what is to say below it."""
    rows = [_row(view, seen) for view in seen.views]
    if rows:
        yield from table([_HEAD, *rows], paint, _HEAD.index("LEVEL"))
        yield ""
    yield f"{count(len(seen.found), 'company', 'companies')}. Root: {shown(seen.sessions_root)}"
    for each in seen.blind:
        yield f"{paint('error', 'error')}: company {shown(each.company_id)}: {shown(each.problem)}"
    for text in seen.warnings:
        yield f"{paint('warning', 'warning')}: {shown(text)}"
    for text in seen.problems:
        yield f"{paint('error', 'error')}: {shown(text)}"


def _row(view: View, seen: Seen) -> list[str]:
    removable = view.detail.removable if view.detail else None
    frees = f"{count(removable.files, 'file')}, {size(removable.size)}" if removable and removable.files else "nothing"
    relief = seen.reliefs.get(view.company_id)
    trend = trend_in_words(seen.trends.get(view.company_id))
    done = relief.in_words() if relief else ""
    return [shown(view.company_id), f"{view.counted:,}", trend, view.level.value, frees, done]


def document(seen: Seen) -> dict[str, Any]:
    """Return one look as a JSON document."""
    return {
        "looked_at": timestamp(seen.looked),
        "sessions_root": shown(seen.sessions_root),
        "companies": [_company(view, seen) for view in seen.views],
        "unreadable": [{"company_id": shown(each.company_id), "problem": shown(each.problem)} for each in seen.blind],
        "alerts": [
            {
                "company_id": shown(message.alert.view.company_id),
                "level": message.alert.view.level.value,
                "clear": message.alert.clear,
                "delivered": not message.failures,
            }
            for message in seen.messages
        ],
        "warnings": [shown(text) for text in seen.warnings],
        "problems": [shown(text) for text in seen.problems],
    }


def _company(view: View, seen: Seen) -> dict[str, Any]:
    relief = seen.reliefs.get(view.company_id)
    detail = view.detail
    return {
        "company_id": shown(view.company_id),
        "counted": view.counted,
        "level": view.level.value,
        "trend": seen.trends.get(view.company_id),
        "removable": {"files": detail.removable.files, "bytes": detail.removable.size} if detail else None,
        "emergency": {"removed": relief.files, "runs": relief.runs, "problem": relief.problem} if relief else None,
    }
