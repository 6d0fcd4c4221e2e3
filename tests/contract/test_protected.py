"""What is never removed, whatever anybody asks."""

import os
from functools import partial

from .world import DAY, LID, OTHER, Root, at_once, creds

NEVER = [
    "creds.json",
    "app-state-sync-key-AACpMw==.json",
    "app-state-sync-key-x.json",
    "app-state-sync-version-regular.json",
    "app-state-sync-version-critical_block.json",
    "app-state-sync-anything.tmp",
    "app-state-sync-key-.json",
    f"lid-mapping-{OTHER}.json",
    f"lid-mapping-{LID}_reverse.json",
    "lid-mapping-x.json",
]
HARSH = """
undo_days = 0
[retention]
session_max_age_days = 1
sender_key_max_age_days = 1
max_pre_keys = 30
keep_advertised_pre_keys = false
keep_own_sessions = false
[companies.962302.retention]
session_max_age_days = 1
keep_own_sessions = false
"""
ATTEMPTS = [
    "creds_max_age_days = 1",
    "app_state_sync_key_max_age_days = 1",
    "app_state_sync_version_max_age_days = 1",
    "lid_mapping_max_age_days = 1",
    "keep_creds = false",
    "keep_lid_mapping = false",
    "protected = []",
    'kinds = ["creds"]',
]


def test_the_harshest_settings_leave_them(root: Root) -> None:
    """With every limit at its lowest and every guard off, sessions go and no protected file does."""
    company = root.company().put(*NEVER, f"session-{OTHER}.0.json", age=4000 * DAY)
    company.put("creds.json", age=4000 * DAY, content=creds())
    config = root.path.parent / "harsh.toml"
    config.write_text(HARSH)
    found = root.clean("--config", str(config), "-v").only
    assert found["files"]["removed"] == 1
    assert company.names() == {os.fsencode(name) for name in NEVER}


def test_no_setting_reaches_them(root: Root) -> None:
    """A setting that would name a protected kind does not exist: status 2, nothing touched."""
    root.company().put(*NEVER, f"session-{OTHER}.0.json", age=4000 * DAY).put("creds.json", content=creds())
    before = root.tree()
    attempts = [(table, line) for table in ("retention", "companies.962302.retention") for line in ATTEMPTS]
    calls = []
    for nth, (table, line) in enumerate(attempts):
        config = root.path.parent / f"{nth}.toml"
        config.write_text(f"[{table}]\n{line}\n")
        calls.append(partial(root.run, "--config", str(config)))
    for (_, line), refused in zip(attempts, at_once(calls), strict=True):
        assert refused.status == 2, refused
        assert line.partition(" ")[0] in refused.said
    assert root.tree() == before
