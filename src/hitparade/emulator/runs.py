"""Runs of Glue jobs, executed: from STARTING to what became of them, each in a thread that watches one process."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from hitparade.emulator import modules, programs
from hitparade.emulator.bucket import fetch
from hitparade.emulator.process import GRACE, Process
from hitparade.errors import HitParadeError
from hitparade.log import get_logger

if TYPE_CHECKING:
    from hitparade.emulator.logs import RunLog

End = Literal["SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT"]
MINUTE = 60.0
CLOSING = 4 * GRACE
TAIL = 400
TRACEBACK = "Traceback (most recent call last):"


class Task(Protocol):
    """A run as its executor sees it: what to do, and where to say how it goes. `minutes` is its timeout."""

    job_name: str
    job_run_id: str
    kind: str
    script: str
    account: str
    arguments: dict[str, str]
    minutes: int
    log: RunLog

    def running(self) -> None:
        """The script has started."""

    def stopping(self) -> None:
        """It was asked to stop."""

    def ended(self, state: End, error: str | None) -> None:
        """It is over; `error` says why it is no success."""


class Runner:
    """Executes runs. `endpoint` is the environment in which a script finds the emulator.

    `minute` is what a minute of a timeout lasts, in seconds.
    """

    def __init__(self, endpoint: Mapping[str, str], *, minute: float = MINUTE) -> None:
        self._endpoint = endpoint
        self._minute = minute
        self._lock = threading.Lock()
        self._going: dict[str, Execution] = {}

    def start(self, task: Task) -> None:
        """Begin; how it goes on is told to the task."""
        execution = Execution(task, self._endpoint, seconds=task.minutes * self._minute)
        with self._lock:
            self._going[task.job_run_id] = execution
        threading.Thread(target=self._execute, args=(execution,), name=task.job_run_id, daemon=True).start()

    def stop(self, run_id: str) -> bool:
        """Ask a run to stop; False when it is over."""
        with self._lock:
            execution = self._going.get(run_id)
        return execution is not None and execution.stop()

    def close(self) -> None:
        """Stop all of them, and wait for their ends; what is still being prepared is not waited for long."""
        with self._lock:
            left = list(self._going.values())
        for execution in left:
            execution.stop()
        for execution in left:
            execution.over.wait(CLOSING)

    def _execute(self, execution: Execution) -> None:
        try:
            execution.execute()
        finally:
            with self._lock:
                del self._going[execution.task.job_run_id]
            execution.over.set()


class Execution:
    """One run, from its script's download to its end."""

    def __init__(self, task: Task, endpoint: Mapping[str, str], *, seconds: float) -> None:
        self.task = task
        self.over = threading.Event()
        self._endpoint = endpoint
        self._seconds = seconds
        self._lock = threading.Lock()
        self._process: Process | None = None
        self._stopped = False
        self._errors: deque[str] = deque(maxlen=TAIL)

    def stop(self) -> bool:
        """Ask it to stop; False when it is over."""
        with self._lock:
            if self.over.is_set():
                return False
            if not self._stopped:
                self._stopped = True
                self.task.stopping()
                if self._process:
                    self._process.end()
            return True

    def execute(self) -> None:
        """Prepare, run, and tell the task how it ended."""
        folder = Path(tempfile.mkdtemp(prefix=f"{self.task.job_run_id}-"))
        try:
            state, error = self._run(folder)
        except HitParadeError as refused:
            message = refused.message if refused.hint is None else f"{refused.message} ({refused.hint})"
            self.task.log.write("error", [message])
            state, error = "FAILED", message
        except Exception as bug:
            get_logger().exception("emulate.run", run=self.task.job_run_id)
            state, error = "FAILED", f"the emulator could not run it: {type(bug).__name__}: {bug}"
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        with self._lock:
            if self._stopped:
                state, error = "STOPPED", None
            self.over.set()
            self.task.ended(state, error)
        get_logger().info("emulate.run", job=self.task.job_name, run=self.task.job_run_id, state=state, error=error)

    def _run(self, folder: Path) -> tuple[End, str | None]:
        process = self._started(folder)
        if process is None:
            return "STOPPED", None
        code = process.wait(self._seconds)
        if code is None:
            process.end()
            while code is None:
                code = process.wait(MINUTE)
            return "TIMEOUT", f"the run took longer than its timeout of {self.task.minutes} minutes"
        if code == 0:
            return "SUCCEEDED", None
        return "FAILED", reason(code, self._errors)

    def _started(self, folder: Path) -> Process | None:
        """The script's process; None when the run was stopped before."""
        task = self.task
        program = programs.program_of(task.kind, folder=folder, endpoint=self._endpoint)
        task.log.write("output", [program.said])
        script = fetch(task.script, account=task.account, folder=folder / "script")
        brought = modules.bring(task.arguments, python=program.python, account=task.account, folder=folder)
        environment = programs.environment_of(program, endpoint=self._endpoint, modules=brought, folder=folder)
        with self._lock:
            if self._stopped:
                return None
            self._process = Process(
                [program.python, str(script), *given(task)],
                environment=environment,
                folder=folder,
                output=lambda lines: task.log.write("output", lines),
                error=self._complain,
            )
            task.running()
            return self._process

    def _complain(self, lines: Sequence[str]) -> None:
        self._errors.extend(lines)
        self.task.log.write("error", lines)


def given(task: Task) -> list[str]:
    """The arguments as the script gets them."""
    named = {**task.arguments, "--JOB_NAME": task.job_name, "--JOB_RUN_ID": task.job_run_id}
    return [word for name, value in named.items() for word in (name, value)]


def reason(code: int, errors: Sequence[str]) -> str:
    """Why a script failed, in a line: the last exception that nobody caught, else how it left and its last words."""
    lines = list(errors)
    begun = [number for number, line in enumerate(lines) if line.startswith(TRACEBACK)]
    raised = [line for line in lines[begun[-1] + 1 :] if line and not line[0].isspace()] if begun else []
    named = [line for line in raised if re.match(r"[A-Za-z_][\w.]*(:|$)", line)]
    if named:
        return named[0]
    left = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
    said = [line for line in lines if line.strip()]
    return f"Command failed with {left}" + (f": {said[-1]}" if said else "")
