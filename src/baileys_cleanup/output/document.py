"""JSON documents: what all of them have in common. Pure; `json` is imported when one is written.

The same thing has the same shape in every command: `companies` is a list, `files` an object of counts, `errors` a list
of objects.
"""

from collections.abc import Callable, Iterable
from typing import Any

from baileys_cleanup.decision.policy import SECOND
from baileys_cleanup.decision.verdict import Verdict
from baileys_cleanup.output.text import shown

SCHEMA_VERSION = 2
_STATUS = {4: "refused", 130: "stopped", 143: "stopped"}
"""The word for an exit status; any other is `failed`."""


def place_fields(root: str) -> dict[str, Any]:
    """Return where the companies lie: `store`, and `sessions_root` beside it, which is null for a database."""
    return {"store": shown(root), "sessions_root": shown(root) if "://" not in root else None}


def problem_fields(error: str, file: str | None = None) -> dict[str, Any]:
    """Return one error; `file` is None where it is about more than one file."""
    return {"file": None if file is None else shown(file), "error": shown(error)}


def verdict_fields(verdict: Verdict, now: int) -> dict[str, Any]:
    """Return one verdict for JSON; age in seconds and size in bytes, null where nobody had to look."""
    file = verdict.file
    looked = file.modified is not None
    return {
        "file": shown(file.name),
        "kind": file.kind,
        "rule": verdict.rule,
        "reason": verdict.reason,
        "age_seconds": (now - file.modified) // SECOND if file.modified is not None else None,
        "bytes": file.size if looked else None,
    }


def print_json(write: Callable[[str], object], document: dict[str, Any]) -> None:
    """Write one JSON document."""
    write(_text(document))


def company_problem_fields(company_id: str, error: str) -> dict[str, Any]:
    """Return one error about a whole company, for a list beside the companies."""
    return {"company_id": shown(company_id), **problem_fields(error)}


def error_document(status: int, sentences: Iterable[str], word: str | None = None) -> str:
    """Return the document of a command that ended before it had one of its own; `status` is the exit status.

    `word` is for it where it has a word of its own.
    """
    errors = [problem_fields(sentence) for sentence in sentences]
    return _text({"status": word or _STATUS.get(status, "failed"), "exit_status": status, "errors": errors})


def _text(document: dict[str, Any]) -> str:
    import json  # noqa: PLC0415 - people read tables

    return json.dumps({"schema_version": SCHEMA_VERSION, **document}, indent=1) + "\n"
