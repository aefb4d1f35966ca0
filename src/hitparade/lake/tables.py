"""The lake's tables: their columns, partitions and properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import (
    DateType,
    DoubleType,
    IcebergType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
)

from hitparade.model import Kpi

PARTITION = "listen_date"

TYPES: Mapping[str, IcebergType] = {
    "string": StringType(),
    "int": IntegerType(),
    "long": LongType(),
    "double": DoubleType(),
    "date": DateType(),
    "timestamp": TimestampType(),
}

# Small commits must not pile up: manifests are merged, and old metadata and snapshots let go.
COMMON = {
    "format-version": "2",
    "commit.manifest-merge.enabled": "true",
    "commit.manifest.min-count-to-merge": "8",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "5",
    "write.parquet.compression-codec": "zstd",
}
# Rows count only by their load_id in the ledger, so an append may be repeated on whatever base it meets.
APPENDED = {"commit.retry.num-retries": "10", "commit.retry.min-wait-ms": "20"}
# A KPI's day rests on what was read; rebasing it past another commit would hide that it is stale.
# Its files are found by their day alone, so bounds of other columns would only cost time, file by file.
REPLACED = {
    "commit.retry.num-retries": "0",
    "write.metadata.metrics.default": "none",
    f"write.metadata.metrics.column.{PARTITION}": "full",
}

DATA_TABLES: Mapping[str, Mapping[str, str]] = {
    "listens": {
        "user_id": "long",
        "track_id": "string",
        "listened_at": "timestamp",
        "listen_date": "date",
        "listen_hour": "int",
        "load_id": "long",
    },
    "songs": {
        "track_id": "string",
        "track_name": "string",
        "artists": "string",
        "album_name": "string",
        "popularity": "int",
        "duration_ms": "long",
        "load_id": "long",
    },
    "song_genres": {"track_id": "string", "genre": "string", "position": "int", "load_id": "long"},
    "song_artists": {"track_id": "string", "artist": "string", "position": "int", "load_id": "long"},
    "users": {
        "user_id": "long",
        "user_name": "string",
        "user_age": "int",
        "user_country": "string",
        "created_at": "timestamp",
        "load_id": "long",
    },
    "rejects": {
        "load_id": "long",
        "row": "long",
        "rule": "string",
        "column": "string",
        "value": "string",
        "raw": "string",
        "rejected_at": "timestamp",
    },
}


@dataclass(frozen=True, slots=True)
class TableShape:
    """What a table must look like: its name, schema, partition and properties."""

    name: str
    schema: Schema
    spec: PartitionSpec
    properties: Mapping[str, str]


def data_table(name: str) -> TableShape:
    """The shape of one of the data tables."""
    return shape(name, DATA_TABLES[name], APPENDED)


def kpi_table(kpi: Kpi) -> TableShape:
    """The shape of the table that a KPI of scope `day` is stored in."""
    return shape(f"kpi_{kpi.name}", {column.name: column.type for column in kpi.columns}, REPLACED)


def shape(name: str, columns: Mapping[str, str], properties: Mapping[str, str]) -> TableShape:
    """A table's shape from its columns; one with a listen_date is partitioned by it."""
    fields = [
        NestedField(number, column, TYPES[kind], required=False)
        for number, (column, kind) in enumerate(columns.items(), start=1)
    ]
    schema = Schema(*fields)
    spec = PartitionSpec(
        *(
            PartitionField(field.field_id, 1000, IdentityTransform(), PARTITION)
            for field in fields
            if field.name == PARTITION
        )
    )
    names = {"schema.name-mapping.default": schema.name_mapping.model_dump_json()}
    return TableShape(name, schema, spec, {**COMMON, **properties, **names})
