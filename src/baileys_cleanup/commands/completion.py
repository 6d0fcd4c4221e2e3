"""What a shell completes: company ids, from the sessions root in force. It writes nothing, and any trouble is silence.

The scripts for bash, zsh and fish are Click's own; commands and options it knows by itself.
"""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_PLAIN = "._-+@"
"""Beside letters and digits: a name that a shell would read as more than a word is not offered."""


def company_ids(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Return the ids of company folders that begin as typed; with `company_` before them where it was typed so."""
    from baileys_cleanup.decision.names import COMPANY_PREFIX  # noqa: PLC0415 - only who completes needs all this
    from baileys_cleanup.settings.load import load  # noqa: PLC0415
    from baileys_cleanup.store.open import open_store  # noqa: PLC0415

    typed = COMPANY_PREFIX if incomplete.startswith(COMPANY_PREFIX) else ""
    try:
        settings = load(
            ctx.params.get("config"), {name: ctx.params.get(name) for name in ("sessions_root", "store")}
        ).settings
        with open_store(settings.place, settings.exclude) as store:
            ids, _ = store.company_ids()
    except Exception:  # noqa: BLE001 - half a command line is no place for a sentence
        return []
    names = (typed + company_id for company_id in ids if _is_plain(company_id))
    return [_item(name) for name in names if name.startswith(incomplete)]


def folder(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Let the shell complete the name of a folder."""
    return [_item(incomplete, "dir")]


def file(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Let the shell complete the name of a file."""
    return [_item(incomplete, "file")]


def _is_plain(company_id: str) -> bool:
    return all(char.isalnum() or char in _PLAIN for char in company_id)


def _item(value: str, kind: str = "plain") -> "CompletionItem":
    from click.shell_completion import CompletionItem  # noqa: PLC0415

    return CompletionItem(value, kind)
