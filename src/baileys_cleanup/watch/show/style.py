"""The page's style sheet: the server names its hash, so that no other style can take part."""

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --band: #f6f8fa;
  --link: #0a4fa3; --excellent: #0b5d2c; --normal: #0b5d2c; --attention: #7a4b00; --warning: #8f3a00;
  --critical: #a40e26; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0d1117; --ink: #e6edf3; --soft: #9aa4af; --line: #30363d; --band: #161b22; --link: #79b8ff;
    --excellent: #56d364; --normal: #56d364; --attention: #e3b341; --warning: #ffa657; --critical: #ff8a80; } }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
a { color: var(--link); }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2, caption { font-size: 1.15rem; font-weight: 600; text-align: left; margin: 0; padding: 1.5rem 0 .5rem; }
p, ul { margin: .25rem 0; }
code { font: .875em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
.soft { color: var(--soft); overflow-wrap: anywhere; }
.cards, .levels { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0 0; }
.cards > div, .levels li { border: 1px solid var(--line); border-radius: .5rem; padding: .25rem .75rem;
  background: var(--band); }
.cards > div { flex: 1 1 9rem; }
.cards dt { color: var(--soft); font-size: .875rem; }
.cards dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.levels a { text-decoration: none; } .levels a:hover, .levels a:focus { text-decoration: underline; }
.levels b { font-size: 1.15rem; }
form { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; margin: 1rem 0 0; }
label { color: var(--soft); font-size: .875rem; }
input, select, button { display: block; font: inherit; color: var(--ink); background: var(--ground);
  border: 1px solid var(--soft); border-radius: .375rem; padding: .25rem .5rem;
  max-width: 100%; height: 2.25rem; box-sizing: border-box; }
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
.hint { border-left: .3rem solid var(--line); background: var(--band); padding: .5rem .75rem; margin: 1rem 0 0; }
.note { display: block; font-size: .875rem; font-weight: 400; }
.note:not(.critical) { color: var(--soft); }
.narrow { display: none; }
@media (max-width: 44rem) {
  body { padding: .75rem; } th, td { padding: .4rem .2rem; font-size: .8125rem; } .note { font-size: .75rem; }
  .roomy { display: none; } .narrow { display: block; } td.number { white-space: normal; } }
"""
