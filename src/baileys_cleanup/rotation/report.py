"""What is said of a rotation: its steps, its files and its end, in words and for JSON. Pure."""

import shlex
from collections.abc import Callable
from typing import Any

from baileys_cleanup.cleaning.hooks import hook_of
from baileys_cleanup.output.text import count, few, shown, size
from baileys_cleanup.rotation.plan import FileDecision
from baileys_cleanup.rotation.rotate import Rotated
from baileys_cleanup.rotation.states import Journal, State, in_words
from baileys_cleanup.settings.values import Settings


def status_of(journal: Journal) -> str:
    """Return the word for how a rotation stands."""
    return "done" if journal.done else "rolled_back" if not journal.open else "open"


def fields(rotated: Rotated, *, dry_run: bool, status: str, warnings: list[str]) -> dict[str, Any]:
    """Return a rotation for JSON."""
    journal, seen = rotated.journal, rotated.seen
    fresh = journal.fresh
    return {
        "run_id": journal.run_id,
        "company_id": shown(journal.company_id),
        "mode": journal.mode,
        "dry_run": dry_run,
        "status": status,
        "state": journal.state,
        "backup": shown(journal.backup) or None,
        "files": None
        if seen is None
        else {
            "seen": len(seen.choices),
            "taken": 0 if fresh else len(seen.taken),
            "left": len(seen.choices) if fresh else len(seen.left),
        },
        "warnings": [shown(text) for text in warnings],
    }


def file_fields(choice: FileDecision, journal: Journal | None = None) -> dict[str, Any]:
    """Return what becomes of one file, for JSON; into a fresh folder (`journal` tells) nothing goes along."""
    fresh = journal is not None and journal.fresh
    reason = "the new folder begins empty" if fresh else choice.reason
    return {"file": shown(choice.file.name), "kind": choice.file.kind, "reason": reason, "bytes": choice.file.size}


def strangers(rotated: Rotated) -> list[str]:
    """Return the warning about what is no regular file, if there is any."""
    seen = rotated.seen
    if seen is None or not seen.strangers:
        return []
    return [f"no regular file, and so not taken along: {few(seen.strangers, 50)}"]


def doubts(planned: Rotated) -> list[str]:
    """Return the warnings of a plan: why it could not be carried out as well, and what nobody sees."""
    said = [planned.doubt] if planned.doubt else []
    if planned.unseen:
        said.append(
            "what earlier runs left to be remembered cannot be read, so a rotation that is not finished would not show:"
            f" {planned.unseen}"
        )
    return [*said, *strangers(planned)]


def total(choices: list[FileDecision], journal: Journal) -> str:
    """Return in words how much goes along and how much stays."""
    taken = [choice.file for choice in choices if choice.taken]
    left = len(choices) - len(taken)
    if journal.in_place:
        return f"{count(len(taken), 'key')} stay, {left:,} removed"
    along = f"{count(len(taken), 'file')} ({size(sum(file.size for file in taken))}) taken along"
    return f"{along}, {left:,} left in the former folder"


def outcome(rotated: Rotated) -> str:
    """Return in words what became of a rotation."""
    journal = rotated.journal
    company = f"company {shown(journal.company_id)}"
    if journal.done:
        files = ""
        if rotated.seen is not None and not journal.fresh:
            files = f": {total(rotated.seen.choices, journal)}"
        return f"{company}: {'a new folder is paired' if journal.fresh else 'rotated'}{files}."
    if not journal.open:
        return f"{company}: {'taken back' if journal.in_place else 'its former folder lives again'}."
    return f"{company}: the rotation is {in_words(journal.state)}."


def step(state: State, planned: Rotated, settings: Settings, *, backs_up: bool) -> str:
    """Return what the step to a state does, in words; `backs_up` says whether backups are made."""
    journal = planned.journal

    def call(name: str, otherwise: str) -> str:
        hook = hook_of(settings, name, journal.company_id, planned.folder)
        return f"run {hook.name}: {shown(shlex.join(hook.words))}" if hook else otherwise

    steps: dict[State, Callable[[], str]] = {
        State.BACKED_UP: lambda: (
            "make a backup and verify it" if backs_up else f"make no backup: {_kept(journal, settings)}"
        ),
        State.STOPPED: lambda: call("stop_command", "rotate.stop_command is not set: the bot must be stopped already"),
        State.BUILT: lambda: "make an empty folder" if journal.fresh else "copy the files below into a new folder",
        State.SWITCHED: lambda: "switch the two folders in one step",
        State.REMOVED: lambda: "move the keys below that go into the quarantine, in one step",
        State.STARTED: lambda: call("start_command", "rotate.start_command is not set: start the bot then"),
        State.WAITING: lambda: call("qr_command", "rotate.qr_command is not set: the bot shows the QR code itself"),
        State.PAIRED: lambda: f"wait up to {settings.rotate.timeout} s until the QR code was scanned",
    }
    return steps[state]()


def _kept(journal: Journal, settings: Settings) -> str:
    """Return in words what there is to go back to without a backup."""
    if not journal.in_place:
        return "the whole former folder is kept aside"
    return f"what goes can come back for {count(settings.undo_days, 'day')}"
