"""The ledger's tables in SQL. They are small: one row a file, one row a KPI's day."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()
# SQLite numbers rows by itself only where the key is a plain INTEGER.
Serial = BigInteger().with_variant(Integer, "sqlite")
# Times are kept as ISO 8601 text in UTC: every database reads them back as they were written.
Instant = String(32)

facts = Table(
    "facts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run", Serial, primary_key=True, autoincrement=False),
    Column("started_at", Instant, nullable=False),
    Column("heartbeat_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("host", Text, nullable=False),
    Column("command", Text, nullable=False),
)

contracts = Table(
    "contracts",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("dataset", String(16), nullable=False),
    Column("text", Text, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=False),
    Column("load_id", BigInteger, nullable=False, unique=True),
    Column("dataset", String(16), nullable=False),
    Column("uri", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("etag", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("contract", String(64), ForeignKey("contracts.hash")),
    Column("status", String(16), nullable=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("rows_loaded", BigInteger, nullable=False),
    Column("rows_rejected", BigInteger, nullable=False),
    Column("reason", Text),
    Column("loaded_at", Instant, nullable=False),
    Column("run", BigInteger, ForeignKey("runs.run"), nullable=False),
    Index("deliveries_by_content", "sha256"),
    Index("deliveries_by_name", "uri"),
    Index("deliveries_in_effect", "dataset", "status", "seq"),
)

touched_days = Table(
    "touched_days",
    metadata,
    Column("listen_date", Date, primary_key=True),
    Column("seq", BigInteger, ForeignKey("deliveries.seq"), primary_key=True),
    Column("rows", BigInteger, nullable=False),
)

computations = Table(
    "computations",
    metadata,
    Column("kpi", String(128), primary_key=True),
    Column("listen_date", Date, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("listens", BigInteger, nullable=False),
    Column("repeats", BigInteger, nullable=False),
    Column("computed_at", Instant, nullable=False),
    Column("run", BigInteger, ForeignKey("runs.run"), nullable=False),
)

publications = Table(
    "publications",
    metadata,
    Column("sink", String(255), primary_key=True),
    Column("table", String(255), primary_key=True),
    Column("listen_date", Date, primary_key=True),
    Column("computed_run", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("run", BigInteger, ForeignKey("runs.run"), nullable=False),
)
