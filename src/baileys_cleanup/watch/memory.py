"""The memory of the monitor, between looks and between processes: the last counts, and what was told of whom."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from baileys_cleanup.level import Level
from baileys_cleanup.toolfolder import ToolFolder
from baileys_cleanup.watch.alerts import Told
from baileys_cleanup.watch.state import not_ours, read_state, write_state

_NAME = "monitor.json"


class Company(NamedTuple):
    """What is remembered of one company: its files at the last look, and what was told of it."""

    counted: int
    told: Told | None = None


def read_memory(tool: ToolFolder) -> tuple[dict[str, Company], str | None]:
    """Return what is remembered, by company id, and in words what is wrong with the file."""
    state, problem = read_state(tool, _NAME)
    try:
        companies = state.get("companies", {}).items()
        return {company_id: _company(value) for company_id, value in companies}, problem
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        return {}, not_ours(tool, _NAME)


def write_memory(tool: ToolFolder, memory: Mapping[str, Company]) -> None:
    """Write what is to be remembered. Raises OSError when that cannot be done."""
    write_state(tool, _NAME, {"companies": {name: _value(company) for name, company in memory.items()}})


def still(memory: Mapping[str, Company], there: Iterable[str]) -> dict[str, Company]:
    """Return the memory without the companies that are not there any more."""
    return {name: memory[name] for name in there if name in memory}


def _company(value: dict[str, Any]) -> Company:
    told = value.get("told")
    owed = tuple(str(service) for service in told["owed"]) if told else ()
    return Company(int(value["counted"]), Told(Level(told["level"]), int(told["at"]), owed) if told else None)


def _value(company: Company) -> dict[str, Any]:
    return {"counted": company.counted, **({"told": company.told._asdict()} if company.told else {})}
