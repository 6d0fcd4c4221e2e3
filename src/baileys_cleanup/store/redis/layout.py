"""How keys lie in Redis: a hash for each company, or a string for each key."""

import re
from typing import NamedTuple

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.store.key_names import END, TYPES, fixed, read_file_name
from baileys_cleanup.store.place import Redis
from baileys_cleanup.store.redis_key import COMPANY, DEFAULTS, FIELD, why_no_key

CREDS = "creds"
OWN = "baileys-cleanup:"
"""How all keys of the tool's own begin."""
_GLOB = re.compile(r"([*?\[\]\\^])")


class Layout(NamedTuple):
    """A layout: `template` is the name of a hash, or of a string. `ids` says how new names are written."""

    kind: str
    template: str
    ids: str

    @property
    def is_hash(self) -> bool:
        """Tell whether a company is a hash."""
        return self.kind == "hash"

    def key(self, company_id: str) -> str:
        """Return the hash of a company; of strings the beginning of their names."""
        return self.template.replace(COMPANY, company_id).replace(FIELD, "")

    def owner(self, key: str) -> str | None:
        """Return the company whose `key` this is, None where it is nobody's."""
        before, _, after = self.template.replace(FIELD, "").partition(COMPANY)
        company_id = key[len(before) : len(key) - len(after)]
        return company_id if company_id and self.key(company_id) == key else None

    @property
    def pattern(self) -> str:
        """What SCAN is to look for."""
        parts = re.split(r"\{company_id\}|\{field\}", self.template)
        return "*".join(_GLOB.sub(r"\\\1", part) for part in parts)

    def read(self, key: str) -> tuple[str, str] | None:
        """Return whose key this is, and of a string its field; None where it is nobody's.

        What can be read in two ways is a key of the company with the longer id: no id of a key looks like a whole key,
        and a company whose creds are not in sight is left alone.
        """
        words = rf"(?P<field>{CREDS}|(?:{'|'.join(TYPES)})-.+)"
        before, _, after = self.template.partition(COMPANY)
        expression = re.escape(before) + "(?P<company>.+)" + re.escape(after).replace(re.escape(FIELD), words)
        found = None if key.startswith(OWN) else re.fullmatch(expression, key, re.DOTALL)
        return (found["company"], "" if self.is_hash else found["field"]) if found else None

    def field(self, name: str) -> str | None:
        """Return what a new key is called, None where it has no place."""
        if name == CREDS + END or self.ids == "file":
            return name.removesuffix(END)
        raw = read_file_name(name)
        return "-".join(raw) if raw else None


def file_name(field: str) -> str:
    """Return the file name of a field, whichever way its id is written."""
    return fixed(field) + END


def layout_of(asked: Redis) -> Layout:
    """Return the layout that the settings ask for. Raises UsageProblem where its key names no company."""
    wrong = why_no_key(asked)
    if wrong is not None:
        raise UsageProblem(wrong)
    template = asked.key or DEFAULTS[asked.layout]
    if template.startswith(OWN):
        raise UsageProblem(f"redis.key is {template!r}; what begins with {OWN} is the tool's own")
    return Layout(asked.layout, template, asked.ids or "raw")
