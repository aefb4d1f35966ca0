"""The warehouse, on a real PostgreSQL and on the Redshift that stands on one."""
