"""The memory of the monitor, between looks and between processes: the last counts, and what was told of whom."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from baileys_cleanup.decision.levels import Level
from baileys_cleanup.store.store import Workspace
from baileys_cleanup.watch.remember.state_file import not_ours, read_state, write_state
from baileys_cleanup.watch.tell.alerts import ActionTaken, LastAlert

_NAME = "monitor"


class Company(NamedTuple):
    """What is remembered of one company: its files at the last look, what was told of it, and what is to be told."""

    counted: int
    told: LastAlert | None = None
    actions: tuple[ActionTaken, ...] = ()


def read_memory(workspace: Workspace | None) -> tuple[dict[str, Company], str | None]:
    """Return what is remembered, nothing where it cannot be read, and in words what is wrong with the file."""
    try:
        return load_memory(workspace)
    except OSError as error:
        return {}, error.strerror


def load_memory(workspace: Workspace | None) -> tuple[dict[str, Company], str | None]:
    """Return what is remembered, by company id, and in words what is wrong with the file.

    Raises OSError where it cannot be read: nothing may be written over it.
    """
    state, problem = read_state(workspace, _NAME)
    try:
        companies = state.get("companies", {}).items()
        return {company_id: _company(value) for company_id, value in companies}, problem
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        return {}, not_ours(workspace, _NAME)


def write_memory(workspace: Workspace, memory: Mapping[str, Company]) -> None:
    """Write what is to be remembered. Raises OSError when that cannot be done."""
    write_state(workspace, _NAME, {"companies": {name: _value(company) for name, company in memory.items()}})


def still(memory: Mapping[str, Company], there: Iterable[str]) -> dict[str, Company]:
    """Return the memory without the companies that are not there any more."""
    return {name: memory[name] for name in there if name in memory}


def _company(value: dict[str, Any]) -> Company:
    told = value.get("told")
    return Company(
        int(value["counted"]),
        _last_alert(told, int(value["counted"])) if told else None,
        tuple(ActionTaken(str(each["text"]), _names(each["owed"])) for each in value.get("actions", ())),
    )


def _last_alert(told: dict[str, Any], counted: int) -> LastAlert:
    return LastAlert(
        Level(told["level"]),
        int(told["at"]),
        _names(told["owed"]),
        int(told.get("counted", counted)),
        str(told.get("trouble", "")),
        _names(told.get("services", [])),
    )


def _names(value: list[Any]) -> tuple[str, ...]:
    return tuple(str(name) for name in value)


def _value(company: Company) -> dict[str, Any]:
    value: dict[str, Any] = {"counted": company.counted}
    if company.told:
        value["told"] = company.told._asdict()
    if company.actions:
        value["actions"] = [each._asdict() for each in company.actions]
    return value
