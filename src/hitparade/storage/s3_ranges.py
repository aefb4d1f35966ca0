"""Objects in S3 as files to read anywhere in."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from hitparade.aws import again, code_of, explained

TAIL = 64 << 10
READ_ATTEMPTS = 5


class Ranged(io.RawIOBase):
    """An object as a file to read anywhere in, by ranges.

    The first request brings its end, where Parquet keeps its index, and tells its size; later ones want the same
    object. A range that is lost on its way is asked for again.
    """

    def __init__(self, client: Any, url: str) -> None:
        super().__init__()
        self.client = client
        self.url = url
        self.bucket, self.key = bucket_and_key(url)
        self.place = 0
        self.etag: str | None = None
        self.tail, self.size = self._first()

    def again(self) -> Ranged:
        """The same object from its start, without asking for its end again."""
        other = Ranged.__new__(Ranged)
        vars(other).update(vars(self), place=0)
        return other

    def _first(self) -> tuple[bytes, int]:
        from botocore.exceptions import ClientError

        try:
            answer, data = self._get(f"bytes=-{TAIL}")
        except ClientError as error:
            if code_of(error) != "InvalidRange":  # an empty object has no range
                raise
            answer, data = self._get(None)
        self.etag, self.modified = answer["ETag"], answer["LastModified"]
        return data, int(answer.get("ContentRange", f"/{len(data)}").rsplit("/", 1)[-1])

    def _get(self, wanted: str | None) -> tuple[Mapping[str, Any], bytes]:
        options = {"Range": wanted, "IfMatch": self.etag}
        given = {name: value for name, value in options.items() if value is not None}

        def ask() -> tuple[Mapping[str, Any], bytes]:
            with explained(f"read {self.url}"):
                answer = self.client.get_object(Bucket=self.bucket, Key=self.key, **given)
                return answer, answer["Body"].read()

        return again(ask, attempts=READ_ATTEMPTS)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go somewhere; the place."""
        self.place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.place, io.SEEK_END: self.size}[whence]
        return self.place

    def tell(self) -> int:
        """The place."""
        return self.place

    def readall(self) -> bytes:
        """The rest, in one request: io would ask for it in small pieces."""
        return self.read()

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as there is something."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def read(self, size: int | None = -1) -> bytes:
        """As many bytes from the place on, or all."""
        end = self.size if size is None or size < 0 else min(self.place + size, self.size)
        if end <= self.place:
            return b""
        start_of_tail = self.size - len(self.tail)
        if self.place >= start_of_tail:
            data = self.tail[self.place - start_of_tail : end - start_of_tail]
        else:
            data = self._get(f"bytes={self.place}-{end - 1}")[1]
        self.place += len(data)
        return data


def bucket_and_key(url: str) -> tuple[str, str]:
    """The two parts of an s3 URL; a key stands as it is, nothing in it is quoted."""
    bucket, _, key = url.split("://", 1)[1].partition("/")
    return bucket, key
