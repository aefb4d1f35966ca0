"""Airflow and AWS on this machine with one command: `python -m hitparade.standalone`, or `make airflow`.

`airflow standalone` leaves children behind when it is told to end, and brings no AWS. Here the emulator and each part
of Airflow are processes that are watched: they start together, end together, and none is left.
It stands apart from `hitparade.airflow`, which DAG files import.
"""
