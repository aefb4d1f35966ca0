"""The emulator as a command: its port, its environment, its end, and who may ask it."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.emulator.emulated import Emulated, emulator, outside, processes_with

SLEEP = "import time\nprint('asleep', flush=True)\ntime.sleep(600)\n"


def hitparade(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hitparade", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=outside())


def port_of(aws: Emulated) -> int:
    port = urlsplit(aws.environment["AWS_ENDPOINT_URL"]).port
    assert port is not None
    return port


def status(aws: Emulated, headers: dict[str, str], method: str = "GET") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port_of(aws), timeout=10)
    try:
        connection.request(method, "/", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_it_prints_what_to_export_and_takes_the_region_of_its_environment(aws: Emulated) -> None:
    assert set(aws.environment) == {
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
    }
    assert aws.environment["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert aws.environment["AWS_REGION"] == "eu-west-1"


def test_it_answers_in_json() -> None:
    command = [sys.executable, "-m", "hitparade", "emulate", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=outside()) as process:
        assert process.stdout is not None
        text = ""
        while not text.rstrip().endswith("\n}"):
            text += process.stdout.readline()
        process.terminate()
    found = json.loads(text)
    assert found["environment"]["AWS_ENDPOINT_URL"] == found["endpoint"]
    assert process.returncode == 0


def test_it_listens_on_loopback_only(aws: Emulated) -> None:
    table = Path("/proc/net/tcp").read_text().splitlines()[1:] + Path("/proc/net/tcp6").read_text().splitlines()[1:]
    listening = [line.split()[1] for line in table if line.split()[3] == "0A"]
    port = f"{port_of(aws):04X}"

    assert [address for address, found in (entry.split(":") for entry in listening) if found == port] == ["0100007F"]


def test_a_port_in_use_is_one_clear_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = hitparade("emulate", "--port", str(port))

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f"error: port {port} cannot be had: another program listens there",
        "  next: name another by --port, or 0 for any free one",
    ]


@pytest.mark.parametrize("port", ["-1", "65536", "many"])
def test_a_port_that_is_none_is_wrong_use(port: str) -> None:
    done = hitparade("emulate", "--port", port)

    assert done.returncode == 2
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_its_extra_it_says_which(tmp_path: Path) -> None:
    (tmp_path / "moto.py").write_text("raise ModuleNotFoundError('gone', name='moto')\n")
    command = [sys.executable, "-m", "hitparade", "emulate", "--port", "0"]

    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**outside(), "PYTHONPATH": str(tmp_path)}
    )

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: the emulator (moto) needs an extra that is not installed",
        "  next: pip install 'hitparade[emulator]'",
    ]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_its_end_is_the_end_of_its_jobs(number: signal.Signals, code: int, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with emulator(log=log) as aws:
        job = aws.make_job("import subprocess\nsubprocess.Popen(['sleep', '602'])\n" + SLEEP)
        run = aws.client("glue").start_job_run(JobName=job)["JobRunId"]
        aws.seen(job, run, lambda found: "asleep" in aws.lines(found, "output"))
        assert len(processes_with(run)) >= 1
        endpoint = aws.environment["AWS_ENDPOINT_URL"]

        assert aws.end(number) == code

    assert processes_with(endpoint) == []
    assert "Traceback" not in log.read_text()


def test_requests_are_not_logged_unless_asked_for(tmp_path: Path) -> None:
    for options, logged in (((), False), (("--verbose",), True)):
        log = tmp_path / f"log{logged}"
        with emulator(*options, log=log) as aws:
            aws.client("s3").list_buckets()
        assert ("GET / HTTP" in log.read_text()) == logged


def test_pages_of_a_browser_are_refused_and_programs_are_not(aws: Emulated) -> None:
    here = f"127.0.0.1:{port_of(aws)}"

    assert status(aws, {"Host": here}) != 403
    assert status(aws, {"Host": f"localhost:{port_of(aws)}"}) != 403
    assert status(aws, {"Host": f"bucket.localhost:{port_of(aws)}"}) != 403
    assert status(aws, {"Host": here, "Origin": "https://example.org"}, "POST") == 403
    assert status(aws, {"Host": here, "Sec-Fetch-Site": "cross-site"}) == 403
    assert status(aws, {"Host": f"rebound.example.org:{port_of(aws)}"}, "POST") == 403


def test_objects_that_arrive_are_told_to_a_queue(aws: Emulated) -> None:
    s3, sqs = aws.client("s3"), aws.client("sqs")
    aws.make_bucket("landing")
    queue = sqs.create_queue(QueueName="arrivals")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rules = [{"Name": "prefix", "Value": "data/streams/"}, {"Name": "suffix", "Value": ".csv"}]
    to_queue = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
    s3.put_bucket_notification_configuration(
        Bucket="landing", NotificationConfiguration={"QueueConfigurations": [to_queue]}
    )

    s3.put_object(Bucket="landing", Key="data/streams/a b.csv", Body=b"put")
    s3.put_object(Bucket="landing", Key="data/streams/manifest.json", Body=b"not one of them")
    s3.put_object(Bucket="landing", Key="data/songs/songs.csv", Body=b"nor this")
    s3.copy_object(Bucket="landing", Key="data/streams/copied.csv", CopySource="landing/data/songs/songs.csv")
    upload = s3.create_multipart_upload(Bucket="landing", Key="data/streams/parts.csv")["UploadId"]
    part = s3.upload_part(Bucket="landing", Key="data/streams/parts.csv", UploadId=upload, PartNumber=1, Body=b"parts")
    s3.complete_multipart_upload(
        Bucket="landing",
        Key="data/streams/parts.csv",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )

    found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)["Messages"]
    bodies = [json.loads(message["Body"]) for message in found]
    assert bodies[0]["Event"] == "s3:TestEvent"
    records = [record for body in bodies[1:] for record in body["Records"]]
    assert [(record["eventName"], record["s3"]["object"]["key"]) for record in records] == [
        ("ObjectCreated:Put", "data/streams/a+b.csv"),
        ("ObjectCreated:Copy", "data/streams/copied.csv"),
        ("ObjectCreated:Put", "data/streams/parts.csv"),  # moto's own; S3 says only the next
        ("ObjectCreated:CompleteMultipartUpload", "data/streams/parts.csv"),
    ]
