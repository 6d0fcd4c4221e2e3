"""`rotation.connections`: a rotation makes a backup and sends messages where these are set up."""

import pytest

from baileys_cleanup.cleaning.world import World
from baileys_cleanup.errors import CleanupError
from baileys_cleanup.rotation.connections import backup_for, notifier_for
from baileys_cleanup.settings.values import Alerts, Backup, Settings

from ..helpers import NOW, creds, names, put

WORLD = World(NOW, lambda: NOW, lambda: None, lambda: False, lambda: 0.0)


def test_where_nothing_is_set_up_there_is_nothing(place):
    """Without a place for archives and without services a rotation does without."""
    settings = Settings(sessions_root=str(place))
    assert (None, None) == (backup_for(settings, WORLD), notifier_for(settings, WORLD))


def test_a_backup_is_made_and_said_where(place, tmp_path):
    """The archive is there, and its name is what the journal gets."""
    put(place / "company_7", "creds.json", creds(), age=1)
    shelf = tmp_path / "archives"
    shelf.mkdir()
    back_up = backup_for(Settings(sessions_root=str(place), backup=Backup(to=str(shelf))), WORLD)
    where = back_up("7")
    assert [where] == [f"{shelf}/{name}" for name in names(shelf)]


@pytest.mark.parametrize("content", [b"", b"{"])
def test_a_backup_that_cannot_be_made_stops_the_rotation(place, tmp_path, content):
    """Without a good copy nothing is switched."""
    put(place / "company_7", "creds.json", content)
    (tmp_path / "archives").mkdir()
    back_up = backup_for(Settings(sessions_root=str(place), backup=Backup(to=str(tmp_path / "archives"))), WORLD)
    with pytest.raises(CleanupError, match="no backup was made of company 7"):
        back_up("7")


def test_messages_go_to_the_alert_services(monkeypatch):
    """The title, the text and the picture reach them."""
    heard = []

    class Messengers:
        def __init__(self, urls, stopping):
            heard.append((urls, stopping()))

        def send(self, *message):
            heard.append(message)

    monkeypatch.setattr("baileys_cleanup.watch.tell.apprise_services.Messenger", Messengers)
    notify = notifier_for(Settings(alerts=Alerts(urls=("json://127.0.0.1",))), WORLD)
    notify("title", "text", None)
    assert [(("json://127.0.0.1",), False), ("title", "text", None)] == heard
