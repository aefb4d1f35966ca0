"""What histories would do over and over again: read Iceberg's metadata, whose files never change, open databases.

KPIs are parsed once for the same texts, and garbage is looked for seldom: what lives long is most of what is there.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

MOST = 2000
SELDOM = 100_000
WHERE = "SELECT metadata_location FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?"


@contextmanager
def remembered() -> Iterator[None]:
    """Metadata is remembered by the name of its file, which no other has, its schema by its text, databases by URL.

    Databases' engines keep what they know of statements, and no connection to a database that was closed. Where a
    table's metadata is, is asked by one statement, written once.
    """
    import sqlalchemy as sa
    from pyiceberg import manifest
    from pyiceberg.avro import file as avro
    from pyiceberg.avro import resolver
    from pyiceberg.catalog import sql as catalogs
    from pyiceberg.serializers import FromInputFile
    from pyiceberg.utils.schema_conversion import AvroSchemaConversion

    from hitparade.kpis import registry
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
        (catalogs.SqlCatalog, "load_table", located),
        (ledgers, "open_engine", by(lambda url: url, open_engine)),
        (registry, "_parsed", by(lambda *texts: texts, registry._parsed.__wrapped__)),
    )
    with ExitStack() as patches:
        for owner, name, other in instead:
            patches.enter_context(mock.patch.object(owner, name, other))
        gc.collect()
        gc.freeze()
        patches.callback(gc.unfreeze)
        patches.callback(gc.set_threshold, *gc.get_threshold())
        gc.set_threshold(SELDOM)
        yield


def located(catalog: Any, identifier: tuple[str, str]) -> Any:
    """A table of a catalog in a database, as of now."""
    from pyiceberg.catalog.sql import IcebergTables
    from pyiceberg.exceptions import NoSuchTableError

    connection = catalog.engine.raw_connection()
    try:
        found = connection.execute(WHERE, (catalog.name, *identifier)).fetchone()
    finally:
        connection.close()
    if found is None:
        raise NoSuchTableError(".".join(identifier))
    namespace, name = identifier
    row = IcebergTables(
        catalog_name=catalog.name,
        table_namespace=namespace,
        table_name=name,
        metadata_location=found[0],
        previous_metadata_location=None,
    )
    return catalog._convert_orm_to_iceberg(row)


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
