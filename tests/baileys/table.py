"""Show the lab's results as a Markdown table: what the removal of each kind costs, version by version.

    python tests/baileys/table.py [results.json]

Each cell says what happened to an app with `getMessage`, then to one without, where that differs.
"""

import json
import sys
from pathlib import Path
from typing import Any

import install
from cases import CASES
from policies import POLICIES

RESULTS = install.INSTALLED / "results.json"


def cell(records: dict[tuple[str, str, bool], dict[str, Any]], case: str, version: str) -> str:
    """One removal in one version, for an app with `getMessage` and without."""
    stored = records.get((case, version, True))
    if stored is None:
        return "-"
    plain = records[case, version, False]
    with_it, without = words(stored), words(plain)
    return with_it if with_it == without else f"{with_it}; without: {without}"


def words(record: dict[str, Any]) -> str:
    """`clean`, or how many deliveries needed a retry or were lost."""
    if not record["paired"]:
        return "**pairing gone**"
    counts = record["counts"]
    parts = [f"{counts['retry']} retried"] if counts["retry"] else []
    if counts["lost"]:
        parts.append(f"**{counts['lost']} lost**")
    text = ", ".join(parts) or "clean"
    if record["minted"] and record["worst"] == "clean":
        text += f" (+{record['minted']} pre-keys made)"
    return text


def table(results: list[dict[str, Any]]) -> str:
    """The whole table."""
    records = {(one["case"], one["version"], one["get_message"]): one for one in results}
    titles = [(case.name, case.title) for case in CASES] + [(policy.name, policy.title) for policy in POLICIES]
    rows = [("removed", *install.VERSIONS), ("---",) * (len(install.VERSIONS) + 1)]
    for name, title in titles:
        cells = [cell(records, name, version) for version in install.VERSIONS]
        if set(cells) != {"-"}:
            rows.append((title, *cells))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS
    print(table(json.loads(path.read_text())))
