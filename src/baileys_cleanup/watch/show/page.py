"""The page of the monitor: one self-contained HTML document, readable without JavaScript, colour or sight. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape

from baileys_cleanup.decision.judgement import Cause
from baileys_cleanup.decision.levels import Level
from baileys_cleanup.output.judgement import alike, command, help_in_words
from baileys_cleanup.output.text import count, named, shown, size
from baileys_cleanup.output.timestamp import timestamp
from baileys_cleanup.watch.remember.run_history import Ended
from baileys_cleanup.watch.see.all import Facts
from baileys_cleanup.watch.see.company import View
from baileys_cleanup.watch.show.asked import DEAD, ORDERS, SILENT, Asked
from baileys_cleanup.watch.show.style import STYLE
from baileys_cleanup.watch.show.words import ago, trend_in_words

_MOST_ROWS = 500
"""Companies in the table; more are found by the filter."""
_NO_BREAK = "\N{NO-BREAK SPACE}"
_MOST_NAMED = 10
"""Dead pairings with a paragraph of their own at the top; all are in the table."""


def page(facts: Facts, trends: Mapping[str, int], host: str, asked: Asked, refresh: int) -> str:
    """Return the page of one look; `trends` are files more or fewer than at the look before, by company.

    `refresh` is after how many seconds it loads itself again, where nobody asked it to stand still.
    """
    views = facts.views
    place = f"{shown(facts.sessions_root)} on {shown(host)}" if host else shown(facts.sessions_root)
    critical = sum(view.level is Level.CRITICAL for view in views)
    dead = [view for view in views if view.pairing.dead]
    marks = [f"{len(dead):,} dead"] * bool(dead) + [f"{critical:,} critical"] * bool(critical)
    some = count(len(facts.seen), "company", "companies")
    shard = f" of shard {facts.shard}" if facts.shard else ""
    title = f"{', '.join(marks) or 'all well'} - {place} - Baileys companies"
    return _document(
        title,
        f'<p>{some}{shard} under <span class="soft">{escape(place)}</span></p>\n'
        f"{_moment(facts, asked, refresh)}{_cards(facts, views, dead)}"
        f"{_dead(dead, facts.again)}{_unseen(facts)}{_levels(views, asked)}{_form(asked)}"
        f"{_companies(facts, views, trends, asked)}{_runs(facts)}",
        0 if asked.still else refresh,
    )


def trouble(problem: str) -> str:
    """Return the page for the time when there is no look to show."""
    said = f'<p class="problem" role="status">There is no present look: {_text(problem)}.</p>\n'
    return _document("no present look - Baileys companies", said, 10)


def _document(title: str, content: str, refresh: int) -> str:
    again = f'<meta http-equiv="refresh" content="{refresh}">\n' if refresh else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n{again}'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>Baileys companies</h1>\n{content}</main>\n</body>\n</html>\n"
    )


def _text(text: str) -> str:
    return escape(shown(text))


def _time(moment: int) -> str:
    stamp = timestamp(moment)
    return f'<time datetime="{stamp}"><span>{stamp[:10]}</span> <span>{stamp[11:16]} UTC</span></time>'


def _link(asked: Asked, words: str) -> str:
    return f'<a href="{escape(asked.address())}">{words}</a>'


def _moment(facts: Facts, asked: Asked, refresh: int) -> str:
    still = asked._replace(still=not asked.still)
    again = "It stands still; " if asked.still else f"This page loads itself again every {refresh} seconds; "
    again += _link(still, "let it load itself again" if asked.still else "let it stand still")
    text = f'<p class="soft">Looked at {_time(facts.looked)}. {again}.</p>\n'
    if facts.waiting:
        seen = count(len(facts.seen), "company is", "companies are")
        text += (
            f'<p class="hint" role="status">{seen} looked at, {facts.waiting:,} not yet: the first look goes on.</p>\n'
        )
    return text


def _cards(facts: Facts, views: list[View], dead: list[View]) -> str:
    space, clean = facts.space, facts.history.clean
    inodes = f", {100 * space.free_inodes // space.inodes} % of the inodes" if space and space.inodes else ""
    last = "none is recorded" if clean is None else f"{_text(clean.status)}, {ago(facts.looked, clean.ended)} ago"
    if clean is not None and clean.status != "done" and facts.history.success is not None:
        last += f"; the last good one {ago(facts.looked, facts.history.success)} ago"
    files = sum(view.detail.removable.files for view in views if view.detail)
    freed = sum(view.detail.removable.size for view in views if view.detail)
    silent = sum(view.silent for view in views)
    cards = [
        ("Dead pairings", f'<span class="{"critical" if dead else "excellent"}">{len(dead):,}</span>'),
        ("Last cleanup", last.replace("now ago", "just now")),
        ("A cleanup frees", f"{count(files, 'file')}, {size(freed)}"),
        *([("Free on the disk", f"{size(space.free_bytes)}{inodes}")] if space else []),
        ("In the quarantine", f"{count(facts.quarantine.files, 'file')}, {size(facts.quarantine.size)}"),
    ]
    cards += [("Silent for long", _link(Asked(SILENT), count(silent, "company", "companies")))] * bool(silent)
    items = "".join(f"<div><dt>{term}</dt><dd>{value}</dd></div>\n" for term, value in cards)
    return f'<dl class="cards">\n{items}</dl>\n'


def _dead(dead: list[View], again: str) -> str:
    """Return a paragraph for the bots that will not come back, by what is wrong, with the command that helps."""
    text = ""
    findings = [(view.company_id, view.judgement.trouble) for view in dead[:_MOST_NAMED]]
    for ids, finding in alike((company_id, finding) for company_id, finding in findings if finding):
        names = ", ".join(f"<b>{_text(company_id)}</b>" for company_id in ids)
        text += (
            f'<p class="problem">{"Company" if len(ids) == 1 else "Companies"} {names}: {_text(finding.sentence)};'
            f" {_text(finding.advice)}: <code>{escape(command(finding.command, again))}</code></p>\n"
        )
    rest = len(dead) - _MOST_NAMED
    return text + (f'<p class="problem">{_link(Asked(DEAD), f"and {rest:,} more")}</p>\n' if rest > 0 else "")


def _unseen(facts: Facts) -> str:
    text = "".join(
        f'<p class="problem">Company {_text(each.company_id)} could not be looked at: {_text(each.problem)}</p>\n'
        for each in facts.unreadable
    )
    over = "".join(f"<li>{escape(named(each.name))}: {escape(each.why)}</li>\n" for each in facts.passed_over)
    return text + (f'<div class="hint">Passed over:\n<ul>\n{over}</ul></div>\n' if over else "")


def _levels(views: Iterable[View], asked: Asked) -> str:
    counts = Counter(view.level for view in views)
    items = ""
    for level in reversed(Level):
        words = f'<b>{counts[level]:,}</b> <span class="level {level}">{level}</span>'
        items += f"<li>{_link(asked._replace(level=level.value), words)}</li>\n"
    return f'<ul class="levels" aria-label="Companies by level">\n{items}</ul>\n'


def _form(asked: Asked) -> str:
    levels = {"": "all", **{level.value: level.value for level in reversed(Level)}, DEAD: "dead", SILENT: "silent"}
    orders = {name: words for name, (words, _) in ORDERS.items()}
    kept = '<input type="hidden" name="still" value="1">' if asked.still else ""
    return (
        '<form method="get" role="search" aria-label="Filter the companies">\n'
        f'<label>Company <input type="search" name="text" value="{escape(asked.text)}"></label>\n'
        f"<label>Level {_select('level', levels, asked.level)}</label>\n"
        f"<label>Order {_select('order', orders, asked.order)}</label>\n"
        f"{kept}<button>Show</button>\n</form>\n"
    )


def _select(name: str, options: Mapping[str, str], chosen: str) -> str:
    items = "".join(
        f'<option value="{value}"{" selected" if value == chosen else ""}>{words}</option>'
        for value, words in options.items()
    )
    return f'<select name="{name}">{items}</select>'


def _table(caption: str, heads: Iterable[tuple[str, str]], rows: str) -> str:
    cells = "".join(f'<th scope="col"{f" class={look}" if look else ""}>{head}</th>' for head, look in heads)
    return (
        f'<div class="wide" role="region" aria-label="{caption}" tabindex="0">\n<table>\n<caption>{caption}</caption>\n'
        f"<thead><tr>{cells}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )


def _companies(facts: Facts, views: list[View], trends: Mapping[str, int], asked: Asked) -> str:
    if not views and not facts.waiting:
        return '<p class="problem">There is no company folder: is the right disk mounted?</p>\n'
    words, key = ORDERS[asked.order]
    chosen = sorted(filter(asked.takes, views), key=key)  # type: ignore[arg-type] # each key has an order
    rows = "".join(_company(facts, view, trends.get(view.company_id)) for view in chosen[:_MOST_ROWS])
    caption = f"Companies, {words}"
    if len(chosen) < len(views):
        caption += f": {len(chosen):,} of {len(views):,}"
    heads = [
        (_link(asked._replace(order="name"), "Company"), ""),
        (_link(asked._replace(order="files"), "Files"), "number"),
        ("Trend", '"number roomy"'),
        ("Level", ""),
        (_link(asked._replace(order="frees"), "Cleanup frees"), "number"),
        (_link(asked._replace(order="written"), "Last write"), '"number roomy"'),
    ]
    more = len(chosen) - _MOST_ROWS
    rest = f'<p class="soft">And {more:,} more: the filter finds them.</p>\n' if more > 0 else ""
    return _table(caption, heads, rows) + rest


def _company(facts: Facts, view: View, trend: int | None) -> str:
    detail = view.detail
    removable = detail.removable if detail else None
    frees = (
        f"{count(removable.files, 'file')}<br>{size(removable.size)}" if removable and removable.files else "nothing"
    )
    last = ago(facts.looked, detail.newest if detail else None)
    trend_words = trend_in_words(trend)
    unbroken = last.replace(" ", _NO_BREAK)
    level = f'<span class="level {view.level}">{view.level}</span>'
    if view.pairing.dead:  # a small folder is no comfort there
        level = f'<span class="level critical">dead</span> <span class="soft">{view.level}</span>'
    return (
        f'<tr><th scope="row">{_text(view.company_id)}<span class="note narrow">last write: {unbroken}</span></th>'
        f'<td class="number">{view.counted:,}<span class="note narrow">{trend_words}</span></td>'
        f'<td class="number roomy">{trend_words}</td>'
        f"<td>{level}{_notes(view, facts.again)}</td>"
        f'<td class="number">{frees}</td><td class="number roomy">{last}</td></tr>\n'
    )


def _notes(view: View, again: str) -> str:
    """Return what is to be said beside a level: nothing where nothing is to be done."""
    notes = ""
    for finding in view.judgement.findings:
        if finding.cause is Cause.FULL:
            gain = finding.sentence.partition("; ")[2].partition(", because")[0]
            notes += f'<span class="note">{_text(gain)}</span>' if gain else ""
            notes += f'<span class="note">{_text(finding.advice)}'
            notes += f": <code>{escape(command(finding.command, again))}</code>" if finding.command else ""
            notes += "</span>"
        elif finding.cause is Cause.NOTHING_REMOVABLE:
            what, _, why = finding.sentence.partition("; ")[2].partition(": ")
            notes += f'<details class="note"><summary>{_text(what)}</summary>{_text(why)}</details>'
        else:
            look = "note critical" if finding.cause is Cause.PAIRING_DEAD else "note"
            way_on = "" if finding.cause is Cause.PAIRING_DEAD else help_in_words(finding, again)
            notes += f'<span class="{look}">{_text(finding.sentence)}{"; " * bool(way_on)}{_text(way_on)}</span>'
    return notes


def _runs(facts: Facts) -> str:
    heads = (("Began", ""), ("What", ""), ("Ended", ""), ("Removed", "number"), ("Took", '"number roomy"'))
    rows = "".join(_run(run, facts) for run in facts.history.runs)
    if not rows:
        return "<h2>The last runs</h2>\n<p>No run is recorded yet.</p>\n"
    return _table("The last runs", heads, rows)


def _run(run: Ended, facts: Facts) -> str:
    what = f"{'emergency' if run.emergency else 'cleanup'} of {count(run.companies, 'company', 'companies')}"
    failures = f", {count(run.failures, 'failure')}" if run.failures else ""
    undo = f"<code>{escape(command(('undo', run.run_id), facts.again))}</code>"
    way_back = undo if run.run_id in facts.undoable else _text(run.run_id)
    return (
        f'<tr><th scope="row">{_time(run.started)}</th><td>{what}<span class="note">{way_back}</span></td>'
        f'<td>{_text(run.status)}{failures}</td><td class="number">{count(run.files, "file")}<br>{size(run.size)}</td>'
        f'<td class="number roomy">{run.seconds:.2f} s</td></tr>\n'
    )
