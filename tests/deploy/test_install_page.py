"""docs/install.md on a stock Debian: every line of every section, pasted in order; and what the packages hold."""

import re
from collections.abc import Callable

import pytest
from machine import PROJECT, SESSIONS_ROOT
from stock import CLONE, Stock, sections, shell_blocks

pytestmark = pytest.mark.slow

SECTIONS = sections("install")
CLEAN = f"sudo -u baileys {{}} --sessions-root {SESSIONS_ROOT}"


EXTRAS = {
    "postgresql": ("check --store postgresql://nobody@127.0.0.1:1/x", "psycopg: ", "cannot be opened"),
    "redis": ("check --store redis://127.0.0.1:1/0", "redis-py: ", "cannot be opened"),
    "encryption": ("backup --verify --to /srv --identity /etc/hostname", "installed: ", "is no identity file"),
}
"""Of an extra: a command that needs it, what its sentence has before the way to install it, and what is said with it."""


def asked(stock: Stock, tool: str, extra: str) -> str:
    """Give what a command says that needs an extra."""
    return stock.run(f"{tool} {EXTRAS[extra][0]} 2>&1 || true")


def named(stock: Stock, tool: str, extra: str) -> str:
    """Give the command that installs an extra, as the tool names it."""
    said = asked(stock, tool, extra)
    command = said.partition(EXTRAS[extra][1])[2].strip()
    assert command, said
    return command


def has(stock: Stock, tool: str, extra: str) -> bool:
    """Tell whether the tool has an extra: then a command that needs it comes further."""
    said = asked(stock, tool, extra)
    return EXTRAS[extra][1] not in said and EXTRAS[extra][2] in said


def blocks(heading: str) -> list[str]:
    """Return the commands of a section of the page, block by block."""
    return shell_blocks(SECTIONS[heading])


def pasted(stock: Stock, heading: str, before_the_end: Callable[[], object]) -> None:
    """Paste a section block by block; look at what there is before the last block removes it."""
    *first, last = blocks(heading)
    for block in first:
        stock.run(block)
    before_the_end()
    stock.run(last)
    assert "not found" in stock.run("command -v baileys-cleanup || echo not found")


def test_there_is_no_command_that_is_not_tried() -> None:
    """Each section with commands has a test here."""
    tried = {"A Debian package", "A venv", "pipx", "A single file", "Completion and man page"}
    assert tried == {heading for heading in SECTIONS if blocks(heading)}


def test_a_venv(stock: Stock) -> None:
    """In a venv it cleans as the bot's user, and a missing extra names a command that helps."""

    def look() -> None:
        assert "removed" in stock.run(CLEAN.format("/opt/baileys-cleanup/bin/baileys-cleanup"))
        for extra in EXTRAS:
            command = named(stock, "baileys-cleanup", extra)
            assert f"/opt/baileys-cleanup/bin/python3 -m pip install 'baileys-cleanup[{extra}]'" == command
            stock.run(command)
            assert has(stock, "baileys-cleanup", extra)

    pasted(stock, "A venv", look)


def test_pipx(stock: Stock) -> None:
    """Debian's pipx installs from a tag and from a file, and the command for a missing extra is one it understands."""

    def look() -> None:
        assert "removed" in stock.run(CLEAN.format("/usr/local/bin/baileys-cleanup"))
        for extra, library in (
            ("postgresql", "psycopg[binary]"),
            ("redis", "redis[hiredis]"),
            ("encryption", "pyrage"),
        ):
            command = named(stock, "~/.local/bin/baileys-cleanup", extra)
            assert command.startswith(f"pipx inject baileys-cleanup '{library}>=")
            stock.run(command)
            assert has(stock, "~/.local/bin/baileys-cleanup", extra)
            for_all = named(stock, "baileys-cleanup", extra)
            assert for_all.startswith(f"PIPX_HOME=/opt/pipx pipx inject baileys-cleanup '{library}>=")

    pasted(stock, "pipx", look)


def test_a_single_file(stock: Stock) -> None:
    """One file cleans as a user without a home, and its brother has the extras."""

    def look() -> None:
        assert "removed" in stock.run(CLEAN.format("env SHIV_ROOT=/var/cache/baileys-cleanup baileys-cleanup"))
        metrics = (
            f"sudo -u baileys env SHIV_ROOT=/var/cache/baileys-cleanup {{}} metrics --sessions-root {SESSIONS_ROOT}"
        )
        assert "build.py zipapp" in stock.run(metrics.format("baileys-cleanup") + " 2>&1 || true")
        assert "# HELP baileys_" in stock.run(metrics.format("dist/baileys-cleanup-with-extras.pyz"))
        for extra in EXTRAS:
            assert "build.py zipapp" in named(stock, "baileys-cleanup", extra)
            assert has(stock, "dist/baileys-cleanup-with-extras.pyz", extra)

    pasted(stock, "A single file", look)


def test_a_debian_package(stock: Stock) -> None:
    """Installed, it cleans as the bot's user, has its man page and completion, and nothing runs by itself; purged, it is gone."""
    build, extras, _ = blocks("A Debian package")
    stock.run(build)

    assert "removed" in stock.run(CLEAN.format("baileys-cleanup"))
    metrics = f"sudo -u baileys baileys-cleanup metrics --sessions-root {SESSIONS_ROOT} 2>&1 || true"
    assert "sudo apt install ./baileys-cleanup-extras_*.deb" in stock.run(metrics)
    for extra in EXTRAS:
        assert "sudo apt install ./baileys-cleanup-extras_*.deb" in named(stock, "baileys-cleanup", extra)
    stock.run(extras)
    assert "# HELP baileys_" in stock.run(metrics)
    assert all(has(stock, "baileys-cleanup", extra) for extra in EXTRAS)

    listed = stock.run("dpkg -L baileys-cleanup").splitlines()
    for place in (
        "/usr/share/man/man1/baileys-cleanup.1.gz",
        "/usr/share/bash-completion/completions/baileys-cleanup",
        "/usr/share/zsh/vendor-completions/_baileys-cleanup",
        "/usr/share/fish/vendor_completions.d/baileys-cleanup.fish",
        "/usr/lib/systemd/system/baileys-cleanup.timer",
        "/usr/share/doc/baileys-cleanup/docs/operations.md",
    ):
        assert place in listed
    assert "--accept\\-clock" in stock.run("zcat /usr/share/man/man1/baileys-cleanup.1.gz").replace("\\-\\-", "--")
    units = stock.run("cat /usr/lib/systemd/system/baileys-*.service")
    assert units.count("ExecStart=/usr/bin/baileys-cleanup ") == 3
    assert "/opt/baileys-cleanup" not in units
    assert not stock.has("/etc/systemd/system/timers.target.wants/baileys-cleanup.timer")
    crontab = stock.run("cat /etc/cron.d/baileys-cleanup").splitlines()
    assert all(re.fullmatch(r"#.*|[A-Z]+=.*|", line) for line in crontab)

    stock.run(f"cd {CLONE}; sed -i 's/^#0/0/' /etc/cron.d/baileys-cleanup; apt reinstall ./dist/baileys-cleanup_*.deb")
    assert "\n0 3 * * * baileys " in stock.run("cat /etc/cron.d/baileys-cleanup"), "an upgrade keeps what was changed"
    stock.run(blocks("A Debian package")[2])
    left = stock.run("ls -d /usr/lib/baileys-cleanup /etc/cron.d/baileys-cleanup 2>/dev/null || true")
    assert "" == left
    assert "not found" in stock.run("command -v baileys-cleanup || echo not found")


def test_completion_and_man_page(stock: Stock) -> None:
    """After a venv the lines leave a script for each shell and a page that man finds."""
    install = blocks("A venv")[0]
    for block in (install, *blocks("Completion and man page")):
        stock.run(block)
    for script in (".local/share/bash-completion/completions/baileys-cleanup", ".zfunc/_baileys-cleanup"):
        assert "_BAILEYS_CLEANUP_COMPLETE" in stock.run(f"cat ~/{script}")
    assert "complete" in stock.run("cat ~/.config/fish/completions/baileys-cleanup.fish")
    assert "EXIT STATUS" in stock.run("cat /usr/local/share/man/man1/baileys-cleanup.1")


def test_the_line_for_cron_is_the_example() -> None:
    """What the package leaves in /etc/cron.d is the job of the crontab example, with a user and the package's command."""
    ours = (PROJECT / "deploy" / "package" / "cron.d").read_text(encoding="utf-8").splitlines()[-1]
    example = (PROJECT / "deploy" / "crontab.example").read_text(encoding="utf-8").splitlines()
    job = (
        ours.removeprefix("#").replace(" baileys ", " ").replace("/usr/bin/baileys", "/opt/baileys-cleanup/bin/baileys")
    )
    assert job in example
