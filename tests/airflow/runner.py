"""A process that runs DAGs by dag.test(), one after the other: a line of JSON in for each, and one out.

Airflow reads its environment when it is imported, and sets up logging and more for its whole process; so it has one to
itself, which is kept because it takes Airflow half a minute to get ready.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TextIO

from airflow.dag_processing.dagbag import DagBag
from botocore.client import BaseClient

from tests.airflow.airflows import DEFER

CALLED: set[str] = set()
RETRY_DELAY = timedelta(seconds=1)  # whatever a DAG says, which test_dags.py looks at


def run(wanted: dict[str, Any]) -> dict[str, Any]:
    """Run a DAG in an environment: its state, and those of its tasks, with how often they were tried."""
    before = dict(os.environ)
    os.environ.update(wanted["environment"])
    try:
        bag = DagBag()
        assert not bag.import_errors, bag.import_errors
        dag = bag.dags[wanted["dag"]]
        for task in dag.tasks:
            task.retry_delay = RETRY_DELAY
            if getattr(task, "soft_fail", False) and DEFER not in wanted["environment"]:
                task.deferrable = False  # dag.test() lets a trigger run for ever, whatever the task's timeout
        if getattr(dag, "deadline", None):
            dag.deadline = None  # dag.test() does not store it, and then looks for it (Airflow 3.3.2)
        CALLED.clear()
        ended = dag.test()
        instances = ended.get_task_instances()
        return {
            "state": str(ended.state),
            "tasks": {instance.task_id: str(instance.state) for instance in instances},
            "tries": {instance.task_id: instance.try_number for instance in instances},
            "called": sorted(CALLED),
        }
    finally:
        os.environ.clear()
        os.environ.update(before)


def note_calls(client: type) -> None:
    """Note what clients of this kind ask of AWS, as rights are named: `glue:GetJob`."""
    ask = client._make_api_call  # type: ignore[attr-defined]

    def noted(self: Any, operation: str, given: Any) -> Any:
        CALLED.add(f"{self.meta.service_model.signing_name}:{operation}")
        return ask(self, operation, given)

    client._make_api_call = noted  # type: ignore[attr-defined]


def serve(answers: TextIO) -> None:
    """Until there is no more to run."""
    for line in sys.stdin:
        answers.write(json.dumps(run(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    note_calls(BaseClient)
    if find_spec("aiobotocore"):
        note_calls(import_module("aiobotocore.client").AioBaseClient)
    with os.fdopen(int(sys.argv[1]), "w") as channel:
        serve(channel)
