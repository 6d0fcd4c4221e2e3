"""The state of the watch: records in the tool's own folder that no removal hangs on.

They make messages and metrics better. So one that is torn, or not ours, is begun anew, and the reader is told.
"""

from typing import Any

from baileys_cleanup.store.store import Workspace


def read_state(workspace: Workspace | None, name: str) -> tuple[dict[str, Any], str | None]:
    """Return what a record holds, and in words what is wrong with it: nothing when it does not exist yet."""
    if workspace is None:
        return {}, None
    try:
        return workspace.records().read("", name), None
    except FileNotFoundError:
        return {}, None
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else None
        return {}, not_ours(workspace, name, why)


def not_ours(workspace: Workspace | None, name: str, why: str | None = None) -> str:
    """Return the sentence about a record that cannot be used."""
    place = f"{workspace.records().where('')}/{name}.json" if workspace else name
    return f"{place} cannot be used and is begun anew: {why or 'it is not what this tool writes'}"


def write_state(workspace: Workspace, name: str, state: dict[str, Any]) -> None:
    """Write a record. It is not forced to the disk: what a power cut takes costs a message twice, at most."""
    workspace.records().write("", name, state, durable=False)
