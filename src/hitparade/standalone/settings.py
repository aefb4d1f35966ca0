"""The environment that makes the parts of Airflow one Airflow, which finds its database, its DAGs and AWS."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import quote

USER = "admin"
QUEUE = "123456789012/music-streaming-etl-events"
"""Of the emulator: its account, and the queue of seed.yaml."""
DATABASE = "airflow"
ARRIVAL_QUEUE = "AIRFLOW__HITPARADE__ARRIVAL_QUEUE"
WAREHOUSE = "redshift:?kpis=compute&sslmode=disable&staging=s3://music-etl-processed-data/staging"
"""As the DAG has it, but for TLS, which the PostgreSQL in place of Redshift does not speak."""
WAITING = ("aiobotocore", "apache-airflow-providers-common-messaging")


@dataclass(frozen=True)
class Place:
    """Where an Airflow keeps what is its own, and where it is reached."""

    home: Path
    dags: Path
    port: int

    @property
    def address(self) -> str:
        """Of its pages and its API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def passwords(self) -> Path:
        """The file of the simple auth manager."""
        return self.home / "passwords.json"

    def password(self) -> str:
        """The user's, made when it is first asked for."""
        return kept(self.passwords, json.dumps({USER: secrets.token_urlsafe(12)}), USER)

    def secret(self) -> str:
        """What the parts know one another by."""
        return kept(self.home / "secret.json", json.dumps({"secret": secrets.token_hex(64)}), "secret")


def kept(file: Path, fresh: str, key: str) -> str:
    """A value of a file that is for nobody else, which is written unless it is there."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(fresh, encoding="utf-8")
    return str(json.loads(file.read_text(encoding="utf-8"))[key])


def environment_of(place: Place, database: Path, aws: Mapping[str, str]) -> dict[str, str]:
    """What the parts need to know. Of this process's environment nothing that is Airflow's or a real account's."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AWS_"))}
    connection = f"postgresql+psycopg://{DATABASE}@/{DATABASE}?host={quote(str(database), safe='')}"
    secret = place.secret()
    place.password()
    return {
        **outside,
        **aws,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AIRFLOW_HOME": str(place.home),
        "AIRFLOW_VAR_MUSIC_ETL_PIPELINE_WAREHOUSE": WAREHOUSE,
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps({"conn_type": "aws", "extra": {"region_name": aws["AWS_REGION"]}}),
        "AIRFLOW__API__BASE_URL": place.address,
        "AIRFLOW__API__SECRET_KEY": secret,
        "AIRFLOW__API_AUTH__JWT_SECRET": secret,
        "AIRFLOW__CORE__DAGS_FOLDER": str(place.dags.absolute()),
        # Five systems at once are too much for a laptop, and one of them starts every five minutes.
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "10",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{place.address}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(place.passwords),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": connection,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": connection,
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__HITPARADE__GLUE_POLL_SECONDS": "2",
        "AIRFLOW__HITPARADE__ARRIVAL_POLL_SECONDS": "5",
        **by_events(aws["AWS_ENDPOINT_URL"]),
    }


def by_events(endpoint: str) -> dict[str, str]:
    """The queue of S3's events, where Airflow has what it takes to wait for them."""
    try:
        for package in WAITING:
            version(package)  # to look for the module itself would import Airflow, which would make its files at home
    except PackageNotFoundError:
        return {}
    return {ARRIVAL_QUEUE: f"{endpoint}/{QUEUE}"}
