"""Alerts through the real Apprise, to a local JSON server and a local mail server, from the installed command."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from machine import RunTool, missing
from watching import company, monitor
from web import TIMEOUT, black_hole, wait_until, webhook

from servers import free_port

pytestmark = pytest.mark.slow

try:
    import apprise  # noqa: F401 - the extra `alerts`
    from aiosmtpd.controller import Controller
except ImportError:
    Controller = None

SECRET = "s3cretPassw0rd"


@pytest.fixture(autouse=True)
def _parts() -> None:
    """Ask for Apprise and the mail server."""
    if Controller is None:
        missing("needs apprise and aiosmtpd (pip install '.[ci]')")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give an empty sessions root."""
    path = tmp_path / "root"
    path.mkdir()
    return path


@contextmanager
def mailbox() -> Iterator[tuple[int, list[Any]]]:
    """Serve SMTP on a free port; give the port and the letters that came."""
    letters: list[Any] = []

    class Handler:
        async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
            """Take one letter."""
            letters.append(message_from_bytes(envelope.content, policy=policy.default))
            return "250 OK"

    port = free_port()
    controller = Controller(Handler(), hostname="127.0.0.1", port=port, ready_timeout=TIMEOUT)
    controller.start()
    try:
        yield port, letters
    finally:
        controller.stop()


def test_a_critical_company_is_cleaned_and_told_of_and_the_all_clear_follows(run_tool: RunTool, root: Path) -> None:
    """A chat service and a mailbox get company, count, level, what was done and what to do; then one all-clear."""
    company(root, "962302", 120, old=70)
    with webhook() as hook, mailbox() as (port, letters):
        once = settings(
            root, f"json://127.0.0.1:{hook.port}/", f"mailto://127.0.0.1:{port}?from=a@b.example&to=c@d.example"
        )
        for _ in range(4):
            run_tool("monitor", "--once", "--config", once)
    assert len(list((root / "company_962302").iterdir())) == 120
    alert, clear = hook.heard
    assert alert["title"] == "Baileys company 962302: critical, 190 files"
    assert alert["type"] == "failure"
    for part in ("removed 70 files", "baileys-cleanup undo 2", "Now it has 120", "Next: watch it"):
        assert part in alert["message"]
    assert (clear["title"], clear["type"]) == ("Baileys company 962302: down to normal, 120 files", "success")
    assert [letter["subject"] for letter in letters] == [alert["title"], clear["title"]]
    assert "removed 70 files" in letters[0].get_body(("plain", "html")).get_content()


def settings(root: Path, *urls: str) -> Path:
    """Write a settings file with services."""
    path = root.parent / "settings.toml"
    listed = ", ".join(f'"{url}"' for url in urls)
    path.write_text(f'sessions_root = "{root}"\n[alerts]\nurls = [{listed}]\n')
    return path


def test_a_service_that_says_no_gets_it_later_and_the_other_does_not_get_it_twice(
    run_tool: RunTool, root: Path
) -> None:
    """500 from one of two: status 1 and a sentence without the URL, then the message once it is back."""
    company(root, "962302", 160)
    with webhook() as good, webhook() as bad:
        bad.status = 500
        urls = f"json://user:{SECRET}@127.0.0.1:{good.port}/", f"json://user:{SECRET}@127.0.0.1:{bad.port}/"
        path = settings(root, *urls)
        for _ in range(2):
            done = run_tool("monitor", "--once", "--config", path, status=1)
            assert "alerts.urls, number 2" in done.stderr
            assert SECRET not in done.stdout + done.stderr
        bad.status = 200
        for _ in range(2):
            run_tool("monitor", "--once", "--config", path)
    assert [len(good.heard), len(bad.heard)] == [1, 1]


def test_forty_critical_companies_are_one_message(run_tool: RunTool, root: Path) -> None:
    """A night's trouble is a digest to each service: the worst in the subject, ten lines, the number of the rest."""
    for number in range(40):
        company(root, f"t{number:02}", 120, old=70 + number)
    with webhook() as hook, mailbox() as (port, letters):
        path = settings(
            root, f"json://127.0.0.1:{hook.port}/", f"mailto://127.0.0.1:{port}?from=a@b.example&to=c@d.example"
        )
        run_tool("monitor", "--once", "--config", path)
    (alert,) = hook.heard
    assert alert["title"] == "Baileys: 40 companies, the worst t39: critical, 229 files"
    assert "and 30 more: baileys-cleanup check" in alert["message"]
    assert [letter["subject"] for letter in letters] == [alert["title"]]


def test_a_service_that_says_too_many_is_waited_for(run_tool: RunTool, root: Path) -> None:
    """429 to the first message: the same look brings it after a while, status 0, and it came once."""
    company(root, "962302", 159, old=1)
    with webhook() as hook:
        hook.status = 429
        hook.after_first = 200
        run_tool("monitor", "--once", "--config", settings(root, f"json://127.0.0.1:{hook.port}/"))
    assert [message["title"] for message in hook.heard] == ["Baileys company 962302: attention, 160 files"]


def test_a_url_that_apprise_does_not_know_is_named_by_its_number(run_tool: RunTool, root: Path) -> None:
    """Status 2 before anything is looked at, and nothing of the URL is said."""
    company(root, "962302", 160)
    done = run_tool("monitor", "--once", "--config", settings(root, f"nonsense://{SECRET}"), status=2)
    assert "alerts.urls: number 1 is no URL that Apprise knows" in done.stderr
    assert SECRET not in done.stderr
    assert not (root / ".baileys-cleanup").exists()


def test_a_webhook_that_hangs_stops_no_cleanup_and_no_watch(tool: str, root: Path) -> None:
    """It accepts and never answers: the company is cleaned first, the failure is logged, and TERM is heard."""
    folder = company(root, "962302", 100, old=100)
    with black_hole() as port:
        path = settings(root, f"json://user:{SECRET}@127.0.0.1:{port}/")
        with monitor(tool, root, "--interval", "1", "--config", str(path)) as watch:
            wait_until(lambda: len(list(folder.iterdir())) == 100, "the cleanup")
            watch.wait_for("alert_failed")
            assert watch.end() == 143
            assert SECRET not in "".join(watch.lines)
    assert "Traceback" not in "".join(watch.lines)


def test_term_while_a_webhook_hangs_is_heard_at_once_and_nothing_is_lost(
    tool: str, run_tool: RunTool, root: Path
) -> None:
    """Stopped while a message hangs: status 143, and the next look brings the message."""
    company(root, "962302", 100, old=100)
    with black_hole() as port:
        # Apprise would wait for an hour.
        path = settings(root, f"json://127.0.0.1:{port}/?rto=3600&cto=3600")
        with monitor(tool, root, "--interval", "1h", "--config", str(path)) as watch:
            wait_until((root / ".baileys-cleanup" / "monitor.lock").exists, "telling")
            time.sleep(1)
            assert watch.end() == 143
    with webhook() as hook:
        run_tool("monitor", "--once", "--config", settings(root, f"json://127.0.0.1:{hook.port}/"))
        run_tool("monitor", "--once", "--config", settings(root, f"json://127.0.0.1:{hook.port}/"))
    assert "962302" in hook.heard[0]["title"]
    assert len(hook.heard) == 1
