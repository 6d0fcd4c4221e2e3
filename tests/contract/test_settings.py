"""Settings: where they come from, which one wins, and errors a person can act on."""

import re
from functools import partial
from pathlib import Path

from .world import DAY, OTHER_KEY, Company, Result, Root, at_once, creds, run, tree

AGES = (2, 5, 9, 12, 16, 25, 40)


def by_age(company: Company) -> Company:
    """Put one session of each age into a company."""
    for age in AGES:
        company.put(f"session-{age}.json", age=age * DAY + 600)
    return company


def config(root: Root, text: str, name: str = "config.toml") -> str:
    """Write a settings file beside the root."""
    path = root.path.parent / name
    path.write_text(text)
    return str(path)


def limit(root: Root, *args: str, env: dict[str, str] | None = None, company: str = "962302") -> int:
    """Give the session age in days that a dry run goes by: the age of the youngest session it would remove."""
    dry = root.dry(*args, env=env or {})
    return min((int(name[8:-5]) for name in dry.removals(company)), default=0)


def test_flag_beats_environment_beats_file_beats_default(root: Root) -> None:
    """Each source gives way to the one before it, setting by setting."""
    by_age(root.company())
    age = "BAILEYS_CLEANUP_RETENTION__SESSION_MAX_AGE_DAYS"
    file = config(root, "[retention]\nsession_max_age_days = 8\n")
    other = config(root, "retention.session_max_age_days = 30\n", "other.toml")
    assert limit(root) == 16
    assert limit(root, "--config", file) == 9
    assert limit(root, env={"BAILEYS_CLEANUP_CONFIG": file}) == 9
    assert limit(root, "--config", other, env={"BAILEYS_CLEANUP_CONFIG": file}) == 40
    assert limit(root, "--config", file, env={age: "3"}) == 5
    assert limit(root, env={age: "20"}) == 25


def test_the_root_by_flag_environment_and_file(tmp_path: Path) -> None:
    """The sessions root itself follows the same order."""
    roots = {name: Root(tmp_path / name) for name in ("flag", "environment", "file")}
    for name, root in roots.items():
        root.company(name)
    file = tmp_path / "config.toml"
    file.write_text(f'sessions_root = "{roots["file"].path}"\n')
    env = {"BAILEYS_CLEANUP_SESSIONS_ROOT": str(roots["environment"].path)}
    by_file = run("-n", "--json", "--config", str(file))
    assert list(by_file.companies) == ["file"]
    by_env = run("-n", "--json", "--config", str(file), env=env)
    assert list(by_env.companies) == ["environment"]
    flag = ("--sessions-root", str(roots["flag"].path))
    by_flag = run("-n", "--json", "--config", str(file), *flag, env=env)
    assert list(by_flag.companies) == ["flag"]


def test_a_company_of_its_own(root: Root) -> None:
    """What the file says for one company beats what any source says for all, for that company alone."""
    names = ("962302", "123456", "acme é.1")
    for name in names:
        by_age(root.company(name))
    file = config(
        root,
        "[retention]\nsession_max_age_days = 8\n"
        "[companies.962302.retention]\nsession_max_age_days = 30\n"
        '[companies."acme é.1".retention]\nsession_max_age_days = 4\n'
        "[companies.not_there.retention]\nmax_pre_keys = 60\n",
    )
    for env, others in (({}, 9), ({"BAILEYS_CLEANUP_RETENTION__SESSION_MAX_AGE_DAYS": "20"}, 25)):
        limits = [limit(root, "--config", file, env=env, company=name) for name in names]
        assert limits == [40, others, 5]
    # One name of the company's own leaves its other names to the general ones.
    file = config(root, "[companies.962302.retention]\nmax_pre_keys = 60\n")
    age = {"BAILEYS_CLEANUP_RETENTION__SESSION_MAX_AGE_DAYS": "20"}
    assert limit(root, "--config", file, env=age) == 25


def test_every_setting_does_what_it_says(root: Root) -> None:
    """Each retention setting moves its own rule and no other, from the file and from the environment."""
    company = by_age(root.company(content=creds(upto=101))).pre_keys(range(1, 101), apart=3600)
    company.put(OTHER_KEY, age=5 * DAY)

    def removed(text: str) -> tuple[int, int, int]:
        sets = dict(line.split(" = ") for line in text.splitlines())
        env = {f"BAILEYS_CLEANUP_RETENTION__{name.upper()}": value for name, value in sets.items()}
        by_file = root.dry("--config", config(root, f"[retention]\n{text}\n")).only["kinds"]
        by_env = root.dry(env=env).only["kinds"]
        assert by_file == by_env
        session, sender_key, pre_key = (by_file[kind]["removed"] for kind in ("session", "sender_key", "pre_key"))
        return session, sender_key, pre_key

    assert removed("session_max_age_days = 14") == (3, 1, 50)
    assert removed("session_max_age_days = 1") == (7, 1, 50)
    assert removed("sender_key_max_age_days = 6") == (3, 0, 50)
    assert removed("max_pre_keys = 90") == (3, 1, 10)
    assert removed("max_pre_keys = 30\nmin_pre_keys = 30") == (3, 1, 70)
    assert removed("min_pre_keys = 10\nmax_pre_keys = 10") == (3, 1, 90)


def test_the_documented_file_is_accepted(root: Root) -> None:
    """All names of the contract in one file are no error."""
    by_age(root.company())
    file = config(
        root,
        f"""
sessions_root = "{root.path}"
undo_days = 7
max_removals = 5
[retention]
preset = "standard"
session_max_age_days = 14
sender_key_max_age_days = 3
max_pre_keys = 50
min_pre_keys = 30
keep_advertised_pre_keys = true
keep_own_sessions = true
[levels]
normal = 100
attention = 151
warning = 171
critical = 181
[companies.962302.retention]
preset = "standard"
session_max_age_days = 14
sender_key_max_age_days = 3
max_pre_keys = 50
min_pre_keys = 30
keep_advertised_pre_keys = true
keep_own_sessions = true
""",
    )
    result = run("-n", "--json", "--config", file)
    assert (result.status, result.summary["totals"]["removed"]) == (0, 3)
    empty = config(root, "# nothing\n", "empty.toml")
    assert root.dry("--config", empty).only["files"]["removed"] == 3


ALLOWED = re.compile(r"must|should|allowed|at least|or more|between|expect|valid|known|one of|instead|whole|number|true|did you mean", re.IGNORECASE)  # fmt: skip

# The TOML text, and words its error has to name.
WRONG_FILES = {
    "unknown key": ("undo_dayz = 7", ["undo_dayz"]),
    "unknown retention key": ("[retention]\nsession_age = 7", ["session_age"]),
    "unknown level": ("[levels]\nfatal = 7", ["fatal"]),
    "unknown table": ("[retentions]\nsession_max_age_days = 7", ["retentions"]),
    "unknown company key": ("[companies.962302]\nundo_days = 7", ["undo_days"]),
    "unknown company retention key": ("[companies.962302.retention]\nsession_age = 7", ["962302", "session_age"]),
    "root of a company": ("[companies.962302]\nsessions_root = '/x'", ["sessions_root"]),
    "word for a number": ("undo_days = 'seven'", ["undo_days"]),
    "true for a number": ("[retention]\nsession_max_age_days = true", ["session_max_age_days"]),
    "true for a cap": ("[retention]\nmax_pre_keys = true", ["max_pre_keys"]),
    "true for the fuse": ("max_removals = true", ["max_removals"]),
    "list for a number": ("undo_days = [7]", ["undo_days"]),
    "date for a number": ("undo_days = 2026-11-22", ["undo_days"]),
    "number for a table": ("retention = 5", ["retention"]),
    "list for a table": ("companies = [1]", ["companies"]),
    "number for a company": ("[companies]\n962302 = 5", ["962302"]),
    "number for a root": ("sessions_root = 5", ["sessions_root"]),
    "word for a switch": ("[retention]\nkeep_own_sessions = 'perhaps'", ["keep_own_sessions"]),
    "number for a switch": ("[retention]\nkeep_advertised_pre_keys = 2", ["keep_advertised_pre_keys"]),
    "negative days": ("undo_days = -1", ["undo_days"]),
    "negative age": ("[retention]\nsession_max_age_days = -14", ["session_max_age_days"]),
    "no age at all": ("[retention]\nsession_max_age_days = 0", ["session_max_age_days"]),
    "half a day": ("[retention]\nsession_max_age_days = 0.5", ["session_max_age_days"]),
    "no sender key age": ("[retention]\nsender_key_max_age_days = 0", ["sender_key_max_age_days"]),
    "not a number": ("[retention]\nsession_max_age_days = nan", ["session_max_age_days"]),
    "endless": ("[retention]\nsession_max_age_days = -inf", ["session_max_age_days"]),
    "negative cap": ("[retention]\nmax_pre_keys = -50", ["max_pre_keys"]),
    "negative floor": ("[retention]\nmin_pre_keys = -1", ["min_pre_keys"]),
    "negative fuse": ("max_removals = -1", ["max_removals"]),
    "negative level": ("[levels]\nnormal = -1", ["normal"]),
    "absurd company": ("[companies.962302.retention]\nsession_max_age_days = 0", ["962302", "session_max_age_days"]),
    "absurd for a company not there": ("[companies.7.retention]\nsender_key_max_age_days = -3", ["sender_key_max_age_days"]),
}  # fmt: skip


def complaint(result: Result, *words: str) -> list[str]:
    """Tell what is wrong with an error about a setting: it has to be one sentence with these words, and status 2."""
    said = result.err.decode()
    wrong = [f"does not name {word}" for word in words if word not in said]
    if result.status != 2 or result.out:
        wrong.append(f"status {result.status}, stdout {result.out!r}")
    if not ALLOWED.search(said):
        wrong.append("does not say what is allowed")
    if len(said.strip().splitlines()) != 1 or "pydantic" in said.lower():
        wrong.append("is no sentence")
    return [*wrong, said] if wrong else []


def test_a_wrong_setting_in_the_file(root: Root) -> None:
    """An unknown key, a wrong type or an absurd value is status 2 and one sentence with the file, the key and what is allowed."""
    by_age(root.company())
    before = tree(root.path)
    files = {case: config(root, text, f"{case}.toml") for case, (text, _) in WRONG_FILES.items()}
    results = at_once(partial(root.run, "--config", file) for file in files.values())
    found = {
        case: complaint(result, files[case], *WRONG_FILES[case][1]) for case, result in zip(files, results, strict=True)
    }
    assert {case: wrong for case, wrong in found.items() if wrong} == {}
    assert tree(root.path) == before


WRONG_VARIABLES = {
    "FOO": "1",
    "UNDO_DAYZ": "7",
    "RETENTION__FOO": "7",
    "RETENTION_SESSION_MAX_AGE_DAYS": "30",
    "RETENTION__SESSION_MAX_AGE_DAYS__X": "30",
    "SESSION_MAX_AGE_DAYS": "30",
    "COMPANIES__962302__RETENTION__SESSION_MAX_AGE_DAYS": "30",
    "UNDO_DAYS": "seven",
    "MAX_REMOVALS": "-1",
    "RETENTION__SESSION_MAX_AGE_DAYS": "0",
    "RETENTION__SENDER_KEY_MAX_AGE_DAYS": "-3",
    "RETENTION__MAX_PRE_KEYS": "fifty",
    "RETENTION__KEEP_OWN_SESSIONS": "perhaps",
    "LEVELS__NORMAL": "low",
}


def test_a_wrong_variable(root: Root) -> None:
    """An unknown variable with our prefix, or a wrong value, is status 2 and one sentence with the variable."""
    by_age(root.company())
    before = tree(root.path)
    env = {f"BAILEYS_CLEANUP_{name}": value for name, value in WRONG_VARIABLES.items()}
    results = at_once(partial(root.run, env={name: value}) for name, value in env.items())
    found = {name: complaint(result, name) for name, result in zip(env, results, strict=True)}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    assert tree(root.path) == before


BROKEN = [b"[retention", b"undo_days = ", b"\xff\xfe", b"undo_days = 7\nundo_days = 8", b"{}", b"\x00", b"a b c"]


def test_a_broken_file(root: Root) -> None:
    """A settings file that is no TOML is status 2 with a sentence that names it, however it was named."""
    by_age(root.company())
    before = tree(root.path)
    files = [root.path.parent / f"{nth}.toml" for nth in range(len(BROKEN))]
    for file, content in zip(files, BROKEN, strict=True):
        file.write_bytes(content)
    by_flag = at_once(partial(root.run, "--config", str(file)) for file in files)
    assert [(result.status, str(file) in result.said) for file, result in zip(files, by_flag, strict=True)] == [
        (2, True) for _ in files
    ]
    by_variable = root.run(env={"BAILEYS_CLEANUP_CONFIG": str(files[0])})
    assert (by_variable.status, by_variable.said) == (2, by_flag[0].said)
    assert tree(root.path) == before


def test_a_missing_file(root: Root) -> None:
    """A settings file that was named and is not there, or is a folder, is status 2, not the defaults."""
    by_age(root.company())
    before = tree(root.path)
    for path in (str(root.path.parent / "missing.toml"), str(root.path.parent)):
        for result in (root.run("--config", path), root.run(env={"BAILEYS_CLEANUP_CONFIG": path})):
            assert (result.status, path in result.err.decode()) == (2, True), result
    assert tree(root.path) == before


def test_errors_of_the_settings_stop_every_command(root: Root) -> None:
    """A wrong setting stops undo, explain and settings as it stops cleaning."""
    by_age(root.company())
    wrong = {"BAILEYS_CLEANUP_UNDO_DAYS": "-1"}
    for args in (["undo"], ["explain", "--company", "962302"], ["settings"], ["clean", "--dry-run"]):
        assert root.run(*args, env=wrong).status == 2, args


def test_the_settings_command(root: Root) -> None:
    """`settings` shows each value in force and where it comes from: variable, file or default."""
    file = config(root, "[retention]\nsession_max_age_days = 33\n[companies.962302.retention]\nmax_pre_keys = 77\n")
    result = root.run("settings", "--config", file, env={"BAILEYS_CLEANUP_UNDO_DAYS": "19"})
    assert result.status == 0
    lines = result.out.decode().splitlines()

    def line(name: str) -> str:
        (found,) = (line for line in lines if name in line)
        return found

    assert "33" in line("session_max_age_days")
    assert file in line("session_max_age_days") or "file" in line("session_max_age_days").lower()
    assert "19" in line("undo_days")
    assert "BAILEYS_CLEANUP_UNDO_DAYS" in line("undo_days") or "environment" in line("undo_days").lower()
    assert "default" in line("keep_own_sessions").lower()
    assert any("77" in line and "max_pre_keys" in line for line in lines) or "77" in result.out.decode()
    assert str(root.path) in line("sessions_root")
    assert not root.tool.exists()


def test_the_undo_days_of_flag_and_setting(root: Root) -> None:
    """--undo-days beats the setting; 0 in the settings deletes at once."""
    company = root.company().put("session-1.0.json", age=20 * DAY)
    root.clean("--undo-days", "3", env={"BAILEYS_CLEANUP_UNDO_DAYS": "0"})
    assert len(root.quarantine()) == 1
    company.put("session-2.0.json", age=20 * DAY)
    root.clean(env={"BAILEYS_CLEANUP_UNDO_DAYS": "0"})
    assert len(root.quarantine()) == 1
