"""`elsewhere` and `bucket`: other stores, with fsspec's memory and a stand-in for botocore's client."""

import io

import pytest

from baileys_cleanup.backups.naming import company_prefix
from baileys_cleanup.backups.places.open import open_place
from baileys_cleanup.backups.places.place import Stored
from baileys_cleanup.errors import StoreProblem, UsageProblem

NAME = "company_1-20261122T030000Z.tar.gz"


def lay(store, name=NAME, data=b"whole"):
    """Put an archive into a store."""
    with store.draft() as draft:
        draft.file.write(data)
        return draft.publish(name)


@pytest.fixture
def memory():
    """Open an empty folder of fsspec's memory."""
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    system.makedirs("/vault", exist_ok=True)
    with open_place("memory://vault") as store:
        yield store
    system.rm("/vault", recursive=True)


def test_any_place_of_fsspec_holds_archives(memory):
    """Published, listed, fetched, never replaced, deleted; foreign names are none of ours."""
    assert Stored(NAME, 5) == lay(memory)
    with memory._system.open("/vault/notes.txt", "wb") as file:
        file.write(b"x")
    assert [Stored(NAME, 5)] == memory.list()
    with memory.fetch(NAME) as file:
        file.seek(0)
        assert b"whole" == file.read()
    with pytest.raises(StoreProblem, match="not replaced"):
        lay(memory, data=b"other")
    memory.delete(NAME)
    memory.delete(NAME)
    with pytest.raises(StoreProblem, match="no archive's name"):
        memory.delete("notes.txt")
    assert [] == memory.list()


def test_a_half_written_file_has_no_archives_name(memory, monkeypatch):
    """The connection breaks off: nothing is listed, and the part is gone."""

    def mv(*_):
        raise ConnectionResetError

    with monkeypatch.context() as context:
        context.setattr(memory._system, "mv", mv)
        with pytest.raises(StoreProblem):
            lay(memory)
    assert ([], []) == (memory.list(), memory._system.ls("/vault", detail=False))


def test_too_few_bytes_are_noticed(memory, monkeypatch):
    """What arrived is asked for before it takes its name."""
    with monkeypatch.context() as context:
        context.setattr(memory._system, "exists", lambda path: False)
        context.setattr(memory._system, "info", lambda path: {"size": 4})
        with pytest.raises(StoreProblem, match="4 bytes arrived instead of 5"):
            lay(memory)
    assert [] == memory.list()


def test_what_a_package_says_is_not_repeated(memory, monkeypatch):
    """Its text may hold a secret: only the kind of its error is told."""

    def ls(*_, **__):
        raise RuntimeError("the token is s3cr3t")

    with monkeypatch.context() as context:
        context.setattr(memory._system, "ls", ls)
        with pytest.raises(StoreProblem) as problem:
            memory.list()
    assert "memory://vault: RuntimeError" == str(problem.value)


def test_an_unknown_scheme_is_a_sentence():
    """Nothing that fsspec knows: status 2."""
    pytest.importorskip("fsspec")
    with pytest.raises(UsageProblem, match="cannot be used for archives"), open_place("nonsense://x"):
        pass


class Client:
    """Looks like botocore's client, for one PUT."""

    def __init__(self, **arrived):
        self.put = None
        self.deleted = []
        self._arrived = arrived

    def put_object(self, **what):
        """Take an object."""
        self.put = what | {"Body": what["Body"].read()}

    def head_object(self, **_):
        """Tell what arrived."""
        return {"ContentLength": len(self.put["Body"]), "ETag": '"5f4dcc"'} | self._arrived

    def delete_object(self, **what):
        """Delete an object."""
        self.deleted.append(what["Key"])


@pytest.mark.parametrize(
    ("arrived", "fine"),
    [
        ({}, True),
        ({"ETag": '"356c9ee60e9da05301adc3bd96f6b383"'}, True),
        ({"ETag": f'"{"0" * 32}"'}, False),
        ({"ETag": f'"{"0" * 32}"', "ServerSideEncryption": "aws:kms"}, True),
        ({"ContentLength": 4}, False),
    ],
)
def test_what_arrived_on_s3_is_compared(arrived, fine):
    """Another size or MD5 than was sent: deleted again, and an error; an encrypted object's ETag says nothing."""
    pytest.importorskip("botocore")
    from baileys_cleanup.backups.places.s3 import S3Place

    client = Client(**arrived)
    bucket = S3Place(client, "vault", "nightly")
    if fine:
        assert NAME == bucket.publish(NAME, io.BytesIO(b"whole")).name
        assert (f"nightly/{company_prefix('1')}{NAME}", b"whole", 5) == tuple(
            client.put[key] for key in ("Key", "Body", "ContentLength")
        )
        assert [] == client.deleted
    else:
        with pytest.raises(StoreProblem, match="arrived as something else"):
            bucket.publish(NAME, io.BytesIO(b"whole"))
        assert [f"nightly/{company_prefix('1')}{NAME}"] == client.deleted


def test_a_bucket_has_a_name():
    """`s3://` alone is no place."""
    with pytest.raises(UsageProblem, match="names no bucket"), open_place("s3:///prefix"):
        pass
