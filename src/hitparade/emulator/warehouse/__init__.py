"""A PostgreSQL that stands in for Redshift, on loopback.

`cluster` starts a PostgreSQL, and `proxy` is what clients reach: it lets them in and speaks their wire protocol
(`protocol`). A `session` turns Redshift's SQL into PostgreSQL's (`translate`, `functions`), refuses what Redshift lacks
(`refusals`), and does what PostgreSQL has no statement for, COPY from S3 (`copying`), on the same way (`relay`).
"""
