"""Objects in S3, or in any server that speaks it.

An object appears whole, and what is done to one can be made conditional on its etag; so there is no claim, no partial
file, and a move takes the bytes that were seen or none. A blob's etag is the object's, and the second of its last
change before it: the same bytes delivered again are another delivery.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import md5
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from hitparade.aws import code_of, explained, open_client
from hitparade.errors import StorageError
from hitparade.faults import point
from hitparade.model import Blob
from hitparade.storage.base import S3Options
from hitparade.storage.s3_ranges import Ranged as Ranged
from hitparade.storage.s3_ranges import bucket_and_key as bucket_and_key

GONE = frozenset({"404", "NoSuchKey"})
TAKEN = frozenset({"412", "PreconditionFailed", "ConditionalRequestConflict", "409"})
FROZEN = frozenset({"GLACIER", "DEEP_ARCHIVE"})
RESTORED = 'ongoing-request="false"'
COPY_AT_ONCE = 5 << 30
KEYS_PER_DELETE = 1000
PIECE = 8 << 20
STAMP = "hitparade-run"
SOURCE = "hitparade-source"
KEPT = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType")
STAMP_ATTEMPTS = 100
T = TypeVar("T")


class S3Storage:
    """See Medium."""

    exact = True

    def __init__(self, options: S3Options) -> None:
        self.options = options
        self.client = open_client("s3")

    # -- looking

    def list(self, folder: str) -> Iterator[Blob]:
        """See Medium."""
        for entry in self._entries(folder, Delimiter="/"):
            yield blob_of(f"{prefix_of(folder)}{entry['Key'].rsplit('/', 1)[-1]}", entry["Size"], entry)

    def below(self, folder: str) -> Iterator[str]:
        """See Medium."""
        bucket, _ = bucket_and_key(folder)
        for entry in self._entries(folder):
            if not entry["Key"].rsplit("/", 1)[-1].startswith((".", "_")):
                yield f"s3://{bucket}/{entry['Key']}"

    def everything(self, folder: str) -> Iterator[Blob]:
        """See Medium."""
        _, key = bucket_and_key(prefix_of(folder))
        for entry in self._entries(folder):
            yield blob_of(prefix_of(folder) + entry["Key"].removeprefix(key), entry["Size"], entry)

    def _entries(self, folder: str, **options: str) -> Iterator[Mapping[str, Any]]:
        bucket, key = bucket_and_key(prefix_of(folder))
        with explained(f"list {folder}"):
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key, **options)
            for page in pages:
                # A key that ends with a slash is how some tools make a folder.
                yield from (entry for entry in page.get("Contents", ()) if not entry["Key"].endswith("/"))

    def stat(self, url: str) -> Blob | None:
        """See Medium."""
        found = self._head(url)
        return None if found is None else blob_of(url, found["ContentLength"], found)

    def _head(self, url: str) -> Mapping[str, Any] | None:
        """What is told of an object, None where there is none."""
        bucket, key = bucket_and_key(url)
        with explained(f"look at {url}"):
            found: Mapping[str, Any] | None = self._unless(
                GONE, lambda: self.client.head_object(Bucket=bucket, Key=key)
            )
        return found

    # -- reading

    def frozen(self, url: str) -> bool:
        """See Medium."""
        found = self._head(url) or {}
        deep = found.get("StorageClass") in FROZEN or "ArchiveStatus" in found
        return deep and RESTORED not in found.get("Restore", "")

    def open(self, url: str, *, buffered: bool = True) -> BinaryIO:
        """See Medium."""
        raw = Ranged(self.client, url)
        return io.BufferedReader(raw, PIECE) if buffered else cast("BinaryIO", raw)

    def fetch(self, url: str, target: Path) -> str:
        """See Medium."""
        bucket, key = bucket_and_key(url)
        with explained(f"read {url}"):
            self.client.download_file(bucket, key, str(target))
        return str(target)

    # -- writing

    def write(self, url: str, data: bytes) -> None:
        """See Medium."""
        bucket, key = bucket_and_key(url)
        with explained(f"write {url}"):
            self.client.put_object(Bucket=bucket, Key=key, Body=data, **self._written())
        point("storage.written")

    def create(self, url: str, data: bytes) -> bool:
        """Put a small object that must be new; False when another has its name."""
        bucket, key = bucket_and_key(url)
        with explained(f"write {url}"):
            done = self._unless(
                TAKEN,
                lambda: self.client.put_object(Bucket=bucket, Key=key, Body=data, IfNoneMatch="*", **self._written()),
            )
        if done is not None:
            point("storage.written")
            return True
        # The answer to an earlier try may have been lost; then the object that is there is ours.
        with self.open(url) as file:
            return file.read() == data

    def stamp(self, url: str) -> int | None:
        """The number that a stamped object carries, None where there is none."""
        return self._stamped(url)[0]

    def _stamped(self, url: str) -> tuple[int | None, str | None]:
        """The number that an object carries, and its etag."""
        found = self._head(url)
        return (None, None) if found is None else (int(found["Metadata"].get(STAMP, 0)), found["ETag"])

    def write_stamped(self, url: str, data: bytes, *, stamp: int, end: bytes = b"") -> int | None:
        """Put a small object with a number, unless one with a later number is there: then that number.

        It is put on condition that the object is still the one that was looked at, so of writers at once the one with
        the latest number stays. An etag tells bytes and no number, so the same bytes under another number get the
        `end`: a writer who looked before may not take them for those that it saw.
        """
        bucket, key = bucket_and_key(url)
        for _ in range(STAMP_ATTEMPTS):
            held, etag = self._stamped(url)
            if held is not None and held > stamp:
                return held
            same = (
                etag is not None and held != stamp and etag.strip('"') == md5(data, usedforsecurity=False).hexdigest()
            )
            body = data + end if same else data
            condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
            given = {"Metadata": {STAMP: str(stamp)}, **condition, **self._written()}
            with explained(f"write {url}"):
                done = self._unless(
                    TAKEN | GONE,
                    lambda: self.client.put_object(Bucket=bucket, Key=key, Body=body, **given),  # noqa: B023
                )
            if done is not None:
                point("storage.written")
                return None
        raise StorageError(f"cannot write {url}: others keep replacing it", hint="run again")

    def put(self, path: Path, url: str, *, new: bool = False, cold: bool = False) -> bool:
        """See Medium."""
        if new and self.stat(url) is not None:
            return False
        bucket, key = bucket_and_key(url)
        with explained(f"write {url}"):
            self.client.upload_file(str(path), bucket, key, ExtraArgs=self._written(cold=cold))
        point("storage.written")
        return True

    def _written(self, *, cold: bool = False) -> dict[str, str]:
        """How an object is written."""
        given = {
            "ServerSideEncryption": self.options.encryption,
            "SSEKMSKeyId": self.options.kms_key,
            "StorageClass": self.options.archive_class if cold else None,
        }
        return {name: value for name, value in given.items() if value is not None}

    # -- moving and removing

    def move(self, blob: Blob, target: str, *, cold: bool = False) -> bool:
        """See Medium. A move that was cut between the copy and the removal is gone on with."""
        source, there = self._head(blob.url), self._head(target)
        if source is None or blob_of(blob.url, source["ContentLength"], source) != blob:
            return False
        if there is None and not self._copy(blob, source, target, cold=cold):
            there = self._head(target)  # another process may have been faster, with this very object
            if there is None:
                return False
        if there is not None and there["Metadata"].get(SOURCE) != blob.etag.replace('"', ""):
            return False
        point("storage.linked")
        self.forget(blob)
        point("storage.moved")
        return True

    def _copy(self, blob: Blob, seen: Mapping[str, Any], target: str, *, cold: bool) -> bool:
        """Copy within the service; False when the source is not the blob any more, or the name was taken just now.

        The copy says what it is one of, since its etag is another where it is encrypted or was put in parts.
        """
        (bucket, key), (from_bucket, from_key) = bucket_and_key(target), bucket_and_key(blob.url)
        source = {"Bucket": from_bucket, "Key": from_key}
        kept = {name: seen[name] for name in KEPT if seen.get(name)}
        metadata = {**seen["Metadata"], SOURCE: blob.etag.replace('"', "")}
        exactly = {
            "CopySourceIfMatch": etag_of(blob),
            "MetadataDirective": "REPLACE",
            "Metadata": metadata,
            **kept,
            **self._written(cold=cold),
        }
        with explained(f"copy {blob.url} to {target}"):
            if blob.size <= COPY_AT_ONCE:
                done = self._unless(
                    GONE | TAKEN,
                    lambda: self.client.copy_object(
                        Bucket=bucket, Key=key, CopySource=source, IfNoneMatch="*", **exactly
                    ),
                )
            else:  # in parts, which cannot be told not to take a name; what is archived has a name of its own
                done = self._unless(
                    GONE | TAKEN, lambda: self.client.copy(source, bucket, key, ExtraArgs=exactly) or True
                )
        return done is not None

    def forget(self, blob: Blob) -> None:
        """See Medium. What has been put under the name in the meantime stays; the same bytes only when they are told.

        Buckets know no condition on the time, so the same bytes that come within this one moment go unread.
        """
        if self.stat(blob.url) != blob:
            return
        bucket, key = bucket_and_key(blob.url)
        with explained(f"remove {blob.url}"):
            self._unless(GONE | TAKEN, lambda: self.client.delete_object(Bucket=bucket, Key=key, IfMatch=etag_of(blob)))

    def remove(self, urls: Iterable[str]) -> None:
        """See Medium."""
        by_bucket: dict[str, list[str]] = {}
        for bucket, key in map(bucket_and_key, urls):
            by_bucket.setdefault(bucket, []).append(key)
        for bucket, keys in by_bucket.items():
            for start in range(0, len(keys), KEYS_PER_DELETE):
                some = keys[start : start + KEYS_PER_DELETE]
                with explained(f"remove from s3://{bucket}"):
                    objects = [{"Key": key} for key in some]
                    answer = self.client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
                if failed := answer.get("Errors"):
                    raise StorageError(
                        f"cannot remove s3://{bucket}/{failed[0].get('Key')}: {failed[0].get('Message')}",
                        hint="run again",
                    )

    def remove_below(self, folder: str) -> None:
        """See Medium."""
        bucket, _ = bucket_and_key(folder)
        self.remove([f"s3://{bucket}/{entry['Key']}" for entry in self._entries(folder)])

    def remove_empty(self, folder: str, *, before: float) -> int:  # noqa: ARG002 - the interface's words
        """See Medium. Buckets have no folders."""
        return 0

    def make_folder(self, folder: str) -> None:
        """See Medium. Buckets have none."""

    def close(self) -> None:
        """See Medium."""
        self.client.close()

    @staticmethod
    def _unless(codes: frozenset[str], call: Callable[[], T]) -> T | None:
        """What a call answers; None when it is refused for one of these reasons."""
        from botocore.exceptions import ClientError

        try:
            return call()
        except ClientError as error:
            if code_of(error) not in codes:
                raise
            return None


def prefix_of(folder: str) -> str:
    """A folder with the slash that keeps its neighbours out."""
    return folder if folder.endswith("/") else f"{folder}/"


def blob_of(url: str, size: int, found: Mapping[str, Any]) -> Blob:
    """A blob from what a listing or a look at an object tells."""
    changed = int(found["LastModified"].timestamp())
    return Blob(url=url, size=size, etag=f"{changed} {found['ETag']}", modified=float(changed))


def etag_of(blob: Blob) -> str:
    """The object's own etag."""
    return blob.etag.partition(" ")[2]


def open_medium(options: S3Options) -> S3Storage:
    """The medium of s3 URLs."""
    return S3Storage(options)
