"""The lake: Iceberg tables, planned and committed by pyiceberg alone, written and read by engines as plain Parquet."""

from hitparade.lake.lake import Lake, open_lake

__all__ = ["Lake", "open_lake"]
