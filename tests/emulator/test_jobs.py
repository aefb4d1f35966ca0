"""Glue jobs: a run executes its script, and says how that goes."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.emulator.emulated import Emulated, emulator, processes_with

PRINT_ARGUMENTS = "import json, sys\nprint(json.dumps(sys.argv[1:]))\n"
SLEEP = "import time\nprint('asleep')\ntime.sleep(600)\n"


@pytest.fixture(scope="module")
def hasty() -> Iterator[Emulated]:
    """An emulator whose minutes are seconds."""
    with emulator(module="tests.emulator.quick") as emulated:
        yield emulated


def arguments(line: str) -> dict[str, str]:
    words = json.loads(line)
    return dict(zip(words[::2], words[1::2], strict=True))


def refusal(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_run_executes_its_script_with_the_jobs_arguments_and_its_own(aws: Emulated) -> None:
    run, lines = aws.done(
        PRINT_ARGUMENTS,
        DefaultArguments={"--day": "monday", "--table": "songs"},
        arguments={"--day": "tuesday", "--note": "two words, 'quoted'"},
    )

    assert run["JobRunState"] == "SUCCEEDED"
    assert "ErrorMessage" not in run
    assert run["CompletedOn"] >= run["StartedOn"]
    assert arguments(lines[-1]) == {
        "--day": "tuesday",
        "--table": "songs",
        "--note": "two words, 'quoted'",
        "--JOB_NAME": run["JobName"],
        "--JOB_RUN_ID": run["Id"],
    }


def test_the_first_line_of_the_log_says_what_runs_the_script(aws: Emulated) -> None:
    _, lines = aws.done(PRINT_ARGUMENTS)

    assert lines[0].startswith("Python 3.")


def test_a_script_finds_the_emulator_and_nothing_of_a_real_account(hasty: Emulated) -> None:
    script = (
        "import boto3, os\nprint(boto3.client('s3').list_buckets()['Buckets'][0]['Name'])\nprint(dict(os.environ))\n"
    )

    run, lines = hasty.done(script)

    assert run["JobRunState"] == "SUCCEEDED", hasty.lines(run, "error")
    assert lines[1] == "scripts"
    assert "of-a-real-account" not in lines[2]
    assert "AWS_PROFILE" not in lines[2]


def test_a_script_that_raises_gives_failed_and_its_exception(aws: Emulated) -> None:
    script = (
        "def work():\n    raise ValueError('no songs today')\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    work()\n"
    )

    run, _ = aws.done(script)

    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == "ValueError: no songs today"
    assert aws.lines(run, "error")[-1] == "ValueError: no songs today"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import sys\nprint('the bucket is empty', file=sys.stderr)\nsys.exit(3)\n",
         "Command failed with exit code 3: the bucket is empty"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", "Command failed with killed by signal 9"),
    ],
    ids=["exit code", "signal"],
)  # fmt: skip
def test_a_script_that_leaves_otherwise_gives_failed_and_its_last_words(
    aws: Emulated, script: str, message: str
) -> None:
    run, _ = aws.done(script)

    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", message)


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("s3://scripts/nowhere.py", "s3://scripts/nowhere.py cannot be read: the specified key does not exist"),
        ("s3://no-such-bucket/a.py", "s3://no-such-bucket/a.py cannot be read: there is no bucket no-such-bucket"),
        ("job.py", "job.py is not the URL of an S3 object, such as s3://bucket/script.py"),
    ],
)
def test_a_script_that_is_not_there_gives_failed_and_its_location(aws: Emulated, location: str, message: str) -> None:
    aws.put_script("")
    run, _ = aws.done(location)

    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", message)
    assert aws.lines(run, "error") == [message]


def test_a_kind_of_job_that_is_not_run_here_says_so(aws: Emulated) -> None:
    run, _ = aws.done(PRINT_ARGUMENTS, kind="gluestreaming")

    assert run["JobRunState"] == "FAILED"
    assert "'gluestreaming' are not run here (glueetl and pythonshell are)" in run["ErrorMessage"]


def test_logs_can_be_read_while_a_run_goes_on_and_stop_ends_all_of_it(aws: Emulated) -> None:
    script = "import subprocess, sys\nsubprocess.Popen(['sleep', '601'])\n" + SLEEP
    job = aws.make_job(script)
    glue = aws.client("glue")
    run = glue.start_job_run(JobName=job)["JobRunId"]
    found = aws.seen(job, run, lambda found: found["JobRunState"] == "RUNNING")
    aws.seen(job, run, lambda found: "asleep" in aws.lines(found, "output"))
    assert processes_with(run)

    answer = glue.batch_stop_job_run(JobName=job, JobRunIds=[run, "jr_unknown"])

    assert answer["SuccessfulSubmissions"] == [{"JobName": job, "JobRunId": run}]
    assert [error["ErrorDetail"]["ErrorCode"] for error in answer["Errors"]] == ["EntityNotFoundException"]
    found = aws.ended(job, run)
    assert found["JobRunState"] == "STOPPED"
    assert "ErrorMessage" not in found
    assert processes_with(run) == []
    over = glue.batch_stop_job_run(JobName=job, JobRunIds=[run])["Errors"]
    assert "STOPPED" in over[0]["ErrorDetail"]["ErrorMessage"]


def test_whoever_reads_a_log_again_goes_on_where_the_last_page_ended(aws: Emulated) -> None:
    run, _ = aws.done("print('one')\nprint('two')\n")
    logs, group = aws.client("logs"), f"{run['LogGroupName']}/output"

    page = logs.filter_log_events(logGroupName=group, logStreamNames=[run["Id"]])
    later = logs.filter_log_events(logGroupName=group, logStreamNames=[run["Id"]], nextToken=page["nextToken"])
    logs.put_log_events(
        logGroupName=group,
        logStreamName=run["Id"],
        logEvents=[{"timestamp": page["events"][-1]["timestamp"], "message": "three"}],
    )
    latest = logs.filter_log_events(logGroupName=group, logStreamNames=[run["Id"]], nextToken=page["nextToken"])

    assert [event["message"] for event in page["events"]][-2:] == ["one", "two"]
    assert (later["events"], later.get("nextToken")) == ([], None)
    assert [event["message"] for event in latest["events"]] == ["three"]


def test_what_a_script_leaves_behind_ends_with_it(aws: Emulated) -> None:
    run, lines = aws.done("import subprocess\nsubprocess.Popen(['sleep', '603'])\nprint('left')\n")

    assert (run["JobRunState"], lines[-1]) == ("SUCCEEDED", "left")
    assert processes_with(run["Id"]) == []


def test_a_job_runs_once_at_a_time_unless_it_says_otherwise(aws: Emulated) -> None:
    glue = aws.client("glue")
    alone, several = aws.make_job(SLEEP), aws.make_job(SLEEP, ExecutionProperty={"MaxConcurrentRuns": 2})
    runs = [(alone, glue.start_job_run(JobName=alone)["JobRunId"])]
    runs += [(several, glue.start_job_run(JobName=several)["JobRunId"]) for _ in range(2)]

    for job in (alone, several):
        with pytest.raises(ClientError) as error:
            glue.start_job_run(JobName=job)
        assert refusal(error) == "ConcurrentRunsExceededException"

    for job, run in runs:
        glue.batch_stop_job_run(JobName=job, JobRunIds=[run])
    assert {aws.ended(job, run)["JobRunState"] for job, run in runs} == {"STOPPED"}
    newest = glue.get_job_runs(JobName=several)["JobRuns"][0]["Id"]
    assert newest == runs[-1][1]
    again = glue.start_job_run(JobName=alone)["JobRunId"]
    glue.batch_stop_job_run(JobName=alone, JobRunIds=[again])


def test_a_run_that_has_not_stopped_yet_still_counts(aws: Emulated) -> None:
    glue = aws.client("glue")
    job = aws.make_job("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEP)
    run = glue.start_job_run(JobName=job)["JobRunId"]
    aws.seen(job, run, lambda found: "asleep" in aws.lines(found, "output"))

    glue.batch_stop_job_run(JobName=job, JobRunIds=[run])

    assert glue.get_job_run(JobName=job, RunId=run)["JobRun"]["JobRunState"] == "STOPPING"
    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException):
        glue.start_job_run(JobName=job)
    assert aws.ended(job, run)["JobRunState"] == "STOPPED"


def test_an_update_takes_the_place_of_the_whole_definition(aws: Emulated) -> None:
    glue = aws.client("glue")
    job = aws.make_job(
        "import sys\nsys.exit(1)\n", Description="first", DefaultArguments={"--a": "1"}, MaxCapacity=0.0625
    )
    first = glue.start_job_run(JobName=job)["JobRunId"]
    aws.ended(job, first)
    command = {"Name": "pythonshell", "ScriptLocation": aws.put_script(PRINT_ARGUMENTS)}

    assert glue.update_job(JobName=job, JobUpdate={"Role": "other", "Command": command})["JobName"] == job

    held = glue.get_job(JobName=job)["Job"]
    assert (held["Role"], held["Command"]) == ("other", command)
    assert not held.get("Description")
    assert not held.get("DefaultArguments")
    run = glue.start_job_run(JobName=job)["JobRunId"]
    assert aws.ended(job, run)["JobRunState"] == "SUCCEEDED"
    assert [found["Id"] for found in glue.get_job_runs(JobName=job)["JobRuns"]] == [run, first]


def test_what_is_not_there_or_there_already_is_answered_as_by_glue(aws: Emulated) -> None:
    glue = aws.client("glue")
    job = aws.make_job(PRINT_ARGUMENTS)

    with pytest.raises(glue.exceptions.AlreadyExistsException):
        glue.create_job(Name=job, Role="r", Command={"Name": "glueetl"})
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.update_job(JobName="none", JobUpdate={})
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.start_job_run(JobName="none")
    glue.delete_job(JobName=job)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_job(JobName=job)


def wheel(name: str, code: str) -> bytes:
    """A wheel of one module."""
    content, about = io.BytesIO(), f"{name}-1.0.dist-info"
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(f"{name}.py", code)
        file.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{about}/RECORD", "")
    return content.getvalue()


def zipped(name: str, code: str) -> bytes:
    """An archive of one module."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(f"{name}.py", code)
    return content.getvalue()


def test_a_job_brings_wheels_files_and_archives_along(aws: Emulated) -> None:
    s3 = aws.client("s3")
    aws.put_script("")
    s3.put_object(
        Bucket="scripts", Key="libs/songbook-1.0-py3-none-any.whl", Body=wheel("songbook", "SAYS = 'wheel'\n")
    )
    s3.put_object(Bucket="scripts", Key="libs/loose.py", Body=b"SAYS = 'file'\n")
    s3.put_object(Bucket="scripts", Key="libs/packed.zip", Body=zipped("packed", "SAYS = 'zip'\n"))
    script = "import songbook, loose, packed, boto3\nprint(songbook.SAYS, loose.SAYS, packed.SAYS)\n"

    run, lines = aws.done(
        script,
        DefaultArguments={
            "--additional-python-modules": "s3://scripts/libs/songbook-1.0-py3-none-any.whl, boto3>=1.20",
            "--extra-py-files": "s3://scripts/libs/loose.py,s3://scripts/libs/packed.zip",
        },
    )

    assert run["JobRunState"] == "SUCCEEDED", aws.lines(run, "error")
    assert lines[-1] == "wheel file zip"


def test_a_module_that_cannot_be_brought_gives_failed(aws: Emulated) -> None:
    run, _ = aws.done(PRINT_ARGUMENTS, DefaultArguments={"--additional-python-modules": "s3://scripts/libs/none.whl"})

    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == "s3://scripts/libs/none.whl cannot be read: the specified key does not exist"


def test_arguments_are_resolved_as_glue_resolves_them(aws: Emulated) -> None:
    script = """\
import sys
from awsglue.utils import GlueArgumentError, getResolvedOptions
print(getResolvedOptions(sys.argv, ["JOB_NAME", "day"])["day"])
for asked in ("month", "missing"):
    try:
        getResolvedOptions(sys.argv, [asked])
    except GlueArgumentError as error:
        print(error)
"""
    run, lines = aws.done(script, arguments={"--day": "monday", "--mon": "may", "--airflow_task_uuid": "1"})

    assert run["JobRunState"] == "SUCCEEDED", aws.lines(run, "error")
    assert lines[1:] == [
        "monday",
        "the following arguments are required: --month",
        "the following arguments are required: --missing",
    ]


@pytest.mark.parametrize("stubborn", [False, True])
def test_a_run_that_takes_longer_than_its_timeout_is_ended(hasty: Emulated, stubborn: bool) -> None:
    script = ("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" if stubborn else "") + SLEEP
    job = hasty.make_job(script, Timeout=1)
    run = hasty.client("glue").start_job_run(JobName=job)["JobRunId"]

    found = hasty.ended(job, run)

    assert found["JobRunState"] == "TIMEOUT"
    assert found["Timeout"] == 1
    assert found["ErrorMessage"] == "the run took longer than its timeout of 1 minutes"
    assert processes_with(run) == []


def test_a_run_has_its_own_timeout(hasty: Emulated) -> None:
    job = hasty.make_job("import time\ntime.sleep(2)\n", Timeout=1)
    run = hasty.client("glue").start_job_run(JobName=job, Timeout=60)["JobRunId"]

    assert hasty.ended(job, run)["JobRunState"] == "SUCCEEDED"


def test_what_a_run_prints_without_an_end_of_line_or_in_other_bytes_is_kept(aws: Emulated) -> None:
    script = "import sys\nsys.stdout.buffer.write(b'caf\\xc3\\xa9 \\xff\\n\\nlast')\n"

    _, lines = aws.done(script)

    assert lines[1:] == ["café \ufffd", " ", "last"]


def test_this_interpreter_runs_python_shell_jobs_where_no_3_9_is_equipped(aws: Emulated) -> None:
    _, lines = aws.done("import sys\nprint(sys.version_info[:2])\n")

    assert lines[1] in {"(3, 9)", str(sys.version_info[:2])}
    assert ("HITPARADE_PYTHON39" in lines[0]) == (lines[1] != "(3, 9)")
