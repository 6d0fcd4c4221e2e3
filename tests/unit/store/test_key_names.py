"""Names of keys: to a file's name and back."""

import pytest

from baileys_cleanup.store.key_names import file_name, read_file_name

PAIRS = [
    ("session", "15550000777.0"),
    ("session", "200000000000001_1.3"),
    ("pre-key", "17"),
    ("sender-key", "120363001@g.us::15550000777::0"),
    ("sender-key", "4915-1600@g.us::200000000000001_1::12"),
    ("sender-key", "status@broadcast::15550000777::0"),
    ("sender-key-memory", "4915-1600@g.us"),
    ("app-state-sync-key", "AAAA/b=="),
    ("app-state-sync-version", "critical_unblock_low"),
    ("lid-mapping", "200000000000001_reverse"),
    ("tctoken", "15550000777@s.whatsapp.net"),
]


@pytest.mark.parametrize(("key_type", "key_id"), PAIRS)
def test_a_key_comes_back_from_the_name_of_its_file(key_type, key_id):
    """What `fixFileName` changes is undone by grammar."""
    assert (key_type, key_id) == read_file_name(file_name(key_type, key_id))


@pytest.mark.parametrize(
    "name", ["creds.json", "notes.txt", "session-.json", "session-1.0.json.bak", "sender-key-x.json", "other-1.json"]
)
def test_a_name_that_nobody_can_take_apart_is_none(name):
    """Rather none than a guess."""
    assert read_file_name(name) is None
