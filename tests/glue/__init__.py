"""The scripts of the Glue jobs, run as Glue runs them."""
