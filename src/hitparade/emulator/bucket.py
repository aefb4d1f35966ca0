"""Files that a run takes from the emulator's own S3."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from moto.s3.exceptions import MissingBucket
from moto.s3.models import s3_backends

from hitparade.errors import ConfigError


def fetch(url: str, *, account: str, folder: Path) -> Path:
    """Copy an object into a folder under its own name; ConfigError says which is missing."""
    parts = urlsplit(url)
    key = parts.path.lstrip("/")
    if parts.scheme not in {"s3", "s3a"} or not parts.netloc or not key:
        raise ConfigError(f"{url or 'an empty location'} is not the URL of an S3 object, such as s3://bucket/script.py")
    try:
        held = s3_backends[account]["aws"].get_object(parts.netloc, key)
    except MissingBucket as error:
        raise ConfigError(f"{url} cannot be read: there is no bucket {parts.netloc}") from error
    if held is None:
        raise ConfigError(f"{url} cannot be read: the specified key does not exist")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / Path(key).name
    path.write_bytes(held.value)
    return path
