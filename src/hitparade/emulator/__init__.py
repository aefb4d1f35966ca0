"""AWS on a laptop: S3, DynamoDB, Secrets Manager, Glue and what goes with them, on loopback.

moto keeps the state and speaks the protocols. What is added here is what moto only pretends: Glue jobs execute their
scripts (`jobs`, `runs`, `programs`), the data catalog refuses stale updates (`catalog`), and a folder keeps the state
over restarts (`state`). Beside it, if it is asked for, a PostgreSQL stands in for Redshift (`warehouse`).
"""
