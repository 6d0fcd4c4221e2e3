"""The smaller commands, each a function of what it needs: undo, explain, settings."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from baileys_cleanup.audit import open_audit
from baileys_cleanup.authfile import Kind
from baileys_cleanup.cleanup import World
from baileys_cleanup.company import Terms, look_and_plan
from baileys_cleanup.config import Loaded, Settings
from baileys_cleanup.errors import CompanyProblem, UsageProblem
from baileys_cleanup.explain import explain
from baileys_cleanup.folder import PREFIX, Root, open_root
from baileys_cleanup.lock import hold_lock
from baileys_cleanup.removal import settle, tidy
from baileys_cleanup.retention import Rule, Verdict
from baileys_cleanup.runs import UNDOING, Run, timestamp, write_run
from baileys_cleanup.summary import SCHEMA_VERSION, table, verdict_fields
from baileys_cleanup.text import count, few, shown, size
from baileys_cleanup.toolfolder import open_tool_folder
from baileys_cleanup.undo import Restored, Undoable, choose_run, undo_company, undoable_runs

Write = Callable[[str], object]


def _unpainted(text: str, _word: str) -> str:
    return text


def _print_json(write: Write, document: dict[str, Any]) -> None:
    write(json.dumps({"schema_version": SCHEMA_VERSION, **document}, indent=1) + "\n")


# --- undo -----------------------------------------------------------------------------------------------

_KEEPING = {
    Kind.SESSION: "retention.session_max_age_days",
    Kind.SENDER_KEY: "retention.sender_key_max_age_days",
    Kind.SENDER_KEY_MEMORY: "retention.sender_key_max_age_days",
    Kind.PRE_KEY: "retention.max_pre_keys",
}


def list_runs(settings: Settings, write: Write, *, again: str = "", as_json: bool) -> int:
    """List the runs that can be undone, newest first. Returns the exit status.

    `again` are the options that a later command needs to find the same sessions root.
    """
    with open_root(settings.sessions_root) as root, open_tool_folder(root, create=False) as tool:
        found, broken = undoable_runs(tool) if tool else ([], [])
    if as_json:
        _print_json(write, {"runs": [_run_fields(entry) for entry in found], "unreadable_records": broken})
        return 0
    if not found:
        write(f"Nothing to undo under {shown(root.path)}.\n")
    else:
        rows = [
            [
                entry.run.run_id,
                timestamp(entry.run.started),
                str(len(entry.companies)),
                str(entry.files),
                size(entry.size),
                timestamp(entry.run.due),
            ]
            for entry in found
        ]
        head = ["RUN", "STARTED", "COMPANIES", "FILES", "SIZE", "DELETED FOR GOOD AFTER"]
        for line in table([head, *rows], _unpainted, None):
            write(line + "\n")
        write(f"\nTo bring back what a run removed: baileys-cleanup undo RUN [--company ID]{again}\n")
    if broken:
        write(f"warning: records that cannot be read, their files are kept: {few(broken)}\n")
    return 0


def _run_fields(entry: Undoable) -> dict[str, Any]:
    return {
        "run_id": entry.run.run_id,
        "started_at": timestamp(entry.run.started),
        "undo_days": entry.run.undo_days,
        "deleted_after": timestamp(entry.run.due),
        "files": entry.files,
        "bytes": entry.size,
        "companies": {shown(company_id): files for company_id, files in entry.companies.items()},
    }


def undo_run(
    settings: Settings, run_id: str, wanted: Sequence[str], world: World, write: Write, *, as_json: bool
) -> int:
    """Bring back what one run removed. Returns 0, or 1 when something had to stay away."""
    with open_root(settings.sessions_root) as root, open_tool_folder(root, create=False) as tool:
        if tool is None:
            raise UsageProblem(f"nothing was ever removed under {shown(root.path)}, so there is no run to undo")
        with hold_lock(tool), open_audit(tool, world.clock) as audit:
            run, ids = choose_run(tool, run_id, wanted)
            settle(root, tool, run)
            write_run(tool, run._replace(state=UNDOING))
            audit.write("undo", run=run.run_id)
            restored: list[Restored] = []
            for company_id in ids:
                if world.stopping():
                    break
                restored.append(undo_company(root, tool, run, company_id, wait=world.wait, stopping=world.stopping))
            settle(root, tool, run._replace(state=UNDOING))
            tidy(tool, run)
    stayed = sum(len(company.stayed) for company in restored)
    back = sum(len(company.files) for company in restored)
    if as_json:
        _print_json(write, _undo_fields(run, restored, stopped=world.stopping()))
    else:
        _tell_undo(write, run, restored, back, stayed)
    return 1 if stayed else 0


def _undo_fields(run: Run, restored: list[Restored], *, stopped: bool) -> dict[str, Any]:
    stayed = sum(len(company.stayed) for company in restored)
    return {
        "run_id": run.run_id,
        "status": "stopped" if stopped else "partial" if stayed else "done",
        "companies": [
            {
                "company_id": shown(company.company_id),
                "restored": len(company.files),
                "restored_files": [shown(name) for name in company.files],
                "stayed": [
                    {"file": None if name is None else shown(name), "reason": reason} for name, reason in company.stayed
                ],
            }
            for company in restored
        ],
        "totals": {"restored": sum(len(company.files) for company in restored), "stayed": stayed},
        "settings_that_keep_them": _keeping(restored),
    }


def _keeping(restored: list[Restored]) -> list[str]:
    return sorted({_KEEPING[kind] for company in restored for kind in company.kinds if kind in _KEEPING})


def _tell_undo(write: Write, run: Run, restored: list[Restored], back: int, stayed: int) -> None:
    for company in restored:
        write(f"company {shown(company.company_id)}: {count(len(company.files), 'file')} brought back\n")
        for name, reason in company.stayed:
            write(f"  stays in the quarantine: {shown(name)}: {reason}\n" if name is not None else f"  {reason}\n")
    write(f"Run {run.run_id}: {count(back, 'file')} brought back, {stayed:,} could not be.\n")
    if back:
        write(
            "The next run would remove the same files again. What keeps them:"
            f" {', '.join(_keeping(restored))}, for all companies or for one, in the settings file.\n"
        )


# --- explain --------------------------------------------------------------------------------------------


def explain_files(
    settings: Settings,
    companies: Sequence[str],
    files: Sequence[str],
    world: World,
    write: Write,
    *,
    as_json: bool,
) -> None:
    """Explain the files of companies, or only the named ones; `files` are names or paths that end in one."""
    with open_root(settings.sessions_root) as root:
        wanted_in, names = _targets(root, companies, files)
        ids = root.select(wanted_in) if wanted_in else root.company_ids()[0]
        documents = [_explain_company(root, company_id, settings, names, world) for company_id in ids]
    found = {entry["file"] for document in documents for entry in document["files"]}
    missing = [name for name in names if shown(name) not in found]
    if missing:
        where = few([PREFIX + company_id for company_id in ids])
        raise UsageProblem(f"there is no auth file {few(missing)} in {where}")
    if as_json:
        _print_json(write, {"companies": documents})
        return
    for document in documents:
        _tell_company(write, document)


def _targets(root: Root, companies: Sequence[str], files: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split `company_7/pre-key-1.json` into company and name; a company alone may be named, too.

    Raises UsageProblem for a path that leads out of the root.
    """
    wanted = list(companies)
    names: list[str] = []
    for target in files:
        folder, name = os.path.split(target.rstrip("/"))
        above, company = os.path.split(folder)
        path_of_root = above if company.startswith(PREFIX) else folder
        if path_of_root and os.path.realpath(path_of_root) != root.path:
            raise UsageProblem(f"{shown(target)!r} is not under the sessions root {shown(root.path)}")
        if company.startswith(PREFIX):
            wanted.append(company)
            names.append(name)
        elif name.startswith(PREFIX):
            wanted.append(name)
        elif folder:
            raise UsageProblem(
                f"{shown(target)!r} is no auth file: give a name, or a path that ends in company_<id>/<name>"
            )
        else:
            names.append(name)
    return wanted, names


def _explain_company(
    root: Root, company_id: str, settings: Settings, names: Sequence[str], world: World
) -> dict[str, Any]:
    terms = Terms(world.now, settings.levels, settings.max_removals, world.wait, world.stopping)
    try:
        with root.company(company_id) as company:
            sight = look_and_plan(company, settings.policy_for(company_id), terms)
    except CompanyProblem as problem:
        raise UsageProblem(f"company {shown(company_id)}: {problem}") from None
    verdicts = sorted([*sight.plan.removals, *sight.plan.keeps], key=_order)
    return {
        "company_id": shown(company_id),
        "creds": sight.creds_problem,
        "files": [_file_fields(v, world.now) for v in verdicts if not names or v.file.name in names],
    }


def _order(verdict: Verdict) -> tuple[int, bool, Rule, int, str]:
    name = verdict.file.name
    return list(Kind).index(verdict.file.kind), not verdict.remove, verdict.rule, len(name), name


def _file_fields(verdict: Verdict, now: int) -> dict[str, Any]:
    words = explain(verdict.file.kind, verdict.rule)
    return {
        **verdict_fields(verdict, now),
        "verdict": "remove" if verdict.remove else "keep",
        "meaning": words.meaning,
        "consequence": words.notice,
    }


def _tell_company(write: Write, document: dict[str, Any]) -> None:
    write(f"company {document['company_id']}\n")
    if document["creds"]:
        write(f"  warning: {document['creds']}\n")
    said: tuple[str, str, str] | None = None
    for file in document["files"]:
        heading = (file["kind"], file["verdict"], file["consequence"])
        if heading != said:
            verdict = "would be removed" if file["verdict"] == "remove" else "stays"
            write(f"\n  {file['kind']}: {file['meaning']}; {verdict}\n")
            write(f"    if it goes: {file['consequence']}\n")
            said = heading
        write(f"      {file['file']}: {file['reason']}\n")
    write("\n")


# --- settings -------------------------------------------------------------------------------------------


def list_settings(loaded: Loaded, write: Write, *, as_json: bool) -> None:
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
    if as_json:
        settings = {name: {"value": value, "source": loaded.source(name)} for name, value in values.items()}
        _print_json(write, {"settings": settings})
        return
    rows = [[shown(name), _written(value), shown(loaded.source(name))] for name, value in values.items()]
    for line in table([["SETTING", "VALUE", "FROM"], *rows], _unpainted, None):
        write(line + "\n")


def _written(value: object) -> str:
    return "none" if value is None else shown(str(value).lower() if isinstance(value, bool) else str(value))
