"""A folder keeps what the emulator holds, over restarts and sudden ends."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from moto.core.base_backend import BackendDict

from hitparade.emulator.state import Folder, backends
from tests.emulator.emulated import Emulated, emulator, outside, processes_with

ACCOUNT, REGION = "123456789012", "eu-west-1"
KEYS: Any = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
NUMBER = "12345678901234567890123456789012345678"


def fill(aws: Emulated) -> None:
    s3, dynamodb, glue = aws.client("s3"), aws.client("dynamodb"), aws.client("glue")
    aws.make_bucket("music")
    s3.put_bucket_versioning(Bucket="music", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="music", Key="songs/é.csv", Body=b"first", Metadata={"by": "me"})
    s3.put_object(Bucket="music", Key="songs/é.csv", Body=b"second", StorageClass="GLACIER_IR")
    s3.put_object(Bucket="music", Key="again.csv", Body=b"second")
    upload = s3.create_multipart_upload(Bucket="music", Key="parts.csv")["UploadId"]
    part = s3.upload_part(Bucket="music", Key="parts.csv", UploadId=upload, PartNumber=1, Body=b"parts")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket="music", Key="parts.csv", UploadId=upload, MultipartUpload=parts)
    attributes = [{"AttributeName": "id", "AttributeType": "S"}]
    dynamodb.create_table(TableName="songs", AttributeDefinitions=attributes, **KEYS)
    dynamodb.put_item(TableName="songs", Item={"id": {"S": "a"}, "listens": {"N": NUMBER}, "raw": {"B": b"\x00\xff"}})
    aws.client("secretsmanager").create_secret(Name="secret", SecretString='{"a": 1}')
    glue.create_database(DatabaseInput={"Name": "lake"})
    glue.create_table(DatabaseName="lake", TableInput={"Name": "songs", "Parameters": {"state": "1"}})
    glue.update_table(DatabaseName="lake", TableInput={"Name": "songs", "Parameters": {"state": "2"}})
    aws.client("iam").create_role(RoleName="worker", AssumeRolePolicyDocument="{}")
    queue = aws.client("sqs").create_queue(QueueName="arrivals")["QueueUrl"]
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody="hello")


def held(aws: Emulated) -> dict[str, object]:
    """What a client finds."""
    s3, sqs = aws.client("s3"), aws.client("sqs")
    table = aws.client("glue").get_table(DatabaseName="lake", Name="songs")["Table"]
    versions = s3.list_object_versions(Bucket="music")["Versions"]
    queue = sqs.get_queue_url(QueueName="arrivals")["QueueUrl"].rpartition("/")[2]
    return {
        "versions": [(found["Key"], found["VersionId"], found["ETag"], found["LastModified"]) for found in versions],
        "contents": [s3.get_object(Bucket="music", Key=found["Key"], VersionId=found["VersionId"])["Body"].read()
                     for found in versions],
        "class": s3.head_object(Bucket="music", Key="songs/é.csv")["StorageClass"],
        "item": aws.client("dynamodb").get_item(TableName="songs", Key={"id": {"S": "a"}})["Item"],
        "secret": aws.client("secretsmanager").get_secret_value(SecretId="secret")["SecretString"],
        "table": (table["VersionId"], table["Parameters"], table["CreateTime"]),
        "role": aws.client("iam").get_role(RoleName="worker")["Role"]["RoleId"],
        "queue": queue,
    }  # fmt: skip


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    with emulator("--data", str(tmp_path / "state")) as aws:
        fill(aws)
        job = aws.make_job("print('done')\n", DefaultArguments={"--a": "b"})
        run = aws.client("glue").start_job_run(JobName=job)["JobRunId"]
        aws.ended(job, run)
        before = held(aws)
        assert aws.end() == 0

    with emulator("--data", str(tmp_path / "state")) as aws:
        assert held(aws) == before
        assert aws.client("glue").get_job(JobName=job)["Job"]["DefaultArguments"] == {"--a": "b"}
        found = aws.client("glue").get_job_run(JobName=job, RunId=run)["JobRun"]
        assert found["JobRunState"] == "SUCCEEDED"
        assert aws.lines(found, "output")[-1] == "done"
        again = aws.client("glue").start_job_run(JobName=job)["JobRunId"]
        assert aws.ended(job, again)["JobRunState"] == "SUCCEEDED"
        url = aws.client("sqs").get_queue_url(QueueName="arrivals")["QueueUrl"]
        messages = aws.client("sqs").receive_message(QueueUrl=url)["Messages"]
        assert [message["Body"] for message in messages] == ["hello"]


def test_a_run_that_goes_on_at_the_end_is_stopped(tmp_path: Path) -> None:
    with emulator("--data", str(tmp_path)) as aws:
        job = aws.make_job("import time\ntime.sleep(600)\n")
        run = aws.client("glue").start_job_run(JobName=job)["JobRunId"]
        aws.end()

    with emulator("--data", str(tmp_path)) as aws:
        assert aws.client("glue").get_job_run(JobName=job, RunId=run)["JobRun"]["JobRunState"] == "STOPPED"


def test_what_was_saved_before_a_sudden_end_is_there_and_what_ran_then_has_failed(tmp_path: Path) -> None:
    with emulator(str(tmp_path), module="tests.emulator.quick") as aws:
        fill(aws)
        before = held(aws)
        job = aws.make_job("import time\ntime.sleep(60)\n")
        run = aws.client("glue").start_job_run(JobName=job)["JobRunId"]
        aws.seen(job, run, lambda found: found["JobRunState"] == "RUNNING")
        wait_for_a_save(aws, tmp_path / "state.pickle")
        orphans = processes_with(run)
        aws.end(signal.SIGKILL)
        for orphan in orphans:
            os.kill(orphan, signal.SIGKILL)
        for folder in Path(tempfile.gettempdir()).glob(f"{run}-*"):
            shutil.rmtree(folder)

    with emulator("--data", str(tmp_path)) as aws:
        assert held(aws) == before
        found = aws.client("glue").get_job_run(JobName=job, RunId=run)["JobRun"]
        assert (found["JobRunState"], found["ErrorMessage"]) == ("FAILED", "the emulator was ended while this ran")


def wait_for_a_save(aws: Emulated, file: Path) -> None:
    """Change something, and wait until that has been saved."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    aws.client("s3").put_bucket_tagging(Bucket="music", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    deadline = time.monotonic() + 30
    while not file.exists() or file.stat().st_mtime_ns == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_contents_are_stored_once_and_forgotten_with_their_objects(tmp_path: Path) -> None:
    with emulator("--data", str(tmp_path)) as aws:
        fill(aws)
    assert len(list((tmp_path / "objects").iterdir())) == 4  # first, second (twice), parts and its part

    with emulator("--data", str(tmp_path)) as aws:
        s3 = aws.client("s3")
        for found in s3.list_object_versions(Bucket="music")["Versions"]:
            s3.delete_object(Bucket="music", Key=found["Key"], VersionId=found["VersionId"])
    assert len(list((tmp_path / "objects").iterdir())) == 0


def test_the_folder_is_for_its_owner_and_for_one_emulator(tmp_path: Path) -> None:
    with emulator("--data", str(tmp_path / "state")):
        assert (tmp_path / "state").stat().st_mode & 0o077 == 0

        refused = started_in(tmp_path / "state")

    assert refused.returncode == 2
    assert refused.stderr.splitlines()[0].endswith("state: another emulator keeps its state there")


def started_in(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hitparade", "emulate", "--port", "0", "--data", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=outside())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            pickle.dumps({"format": 1, "moto": "4.0.0", "services": {}}),
            "it was written with moto 4.0.0 (format 1)",
        ),
        (b"", "cannot be read"),
        (b"garbage", "cannot be read"),
    ],
    ids=["another moto", "empty", "garbage"],
)
def test_a_state_that_cannot_be_read_is_one_clear_error_and_stays(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "state.pickle").write_bytes(content)

    refused = started_in(tmp_path)

    assert refused.returncode == 2
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (tmp_path / "state.pickle").read_bytes() == content


@pytest.fixture
def of_this_process() -> Iterator[None]:
    """moto's state of this process, empty before and after."""
    BackendDict.reset()
    yield
    BackendDict.reset()


@pytest.mark.usefixtures("of_this_process")
def test_a_service_that_cannot_be_written_costs_no_other(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    backends("secretsmanager")[ACCOUNT][REGION].create_secret("secret", "kept", None, [], None, None, None, [], False)
    backends("glue")[ACCOUNT][REGION].databases["lock"] = threading.Lock()

    with folder.held(), structlog.testing.capture_logs() as logs:
        folder.save()
        BackendDict.reset()
        folder.restore()

    assert [(entry["event"], entry["service"]) for entry in logs] == [("emulate.not_kept", "glue")]
    assert list(backends("secretsmanager")[ACCOUNT][REGION].secrets.keys()) == ["secret"]
    assert backends("glue")[ACCOUNT][REGION].databases == {}
