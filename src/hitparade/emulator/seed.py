"""What the documented systems need, made in an emulator; `seed.yaml` says what that is.

What is there is left as it is: a bucket that exists is not filled again, for its files may have been archived since.
Only scripts are brought up to date.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from hitparade.aws import code_of, open_client
from hitparade.log import get_logger
from hitparade.sample import SampleSpec, generate

# Three files of three days, the second of which the documents ask about.
SAMPLE = SampleSpec(
    listens=3_000, days=3, users=200, tracks=400, files=3, seed=1, start=date(2025, 3, 9), hostile=False
)
TAKEN = ("AlreadyExistsException", "EntityAlreadyExists", "ResourceExistsException")


def plant(warehouse: Mapping[str, str]) -> None:
    """Make all of it in the AWS of this process's environment; with a warehouse also what leads there."""
    wanted = yaml.safe_load(files("hitparade.emulator").joinpath("seed.yaml").read_text(encoding="utf-8"))
    with ExitStack() as opened:

        def client(service: str) -> Any:
            return opened.enter_context(contextlib.closing(open_client(service)))

        s3, glue = client("s3"), client("glue")
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        queues = make_queues(client("sqs"), wanted["events"])
        fill(s3, wanted["buckets"], folder, queues)
        upload_scripts(s3, wanted["scripts"])
        make_roles(client("iam"), wanted["roles"])
        make_tables(client("dynamodb"))
        secrets = client("secretsmanager")
        for name, value in wanted["secrets"].items():
            unless_there(secrets.create_secret, Name=name, SecretString=json.dumps(value))
        for name in wanted["databases"]:
            unless_there(glue.create_database, DatabaseInput={"Name": name})
        for job in wanted["jobs"]:
            unless_there(glue.create_job, **job)
        if warehouse:
            lead_to(warehouse, wanted["warehouse"], s3, secrets)


def lead_to(warehouse: Mapping[str, str], wanted: Mapping[str, Any], s3: Any, secrets: Any) -> None:
    """Say where the warehouse is, which may be another place each time, and settings that use it unless there are."""
    secrets.put_secret_value(SecretId=wanted["secret"], SecretString=json.dumps(dict(warehouse)))
    for bucket, objects in wanted["buckets"].items():
        there = {entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", ())}
        for key, source in objects.items():
            if key not in there:
                s3.put_object(Bucket=bucket, Key=key, Body=content(source, {}))


def make_queues(sqs: Any, events: Mapping[str, Mapping[str, str]]) -> Mapping[str, Any]:
    """The queues of S3's events: bucket -> how the bucket is told of its queue."""
    told = {}
    for bucket, wanted in events.items():
        url = sqs.create_queue(QueueName=wanted["queue"])["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        below = {"Key": {"FilterRules": [{"Name": "prefix", "Value": wanted["prefix"]}]}}
        told[bucket] = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": below}
    return told


def fill(
    s3: Any, buckets: Mapping[str, Mapping[str, Any]], folder: Path, queues: Mapping[str, Mapping[str, Any]]
) -> None:
    """Make the buckets that are not there, with their objects. Those that have a queue tell it of the first too."""
    there = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    missing = {bucket: objects for bucket, objects in buckets.items() if bucket not in there}
    sample = sampled(folder) if any(missing.values()) else {}
    for bucket, objects in missing.items():
        make_bucket(s3, bucket)
        if bucket in queues:
            told = {"QueueConfigurations": [queues[bucket]]}
            s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=told)
        for key, source in objects.items():
            s3.put_object(Bucket=bucket, Key=key, Body=content(source, sample))


def make_bucket(s3: Any, name: str) -> None:
    """A bucket in the region of the client; the first region is the one that must not be named."""
    region = s3.meta.region_name
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **where)


def sampled(folder: Path) -> Mapping[tuple[str, int], Path]:
    """The sample data, written to a folder: dataset and number -> file."""
    streams, songs, users = (folder / dataset for dataset in ("streams", "songs", "users"))
    made = generate(SAMPLE, streams=streams, songs=songs, users=users, truth=folder / "truth.json")
    return {
        (place.name, number): path
        for place in (streams, songs, users)
        for number, path in enumerate((path for path in made.files if path.parent == place), start=1)
    }


def content(source: Mapping[str, Any], sample: Mapping[tuple[str, int], Path]) -> bytes:
    """What is in an object."""
    if "sample" in source:
        return sample[source["sample"], source["number"]].read_bytes()
    if "json" in source:
        return json.dumps(source["json"], indent=2).encode()
    return str(source.get("text", "")).encode()


def upload_scripts(s3: Any, scripts: Mapping[str, Mapping[str, str]]) -> None:
    """Put the jobs' scripts where the jobs look for them."""
    for bucket, keys in scripts.items():
        for key, name in keys.items():
            script = files("hitparade").joinpath("glue", name)
            if script.is_file():
                s3.put_object(Bucket=bucket, Key=key, Body=script.read_bytes())
            else:
                get_logger().warning("emulate.no_script", script=name, location=f"s3://{bucket}/{key}")


def make_roles(iam: Any, roles: Mapping[str, str]) -> None:
    """Roles that their services may take. What they allow is not asked here: everything is allowed."""
    for name, service in roles.items():
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        unless_there(iam.create_role, RoleName=name, AssumeRolePolicyDocument=document)


def make_tables(dynamodb: Any) -> None:
    """The sink's tables."""
    from hitparade.sinks.dynamodb.creation import ensure
    from hitparade.sinks.dynamodb.tables import default_tables

    ensure(dynamodb, default_tables(), "")


def unless_there(create: Callable[..., Any], **what: Any) -> None:
    """Create something, unless something has its name."""
    from botocore.exceptions import ClientError

    try:
        create(**what)
    except ClientError as error:
        if code_of(error) not in TAKEN:
            raise
