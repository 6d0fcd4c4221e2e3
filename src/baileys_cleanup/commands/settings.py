"""`settings`: show every setting in force and where its value comes from."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

from baileys_cleanup.commands.options import CONTEXT, Output, json_output, load_settings, where
from baileys_cleanup.output.summary import plain, print_json, table
from baileys_cleanup.output.text import shown
from baileys_cleanup.settings.values import SECRETS, Loaded


def list_settings(loaded: Loaded, write: Callable[[str], object], *, as_json: bool) -> None:
    """Show every setting in force and where it comes from."""
    values: dict[str, Any] = {}
    for name, value in asdict(loaded.settings).items():
        if name == "companies":
            for company_id, own in value.items():
                values |= {f"companies.{company_id}.retention.{key}": each for key, each in own.items()}
        elif isinstance(value, dict):
            values |= {f"{name}.{key}": each for key, each in value.items()}
        else:
            values[name] = value
    values |= {name: "(set, not shown)" if values[name] else None for name in SECRETS}
    if as_json:
        settings = {name: {"value": value, "source": loaded.source(name)} for name, value in values.items()}
        print_json(write, {"settings": settings})
        return
    rows = [[shown(name), _written(value), shown(loaded.source(name))] for name, value in values.items()]
    for line in table([["SETTING", "VALUE", "FROM"], *rows], plain, None):
        write(line + "\n")


def _written(value: object) -> str:
    return "none" if value is None else shown(str(value).lower() if isinstance(value, bool) else str(value))


@click.command("settings", context_settings=CONTEXT)
@where
@json_output
@click.pass_context
def command(ctx: click.Context, sessions_root: str | None, config: str | None, as_json: bool) -> None:
    """Show every setting in force and where its value comes from."""
    output = Output()
    list_settings(load_settings(sessions_root, config), output.write, as_json=as_json)
    ctx.exit(int(output.failed))
