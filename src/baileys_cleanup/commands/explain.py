"""`explain`: say what each auth file is, what would happen to it and why, and what users would notice."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import click

from baileys_cleanup.cleaning.look import Sight, Terms, look_at_all
from baileys_cleanup.cleaning.remarks import Remarks, remarks
from baileys_cleanup.cleaning.waiting_keys import waiting_keys
from baileys_cleanup.cleaning.world import World
from baileys_cleanup.commands.options import CONTEXT, Output, json_output, load_settings, only_companies, where, world
from baileys_cleanup.decision.consequences import explain
from baileys_cleanup.decision.devices import Devices
from baileys_cleanup.decision.judgement import of_shared_device
from baileys_cleanup.decision.names import COMPANY_PREFIX, Kind
from baileys_cleanup.decision.policy import Policy
from baileys_cleanup.decision.verdict import Rule, Verdict
from baileys_cleanup.errors import CompanyProblem, UsageProblem, in_words
from baileys_cleanup.output.document import place_fields, print_json, problem_fields, verdict_fields
from baileys_cleanup.output.judgement import in_words as finding_in_words
from baileys_cleanup.output.text import few, shown
from baileys_cleanup.settings.values import Settings
from baileys_cleanup.store.open import open_to_look
from baileys_cleanup.store.store import Store


def explain_files(
    settings: Settings,
    companies: Sequence[str],
    files: Sequence[str],
    world: World,
    write: Callable[[str], object],
    *,
    as_json: bool,
) -> int:
    """Explain the files of companies, or only the named ones; `files` are names or paths that end in one.

    Returns the exit status: 1 when a company could not be looked at, which keeps no other from being explained.
    """
    with open_to_look(settings.place, settings.exclude) as store:
        wanted_in, names = _targets(store, companies, files)
        ids = store.select(wanted_in) if wanted_in else store.company_ids()[0]
        with store.workspace(create=False) as workspace:
            waiting = waiting_keys(workspace)
        terms = Terms(world.now, settings.levels, None, world.wait, world.stopping, waiting=waiting, devices=Devices())
        documents = [_explain_company(store, company_id, settings, names, terms) for company_id in ids]
    found = {entry["file"] for document in documents for entry in document["verdicts"]}
    missing = [name for name in names if shown(name) not in found]
    if missing and not any(document["errors"] for document in documents):
        where = few([COMPANY_PREFIX + company_id for company_id in ids])
        raise UsageProblem(f"there is no auth file {few(missing)} in {where}")
    if as_json:
        print_json(write, {**place_fields(store.path), "companies": documents})
    elif not ids:
        write(f"There is no company_<id> folder in {shown(store.path)}.\n")
    for document in documents if not as_json else ():
        _tell_company(write, document)
    return int(any(document["errors"] for document in documents))


def _targets(store: Store, companies: Sequence[str], files: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split `company_7/pre-key-1.json` into company and name; a company alone may be named, too.

    Raises UsageProblem for a path that leads out of the root.
    """
    wanted = list(companies)
    names: list[str] = []
    for target in files:
        folder, name = os.path.split(target.rstrip("/"))
        above, company = os.path.split(os.path.realpath(folder))
        if folder.startswith(COMPANY_PREFIX) and "/" not in folder:  # as seen from the root, wherever one stands
            above, company = store.path, folder
        if not folder and name and not name.startswith(COMPANY_PREFIX):
            names.append(name)
        elif name.startswith(COMPANY_PREFIX) and (not folder or os.path.realpath(folder) == store.path):
            wanted.append(name)
        elif folder and above == store.path and company.startswith(COMPANY_PREFIX):
            wanted.append(company)
            names.append(name)
        else:
            raise UsageProblem(
                f"{shown(target)!r} is no auth file under the sessions root {shown(store.path)}: give a name, or a path"
                " that ends in company_<id>/<name>"
            )
    return wanted, names


def _explain_company(
    store: Store, company_id: str, settings: Settings, names: Sequence[str], terms: Terms
) -> dict[str, Any]:
    try:
        with store.company(company_id, anywhere=True) as company:
            sight = look_at_all(company, settings.policy_for(company_id), terms)
    except CompanyProblem as problem:
        return _document(company_id, [], _NOTHING, terms.now, [problem_fields(str(problem))])
    except OSError as error:
        sentence = f"its folder cannot be read: {in_words(error)}"
        return _document(company_id, [], _NOTHING, terms.now, [problem_fields(sentence)])
    verdicts = sorted([*sight.plan.removals, *sight.plan.keeps], key=_order)
    wanted = [verdict for verdict in verdicts if not names or verdict.file.name in names]
    return _document(
        company_id, wanted, _said_of(company_id, sight, settings.policy_for(company_id), terms), terms.now, []
    )


_NOTHING = Remarks([], [])


def _said_of(company_id: str, sight: Sight, policy: Policy, terms: Terms) -> Remarks:
    """Return what is to be said of a company as a whole, beside its files."""
    said = remarks(sight.plan, policy)
    shared = terms.met(company_id, sight.account)
    first = [sight.account.problem] if sight.account.problem else []
    first += [finding_in_words(of_shared_device(shared))] if shared else []
    return Remarks([*first, *said.warnings], said.notes)


def _document(
    company_id: str, verdicts: Sequence[Verdict], said: Remarks, now: int, errors: list[dict[str, Any]]
) -> dict[str, Any]:
    removed = sum(verdict.remove for verdict in verdicts)
    return {
        "company_id": shown(company_id),
        "files": {"seen": len(verdicts), "removed": removed, "kept": len(verdicts) - removed},
        "verdicts": [_file_fields(verdict, now) for verdict in verdicts],
        "warnings": said.warnings,
        "notes": said.notes,
        "errors": errors,
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
        "written": words.written,
        "consequence": words.notice,
    }


def _tell_company(write: Callable[[str], object], document: dict[str, Any]) -> None:
    write(f"company {document['company_id']}\n")
    for problem in document["errors"]:
        write(f"  error: {problem['error']}\n")
    for warning in document["warnings"]:
        write(f"  warning: {warning}\n")
    for note in document["notes"]:
        write(f"  note: {note}\n")
    said: tuple[str, str, str] | None = None
    for file in document["verdicts"]:
        heading = (file["kind"], file["verdict"], file["consequence"])
        if heading != said:
            verdict = "would be removed" if file["verdict"] == "remove" else "stays"
            write(f"\n  {file['kind']}: {file['meaning']}; {verdict}\n")
            write(f"    written {file['written']}\n")
            write(f"    if it goes: {file['consequence']}\n")
            said = heading
        write(f"      {file['file']}: {file['reason']}\n")
    write("\n")


@click.command("explain", context_settings=CONTEXT)
@click.argument("files", nargs=-1, metavar="[FILE]...")
@only_companies
@where
@json_output
@click.pass_context
def command(ctx: click.Context, /, files: tuple[str, ...], companies: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401
    """Say what each auth file is, what would happen to it and why, and what users would notice.

    FILE is a name in the company's folder, or a path that ends in company_<id>/<name>.
    """
    settings = load_settings(options["sessions_root"], options["config"], store=options["store"]).settings
    output = Output()
    status = explain_files(settings, companies, files, world(lambda: False), output.write, as_json=options["as_json"])
    ctx.exit(max(status, int(output.failed)))
