"""The scripts of the documented Glue jobs: each reads its arguments and makes one call."""
