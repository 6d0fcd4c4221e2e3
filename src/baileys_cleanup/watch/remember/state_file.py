"""The state of the watch: records in the tool's own folder that no removal hangs on.

They make messages and metrics better. So one that is torn, or not ours, is begun anew, and the reader is told. One that
cannot be read at this moment is left as it is.
"""

import errno
from typing import Any

from baileys_cleanup.store.store import Workspace


def read_state(workspace: Workspace | None, name: str) -> tuple[dict[str, Any], str | None]:
    """Return what a record holds, and in words what is wrong with it: nothing when it does not exist yet.

    Raises OSError where it cannot be read: nobody can tell what it holds, so nothing may be written over it.
    """
    if workspace is None:
        return {}, None
    try:
        return workspace.records().read("", name), None
    except FileNotFoundError:
        return {}, None
    except OSError as error:
        why = f"{_place(workspace, name)} cannot be read, and stays as it is: {error.strerror}"
        raise OSError(errno.EIO, why) from None
    except (ValueError, RecursionError):
        return {}, not_ours(workspace, name)


def not_ours(workspace: Workspace | None, name: str) -> str:
    """Return the sentence about a record that cannot be used."""
    return f"{_place(workspace, name)} cannot be used and is begun anew: it is not what this tool writes"


def _place(workspace: Workspace | None, name: str) -> str:
    return workspace.records().where(name=name) if workspace else name


def write_state(workspace: Workspace, name: str, state: dict[str, Any]) -> None:
    """Write a record. It is not forced to the disk: what a power cut takes costs a message twice, at most."""
    workspace.records().write("", name, state, durable=False)
