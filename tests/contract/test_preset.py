"""The preset gentle, from outside: what it takes, what it leaves, and where it can be set."""

import json
import os
from typing import Any

import pytest

from .world import DAY, MEMORY, OLD_SESSION, OTHER, OTHER_KEY, OTHER_LID, OWN_KEY, Root, creds

GENTLE = {"BAILEYS_CLEANUP_RETENTION__PRESET": "gentle"}
REPLACED = f"session-{OTHER}.3.json"
MAPPING = f"lid-mapping-{OTHER}.json"
LIVE = f"session-{OTHER_LID}_1.0.json"
FREE = {MEMORY, REPLACED, OLD_SESSION}  # in the first run; the own key goes in a later one


def full(root: Root, name: str = "962302") -> None:
    """Fill a company with old files of every kind that has a rule, and pre-keys above the cap."""
    company = root.company(name, content=creds(upto=101)).pre_keys(range(1, 101), apart=3600, age=90 * DAY)
    company.put(*FREE, OWN_KEY, OTHER_KEY, LIVE, MAPPING, age=60 * DAY)


def document(root: Root, *args: str, env: dict[str, str]) -> Any:
    """Give the JSON document of a command."""
    return json.loads(root.run(*args, "--json", env=env).out)


def taken(root: Root, *args: str, env: dict[str, str] | None = None, company: str = "962302") -> set[str]:
    """Give the names that a dry run would remove."""
    return set(root.dry(*args, env=env or {}).removals(company))


def test_gentle_takes_own_pairs_and_replaced_sessions_only(root: Root) -> None:
    """Old sessions in use, other members' keys and pre-keys stay; the real run does as the dry one says."""
    full(root)
    assert taken(root, env=GENTLE) == FREE
    assert taken(root) == FREE | {OTHER_KEY, LIVE} | {f"pre-key-{number}.json" for number in range(1, 51)}
    before = set(os.listdir(root.path / "company_962302"))
    root.clean(env=GENTLE)
    assert before - set(os.listdir(root.path / "company_962302")) == FREE
    assert taken(root, env=GENTLE) == set()
    root.clean(env=GENTLE, clock="+7h")
    assert before - set(os.listdir(root.path / "company_962302")) == FREE | {OWN_KEY}


def test_a_session_is_replaced_only_where_its_mapping_is(root: Root) -> None:
    """Without the mapping of its number a session is in use, whatever its name looks like."""
    full(root)
    os.unlink(root.path / "company_962302" / MAPPING)
    assert taken(root, env=GENTLE) == {MEMORY}


def test_what_stays_says_why(root: Root) -> None:
    """Each file that only the preset keeps names the preset and what its loss may cost."""
    full(root)
    (company,) = document(root, "explain", "--company", "962302", env=GENTLE)["companies"]
    files = {file["file"]: file for file in company["verdicts"]}
    for name in (OTHER_KEY, LIVE, "pre-key-1.json"):
        assert files[name]["verdict"] == "keep"
        assert "gentle" in files[name]["reason"]
        assert "retry" in files[name]["reason"]


def test_the_preset_comes_from_file_environment_and_company(root: Root) -> None:
    """It follows the order of every other setting, and one company may have its own."""
    full(root, "1")
    full(root, "2")
    file = root.path.parent / "gentle.toml"
    file.write_text('[retention]\npreset = "gentle"\n[companies.2.retention]\npreset = "standard"\n')
    config = ("--config", str(file))
    assert taken(root, *config, company="1") == FREE
    assert taken(root, *config, company="2") > FREE
    standard = {"BAILEYS_CLEANUP_RETENTION__PRESET": "standard"}
    assert taken(root, *config, env=standard, company="1") > FREE
    file.write_text('[companies.2.retention]\npreset = "gentle"\n')
    assert taken(root, *config, env=standard, company="2") == FREE
    assert taken(root, *config, env=standard, company="1") > FREE


def test_the_flag_beats_all_but_a_companys_own(root: Root) -> None:
    """`--preset` stands above environment and file; what the file says for one company stands above it."""
    full(root, "1")
    full(root, "2")
    file = root.path.parent / "standard.toml"
    file.write_text('[retention]\npreset = "standard"\n[companies.2.retention]\npreset = "standard"\n')
    args = ("--preset", "gentle", "--config", str(file))
    assert taken(root, *args, company="1") == FREE
    assert taken(root, *args, company="2") > FREE
    assert taken(root, "--preset", "gentle", company="2") == FREE
    assert taken(root, "--preset", "standard", env=GENTLE, company="2") > FREE
    wrong = root.run("--preset", "soft")
    assert wrong.status == 2
    assert "--preset" in wrong.said
    assert "'standard', 'gentle'" in wrong.said


def test_settings_shows_it(root: Root) -> None:
    """`settings` has the preset with its source."""
    root.company()
    shown = document(root, "settings", env=GENTLE)["settings"]["retention.preset"]
    assert shown == {"value": "gentle", "source": "BAILEYS_CLEANUP_RETENTION__PRESET"}
    assert "gentle" in root.run("settings", env=GENTLE).said


@pytest.mark.parametrize("value", ["soft", "Gentle", "", "gentle "])
def test_an_unknown_preset_is_status_2(root: Root, value: str) -> None:
    """One sentence names the place and what is allowed, and nothing is touched."""
    full(root)
    result = root.run(env={"BAILEYS_CLEANUP_RETENTION__PRESET": value})
    assert result.status == 2
    assert "BAILEYS_CLEANUP_RETENTION__PRESET" in result.said
    assert "allowed: standard or gentle" in result.said
    file = root.path.parent / "wrong.toml"
    file.write_text(f'[companies.962302.retention]\npreset = "{value}"\n')
    result = root.run("--config", str(file))
    assert result.status == 2
    assert str(file) in result.said
    assert "companies.962302.retention.preset" in result.said
    assert "allowed: standard or gentle" in result.said
