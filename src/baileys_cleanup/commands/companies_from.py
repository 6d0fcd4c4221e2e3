"""`--companies-from`: a list of companies, made by the operator's own table: one id a line."""

import os
import sys

from baileys_cleanup.decision.names import COMPANY_PREFIX
from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.output.text import shown

_MOST_BYTES = 16 * 1024 * 1024
_LONGEST = 255
"""Bytes: no folder has a longer name."""


def read_companies(path: str) -> list[str]:
    """Return the ids of a list, once each, in their order; `-` is stdin.

    Empty lines and those that begin with `#` are none. Raises UsageProblem for what cannot be read, is too large, or
    has a line that is no id: then nobody knows what the list means.
    """
    name = "stdin" if path == "-" else path
    try:
        if path == "-":
            data = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageProblem(f"--companies-from {shown(name)} cannot be read: {why}") from None
    if len(data) > _MOST_BYTES:
        raise UsageProblem(f"--companies-from {shown(name)} is larger than 16 MiB: that is no list of companies")
    ids: dict[str, None] = {}
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        text = os.fsdecode(line.strip())
        if not text or text.startswith("#"):
            continue
        company_id = text.removeprefix(COMPANY_PREFIX)
        wrong = not company_id or company_id in {".", ".."} or "/" in company_id or "\0" in company_id
        if wrong or len(line) > _LONGEST + len(COMPANY_PREFIX):
            raise UsageProblem(
                f"--companies-from {shown(name)}, line {number:,}: {shown(text[:40])!r} is no company id; allowed: the"
                " part of a folder's name after 'company_', one a line, without a slash"
            )
        ids[company_id] = None
    return list(ids)
