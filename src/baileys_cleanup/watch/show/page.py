"""The page of the monitor: one self-contained HTML document, readable without JavaScript, colour or sight. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape

from baileys_cleanup.decision.levels import Level
from baileys_cleanup.output.text import count, shown, size
from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.watch.remember.run_history import Ended
from baileys_cleanup.watch.see.all import Facts
from baileys_cleanup.watch.see.company import Blind, View
from baileys_cleanup.watch.tell.alerts import ACTIONS

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --band: #f6f8fa;
  --excellent: #0b5d2c; --normal: #0b5d2c; --attention: #7a4b00; --warning: #8f3a00; --critical: #a40e26; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0d1117; --ink: #e6edf3; --soft: #9aa4af; --line: #30363d; --band: #161b22;
    --excellent: #56d364; --normal: #56d364; --attention: #e3b341; --warning: #ffa657; --critical: #ff8a80; } }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2, caption { font-size: 1.15rem; font-weight: 600; text-align: left; margin: 0; padding: 1.5rem 0 .5rem; }
p, ul { margin: .25rem 0; }
.soft { color: var(--soft); overflow-wrap: anywhere; }
.levels { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0 0; }
.levels li { border: 1px solid var(--line); border-radius: .5rem; padding: .25rem .75rem; background: var(--band); }
.levels b { font-size: 1.15rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .4rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; border-bottom-width: 2px; }
tbody th { font-weight: 600; overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number, time span { white-space: nowrap; }
.level { font-weight: 700; }
.level::before { content: "\\25cf"; margin-right: .35em; }
.excellent { color: var(--excellent); } .normal { color: var(--normal); } .attention { color: var(--attention); }
.warning { color: var(--warning); } .critical { color: var(--critical); }
.problem { border-left: .3rem solid var(--critical); background: var(--band); padding: .5rem .75rem; margin: 1rem 0 0; }
.note { display: block; font-size: .875rem; }
.note:not(.critical) { color: var(--soft); }
@media (max-width: 36rem) {
  body { padding: .75rem; } th, td { padding: .4rem .2rem; font-size: .8125rem; } .note { font-size: .75rem; } }
"""
"""The page's style sheet: the server names its hash, so that no other style can take part."""


def page(facts: Facts, trends: Mapping[str, int]) -> str:
    """Return the page of one look; `trends` are files more or fewer than at the look before, by company."""
    views = sorted(
        (each for each in facts.seen if isinstance(each, View)), key=lambda view: (-view.counted, view.company_id)
    )
    blind = [each for each in facts.seen if isinstance(each, Blind)]
    return _document(
        f"<p>{count(len(facts.seen), 'company', 'companies')} under"
        f' <span class="soft">{_text(facts.sessions_root)}</span></p>\n'
        f'<p class="soft">Looked at {_time(facts.looked)}. Reload for the last look.</p>\n'
        f"{_levels(views)}{_unreadable(blind)}{_companies(views, trends)}{_runs(facts.history.runs)}{_rest(facts)}"
    )


def trouble(problem: str) -> str:
    """Return the page for the time when there is no look to show."""
    return _document(f'<p class="problem" role="status">There is no present look: {_text(problem)}.</p>\n')


def _document(content: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Baileys companies</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>Baileys companies</h1>\n{content}</main>\n</body>\n</html>\n"
    )


def _text(text: str) -> str:
    return escape(shown(text))


def _time(moment: int) -> str:
    stamp = timestamp(moment)
    return f'<time datetime="{stamp}"><span>{stamp[:10]}</span> <span>{stamp[11:16]} UTC</span></time>'


def _levels(views: Iterable[View]) -> str:
    counts = Counter(view.level for view in views)
    items = (
        f'<li><b>{counts[level]:,}</b> <span class="level {level}">{level}</span></li>\n' for level in reversed(Level)
    )
    return f'<ul class="levels" aria-label="Companies by level">\n{"".join(items)}</ul>\n'


def _unreadable(blind: Iterable[Blind]) -> str:
    return "".join(
        f'<p class="problem">Company {_text(each.company_id)} could not be looked at: {_text(each.problem)}</p>\n'
        for each in blind
    )


def _table(caption: str, heads: Iterable[tuple[str, bool]], rows: str) -> str:
    cells = "".join(f'<th scope="col"{" class=number" if number else ""}>{head}</th>' for head, number in heads)
    return (
        f'<div class="wide" role="region" aria-label="{caption}" tabindex="0">\n<table>\n<caption>{caption}</caption>\n'
        f"<thead><tr>{cells}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )


def _companies(views: Iterable[View], trends: Mapping[str, int]) -> str:
    heads = (("Company", False), ("Files", True), ("Trend", True), ("Level", False), ("Cleanup frees", True))
    rows = "".join(_company(view, trends.get(view.company_id)) for view in views)
    if not rows:
        return '<p class="problem">There is no company folder: is the right disk mounted?</p>\n'
    return _table("Companies, the fullest first", heads, rows)


def _company(view: View, trend: int | None) -> str:
    level, detail = view.level, view.detail
    notes = "" if level in {Level.EXCELLENT, Level.NORMAL} else f'<span class="note">{ACTIONS[level]}</span>'
    if detail is not None and detail.creds_problem:
        # What it means for a cleanup stands behind the colon; here it is enough that the pairing is in danger.
        notes += f'<span class="note critical">{_text(re.split("[:;]", detail.creds_problem)[0])}</span>'
    removable = detail.removable if detail else None
    frees = (
        f"{count(removable.files, 'file')}<br>{size(removable.size)}" if removable and removable.files else "nothing"
    )
    return (
        f'<tr><th scope="row">{_text(view.company_id)}</th><td class="number">{view.counted:,}</td>'
        f'<td class="number">{trend_in_words(trend)}</td>'
        f'<td><span class="level {level}">{level}</span>{notes}</td><td class="number">{frees}</td></tr>\n'
    )


def trend_in_words(trend: int | None) -> str:
    """Return a trend as people read and hear it: `up 3`, `down 2`, `same`, `new` where there is nothing before."""
    if trend is None:
        return "new"
    return f"up {trend:,}" if trend > 0 else f"down {-trend:,}" if trend else "same"


def _runs(runs: Iterable[Ended]) -> str:
    heads = (("Began", False), ("What", False), ("Ended", False), ("Removed", True), ("Took", True))
    rows = "".join(_run(run) for run in runs)
    if not rows:
        return "<h2>The last runs</h2>\n<p>No run is recorded yet.</p>\n"
    return _table("The last runs", heads, rows)


def _run(run: Ended) -> str:
    what = f"{'emergency' if run.emergency else 'cleanup'} of {count(run.companies, 'company', 'companies')}"
    failures = f", {count(run.failures, 'failure')}" if run.failures else ""
    return (
        f'<tr><th scope="row">{_time(run.started)}</th><td>{what}</td>'
        f'<td>{_text(run.status)}{failures}</td><td class="number">{count(run.files, "file")}<br>{size(run.size)}</td>'
        f'<td class="number">{run.seconds:.2f} s</td></tr>\n'
    )


def _rest(facts: Facts) -> str:
    space = facts.space
    inodes = f", {space.free_inodes:,} of {space.inodes:,} inodes" if space.inodes else ""
    return (
        f"<h2>Quarantine and disk</h2>\n<ul>\n<li>In the quarantine: {count(facts.quarantine.files, 'file')},"
        f" {size(facts.quarantine.size)}</li>\n"
        f"<li>Free on the disk: {size(space.free_bytes)}{inodes}</li>\n</ul>\n"
    )
