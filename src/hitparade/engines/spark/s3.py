"""`s3://` for a Spark that is started here: hadoop-aws and the few modules of the AWS SDK that it needs.

hadoop-aws asks for the whole SDK in one bundle of hundreds of megabytes; the modules named here are ten. Services
that bring a Spark of their own, such as Glue, bring their own connector too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

SDK = "software.amazon.awssdk"
SDK_MODULES = ("s3", "s3-transfer-manager", "sts", "apache-client")
# The version of the SDK that each hadoop-aws is made with. Of one that is not here everything is taken.
SDK_VERSIONS: Mapping[str, str] = {"3.4.2": "2.29.52"}
# What Spark has already, and what reads ahead in ways that nothing here needs.
NOT_NEEDED = (
    f"{SDK}:bundle",
    "commons-codec:*",
    "commons-logging:*",
    "io.netty:*",
    "org.apache.httpcomponents:*",
    "org.slf4j:*",
    "org.wildfly.openssl:*",
    "software.amazon.s3.analyticsaccelerator:*",
)
CREDENTIALS = (
    "org.apache.hadoop.fs.s3a.TemporaryAWSCredentialsProvider",
    "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
    f"{SDK}.auth.credentials.DefaultCredentialsProvider",
)
FILE_SYSTEM: Mapping[str, str] = {
    "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
    "spark.hadoop.fs.AbstractFileSystem.s3.impl": "org.apache.hadoop.fs.s3a.S3A",
    "spark.hadoop.fs.s3a.aws.credentials.provider": ",".join(CREDENTIALS),
    # A job's files appear when it is done; nothing names them before.
    "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "1",
    # Enough for a hiccup; an endpoint that is not there is said within seconds.
    "spark.hadoop.fs.s3a.attempts.maximum": "5",
    "spark.hadoop.fs.s3a.retry.limit": "3",
}


def packages(hadoop: str) -> tuple[str, ...]:
    """The Maven packages for a version of Hadoop."""
    sdk = SDK_VERSIONS.get(hadoop)
    modules = (f"{SDK}:{module}:{sdk}" for module in SDK_MODULES) if sdk else ()
    return (f"org.apache.hadoop:hadoop-aws:{hadoop}", *modules)


def settings(hadoop: str, environment: Mapping[str, str]) -> Mapping[str, str]:
    """The settings that go with them; endpoint and region as the environment names them for all of AWS's tools."""
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    return {
        **FILE_SYSTEM,
        **({"spark.jars.excludes": ",".join(NOT_NEEDED)} if hadoop in SDK_VERSIONS else {}),
        **(
            {"spark.hadoop.fs.s3a.endpoint": endpoint, "spark.hadoop.fs.s3a.path.style.access": "true"}
            if endpoint
            else {}
        ),
        **({"spark.hadoop.fs.s3a.endpoint.region": region} if region else {}),
    }


def hadoop_version(spark_home: Path) -> str:
    """The version of Hadoop in a Spark, by its jars."""
    names = [path.name for path in (spark_home / "jars").glob("hadoop-client-api-*.jar")]
    found = re.fullmatch(r"hadoop-client-api-(.+)\.jar", names[0]) if names else None
    return found.group(1) if found else max(SDK_VERSIONS)
