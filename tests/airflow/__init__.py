"""The DAGs, run by Airflow itself on the emulator."""
