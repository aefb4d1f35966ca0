"""Glue jobs as moto keeps them, whose runs are real.

moto's runs succeed by being looked at. Here a run starts its script, and what is answered is how that goes. What moto
lacks is added: UpdateJob, BatchStopJobRun, and the refusal to create a job twice.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.glue import models
from moto.glue.exceptions import AlreadyExistsException, ConcurrentRunsExceededException, GlueClientError
from moto.glue.models import FakeJob, FakeJobRun
from moto.glue.responses import GlueResponse

from hitparade.emulator.logs import RunLog
from hitparade.emulator.runs import End, Runner

GLUE_VERSION = "6.0"
TIMEOUT_MINUTES = 480
LOG_GROUPS = {"pythonshell": "/aws-glue/python-jobs"}
SPARK_LOG_GROUP = "/aws-glue/jobs"
GOING = frozenset({"STARTING", "RUNNING", "STOPPING"})
CUT_OFF = "the emulator was ended while this ran"
ONE_AT_A_TIME = threading.RLock()
moto_create_job = GlueResponse.create_job
moto_start_job_run = FakeJob.start_job_run


class Run(FakeJobRun):
    """A run that is what its process is."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.arguments: dict[str, str] = self.arguments or {}
        self.completed_on: datetime | None = None  # type: ignore[assignment]
        self.running_since: datetime | None = None
        self.error: str | None = None
        self.kind = self.script = self.account = self.glue_version = ""
        self.minutes = TIMEOUT_MINUTES
        self.log: RunLog

    def belongs_to(self, job: FakeJob) -> None:
        """Take from the job what moto does not hand on."""
        command: dict[str, str] = job.command  # type: ignore[assignment]  # moto calls it a text
        self.kind, self.script = command.get("Name", "glueetl"), command.get("ScriptLocation", "")
        self.account = job.backend.account_id
        self.glue_version = job.glue_version or GLUE_VERSION
        self.minutes = self.timeout or TIMEOUT_MINUTES
        prefix = LOG_GROUPS.get(self.kind, SPARK_LOG_GROUP)
        self.log = RunLog(self.account, job.backend.region_name, prefix, self.job_run_id)
        self.log.open()

    @property
    def status(self) -> str | None:
        """The state; being looked at does not change it."""
        return self._status

    @status.setter
    def status(self, state: str) -> None:
        self._status, self.modified_on = state, utcnow()

    def running(self) -> None:
        """The script has started."""
        self.running_since = utcnow()
        self.status = "RUNNING"

    def stopping(self) -> None:
        """It was asked to stop."""
        self.status = "STOPPING"

    def ended(self, state: End, error: str | None) -> None:
        """It is over; `error` says why it is no success."""
        self.completed_on, self.error = utcnow(), error
        self.status = state

    def as_dict(self) -> dict[str, Any]:
        """The run as GetJobRun answers."""
        end = self.completed_on or utcnow()
        return {
            **super().as_dict(),
            "CompletedOn": self.completed_on,
            "ErrorMessage": self.error,
            "ExecutionTime": int((end - self.running_since).total_seconds()) if self.running_since else 0,
            "GlueVersion": self.glue_version,
            "LogGroupName": self.log.prefix,
            "Timeout": self.minutes,
        }


class JobAlreadyExists(AlreadyExistsException):
    """A job of that name is there."""

    def __init__(self) -> None:
        super().__init__("Job")


class NotStoppable(GlueClientError):
    """The run is over."""

    def __init__(self, state: str) -> None:
        super().__init__("InvalidInputException", f"a job run in the state {state} cannot be stopped")


@contextmanager
def executed_by(runner: Runner) -> Iterator[None]:
    """Make moto's Glue, wherever it runs in this process, execute its runs, until the end of the block."""

    def start_job_run(self: FakeJob, *given: Any, **named: Any) -> str:
        with ONE_AT_A_TIME:
            # moto forgets those that are stopping.
            going = sum(run.status in GOING for run in self.job_runs)
            if going >= self.execution_property.get("MaxConcurrentRuns", 1):
                raise ConcurrentRunsExceededException(f"Concurrent runs exceeded for {self.name}")
            run_id = moto_start_job_run(self, *given, **named)
            run: Run = self.job_runs[-1]  # type: ignore[assignment]  # moto makes them of the class put in below
            run.belongs_to(self)
            runner.start(run)
            return run_id

    def batch_stop_job_run(self: GlueResponse) -> ActionResult:
        job = self.parameters["JobName"]
        stopped, errors = [], []
        for run_id in self.parameters["JobRunIds"]:
            try:
                run = self.glue_backend.get_job_run(job, run_id)
                if not runner.stop(run_id):
                    raise NotStoppable(str(run.status))
                stopped.append({"JobName": job, "JobRunId": run_id})
            except GlueClientError as error:
                detail = {"ErrorCode": error.error_type, "ErrorMessage": error.message}
                errors.append({"JobName": job, "JobRunId": run_id, "ErrorDetail": detail})
        return ActionResult({"SuccessfulSubmissions": stopped, "Errors": errors})

    changes: list[tuple[Any, str, Any]] = [
        (models, "FakeJobRun", Run),
        (FakeJob, "start_job_run", start_job_run),
        (FakeJob, "get_job_runs", newest_first),
        (GlueResponse, "create_job", create_job),
        (GlueResponse, "update_job", update_job),
        (GlueResponse, "batch_stop_job_run", batch_stop_job_run),
    ]
    before = [(owner, name, vars(owner).get(name)) for owner, name, _ in changes]
    for owner, name, change in changes:
        setattr(owner, name, change)
    try:
        yield
    finally:
        for owner, name, original in before:
            if original is None:
                delattr(owner, name)
            else:
                setattr(owner, name, original)


def newest_first(self: FakeJob) -> list[FakeJobRun]:
    """The runs of a job in the order of GetJobRuns."""
    return self.job_runs[::-1]


def create_job(self: GlueResponse) -> ActionResult:
    """CreateJob, refusing a name that is taken."""
    with ONE_AT_A_TIME:
        if self.parameters["Name"] in self.glue_backend.jobs:
            raise JobAlreadyExists
        return moto_create_job(self)


def update_job(self: GlueResponse) -> ActionResult:
    """UpdateJob: the new definition takes the place of the whole old one; runs and tags stay."""
    name, update = self.parameters["JobName"], self.parameters["JobUpdate"]
    with ONE_AT_A_TIME:
        held = self.glue_backend.get_job(name)
        renewed = remade(held, update)
        renewed.created_on, renewed.job_runs = held.created_on, held.job_runs
        self.glue_backend.jobs[name] = renewed
    return ActionResult({"JobName": name})


def remade(job: FakeJob, update: dict[str, Any]) -> FakeJob:
    """A job by the same name with another definition."""
    return FakeJob(
        name=job.name,
        role=update.get("Role", ""),
        command=update.get("Command", {}),
        description=update.get("Description", ""),
        log_uri=update.get("LogUri", ""),
        execution_property=update.get("ExecutionProperty", {}),
        default_arguments=update.get("DefaultArguments", {}),
        non_overridable_arguments=update.get("NonOverridableArguments", {}),
        connections=update.get("Connections", {}),
        max_retries=update.get("MaxRetries", 0),
        allocated_capacity=update.get("AllocatedCapacity"),  # type: ignore[arg-type]  # moto's own are None too
        timeout=update.get("Timeout"),  # type: ignore[arg-type]
        max_capacity=update.get("MaxCapacity"),  # type: ignore[arg-type]
        security_configuration=update.get("SecurityConfiguration"),  # type: ignore[arg-type]
        tags=job.backend.get_tags(job.arn),
        notification_property=update.get("NotificationProperty"),  # type: ignore[arg-type]
        glue_version=update.get("GlueVersion"),  # type: ignore[arg-type]
        number_of_workers=update.get("NumberOfWorkers"),  # type: ignore[arg-type]
        worker_type=update.get("WorkerType"),  # type: ignore[arg-type]
        code_gen_configuration_nodes=update.get("CodeGenConfigurationNodes"),  # type: ignore[arg-type]
        execution_class=update.get("ExecutionClass", ""),
        source_control_details=update.get("SourceControlDetails"),  # type: ignore[arg-type]
        backend=job.backend,
    )


def cut_off(run: FakeJobRun) -> None:
    """Say of a run that was going when its emulator was killed that it failed."""
    if isinstance(run, Run) and run.status in GOING:
        run.ended("FAILED", CUT_OFF)
