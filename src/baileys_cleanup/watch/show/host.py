"""Whether a request is meant for this server. Pure.

A page of somebody else's can let the browser of who looks at it ask here, under a name of its own that leads to this
address; that name then stands in the Host header.
"""

import re
from collections.abc import Collection
from ipaddress import ip_address

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\[\]:/@\s]+))(?::[0-9]{1,5})?", re.ASCII)
_PRIVATE = (".localhost", ".local", ".internal", ".svc", ".lan", ".home.arpa")
"""Ends of names that nobody can have registered in public."""


def goes_by(host: str, names: Collection[str]) -> bool:
    """Tell whether a Host header names this server, whose own names are `names`.

    An address, a name without a dot, and a name that nobody can register are no names of a foreign page.
    """
    found = _HOST.fullmatch(host.strip().lower())
    if found is None:
        return False
    address, name = found[1], (found[2] or "").rstrip(".")
    if _is_address(address or name):
        return True
    return bool(name) and ("." not in name or name in names or name.endswith(_PRIVATE))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
