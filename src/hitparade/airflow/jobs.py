"""The Glue jobs of the DAGs as the provider's operators, with the documented sizes.

A job that is not there is made; one that is there is left as it is. How to wait is Airflow's configuration, section
`[hitparade]`: `glue_poll_seconds`, and `glue_modules` for jobs that are made here (docs/airflow.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from airflow.configuration import conf
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.sensors.glue import GlueJobSensor

from hitparade.airflow import lineage
from hitparade.airflow.system import System
from hitparade.airflow.tables import tables

if TYPE_CHECKING:
    from hitparade.config import Settings

Places = Callable[["Settings"], Iterable[str]]
ROLE = "GlueJobRole"
GLUE_VERSION = "6.0"
PYTHON_SHELL_DPU = 0.0625
WAIT_SECONDS = 9 * 60 * 60
# A deferred task waits in the triggerer, which asks AWS by aiobotocore; without that the task waits itself.
DEFERRABLE = find_spec("aiobotocore") is not None


def poll_seconds() -> int:
    """How often to ask whether a job is over."""
    return int(conf.getint("hitparade", "glue_poll_seconds", fallback=30))


def spark_job(
    task_id: str,
    system: System,
    *,
    job: str,
    script: str,
    minutes: int | None = None,
    wait: bool = True,
    loads: bool = True,
    role: str = ROLE,
    fills: Sequence[str] = (),
) -> GlueJobOperator:
    """A Spark job on two workers, given the system's settings. The names may have Variables in braces.

    One that `loads` takes up what was delivered, another only publishes what the lake has. `fills` are tables that are
    right when it has ended.
    """
    modules = conf.get("hitparade", "glue_modules", fallback="")
    return glue_job(
        task_id,
        system,
        job=job,
        script=script,
        arguments={"--config": system.config},
        reads=lineage.landing if loads else lineage.lake,
        writes=lineage.loaded if loads else lineage.served,
        create={
            "Command": {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": system.templated(script)},
            "DefaultArguments": {"--additional-python-modules": modules} if modules else {},
            "GlueVersion": GLUE_VERSION,
            "WorkerType": "G.1X",
            "NumberOfWorkers": 2,
            **({"Timeout": minutes} if minutes else {}),
        },
        wait_for_completion=wait,
        iam_role_name=role,
        outlets=tables(*fills),
    )


def python_shell_job(
    task_id: str,
    system: System,
    *,
    job: str,
    script: str,
    source: str,
    minutes: int,
    role: str = ROLE,
    fills: Sequence[str] = (),
) -> GlueJobOperator:
    """A Python shell job of 1/16 DPU that takes a folder's files to the tables that it `fills`.

    The names and the folder may have Variables in braces.
    """
    return glue_job(
        task_id,
        system,
        job=job,
        script=script,
        arguments={"--source": source},
        reads=lambda _: [system.filled(source).rstrip("/")],
        writes=lambda _: [],
        create={
            "Command": {"Name": "pythonshell", "PythonVersion": "3.9", "ScriptLocation": system.templated(script)},
            "DefaultArguments": {"--library-set": "analytics"},
            "Timeout": minutes,
        },
        num_of_dpus=PYTHON_SHELL_DPU,
        iam_role_name=role,
        outlets=tables(*fills),
    )


def glue_job(
    task_id: str,
    system: System,
    *,
    job: str,
    script: str,
    arguments: Mapping[str, str],
    reads: Places,
    writes: Places,
    create: Mapping[str, Any],
    **settings: Any,
) -> GlueJobOperator:
    """A task that puts the settings where the job looks for them, starts it, and waits for it unless told otherwise."""
    waits = settings.get("wait_for_completion", True)
    return GlueJobOperator(
        task_id=task_id,
        job_name=system.templated(job),
        script_location=system.templated(script),
        script_args={name: system.templated(value) for name, value in arguments.items()},
        create_job_kwargs=dict(create),
        pre_execute=partial(begin, system, reads, writes),
        deferrable=DEFERRABLE and waits,
        verbose=not DEFERRABLE,  # a deferred task tells the job's error, another only that it failed
        job_poll_interval=poll_seconds(),
        waiter_delay=poll_seconds(),
        waiter_max_attempts=WAIT_SECONDS // poll_seconds(),
        **settings,
    )


def begin(system: System, reads: Places, writes: Places, context: Any = None) -> None:
    """Before a job: put the settings where it looks for them, and tell what it reads and writes."""
    system.put_settings(context)
    settings = system.settings()
    lineage.tell(reads(settings), writes(settings))


def completion(task_id: str, of: GlueJobOperator) -> GlueJobSensor:
    """A task that waits for the run which another has started, and fails when the run does.

    Not for ever: of the states in which a run may end the sensor does not know `ERROR` and `EXPIRED`.
    """
    return GlueJobSensor(
        task_id=task_id,
        job_name=of.job_name,
        run_id=f"{{{{ ti.xcom_pull('{of.task_id}') }}}}",
        deferrable=DEFERRABLE,
        verbose=not DEFERRABLE,
        poke_interval=poll_seconds(),
        timeout=WAIT_SECONDS,
        max_retries=WAIT_SECONDS // poll_seconds(),
    )
