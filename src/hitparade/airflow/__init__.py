"""The door of Airflow: what the tasks of the DAGs in dags/ do, one function for each kind of task.

A DAG file is read every few seconds, so importing this loads nothing heavy: the parts are imported when a task runs.
"""

from hitparade.airflow.arrivals import arrival, on_arrival
from hitparade.airflow.checks import (
    branch_on_columns,
    check_schema,
    quarantine_refused,
    validate_data,
    validate_streams,
)
from hitparade.airflow.copies import copy_inputs, move_copies, remove_copies
from hitparade.airflow.jobs import completion, python_shell_job, spark_job
from hitparade.airflow.notices import late_after, notify_failure
from hitparade.airflow.system import System
from hitparade.airflow.tables import genre_tables, tables
from hitparade.airflow.tasks import archive_settled, branch_on_files, prepare_job
from hitparade.airflow.warehouse import compute_kpis, extract_and_validate, load_to_redshift, transform_data

__all__ = [
    "System",
    "archive_settled",
    "arrival",
    "branch_on_columns",
    "branch_on_files",
    "check_schema",
    "completion",
    "compute_kpis",
    "copy_inputs",
    "extract_and_validate",
    "genre_tables",
    "late_after",
    "load_to_redshift",
    "move_copies",
    "notify_failure",
    "on_arrival",
    "prepare_job",
    "python_shell_job",
    "quarantine_refused",
    "remove_copies",
    "spark_job",
    "tables",
    "transform_data",
    "validate_data",
    "validate_streams",
]
