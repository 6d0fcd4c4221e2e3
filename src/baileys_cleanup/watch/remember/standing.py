"""What quiet runs have said of companies: so that a mail does not say every night what stands since the first."""

from typing import Any

from baileys_cleanup.output.quiet import QuietReport, Standing
from baileys_cleanup.store.store import Workspace
from baileys_cleanup.watch.remember.state_file import not_ours, read_state, write_state

_NAME = "standing"


def remember(workspace: Workspace, report: QuietReport, *, whole: bool) -> str | None:
    """Tell the report what stands since earlier runs, and record what stands now; say what is wrong with the record.

    `whole`: the run was over all companies, so that those that are gone are forgotten. Raises OSError when the
    record cannot be read or nothing can be recorded.
    """
    state, problem = read_state(workspace, _NAME)
    try:
        known = {name: _standing(value) for name, value in state.get("companies", {}).items()}
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        known, problem = {}, not_ours(workspace, _NAME)
    now = report.recall(known, whole=whole)
    if now != known:
        write_state(workspace, _NAME, {"companies": {name: each._asdict() for name, each in now.items()}})
    return problem


def _standing(value: dict[str, Any]) -> Standing:
    return Standing(tuple(str(sentence) for sentence in value["sentences"]), int(value["counted"]))
