"""An emulator in a process of its own, as its command starts it, and the jobs that tests give to it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3

STARTING = 60.0
RUNNING = 300.0  # Spark, on a busy machine
GOING = ("STARTING", "RUNNING", "STOPPING", "WAITING")
BUCKET = "scripts"
REGION = "eu-west-1"
AWS_NAMES, WAREHOUSE_NAMES = 5, 6
"""How many names it tells of."""


@dataclass
class Emulated:
    """A running emulator."""

    process: subprocess.Popen[str]
    environment: Mapping[str, str]
    _clients: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def client(self, service: str) -> Any:
        """A boto3 client, closed with the emulator."""
        client = boto3.client(
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )
        return self._clients.enter_context(contextlib.closing(client))

    def make_bucket(self, name: str) -> None:
        """A bucket, unless it is there."""
        s3 = self.client("s3")
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})

    def put_script(self, script: str) -> str:
        """The URL of a new script in the bucket of scripts."""
        key = f"{uuid4().hex}.py"
        self.make_bucket(BUCKET)
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=script.encode())
        return f"s3://{BUCKET}/{key}"

    def make_job(self, script: str, kind: str = "pythonshell", **settings: Any) -> str:
        """The name of a new job."""
        name = f"job-{uuid4().hex[:8]}"
        command = {"Name": kind, "ScriptLocation": self.put_script(script) if "\n" in script else script}
        self.client("glue").create_job(Name=name, Role="anyone", Command=command, **settings)
        return name

    def ended(self, job: str, run: str) -> dict[str, Any]:
        """A run, once it is over."""
        return self.seen(job, run, lambda found: found["JobRunState"] not in GOING)

    def seen(self, job: str, run: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """A run, once it is as wanted."""
        glue, deadline = self.client("glue"), time.monotonic() + RUNNING
        while not wanted(found := glue.get_job_run(JobName=job, RunId=run)["JobRun"]):
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
        return dict(found)

    def done(self, script: str, kind: str = "pythonshell", **settings: Any) -> tuple[dict[str, Any], list[str]]:
        """A script's run and what it printed, once it is over. `arguments` are the run's."""
        arguments = settings.pop("arguments", {})
        job = self.make_job(script, kind, **settings)
        run = self.client("glue").start_job_run(JobName=job, Arguments=arguments)["JobRunId"]
        found = self.ended(job, run)
        return found, self.lines(found, "output")

    def lines(self, run: Mapping[str, Any], output: str) -> list[str]:
        """What a run has printed so far, read as Airflow's operator reads it."""
        pages = self.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=f"{run['LogGroupName']}/{output}", logStreamNames=[run["Id"]])
        return [event["message"] for page in found for event in page["events"]]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """The exit code, after a signal."""
        self._clients.close()
        self.process.send_signal(number)
        return self.process.wait(STARTING)


@contextlib.contextmanager
def emulator(*options: str, module: str = "hitparade", log: Path | None = None) -> Iterator[Emulated]:
    """An emulator at a free port, until the end of the block."""
    command = [sys.executable, "-m", module, *(("emulate", "--port", "0") if module == "hitparade" else ()), *options]
    errors = log.open("w") if log else None
    with contextlib.ExitStack() as stack:
        if errors:
            stack.enter_context(errors)
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=outside(), start_new_session=True
        )
        assert process.stdout is not None
        stack.enter_context(process.stdout)
        stack.callback(process.wait)
        try:
            count = AWS_NAMES + (WAREHOUSE_NAMES if "--warehouse" in options else 0)
            emulated = Emulated(process, read_environment(process.stdout, count))
            yield emulated
            emulated._clients.close()
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(STARTING)
                except subprocess.TimeoutExpired:
                    process.kill()


def outside() -> dict[str, str]:
    """This environment, with an account that must never be used."""
    return {
        **os.environ,
        "AWS_PROFILE": "real",
        "AWS_REGION": REGION,
        "AWS_SECRET_ACCESS_KEY": "of-a-real-account",
        "AWS_SESSION_TOKEN": "of-a-real-account",
    }


def read_environment(output: Any, count: int) -> dict[str, str]:
    """The environment that the command prints first, in so many lines."""
    lines = [output.readline().strip() for _ in range(count)]
    assert all(line.startswith("export ") for line in lines), lines
    return dict(line.removeprefix("export ").split("=", 1) for line in lines)


def processes_with(word: str) -> list[int]:
    """The processes whose environment or command has a word in it."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if word.encode() in (place / "environ").read_bytes() + (place / "cmdline").read_bytes():
                found.append(int(place.name))
    return found
