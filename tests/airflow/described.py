"""What Airflow makes of the DAG files, as JSON, and which modules it takes to parse them: `python -m ...described`."""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what Airflow says of itself
    from airflow.dag_processing.dagbag import DagBag


def described(dag: Any) -> dict[str, Any]:
    """A DAG as the documents speak of it."""
    return {
        "schedule": None if dag.schedule is None else str(dag.schedule),
        "start": dag.start_date.isoformat(),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "owner": dag.owner,
        "tags": sorted(dag.tags),
        "retries": sorted({(task.retries, task.retry_delay.total_seconds()) for task in dag.tasks}),
        "waits": {task.task_id: task.timeout for task in dag.tasks if hasattr(task, "poke")},
        "described": bool(dag.description and dag.doc_md),
        "tasks": {
            task.task_id: [task.operator_name, sorted(task.downstream_task_ids)] for task in dag.topological_sort()
        },
    }


def main() -> None:
    """Parse and tell."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        bag = DagBag()
    ours = [str(each.message) for each in warned if "/dags/" in each.filename or "/hitparade/" in each.filename]
    found = {
        "dags": {name: described(dag) for name, dag in bag.dags.items()},
        "errors": bag.import_errors,
        "warnings": ours,
        "modules": sorted(sys.modules),
    }
    sys.stdout.write("\n" + json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
