"""Airflow and AWS on this machine: what starts, and what is left when it ends."""
