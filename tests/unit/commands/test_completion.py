"""`commands.completion`: what a shell is offered for the words typed so far."""

import pytest
from click.shell_completion import ShellComplete

from baileys_cleanup import cli
from baileys_cleanup.cli import COMMANDS


@pytest.fixture
def offered(place, monkeypatch):
    """Give a function that completes the last word of a line, over a sessions root with some companies."""
    for name in ("company_123456", "company_962302", "company_Zürich-2", "company_a b", "company_$(reboot)", "other"):
        (place / name).mkdir()
    (place / "company_link").symlink_to(place / "other")
    monkeypatch.setenv("BAILEYS_CLEANUP_SESSIONS_ROOT", str(place))

    def complete(*words):
        shell = ShellComplete(cli.commands, {}, "baileys-cleanup", "_BAILEYS_CLEANUP_COMPLETE")
        return [item.value for item in shell.get_completions(list(words[:-1]), words[-1])]

    return complete


def test_a_line_begins_with_a_command(offered):
    """Of an empty line every command is offered, and of a part those that begin so."""
    assert [*COMMANDS] == offered("")
    assert ["restore", "rotate"] == offered("r")[:2]


def test_or_with_an_option_of_clean(offered):
    """Without a command the options are those of clean."""
    for words in (("--",), ("--json", "--"), ("clean", "--")):
        assert {"--dry-run", "--company", "--undo-days"} <= {*offered(*words)}
    assert "--version" in offered("--")
    assert ["--preset"] == offered("--pre")
    assert ["standard", "gentle"] == offered("--preset", "")


def test_a_command_has_its_own_options(offered):
    """After a command's name its options are offered, and no other's."""
    assert {"--company", "--resume", "--rollback"} <= {*offered("rotate", "--")}
    assert "--undo-days" not in offered("rotate", "--")


@pytest.mark.parametrize("command", [(), ("clean",), ("undo", "latest"), ("check",), ("restore",), ("rotate",)])
def test_company_ids_are_those_of_the_root_in_force(offered, command):
    """Real company folders are offered; a link is not, nor a name that a shell would take apart."""
    assert ["123456", "962302", "Zürich-2"] == offered(*command, "--company", "")
    assert ["962302"] == offered(*command, "--company", "123456", "--company", "96")
    assert ["company_962302"] == offered(*command, "--company", "company_9")


def test_the_root_of_the_line_and_of_its_file_comes_first(offered, tmp_path):
    """`--sessions-root` and `--config`, typed before, say where the companies are."""
    (tmp_path / "second" / "company_7").mkdir(parents=True)
    file = tmp_path / "settings.toml"
    file.write_text(f'sessions_root = "{tmp_path}/second"\n', encoding="utf-8")
    assert ["7"] == offered("check", "--sessions-root", f"{tmp_path}/second", "--company", "")
    assert ["123456"] == offered("--config", str(file), "--company", "1"), "the environment beats the file"


@pytest.mark.parametrize("wrong", [("--sessions-root", "/nonexistent"), ("--config", "/nonexistent"), ("--config", "")])
def test_trouble_is_silence(offered, wrong, capsys):
    """A root or a file that is not there offers nothing and says nothing."""
    assert [] == offered(*wrong, "--company", "")
    assert ("", "") == capsys.readouterr()


def test_nothing_is_written(offered, place):
    """Completing leaves no folder, no lock and no date behind."""
    before = sorted((path, path.stat().st_mtime_ns, path.stat().st_atime_ns) for path in [place, *place.iterdir()])
    offered("--company", "")
    assert before == sorted(
        (path, path.stat().st_mtime_ns, path.stat().st_atime_ns) for path in [place, *place.iterdir()]
    )
