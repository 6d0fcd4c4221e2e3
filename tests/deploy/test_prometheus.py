"""The metrics, rules, routes and dashboard with the real Prometheus, node_exporter and Alertmanager."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from machine import DEPLOY, PATH, RunTool, missing, needs
from watching import company
from web import Webhook, fetch, wait_until, webhook

from servers import free_port

RULES = DEPLOY / "prometheus-rules.yml"
ROUTES = DEPLOY / "alertmanager.yml.example"
DASHBOARD = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
INSTANCE = 'instance=~"$instance"'


def promtool(*args: object, text: str | None = None, cwd: Path = DEPLOY) -> subprocess.CompletedProcess[str]:
    """Run Prometheus' own checker."""
    needs("promtool")
    return subprocess.run(
        ["promtool", *map(str, args)],
        input=text,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": PATH},
    )


def expressions() -> list[str]:
    """Give every expression of the dashboard, for all servers."""
    found = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [expression.replace(INSTANCE, 'instance=~".*"') for expression in found]


# --- checked ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_rules_are_sound_and_do_what_their_tests_say() -> None:
    """The checker accepts the rules, and each alert fires, and stays silent, where it should."""
    checked = promtool("check", "rules", RULES)
    assert checked.returncode == 0, checked.stderr
    tested = promtool("test", "rules", "prometheus-rules.test.yml")
    assert tested.returncode == 0, tested.stdout + tested.stderr


def alerts() -> list[str]:
    """Give the names of all alerts."""
    return re.findall(r"^ +- alert: (\w+)$", RULES.read_text(), re.MULTILINE)


def rule_tests() -> dict[str, Any]:
    """Give what the tests of the rules ask for."""
    if not find_spec("ruamel"):
        missing("needs the Python package ruamel.yaml")
    from ruamel.yaml import YAML

    return dict(YAML(typ="safe").load(DEPLOY / "prometheus-rules.test.yml"))


@pytest.mark.slow
@pytest.mark.parametrize("alert", alerts())
def test_every_alert_is_tested(alert: str, tmp_path: Path) -> None:
    """Without an alert, or with it always silent, its tests fail: none of them is there for show."""
    broken = re.sub(
        rf"(- alert: {alert}\n +expr: )(\|\n.*?\n +for|.*?$)",
        r"\1vector(0) > 1\n        for",
        RULES.read_text(),
        flags=re.MULTILINE | re.DOTALL,
        count=1,
    )
    broken = re.sub(r"\n        for(\n)", r"\1", broken)
    assert broken != RULES.read_text()
    (tmp_path / RULES.name).write_text(broken)
    asked = rule_tests()
    asked["tests"] = [
        test for test in asked["tests"] if alert in {each["alertname"] for each in test["alert_rule_test"]}
    ]
    (tmp_path / "prometheus-rules.test.yml").write_text(json.dumps(asked))
    assert promtool("check", "rules", RULES.name, cwd=tmp_path).returncode == 0
    failed = promtool("test", "rules", "prometheus-rules.test.yml", cwd=tmp_path)
    assert failed.returncode == 1
    assert f"alertname: {alert}" in failed.stdout + failed.stderr


@pytest.mark.slow
def test_the_rules_ask_for_metrics_that_exist(run_tool: RunTool, demo: Path) -> None:
    """Every metric in rules and dashboard is one that the tool exposes."""
    run_tool("--sessions-root", demo)
    exposed = set(re.findall(r"^# TYPE (\S+)", run_tool("metrics", "--sessions-root", demo).stdout, re.MULTILINE))
    asked = set(re.findall(r"\bbaileys_\w+", RULES.read_text() + json.dumps(DASHBOARD)))
    assert asked <= exposed


@pytest.mark.slow
def test_every_metric_is_in_the_page_on_watching(run_tool: RunTool, demo: Path, tmp_path: Path) -> None:
    """The table in the docs has all metrics with their labels, and no other."""
    run_tool("--sessions-root", demo)
    archives = tmp_path / "archives"
    archives.mkdir(mode=0o700)
    run_tool("backup", "--to", archives, "--company", "962302", "--sessions-root", demo)
    text = run_tool("metrics", "--sessions-root", demo).stdout
    rows = re.findall(
        r"^\| `(baileys_\w+)` \| (.*?) ?\| ", (DEPLOY.parent / "docs" / "watching.md").read_text(), re.MULTILINE
    )
    documented = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    exposed: dict[str, set[str]] = {}
    for name, labels in re.findall(r"^(baileys_\w+)(?:\{(.*)\})? ", text, re.MULTILINE):
        exposed.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    assert documented == exposed


@pytest.mark.slow
def test_the_metrics_are_as_prometheus_wants_them(run_tool: RunTool, demo: Path) -> None:
    """The linter has one objection: the name that the operator chose."""
    run_tool("--sessions-root", demo)
    done = promtool("check", "metrics", text=run_tool("metrics", "--sessions-root", demo).stdout)
    found = done.stderr.splitlines()
    assert len(found) == 1, found
    assert found[0].startswith("baileys_session_files_count ")
    assert '"_count" suffix' in found[0]


@pytest.mark.slow
def test_the_linter_would_have_told() -> None:
    """The silence above means something: a metric without a help text is told."""
    assert promtool("check", "metrics", text="baileys_x 1\n").stderr


@pytest.mark.slow
def test_alertmanager_takes_the_example() -> None:
    """The checker accepts it, and refuses it with a slip of the pen in it."""
    needs("amtool")
    checked = subprocess.run(["amtool", "check-config", ROUTES], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("severity", "wait"), [("critical", "4h"), ("warning", "24h"), ("info", "7d")])
def test_alerts_are_routed_by_severity(severity: str, wait: str) -> None:
    """Both go to the operators; which route it is tells how often it is said again."""
    needs("amtool")
    done = subprocess.run(
        ["amtool", "config", "routes", "test", "--config.file", ROUTES, f"severity={severity}", "--tree"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "operators" in done.stdout
    route = ROUTES.read_text().partition("routes:")
    assert f"repeat_interval: {wait}" in route[0 if severity == "warning" else 2]


def test_the_dashboard_is_one(run_tool: RunTool) -> None:
    """Panels have a title, a description, a place of their own and a source that the reader chooses."""
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) == len({panel["title"] for panel in panels})
    cells = [
        (column, row)
        for panel in panels
        for place in [panel["gridPos"]]
        for column in range(place["x"], place["x"] + place["w"])
        for row in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells)), "two panels lie over one another"
    assert max(column for column, _ in cells) < 24
    for panel in panels:
        assert panel["description"].endswith(".")
        assert {"${source}"} == {part["datasource"]["uid"] for part in (panel, *panel["targets"])}
        assert all(INSTANCE in target["expr"] for target in panel["targets"])


@pytest.mark.slow
def test_grafanas_own_types_know_every_field() -> None:
    """Read and written by Grafana's library the dashboard comes out as it is: no field is unknown or of a wrong kind."""
    try:
        from grafana_foundation_sdk.cog.encoder import JSONEncoder
        from grafana_foundation_sdk.models.dashboard import Dashboard
    except ImportError:
        missing("needs grafana-foundation-sdk (pip install '.[ci]')")
    assert lost(DASHBOARD, json.loads(JSONEncoder().encode(Dashboard.from_json(DASHBOARD)))) == []
    slip = DASHBOARD | {"templatting": {}}
    assert lost(slip, json.loads(JSONEncoder().encode(Dashboard.from_json(slip)))) == [".templatting"]


def lost(ours: Any, theirs: Any, place: str = "") -> list[str]:
    """Give the places of what is in ours and not, or not the same, in theirs."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            found
            for name, value in ours.items()
            for found in (lost(value, theirs[name], f"{place}.{name}") if name in theirs else [f"{place}.{name}"])
        ]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [found for one, other in zip(ours, theirs, strict=True) for found in lost(one, other, f"{place}[]")]
    return [] if ours == theirs else [place]


# --- run --------------------------------------------------------------------------------------------------------


class Chain:
    """The three, each on a free port, reading a textfile and telling a webhook."""

    def __init__(self, room: Path, hook: Webhook) -> None:
        self.textfiles = room / "textfiles"
        self.textfiles.mkdir()
        self.room = room
        self.node, self.alertmanager, self.prometheus = free_port(), free_port(), free_port()
        # The example as it is, but for the address, and for the waiting of a test.
        routes = ROUTES.read_text().replace("http://127.0.0.1:9099/alerts", f"http://127.0.0.1:{hook.port}/")
        assert str(hook.port) in routes
        (room / "alertmanager.yml").write_text(routes.replace("group_wait: 30s", "group_wait: 1s"))
        (room / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
            f"rule_files: ['{RULES}']\n"
            f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{self.alertmanager}']}}]}}]}}\n"
            f"scrape_configs: [{{job_name: node, static_configs: [{{targets: ['127.0.0.1:{self.node}']}}]}}]\n"
        )

    @contextmanager
    def running(self) -> Iterator["Chain"]:
        """Run the three while inside."""
        commands = [
            [
                "prometheus-node-exporter",
                "--collector.disable-defaults",
                "--collector.textfile",
                f"--collector.textfile.directory={self.textfiles}",
                f"--web.listen-address=127.0.0.1:{self.node}",
            ],
            [
                "prometheus-alertmanager",
                f"--config.file={self.room / 'alertmanager.yml'}",
                f"--storage.path={self.room / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{self.alertmanager}",
                "--cluster.listen-address=",
            ],
            [
                "prometheus",
                f"--config.file={self.room / 'prometheus.yml'}",
                f"--storage.tsdb.path={self.room / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{self.prometheus}",
            ],
        ]
        with ExitStack() as stack:
            for command in commands:
                log = stack.enter_context((self.room / f"{command[0]}.log").open("wb"))
                process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"PATH": PATH})
                stack.callback(process.wait)
                stack.callback(process.kill)
            yield self

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """Give the answer to a query."""
        status, text = fetch(f"http://127.0.0.1:{self.prometheus}/api/v1/query?query={quote(expression)}")
        return list(json.loads(text)["data"]["result"]) if status == 200 else []


@pytest.mark.slow
def test_from_the_folder_to_the_operator(run_tool: RunTool, tmp_path: Path) -> None:
    """A full company that a cleanup helps: the alert arrives; each expression of the dashboard has an answer."""
    needs("prometheus", "prometheus-node-exporter", "prometheus-alertmanager")
    root = tmp_path / "root"
    full = company(root, "962302", 190)
    young = company(root, "123456", 20, old=5) / "session-15570000000.0.json"
    young.write_text("{}")
    with webhook() as hook, Chain(tmp_path, hook).running() as chain:
        textfile = chain.textfiles / "baileys_cleanup.prom"
        config = tmp_path / "settings.toml"
        config.write_text(f'sessions_root = "{root}"\n[metrics]\ntextfile = "{textfile}"\n')
        run_tool("--config", config)
        for number in range(10):
            path = full / f"session-1558{number:07}.0.json"
            path.write_text("{}")
            os.utime(path, (1_700_000_000, 1_700_000_000))
        run_tool("metrics", "--config", config, "--textfile", textfile)

        def fired(status: str) -> list[Any]:
            return [
                alert
                for message in hook.heard
                for alert in message["alerts"]
                if alert["labels"]["alertname"] == "BaileysCompanyCritical" and alert["status"] == status
            ]

        (alert, *_) = wait_until(lambda: fired("firing"), "the alert")
        assert alert["labels"]["company_id"] == "962302"
        assert alert["annotations"]["summary"] == "Baileys company 962302 is critical: 200 files"
        (gauge,) = chain.ask('baileys_session_files_count{company_id="962302",file_type="device_list"}')
        assert gauge["value"][1] == "189"
        assert [] == chain.ask("node_textfile_scrape_error > 0")
        for expression in expressions():
            wait_until(lambda expression=expression: chain.ask(expression), f"an answer to {expression}")
        shutil.rmtree(root / "company_962302")
        run_tool("metrics", "--config", config, "--textfile", textfile)
        wait_until(lambda: not chain.ask('baileys_company_counted_files{company_id="962302"}'), "the company's end")
