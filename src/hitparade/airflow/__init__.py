"""The door of Airflow: what the tasks of the DAGs in dags/ do, one function for each kind of task.

A DAG file is read every few seconds, so importing this loads nothing heavy: the parts are imported when a task runs.
The functions that Python tasks call are in `checks`, `copies`, `tasks` and `warehouse`; what makes other tasks is here.
"""

from hitparade.airflow.arrivals import arrival, on_arrival
from hitparade.airflow.jobs import completion, python_shell_job, spark_job
from hitparade.airflow.notices import late_after, notify_failure
from hitparade.airflow.system import System
from hitparade.airflow.tables import genre_tables, tables

__all__ = [
    "System",
    "arrival",
    "completion",
    "genre_tables",
    "late_after",
    "notify_failure",
    "on_arrival",
    "python_shell_job",
    "spark_job",
    "tables",
]
