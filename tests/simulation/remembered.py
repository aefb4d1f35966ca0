"""Iceberg's metadata, read once: its files never change, and a history reads each a dozen times."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from unittest import mock


@contextmanager
def metadata_remembered() -> Iterator[None]:
    """Tables' metadata is remembered by its name, which no other has, and the schemas of manifests by their text."""
    from pyiceberg.avro.file import AvroFileHeader
    from pyiceberg.serializers import FromInputFile
    from pyiceberg.utils.schema_conversion import AvroSchemaConversion

    read = FromInputFile.table_metadata
    known: dict[str, Any] = {}

    def metadata(file: Any, encoding: str = "utf-8") -> Any:
        if file.location not in known:
            if len(known) > 1000:
                known.clear()
            known[file.location] = read(file, encoding)
        return known[file.location]

    @lru_cache(maxsize=200)
    def schema(text: str) -> Any:
        return AvroSchemaConversion().avro_to_iceberg(json.loads(text))

    with (
        mock.patch.object(FromInputFile, "table_metadata", metadata),
        mock.patch.object(AvroFileHeader, "get_schema", lambda header: schema(header.meta["avro.schema"])),
    ):
        yield
