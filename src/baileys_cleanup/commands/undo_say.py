"""What `undo` says of what came back, as a document and in words."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from baileys_cleanup.cleaning.restored import Restored
from baileys_cleanup.decision.shards import Shard
from baileys_cleanup.errors import Refused
from baileys_cleanup.output.document import company_problem_fields, place_fields, print_json, problem_fields
from baileys_cleanup.output.text import count, shown
from baileys_cleanup.store.runs import Run

WORDS = {0: "done", 1: "partial", Refused.status: "refused"}


class Undone(NamedTuple):
    """What an undo did of a run. `errors` are about the run as a whole: what kept it from being brought to an end."""

    run: Run
    companies: Sequence[Restored]
    errors: Sequence[str] = ()

    @property
    def status(self) -> int:
        """The exit status."""
        return status_of(
            any(company.refused for company in self.companies),
            self.errors or any(company.stayed or company.cut for company in self.companies),
        )

    @property
    def is_cut(self) -> bool:
        """Whether it was not brought to an end, so that nobody knows what else came back."""
        return bool(self.errors) or any(company.cut for company in self.companies)


def status_of(refused: object, partial: object) -> int:
    """Return the exit status: 4 where a guard said no, 1 where something stayed away."""
    return Refused.status if refused else int(bool(partial))


def _cut(company: Restored) -> str:
    """Return why it was not brought to an end, and how many may be back of which nothing is told."""
    unknown = f"; {count(len(company.unknown), 'more file')} may be back as well" if company.unknown else ""
    return f"{company.cut}{unknown}"


def _of(shard: Shard | None) -> str | None:
    return None if shard is None else str(shard)


def undo_fields(undone: Undone, again: Counter[str], shard: Shard | None = None, *, stopped: bool) -> dict[str, Any]:
    """Return what one run brought back, as a document. `again` is what the next run would remove, by setting."""
    restored = undone.companies
    stayed = sum(len(company.stayed) for company in restored)
    return {
        "run_id": undone.run.run_id,
        "shard": _of(shard),
        "status": "stopped" if stopped else WORDS[undone.status],
        "companies": [
            {
                "company_id": shown(company.company_id),
                "files": {"restored": len(company.files), "stayed": len(company.stayed)},
                "restored_files": [shown(name) for name in company.files],
                "stayed": [
                    {"file": None if name is None else shown(name), "reason": reason} for name, reason in company.stayed
                ],
            }
            for company in restored
        ],
        "totals": {"restored": sum(len(company.files) for company in restored), "stayed": stayed},
        "errors": [
            *(company_problem_fields(company.company_id, _cut(company)) for company in restored if company.cut),
            *map(problem_fields, undone.errors),
        ],
        "removed_again_by_the_next_run": again.total(),
        "settings_that_keep_them": sorted(again),
    }


def tell_undo(
    write: Callable[[str], object], undone: Undone, again: Counter[str], *, store: str, options: str = ""
) -> None:
    """Say what one run brought back, and what the next run would remove again, by the setting that keeps it.

    `options` lead a later command to the same `store`.
    """
    run, restored = undone.run, undone.companies
    for company in restored:
        write(f"company {shown(company.company_id)}: {count(len(company.files), 'file')} brought back\n")
        if company.cut:
            write(f"  not brought to an end: {shown(_cut(company))}\n")
        for name, reason in company.stayed:
            write(f"  stays in the quarantine: {shown(name)}: {reason}\n" if name is not None else f"  {reason}\n")
    stayed = sum(len(company.stayed) for company in restored)
    back = sum(len(company.files) for company in restored)
    write(f"Run {run.run_id}: {count(back, 'file')} brought back, {stayed:,} could not be.\n")
    for error in undone.errors:
        write(f"Run {run.run_id}: {shown(error)}\n")
    if undone.is_cut or any(company.failed for company in restored):
        what = "What else is" if any(company.lost for company in restored) else "What is"
        write(
            f"{what} not back lies in the quarantine of {shown(store)}, and comes back with:"
            f" baileys-cleanup undo {run.run_id}{options}\n"
        )
    elif again:
        write(
            f"The next run would remove the same files again ({again.total():,} of them). What keeps them:"
            f" {', '.join(sorted(again))}, for all companies or for one, in the settings file.\n"
        )
    elif back:
        write("The next run would keep them, as things stand now.\n")


def tell_nothing(path: str, run_id: str, shard: Shard, write: Callable[[str], object], *, as_json: bool) -> int:
    """Say that nothing of a shard is to be brought back: all is as it was asked for."""
    if as_json:
        none: dict[str, Any] = {"status": WORDS[0], "companies": [], "totals": {"restored": 0, "stayed": 0}}
        none["errors"] = []
        again = {"removed_again_by_the_next_run": 0, "settings_that_keep_them": []}
        run = None if run_id == "latest" else run_id
        print_json(write, {**place_fields(path), "shard": _of(shard), "run_id": run, **none, **again})
    else:
        what = "any run" if run_id == "latest" else f"run {run_id}"
        write(f"Nothing that {what} removed from companies of shard {shard} lies in the quarantine.\n")
    return 0
