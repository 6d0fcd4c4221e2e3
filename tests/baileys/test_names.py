"""Names: every file the real library writes is of a known kind, and no protected kind is ever planned."""

import os
import re

import pytest
from authfolder import BOT
from install import VERSIONS, library_of
from lab import clean, copy_world

from baileys_cleanup.decision.names import PROTECTED, Kind, kind_of

KIND_OF_TYPE = {
    "pre-key": Kind.PRE_KEY,
    "session": Kind.SESSION,
    "sender-key": Kind.SENDER_KEY,
    "sender-key-memory": Kind.SENDER_KEY_MEMORY,
    "app-state-sync-key": Kind.APP_STATE_SYNC_KEY,
    "app-state-sync-version": Kind.APP_STATE_SYNC_VERSION,
    "lid-mapping": Kind.LID_MAPPING,
    "device-list": Kind.DEVICE_LIST,
    "tctoken": Kind.TCTOKEN,
    "identity-key": Kind.IDENTITY_KEY,
}
"""The key types this project has looked at, each with the kind its files are taken for."""

OLDEST_TYPES = set(list(KIND_OF_TYPE)[:6])
"""What every version has had from the beginning."""

HARSHEST = {
    "BAILEYS_CLEANUP_RETENTION__SESSION_MAX_AGE_DAYS": "1",
    "BAILEYS_CLEANUP_RETENTION__SENDER_KEY_MAX_AGE_DAYS": "1",
    "BAILEYS_CLEANUP_RETENTION__MAX_PRE_KEYS": "30",
    "BAILEYS_CLEANUP_RETENTION__KEEP_ADVERTISED_PRE_KEYS": "false",
    "BAILEYS_CLEANUP_RETENTION__KEEP_OWN_SESSIONS": "false",
}


def key_types(declarations):
    """The members of `SignalDataTypeMap`, read out of the library's own type declarations."""
    body = re.search(r"type SignalDataTypeMap = \{\n(.*?)\n\};", declarations, re.DOTALL)
    assert body, "SignalDataTypeMap is not where it was; look at lib/Types/Auth.d.ts"
    return set(re.findall(r"^ {4}'?([\w-]+)'?: ", body.group(1), re.MULTILINE))


def unknown_types(declarations):
    """Key types nobody here has looked at yet."""
    return key_types(declarations) - set(KIND_OF_TYPE)


def declarations_of(version):
    return (library_of(version) / "lib" / "Types" / "Auth.d.ts").read_text()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_key_type_of_the_library_has_a_kind(installed, version):
    """The library declares no key type that this project has not looked at, and each is named as expected."""
    types = key_types(declarations_of(version))
    assert types >= OLDEST_TYPES
    assert types - set(KIND_OF_TYPE) == set(), "a new key type: decide what becomes of its files"
    assert {name: kind_of(f"{name}-1.json") for name in types} == {name: KIND_OF_TYPE[name] for name in types}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_new_key_type_would_be_noticed(installed, version):
    """A type added to the declarations of any version turns the check above red."""
    grown = declarations_of(version).replace(
        "type SignalDataTypeMap = {\n", "type SignalDataTypeMap = {\n    'contacts-tc-token': string;\n"
    )
    assert unknown_types(grown) == {"contacts-tc-token"}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_file_the_library_writes_is_of_a_known_kind(lab, version):
    """In the folders of all thirteen devices no file is unknown, and all types the version has occur."""
    folders = lab.world(version) / "folders"
    names = {name for device in os.listdir(folders) for name in os.listdir(folders / device)}
    assert {name for name in names if kind_of(name) is Kind.UNKNOWN} == set()
    seen = {kind_of(name) for name in os.listdir(folders / BOT)}
    declared = {KIND_OF_TYPE[name] for name in key_types(declarations_of(version))} | {Kind.CREDS}
    assert seen == declared


@pytest.mark.parametrize("version", VERSIONS)
def test_no_protected_kind_is_ever_planned(lab, version, tmp_path):
    """Everything a year old and every limit at its harshest: what is planned holds no protected kind."""
    folder = copy_world(lab.world(version), tmp_path / "copy", linked=False)
    folder.age(365)
    before = folder.names()
    summary = clean(folder, "--dry-run", environment=HARSHEST)
    (company,) = summary["companies"]
    planned = {one["file"] for one in company["removals"]}
    assert company["files"]["removed"] == len(planned) > 10
    assert {kind_of(name) for name in planned} & PROTECTED == set()
    assert {Kind.SESSION, Kind.SENDER_KEY, Kind.SENDER_KEY_MEMORY} <= {kind_of(name) for name in planned}
    assert folder.names() == before
