"""The example of a settings file: complete, at the defaults, and taken by the tool as it is."""

import json
import re
import tomllib
from pathlib import Path

from machine import DEPLOY, RunTool

TEXT = (DEPLOY / "baileys-cleanup.toml.example").read_text()
# `#name = value` and `#[section]` are settings, `# text` is prose.
ALL_SET = re.sub(r"^#(?=\S)", "", TEXT, flags=re.MULTILINE)
DEFAULTS = {
    "sessions_root": "/opt/ai-admin/baileys_sessions",
    "undo_days": 7,
    "retention": {
        "preset": "standard",
        "session_max_age_days": 14,
        "sender_key_max_age_days": 3,
        "max_pre_keys": 50,
        "min_pre_keys": 30,
        "keep_advertised_pre_keys": True,
        "keep_own_sessions": True,
    },
    "levels": {"normal": 100, "attention": 151, "warning": 171, "critical": 181},
    "monitor": {"emergency_cleanup": True, "silent_days": 30, "clean_jitter_minutes": 10},
    "alerts": {"repeat_hours": 24},
    "backup": {"keep_last": 3, "keep_daily": 7, "keep_weekly": 4},
    "rotate": {"bot_pairs": False, "timeout": 300, "hook_timeout": 60, "auto": "off", "above": 170, "min_days": 30},
    "hooks": {"around_clean": False},
    "postgresql": {"layout": "split"},
    "redis": {
        "layout": "hash",
        "ids": "raw",
        "cache_key": "baileys:{company_id}:{type}-{id}",
        "cache_again_seconds": 60,
    },
}
AGE_KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
COMMANDS = {
    "stop_command": ["systemctl", "stop", "bot@{company_id}"],
    "start_command": ["systemctl", "start", "bot@{company_id}"],
    "qr_command": ["node", "/opt/bot/pair.mjs", "{folder}"],
}
EXAMPLES = {
    "state_dir": "/var/lib/baileys-cleanup",
    "max_removals": 500,
    "jobs": 16,
    "exclude": ["*.bak*", "*_old"],
    "retention": {"former_pairing_days": 30},
    "ping_url": "https://hc.example/ping/00000000-0000-4000-8000-000000000000",
    "monitor": {"clean_at": "03:00"},
    "alerts": {
        "urls": ["mailto://user:password@mail.example?to=operator@example.org", "ntfy://ntfy.example/baileys"],
    },
    "levels": {"not_counted": ["lid_mapping", "device_list", "identity_key", "tctoken"]},
    "metrics": {"textfile": "/var/lib/prometheus/node-exporter/baileys_cleanup.prom", "detail": "summary"},
    "backup": {"to": "/var/backups/baileys", "before_clean": True, "recipients": [AGE_KEY]},
    "rotate": COMMANDS,
    "hooks": {"environment": ["DOCKER_HOST"]},
    "store": "postgresql://cleanup@db.internal:5432/bot",
    "postgresql": {
        "creds_table": "bot.accounts",
        "keys_table": "bot.signal_keys",
        "company": "tenant_id",
        "type": "kind",
        "id": "name",
        "value": "payload",
        "creds": "creds",
        "updated": "updated_at",
        "ids": "raw",
    },
    "redis": {
        "key": "evolution:instance:{company_id}",
        "creds": "postgresql://cleanup@db.internal/evolution",
        "cache": "redis://cache.internal:6379/0",
    },
    "companies": {"962302": {"retention": {"session_max_age_days": 30}, "levels": {"critical": 301}}},
}


def merged(one, other):
    """Return both documents in one, their tables, too."""
    both = {name: merged(one[name], other[name]) for name in one.keys() & other.keys()}
    return one | other | both


def test_nothing_is_set_until_somebody_says_so() -> None:
    """A plain copy of the example changes nothing."""
    assert tomllib.loads(TEXT) == {}


def test_it_shows_every_setting_at_its_default() -> None:
    """Without their #, the lines are the defaults, and the settings that have none."""
    assert tomllib.loads(ALL_SET) == merged(DEFAULTS, EXAMPLES)


def test_every_setting_has_a_comment_above() -> None:
    """A setting stands under its explanation, alone or in the block that the explanation is about."""
    lines = TEXT.splitlines()
    bare = [
        line
        for above, line in zip(["", *lines], lines, strict=False)
        if re.match(r"#\w", line) and not re.match(r"# |#[\[\w]", above)
    ]

    assert bare == []


def test_the_tool_takes_every_line_of_it(run_tool: RunTool, tmp_path: Path) -> None:
    """With every setting uncommented the tool takes the values from the file, and they are its defaults.

    Creds that lie apart belong to a store in Redis, and the store that is shown is none.
    """
    nothing, everything = tmp_path / "nothing.toml", tmp_path / "everything.toml"
    apart = f'creds = "{EXAMPLES["redis"]["creds"]}"\n'
    assert apart in ALL_SET
    nothing.write_text(TEXT)

    defaults = json.loads(run_tool("settings", "--json", "--config", nothing).stdout)["settings"]
    everything.write_text(f'store = "redis://cache.internal:6379/6"\n[redis]\n{apart}')
    of_redis = json.loads(run_tool("settings", "--json", "--config", everything).stdout)["settings"]
    everything.write_text(ALL_SET.replace(apart, ""))
    in_force = json.loads(run_tool("settings", "--json", "--config", everything).stdout)["settings"]
    in_force["redis.creds"] = of_redis["redis.creds"]

    assert {"default"} == {setting["source"] for setting in defaults.values()}
    assert {str(everything)} == {setting["source"] for setting in in_force.values()}
    assert {
        "max_removals",
        "state_dir",
        "jobs",
        "exclude",
        "retention.former_pairing_days",
        "ping_url",
        "monitor.clean_at",
        "alerts.urls",
        "hooks.environment",
        "levels.not_counted",
        "metrics.textfile",
        "metrics.detail",
        "backup.to",
        "backup.before_clean",
        "backup.recipients",
        "companies.962302.retention.session_max_age_days",
        "companies.962302.levels.critical",
        *(f"rotate.{name}" for name in COMMANDS),
        "store",
        *(f"postgresql.{name}" for name in EXAMPLES["postgresql"]),
        *(f"redis.{name}" for name in EXAMPLES["redis"]),
    } == {name for name, setting in in_force.items() if setting["value"] != defaults.get(name, {}).get("value")}
