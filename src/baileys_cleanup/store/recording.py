"""Opens what the tool keeps beside the companies for who only looks at them, and would note what it saw."""

from contextlib import ExitStack

from baileys_cleanup.errors import LockHeld, NotWritable
from baileys_cleanup.store.store import Store, Workspace


def open_to_record(stack: ExitStack, store: Store) -> tuple[Workspace | None, NotWritable | LockHeld | None]:
    """Open the workspace, made where that is missing; where it cannot be, as it is, and with the reason.

    None is a workspace of which there is nothing. On a root that takes no writes there may be records elsewhere that do
    (`state_dir`): who goes on finds out by holding the lock of what it writes.
    """
    try:
        return stack.enter_context(store.workspace(create=True)), None
    except (NotWritable, LockHeld) as problem:  # another one may be making it at this moment
        why = problem
    try:
        return stack.enter_context(store.workspace(create=False)), why
    except NotWritable:
        return None, why
