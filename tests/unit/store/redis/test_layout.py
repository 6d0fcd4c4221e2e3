"""Names of keys in Redis: whose they are, and what SCAN is asked for."""

from fnmatch import fnmatchcase

import pytest

from baileys_cleanup.errors import UsageProblem
from baileys_cleanup.store.place import Redis
from baileys_cleanup.store.redis.layout import file_name, layout_of

EVOLUTION = layout_of(Redis(key="evolution:instance:{company_id}"))
STRINGS = layout_of(Redis(layout="string"))


@pytest.mark.parametrize(
    ("layout", "key", "found"),
    [
        (EVOLUTION, "evolution:instance:7", ("7", "")),
        (EVOLUTION, "evolution:instance:a:b*", ("a:b*", "")),
        (EVOLUTION, "evolution:instance:", None),
        (EVOLUTION, "other:instance:7", None),
        (layout_of(Redis()), "7:auth", ("7", "")),
        (layout_of(Redis()), "baileys-cleanup:x:auth", None),
        (STRINGS, "7:creds", ("7", "creds")),
        (STRINGS, "a:b:session-1.0", ("a:b", "session-1.0")),
        (STRINGS, "7:sender-key-1@g.us::2::0", ("7", "sender-key-1@g.us::2::0")),
        (STRINGS, "7:session-x:creds", ("7:session-x", "creds")),
        (STRINGS, "7:unheard-of", None),
        (STRINGS, "session-1.0", None),
    ],
)
def test_a_key_is_of_one_company_or_of_none(layout, key, found):
    """An id may hold colons and stars; the tool's own keys are nobody's."""
    assert found == layout.read(key)


def test_what_scan_is_asked_for_fits_and_no_glob_of_a_name_is_one():
    """A star or a bracket in the setting is itself."""
    layout = layout_of(Redis(key="a*[b]:{company_id}"))
    assert r"a\*\[b\]:*" == layout.pattern
    assert fnmatchcase("evolution:instance:7", EVOLUTION.pattern)


@pytest.mark.parametrize(("ids", "field"), [("raw", "sender-key-1@g.us::2::0"), ("file", "sender-key-1@g.us--2--0")])
def test_a_new_key_is_named_as_the_settings_say(ids, field):
    """And both forms are read as the same file."""
    name = "sender-key-1@g.us--2--0.json"
    layout = layout_of(Redis(ids=ids))
    assert (field, "creds") == (layout.field(name), layout.field("creds.json"))
    assert name == file_name(field)


@pytest.mark.parametrize(
    "asked",
    [
        Redis(key="auth"),
        Redis(key="{company_id}:{company_id}"),
        Redis(key="{company_id}:{field}"),
        Redis(layout="string", key="{company_id}"),
        Redis(layout="string", key="{field}:{company_id}"),
        Redis(layout="string", key="{company_id}:{field}{field}"),
        Redis(key="{companyid}:auth"),
    ],
)
def test_a_name_without_its_marks_is_refused(asked):
    """The sentence says what belongs in it."""
    with pytest.raises(UsageProblem, match="company_id"):
        layout_of(asked)


@pytest.mark.parametrize(
    ("layout", "key", "said"),
    [
        ("hash", "wa:{compny}:auth", "redis.key has {compny} in it; allowed for the layout hash: a name that has"),
        ("hash", "wa:{Company_id}:{type}", "redis.key has {Company_id} in it"),
        ("string", "{company_id}:{feild}", "redis.key has {feild} in it"),
        ("hash", "{company_id}:{field}", 'redis.key is "{company_id}:{field}"; allowed for the layout hash'),
        ("hash", "wa", 'redis.key is "wa"; allowed'),
    ],
)
def test_a_mark_that_was_misspelled_is_named(layout, key, said):
    """It would be looked for by that very name, and no company found."""
    with pytest.raises(UsageProblem) as caught:
        layout_of(Redis(layout=layout, key=key))
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("layout", "key"),
    [
        ("hash", "{wa}:{company_id}:auth"),
        ("hash", "{{company_id}}:auth"),
        ("hash", "{companies}:{company_id}:auth"),
        ("hash", "{company}:{company_id}"),
        ("hash", "{wid}:{uid}:{type}:{company_id}"),
        ("string", "{companies}:{fields}:{company_id}:{field}"),
    ],
)
def test_braces_beside_the_marks_are_a_part_of_a_name(layout, key):
    """Where each mark is in its place nothing is misspelled: the rest is a hash tag of a cluster, say."""
    assert key == layout_of(Redis(layout=layout, key=key)).template


def test_a_name_that_begins_as_the_tools_own_is_refused():
    """Nothing of a bot's could ever be seen there."""
    with pytest.raises(UsageProblem, match="the tool's own"):
        layout_of(Redis(key="baileys-cleanup:{company_id}"))
