"""What histories would do over and over again: read Iceberg's metadata, whose files never change, open databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

MOST = 2000


@contextmanager
def remembered() -> Iterator[None]:
    """Metadata is remembered by the name of its file, which no other has, its schema by its text, databases by URL.

    Databases' engines keep what they know of statements, and no connection to a database that was closed.
    """
    import sqlalchemy as sa
    from pyiceberg import manifest
    from pyiceberg.avro import file as avro
    from pyiceberg.avro import resolver
    from pyiceberg.catalog import sql as catalogs
    from pyiceberg.serializers import FromInputFile
    from pyiceberg.utils.schema_conversion import AvroSchemaConversion

    from hitparade.ledger import sql as ledgers
    from hitparade.ledger.database import open_engine

    read_list, entries = manifest.read_manifest_list, manifest.ManifestFile.fetch_manifest_entry
    schema = by(lambda text: text, lambda text: AvroSchemaConversion().avro_to_iceberg(json.loads(text)))
    instead: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
        (FromInputFile, "table_metadata", by(lambda file, *_: file.location, FromInputFile.table_metadata)),
        (manifest, "read_manifest_list", by(lambda file: file.location, lambda file: tuple(read_list(file)))),
        (
            manifest.ManifestFile,
            "fetch_manifest_entry",
            by(which_entries, entries),
        ),
        (avro.AvroFileHeader, "get_schema", lambda header: schema(header.meta["avro.schema"])),
        (avro, "resolve_reader", by(lambda file, read, *_: (id(file), id(read)), resolver.resolve_reader)),
        (avro, "construct_reader", by(lambda schema, *_: id(schema), resolver.construct_reader)),
        (catalogs, "create_engine", by(lambda url, **_: url, sa.create_engine)),
        (ledgers, "open_engine", by(lambda url: url, open_engine)),
    )
    with ExitStack() as patches:
        for owner, name, other in instead:
            patches.enter_context(mock.patch.object(owner, name, other))
        yield


def which_entries(manifest: Any, io: object, discard_deleted: bool = True) -> Hashable:
    """Entries of a manifest, with or without those of removed files."""
    del io
    return manifest.manifest_path, discard_deleted


def by(key: Callable[..., Hashable], read: Callable[..., Any]) -> Callable[..., Any]:
    """What was read, by a key of what was asked for. All is forgotten when it is much.

    What was asked for is kept as long, so that no other object has its id.
    """
    known: dict[Hashable, tuple[Any, Any]] = {}

    def again(*given: Any, **named: Any) -> Any:
        asked = key(*given, **named)
        if asked not in known:
            if len(known) >= MOST:
                known.clear()
            known[asked] = given, read(*given, **named)
        return known[asked][1]

    return again
