"""A PostgreSQL that stands in for Redshift, on loopback.

`cluster` starts a PostgreSQL, and `proxy` is what clients reach: it speaks their wire protocol (`protocol`), turns
Redshift's SQL into PostgreSQL's (`translate`), refuses what Redshift lacks (`refusals`), and does what PostgreSQL has
no statement for, COPY from S3 (`copying`).
"""
