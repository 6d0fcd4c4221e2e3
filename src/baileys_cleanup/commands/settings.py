"""`settings`: show every setting in force and where its value comes from."""

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

from baileys_cleanup.commands.options import CONTEXT, Output, json_output, load_settings, where, width_of_stdout
from baileys_cleanup.output.document import print_json
from baileys_cleanup.output.table import plain, table
from baileys_cleanup.output.text import shown
from baileys_cleanup.output.toml import as_toml, key_as_toml
from baileys_cleanup.settings.values import SECRETS, Loaded
from baileys_cleanup.store.place import without_password

_OF_COMPANIES = {"companies": "retention", "company_levels": "levels"}
"""The fields that hold what is set for single companies, and the tables they are written in."""


def list_settings(loaded: Loaded, write: Callable[[str], object], *, as_json: bool) -> None:
    """Show every setting in force and where it comes from."""
    values: dict[str, Any] = {}
    for name, value in asdict(loaded.settings).items():
        if name in _OF_COMPANIES:
            for company_id, own in value.items():
                values |= {f"companies.{company_id}.{_OF_COMPANIES[name]}.{key}": each for key, each in own.items()}
        elif isinstance(value, dict):
            values |= {f"{name}.{key}": each for key, each in value.items()}
        else:
            values[name] = value
    values = {name: None if value == () else _without_passwords(value) for name, value in values.items()}
    values |= {name: "(set, not shown)" if values[name] else None for name in SECRETS}
    if as_json:
        settings = {name: {"value": value, "source": loaded.source(name)} for name, value in values.items()}
        print_json(write, {"settings": settings})
        return
    rows = [
        [_key(name), str(value) if name in SECRETS and value else as_toml(value), shown(loaded.source(name))]
        for name, value in values.items()
    ]
    lines = table([["SETTING", "VALUE", "FROM"], *rows], plain, None)
    width = width_of_stdout()
    if width is not None and max(map(len, lines)) > width:
        lines = [f"{name} = {value}\n    from {source}" for name, value, source in rows]
    for line in lines:
        write(line + "\n")


def _without_passwords(value: Any) -> Any:  # noqa: ANN401 - whatever a setting may be
    """Return a value without the passwords of the URLs in it, whichever setting it is."""
    if isinstance(value, tuple):
        return tuple(map(_without_passwords, value))
    return without_password(value) if isinstance(value, str) else value


def _key(name: str) -> str:
    """Return a dotted name as a settings file would have it: an id that is no plain word stands in quotes."""
    found = re.fullmatch(r"companies\.(.+)\.(\w+\.\w+)", name)
    return f"companies.{key_as_toml(found[1])}.{found[2]}" if found else name


@click.command("settings", context_settings=CONTEXT)
@where
@json_output
@click.pass_context
def command(
    ctx: click.Context, sessions_root: str | None, store: str | None, config: str | None, as_json: bool
) -> None:
    """Show every setting in force and where its value comes from."""
    output = Output()
    list_settings(load_settings(sessions_root, config, store=store), output.write, as_json=as_json)
    ctx.exit(int(output.failed))
