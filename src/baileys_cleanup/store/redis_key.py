"""The names of keys in Redis as the settings have them: their marks, and what is wrong with such a name. Pure."""

import re
from collections.abc import Collection
from difflib import get_close_matches

from baileys_cleanup.output.text import few, shown
from baileys_cleanup.store.place import Redis

COMPANY, FIELD = "{company_id}", "{field}"
DEFAULTS = {"hash": f"{COMPANY}:auth", "string": f"{COMPANY}:{FIELD}"}
"""What a layout's keys are called where nobody says so."""
_BRACES = re.compile(r"\{[^{}]*\}")
_ALIKE = 0.75
"""From which likeness on what stands in braces is taken for a mark that was misspelled."""


def why_no_key(asked: Redis) -> str | None:
    """Return in words why the setting names no keys of companies, None where it does."""
    template = asked.key or DEFAULTS[asked.layout]
    fields = 1 if asked.layout == "string" else 0
    allowed = f"a name that has {COMPANY} once" + (f" and ends with {FIELD}" if fields else f", without {FIELD}")
    slips = _misspelled(template, (COMPANY, FIELD) if fields else (COMPANY,))
    if slips:
        return f"redis.key has {few(slips)} in it; allowed for the layout {asked.layout}: {allowed}"
    if template.count(COMPANY) != 1 or template.count(FIELD) != fields or (fields and not template.endswith(FIELD)):
        return f'redis.key is "{shown(template)}"; allowed for the layout {asked.layout}: {allowed}'
    return None


def _misspelled(template: str, marks: Collection[str]) -> list[str]:
    """Return what stands in braces and is like one of the marks that are missing.

    Whatever else stands in braces is a part of the name, as the hash tag of a cluster is.
    """
    missing = [mark for mark in marks if mark not in template]
    return [
        each
        for each in dict.fromkeys(_BRACES.findall(template))
        if each not in marks and get_close_matches(each, missing, n=1, cutoff=_ALIKE)
    ]
