"""The commands and statements of docs/databases.md work as they are shown, on a real server."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from pg_bench import SPLIT

from servers import Server

PAGE = (Path(__file__).parents[2] / "docs/databases.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the lines of all blocks of a language."""
    return [line for body in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) for line in body.splitlines()]


def test_the_page_works_from_top_to_bottom(one_server: Server, tmp_path: Path) -> None:
    """As the role that the page makes, with the rights that it gives and no others."""
    with psycopg.connect(one_server.url, autocommit=True) as connection:
        connection.execute("drop role if exists cleanup")
        connection.execute("create role cleanup login")
        connection.execute("create database bot")
    try:
        with psycopg.connect(one_server.database("bot"), autocommit=True) as connection:
            connection.execute(SPLIT)
            prepare = ["migrate", "--prepare", "--to", one_server.database("bot")]  # another role's, as the page has it
            subprocess.run([sys.executable, "-m", "baileys_cleanup", *prepare], check=True, capture_output=True)
            for line in blocks("sql"):
                connection.execute(line)
            # What migrates writes creds as well.
            connection.execute("grant insert, delete on whatsapp_auth to cleanup")
        demo = tmp_path / "demo"
        subprocess.run([sys.executable, "-m", "baileys_cleanup", "demo", str(demo)], check=True, capture_output=True)
        (tmp_path / "back").mkdir()
        commands = blocks("bash")
        assert len(commands) > 5
        # The migrations come first: they fill the database that is cleaned.
        for shown in sorted(commands, key=lambda each: "migrate" not in each):
            line = shown.replace("5432", str(one_server.port)).replace("/tmp/", f"{tmp_path}/")
            words = [sys.executable, "-m", "baileys_cleanup", *shlex.split(line)[1:]]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            assert 0 == done.returncode, (line, done.stdout, done.stderr)
    finally:
        with psycopg.connect(one_server.url, autocommit=True) as connection:
            connection.execute("drop database bot with (force)")


@pytest.mark.parametrize("layout", ["split", "prisma", "postgres-baileys", "custom"])
def test_the_page_names_every_layout(layout: str) -> None:
    """None is missing."""
    assert f"| `{layout}`" in PAGE
