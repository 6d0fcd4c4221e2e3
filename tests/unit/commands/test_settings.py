"""`commands.settings`: every value in force and where it comes from."""

import json
import re
import tomllib

from baileys_cleanup.commands.settings import list_settings
from baileys_cleanup.decision.policy import Preset
from baileys_cleanup.settings.values import Alerts, Loaded, Rotate, Settings
from baileys_cleanup.store.place import Redis


def test_secrets_are_never_shown():
    """A URL with a secret in it is told to be set, in both forms, and nothing of it is shown."""
    secrets = Settings(alerts=Alerts(("json://user:s3cret@host",)), ping_url="https://hc.example/s3cret")
    for as_json in (True, False):
        texts = []
        list_settings(Loaded(secrets, {}), texts.append, as_json=as_json)
        assert "s3cret" not in "".join(texts)
        assert 2 == "".join(texts).count("(set, not shown)")


def test_no_url_is_shown_with_its_password():
    """Of a store, of its cache, of creds that lie apart, and in a command; the rest of it is."""
    urls = [f"{scheme}://bot:s3cret@host/x" for scheme in ("redis", "rediss", "postgresql", "https")]
    settings = Settings(
        store=urls[0],
        redis=Redis(cache=urls[1], creds=urls[2]),
        rotate=Rotate(stop_command=("curl", urls[3])),
    )
    for as_json in (True, False):
        texts = []
        list_settings(Loaded(settings, {}), texts.append, as_json=as_json)
        assert "s3cret" not in "".join(texts)
        assert 4 == "".join(texts).count("bot@host/x")


def test_every_setting_is_listed_with_its_source():
    """Plain, nested and company settings stand with their values and sources."""
    loaded = Loaded(Settings(companies={"7": {"max_pre_keys": 60}}), {"undo_days": "flag"})
    texts = []
    list_settings(loaded, texts.append, as_json=True)
    found = json.loads("".join(texts))["settings"]
    assert {"value": 7, "source": "flag"} == found["undo_days"]
    assert {"value": None, "source": "default"} == found["max_removals"]
    assert {"value": 14, "source": "default"} == found["retention.session_max_age_days"]
    assert 60 == found["companies.7.retention.max_pre_keys"]["value"]
    assert 64 == len(found)
    texts.clear()
    list_settings(loaded, texts.append, as_json=False)
    rows = {line.split()[0]: line.split()[1:] for line in texts}
    assert (["7", "flag"], ["none", "default"], ["true", "default"]) == (
        rows["undo_days"],
        rows["max_removals"],
        rows["retention.keep_own_sessions"],
    )


def test_values_are_shown_as_a_settings_file_would_have_them():
    """Texts in quotes, lists in brackets, an odd company id in quotes: each line of a value is TOML."""
    rotate = Rotate(stop_command=("systemctl", 'stop "bot"'))
    loaded = Loaded(Settings("/srv/ü", rotate=rotate, companies={"Zürich-2.x": {"preset": Preset.GENTLE}}), {})
    texts = []
    list_settings(loaded, texts.append, as_json=False)
    rows = [re.split(r"  +", line.rstrip()) for line in texts[1:]]
    written = "\n".join(f"{name} = {value}" for name, value, _ in rows if value != "none")
    found = tomllib.loads(written)
    assert "/srv/ü" == found["sessions_root"]
    assert ["systemctl", 'stop "bot"'] == found["rotate"]["stop_command"]
    assert "gentle" == found["companies"]["Zürich-2.x"]["retention"]["preset"]
