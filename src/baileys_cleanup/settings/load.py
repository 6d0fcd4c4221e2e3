"""The settings of one run: flags, then environment, then a TOML file, then defaults, to one frozen value.

Reading and checking what people wrote is pydantic-settings' work, in `schema.py`; it is imported only when
somebody wrote something.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.settings.values import CONFIG_VARIABLE, FLAG, PREFIX, Loaded, Settings

CONFIG_FILE = "/etc/baileys-cleanup.toml"


def load(config: str | None = None, flags: Mapping[str, Any] | None = None) -> Loaded:
    """Return the settings in force; `flags` holds the values given on the command line, by dotted names.

    Raises UsageProblem with one sentence that names the file or variable, the key and what is allowed.
    """
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    path = _config_path(config)
    variables = {name for name in os.environ if name.upper().startswith(PREFIX)} - {CONFIG_VARIABLE}
    plain = (
        "store" not in given and "://" not in given.get("sessions_root", "") and not any("." in name for name in given)
    )
    if path is None and not variables and plain:
        return Loaded(replace(Settings(), **given), dict.fromkeys(given, FLAG))
    from baileys_cleanup.settings import schema  # noqa: PLC0415 - costs a tenth of a second

    return schema.load(variables, path, _tables(given))


def _tables(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as a file would have them: `retention.preset` is `preset` in the table `retention`."""
    document: dict[str, Any] = {}
    for name, value in given.items():
        *tables, key = name.split(".")
        place = document
        for table in tables:
            place = place.setdefault(table, {})
        place[key] = value
    return document


def _config_path(config: str | None) -> str | None:
    asked = config if config is not None else os.environ.get(CONFIG_VARIABLE)
    if asked is not None:
        if not asked:
            raise UsageProblem(f"{'--config' if config is not None else CONFIG_VARIABLE} is empty: name a TOML file")
        return asked
    # lexists: a dangling link, too, is a configuration that somebody meant.
    return CONFIG_FILE if os.path.lexists(CONFIG_FILE) else None
