"""Engines: what turns files into Parquet and days into KPIs. They never commit."""
