"""S3, or a server that speaks like it, as a place for archives, by botocore: the library under AWS's own command line.

Endpoint, region and credentials come from where that library looks for them: `AWS_ENDPOINT_URL`, `AWS_PROFILE`, the
shared files, the role of the machine. An archive is one PUT with its MD5: it is there whole, or it is not there.

The archives of a company lie under a prefix of its own, `<prefix>/<2 hex digits>/company_<id>/`, so that listing one is
one request. Those that lie directly below the prefix, where earlier versions put them, are found as well.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from baileys_cleanup.backups.naming import company_prefix, is_of, read_archive_name
from baileys_cleanup.backups.places.place import Draft, Place, Stored, Upload, pour
from baileys_cleanup.errors import StoreProblem, UsageProblem
from baileys_cleanup.output.extras import to_install
from baileys_cleanup.output.text import shown
from baileys_cleanup.store.snapshots import CHUNK, open_spool

_MOST_BYTES = 5 * 1024**3
"""What S3 takes in one PUT. No company comes near."""
_MD5 = re.compile(r'"?([0-9a-f]{32})"?')
_WORDS = {
    "AccessDenied": "access denied: these credentials may not do that",
    "InvalidAccessKeyId": "the access key is not known there",
    "SignatureDoesNotMatch": "the secret key is wrong, or the clock is",
    "RequestTimeTooSkewed": "the clock is wrong",
    "ExpiredToken": "the credentials have expired",
    "NoSuchBucket": "there is no such bucket",
    "NoSuchKey": "there is no such archive",
    "404": "there is no such archive or bucket, or what answers there does not speak S3",
    "403": "access denied",
}


class S3Place:
    """One bucket, below one prefix."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:  # noqa: ANN401 - botocore makes its clients
        self.where = shown(f"s3://{bucket}/{prefix}".rstrip("/"))
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._keys: dict[str, str] = {}
        self._flat: dict[str, Stored] | None = None

    def list(self, company_id: str | None = None) -> list[Stored]:
        """Return the archives of a company, or all, with their ETags.

        What lies directly below the prefix is asked for once, when the first company is listed by itself.
        """
        found: dict[str, Stored] = {}
        if company_id is not None:
            if self._flat is None:
                self._flat = {
                    stored.name: stored for key, stored in self._look("", delimiter="/") if key == stored.name
                }
                self._keys.update({name: name for name in self._flat})
            found = {name: stored for name, stored in self._flat.items() if is_of(name, company_id)}
        for key, stored in self._look("" if company_id is None else company_prefix(company_id)):
            if key == _key_of(stored.name) or (company_id is None and key == stored.name):
                found[stored.name] = stored
                self._keys[stored.name] = key
        return sorted(found.values())

    def _look(self, below: str, delimiter: str = "") -> Iterator[tuple[str, Stored]]:
        """Give what has an archive's name, with its key below the prefix."""
        with _told(self.where):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + below, Delimiter=delimiter
            )
            for page in pages:
                for item in page.get("Contents", ()):
                    key = item["Key"].removeprefix(self._prefix)
                    name = key.rpartition("/")[2]
                    if read_archive_name(name):
                        yield key, self._stored(name, item["Size"], item["ETag"])

    def _at(self, name: str) -> dict[str, str]:
        """Return where an archive was seen, or where it belongs."""
        return {"Bucket": self._bucket, "Key": self._prefix + self._keys.get(name, _key_of(name))}

    @contextmanager
    def fetch(self, name: str) -> Iterator[BinaryIO]:
        """Bring an archive here, whole, before anything of it is read."""
        with open_spool() as spool:
            with _told(f"{self.where}/{shown(name)}"):
                answer = self._get(name)
                pour(answer["Body"], spool)
                if spool.tell() != answer["ContentLength"]:
                    raise StoreProblem(f"{self.where}/{shown(name)}: the connection broke off")
            yield spool

    def _get(self, name: str) -> Any:  # noqa: ANN401 - botocore's own
        """Ask for an archive where it belongs, then where earlier versions put it."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - an extra

        try:
            return self._client.get_object(**self._at(name))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in {"NoSuchKey", "404"}:
                raise
            return self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """Begin an archive here; it goes there when it is whole."""
        with open_spool() as spool:
            yield Upload(spool, self.publish)

    def publish(self, name: str, file: BinaryIO) -> Stored:
        """Put an archive there in one request, and ask what arrived."""
        digest = hashlib.md5(usedforsecurity=False)
        file.seek(0)
        while part := file.read(CHUNK):
            digest.update(part)
        size = file.tell()
        if size > _MOST_BYTES:
            raise StoreProblem(f"{self.where} takes archives up to {_MOST_BYTES // 1024**3} GiB")
        file.seek(0)
        key = self._at(name)
        with _told(f"{self.where}/{shown(name)}"):
            self._client.put_object(
                **key, Body=file, ContentLength=size, ContentMD5=base64.b64encode(digest.digest()).decode("ascii")
            )
            arrived = self._client.head_object(**key)
        # An ETag is the MD5 but for what the server encrypts with keys of its own.
        etag = _MD5.fullmatch(arrived["ETag"])
        encrypted = arrived.get("ServerSideEncryption", "AES256") != "AES256"
        other = etag is not None and etag[1] != digest.hexdigest() and not encrypted
        if other or arrived["ContentLength"] != size:
            with suppress(StoreProblem):  # the next backup reads it, and does not count it
                self.delete(name)
            raise StoreProblem(f"{self.where}/{shown(name)} arrived as something else")
        return self._stored(name, size, arrived["ETag"])

    def delete(self, name: str) -> None:
        """Delete an archive, and nothing that has no archive's name."""
        if read_archive_name(name) is None:
            raise StoreProblem(f"{shown(name)} is no archive's name; it was not deleted")
        with _told(f"{self.where}/{shown(name)}"):
            self._client.delete_object(**self._at(name))

    def _stored(self, name: str, size: int, etag: str) -> Stored:
        quote = '"'
        return Stored(name, size, f"etag:{etag.strip(quote)}:{size}")


def _key_of(name: str) -> str:
    """Return where an archive belongs, below the prefix."""
    named = read_archive_name(name)
    return name if named is None else company_prefix(named.company_id) + name


@contextmanager
def open_s3_place(target: str) -> Iterator[Place]:
    """Open the place that `s3://bucket/prefix` names.

    The bucket is asked once, so that whatever is wrong with it as a whole is told once, before any company is tried.
    Raises UsageProblem where botocore is missing or no bucket is named, StoreProblem where it cannot be used.
    """
    place = urlsplit(target)
    if not place.netloc:
        raise UsageProblem(f"{shown(target)} names no bucket; allowed: s3://bucket or s3://bucket/prefix")
    try:
        from botocore.config import Config  # noqa: PLC0415 - an extra
        from botocore.session import Session  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageProblem(f"for s3:// botocore has to be installed: {to_install('s3')}") from None
    with _told(shown(target)):
        session = Session()
        client = session.create_client("s3", config=_config(Config, {}))
        # Servers other than Amazon's seldom have a host name for each bucket.
        own_style = (session.get_scoped_config().get("s3") or {}).get("addressing_style")
        if not own_style and not (urlsplit(client.meta.endpoint_url).hostname or "").endswith(
            (".amazonaws.com", ".amazonaws.com.cn")
        ):
            client = session.create_client("s3", config=_config(Config, {"addressing_style": "path"}))
    prefix = place.path.strip("/")
    try:
        with _told(f"{shown(target)} at {shown(client.meta.endpoint_url)}"):
            client.list_objects_v2(Bucket=place.netloc, Prefix=f"{prefix}/" if prefix else "", MaxKeys=1)
        yield S3Place(client, place.netloc, prefix)
    finally:
        client.close()


def _config(make: Any, style: dict[str, str]) -> Any:  # noqa: ANN401 - botocore's own
    return make(
        connect_timeout=10,
        read_timeout=60,
        retries={"mode": "standard", "max_attempts": 3},
        s3=style,
        # Content-MD5 is what every server checks; the newer checksums are refused by some.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


@contextmanager
def _told(where: str) -> Iterator[None]:
    """Turn what botocore raises into one sentence, of its codes alone: its own texts may hold the id of a key."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415 - an extra

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        raise StoreProblem(f"{where}: {_WORDS.get(code, f'the server answered {shown(code)}')}") from None
    except NoCredentialsError:
        raise StoreProblem(f"{where}: there are no AWS credentials in the environment, the files or a role") from None
    except BotoCoreError as error:
        raise StoreProblem(f"{where}: {_in_words(error)}") from None
    except ValueError as error:
        endpoint = str(error).partition("Invalid endpoint: ")[2]
        why = f"{shown(endpoint)} is no endpoint; it begins with https://" if endpoint else type(error).__name__
        raise StoreProblem(f"{where}: {why}") from None
    except OSError as error:
        raise StoreProblem(f"{where}: {type(error).__name__}") from None


def _in_words(error: Exception) -> str:
    words = {
        "EndpointConnectionError": "the server cannot be reached",
        "ConnectTimeoutError": "the server does not answer",
        "ReadTimeoutError": "the server stopped answering",
        "ConnectionClosedError": "the connection broke off",
        "ResponseStreamingError": "the connection broke off",
        "IncompleteReadError": "the connection broke off",
        "ProfileNotFound": "the AWS profile does not exist",
        "PartialCredentialsError": "the AWS credentials are incomplete",
        "ResponseParserError": "what answers there does not speak S3",
        "SSLError": "no secure connection could be made",
    }
    return words.get(type(error).__name__, type(error).__name__)
