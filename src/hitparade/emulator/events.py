"""Events of S3 as S3 writes them: in a key everything odd is encoded, and the slashes between its parts are not."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote_plus

from moto.s3 import notifications


def write_keys_as_s3_does() -> None:
    """Let moto's events name keys with their slashes. Doing it twice changes nothing."""
    setattr(notifications, "quote_plus", partial(quote_plus, safe="/"))  # noqa: B010 - mypy knows it for a function
