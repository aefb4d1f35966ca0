"""Spark jobs: a Glue script reads and writes `s3://`, and its end is the end of its Spark."""

from __future__ import annotations

import importlib.util
import os
import shutil
import time

import pytest

from tests.emulator.emulated import Emulated, processes_with

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="pyspark is not installed"),
    pytest.mark.skipif(
        shutil.which("java") is None and "JAVA_HOME" not in os.environ,
        reason="there is no Java: no java in PATH, and JAVA_HOME is not set",
    ),
]
OFFLINE = ("unresolved dependency", "UNRESOLVED DEPENDENCIES", "download failed")
BEGIN = """\
import sys
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
args = getResolvedOptions(sys.argv, ["JOB_NAME", "source", "target"])
glue = GlueContext(SparkContext.getOrCreate())
spark = glue.spark_session
job = Job(glue)
job.init(args["JOB_NAME"], args)
"""
COUNT = """\
streams = spark.read.option("header", "true").csv(args["source"])
streams.groupBy("track_id").count().write.mode("overwrite").parquet(args["target"])
for row in spark.read.parquet(args["target"]).orderBy("track_id").collect():
    print(row["track_id"], row["count"])
job.commit()
"""
BUSY = """\
def busy(number):
    import time
    time.sleep(600)
print("busy", flush=True)
spark.sparkContext.parallelize(range(2), 2).foreach(busy)
"""
ARGUMENTS = {"--source": "s3://music/streams/", "--target": "s3://music/counts/"}


@pytest.fixture(autouse=True)
def streams(aws: Emulated) -> None:
    aws.make_bucket("music")
    rows = ["user_id,track_id,listen_time", *(f"{number},t{number % 3},2024-06-25 10:00:00" for number in range(10))]
    aws.client("s3").put_object(Bucket="music", Key="streams/one.csv", Body="\n".join(rows).encode())


def test_a_spark_job_reads_and_writes_s3(aws: Emulated) -> None:
    run, lines = aws.done(
        BEGIN + COUNT,
        kind="glueetl",
        GlueVersion="6.0",
        WorkerType="G.1X",
        NumberOfWorkers=2,
        Timeout=15,
        arguments=ARGUMENTS,
    )

    errors = aws.lines(run, "error")
    if run["JobRunState"] == "FAILED" and any(mark in line for mark in OFFLINE for line in errors):
        pytest.skip("Maven's packages cannot be had here")
    assert run["JobRunState"] == "SUCCEEDED", errors[-40:]
    assert lines[0].startswith("Spark 4")
    assert lines[1:] == ["t0 4", "t1 3", "t2 3"]
    assert (run["GlueVersion"], run["WorkerType"], run["NumberOfWorkers"], run["Timeout"]) == ("6.0", "G.1X", 2, 15)
    assert run["LogGroupName"] == "/aws-glue/jobs"
    written = aws.client("s3").list_objects_v2(Bucket="music", Prefix="counts/")["Contents"]
    assert "counts/_SUCCESS" in [entry["Key"] for entry in written]


def test_stopping_a_spark_job_leaves_none_of_its_processes(aws: Emulated) -> None:
    job = aws.make_job(BEGIN + BUSY, kind="glueetl")
    run = aws.client("glue").start_job_run(JobName=job, Arguments=ARGUMENTS)["JobRunId"]
    found = aws.seen(job, run, lambda found: found["JobRunState"] == "FAILED" or "busy" in aws.lines(found, "output"))
    if found["JobRunState"] == "FAILED":
        pytest.skip("Spark does not start here: the test before says why")
    deadline = time.monotonic() + 60
    while len(processes_with(run)) < 4 and time.monotonic() < deadline:  # driver, Java, and Python workers
        time.sleep(0.2)
    assert len(processes_with(run)) >= 4

    aws.client("glue").batch_stop_job_run(JobName=job, JobRunIds=[run])

    assert aws.ended(job, run)["JobRunState"] == "STOPPED"
    deadline = time.monotonic() + 20
    while (left := processes_with(run)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left == []
