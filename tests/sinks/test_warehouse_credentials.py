"""A warehouse's credentials: who is asked first, what is missing, and that nobody is told a secret."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hitparade.errors import ConfigError
from hitparade.sinks.warehouse.credentials import (
    NAMES,
    SECRET,
    Credentials,
    postgres_parameters,
    redshift_credentials,
    without_secrets,
)
from tests.postgres import postgres_url as postgres_url
from tests.s3 import Server

HUSH = "hush-Pa55"
MINE = "mine"
DEFINED = {
    "REDSHIFT_DB": "dev",
    "REDSHIFT_USER": "awsuser",
    "REDSHIFT_PASSWORD": HUSH,
    "REDSHIFT_HOST": "cluster.eu-west-1.redshift.amazonaws.com",
    "REDSHIFT_PORT": "5440",
    "REDSHIFT_IAM_ROLE": "arn:aws:iam::123456789012:role/RedshiftS3AccessRole",
}
OF_AWS = Credentials(DEFINED["REDSHIFT_HOST"], 5440, "dev", "awsuser", HUSH, DEFINED["REDSHIFT_IAM_ROLE"])


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("PG", "REDSHIFT_", "AWS_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def set_all(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return set_all


@pytest.fixture
def dotenv(tmp_path: Path) -> Callable[..., str]:
    """A `.env` of these values; its path."""

    def write(**values: str) -> str:
        path = tmp_path / ".env"
        path.write_text("".join(f"{name}='{value}'\n" for name, value in values.items()))
        return str(path)

    return write


@pytest.fixture
def secrets(moto: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of a Secrets Manager that has none of the secrets."""
    import boto3

    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("secretsmanager")
    yield client
    for secret in client.list_secrets(IncludePlannedDeletion=True)["SecretList"]:
        client.delete_secret(SecretId=secret["Name"], ForceDeleteWithoutRecovery=True)
    client.close()


def of_redshift(url: str = "redshift:", *, env_file: str | None = None, secret: str | None = None) -> Credentials:
    return redshift_credentials(url, env_file=env_file, secret=secret)


def of_postgres(url: str, *, env_file: str | None = None, secret: str | None = None) -> dict[str, str | int]:
    return postgres_parameters(url, env_file=env_file, secret=secret)


def refusal(call: Callable[[], object]) -> ConfigError:
    """The refusal of a call, when nothing of it, its causes or its traceback tells the secret."""
    with pytest.raises(ConfigError) as caught:
        call()
    error: BaseException | None = caught.value
    told = "".join(traceback.format_exception(caught.value, chain=True))
    while error is not None:
        told += repr(error) + repr(error.__dict__) + repr(error.args)
        error = error.__cause__ or error.__context__
    assert HUSH not in told
    assert HUSH.partition("-")[2] not in told
    assert caught.value.hint
    return caught.value


def test_the_environment_gives_everything(environment: Callable[..., None]) -> None:
    environment(**DEFINED)
    assert of_redshift() == OF_AWS


def test_the_environment_goes_before_the_file(environment: Callable[..., None], dotenv: Callable[..., str]) -> None:
    environment(REDSHIFT_DB="production", REDSHIFT_USER="")
    found = of_redshift(env_file=dotenv(**DEFINED))
    assert (found.database, found.user, found.password) == ("production", "awsuser", HUSH)


def test_values_of_the_file_are_taken_as_they_are_written(dotenv: Callable[..., str]) -> None:
    written = "a${HOME}b #$x@/%41"
    assert of_redshift(env_file=dotenv(**DEFINED | {"REDSHIFT_PASSWORD": written})).password == written


def test_the_example_has_every_name_and_no_other_place_for_a_password() -> None:
    text = (Path(__file__).parents[2] / ".env.example").read_text()
    assert {line.partition("=")[0] for line in text.splitlines() if line.startswith("REDSHIFT_")} == set(NAMES)
    assert "\nREDSHIFT_PASSWORD=\n" in text


def test_the_url_goes_before_all(environment: Callable[..., None]) -> None:
    environment(**DEFINED)
    found = of_redshift("redshift://me%40home:p%2Fw%3A@elsewhere:5555/other?schema=x")
    assert found == Credentials("elsewhere", 5555, "other", "me@home", "p/w:", OF_AWS.iam_role)


def test_without_a_port_it_is_the_usual_one(environment: Callable[..., None]) -> None:
    environment(REDSHIFT_PASSWORD=HUSH)
    assert of_redshift("redshift://me@[::1]/dev") == Credentials("::1", 5439, "dev", "me", HUSH, None)


@pytest.mark.parametrize(
    ("sslmode", "told"),
    [
        ("", {"ssl": True, "sslmode": "verify-ca"}),
        ("?sslmode=require", {"ssl": True, "sslmode": "verify-ca"}),
        ("?sslmode=verify-full", {"ssl": True, "sslmode": "verify-full"}),
        ("?sslmode=disable", {"ssl": False}),
    ],
)
def test_redshift_is_spoken_to_over_tls_unless_it_is_turned_off(sslmode: str, told: dict[str, object]) -> None:
    """The driver takes TLS off without a word where it does not know the mode."""
    parameters = of_redshift(f"redshift://me:pw@host/dev{sslmode}").parameters
    assert {name: value for name, value in parameters.items() if name.startswith("ssl")} == told


def test_a_mode_of_tls_that_there_is_not_is_refused() -> None:
    assert "sslmode" in refusal(lambda: of_redshift(f"redshift://me:{HUSH}@host/dev?sslmode=disabled")).message


def test_without_a_host_the_documented_secret_is_asked(secrets: Any, environment: Callable[..., None]) -> None:
    secrets.create_secret(Name=SECRET, SecretString=json.dumps(DEFINED))
    environment(**DEFINED | {"REDSHIFT_HOST": "", "REDSHIFT_PASSWORD": "of another host"})
    assert of_redshift() == OF_AWS
    assert of_redshift("redshift:?sslmode=disable&staging=s3://bucket/x").host == OF_AWS.host


def test_a_secret_is_not_filled_up_with_the_password_of_another_host(
    secrets: Any, environment: Callable[..., None]
) -> None:
    given = {name: value for name, value in DEFINED.items() if name != "REDSHIFT_PASSWORD"}
    secrets.create_secret(Name=SECRET, SecretString=json.dumps(given))
    environment(REDSHIFT_PASSWORD=HUSH, REDSHIFT_USER="me")
    assert f"the secret {SECRET} lacks REDSHIFT_PASSWORD" in refusal(of_redshift).message


def test_a_url_that_lacks_the_password_takes_it_from_the_secret(secrets: Any) -> None:
    secrets.create_secret(Name=SECRET, SecretString=json.dumps({"REDSHIFT_PASSWORD": HUSH, "REDSHIFT_PORT": 5441}))
    assert of_redshift("redshift://me@host/dev") == Credentials("host", 5441, "dev", "me", HUSH, None)


def test_a_secret_that_is_named_goes_alone(
    secrets: Any, environment: Callable[..., None], dotenv: Callable[..., str]
) -> None:
    environment(**DEFINED)
    given = {name: value for name, value in DEFINED.items() if name != "REDSHIFT_PASSWORD"}
    secrets.create_secret(Name=MINE, SecretString=json.dumps(given))
    error = refusal(lambda: of_redshift(env_file=dotenv(**DEFINED), secret=MINE))
    assert "the secret mine lacks REDSHIFT_PASSWORD" in error.message


def test_what_is_missing_is_named(environment: Callable[..., None]) -> None:
    environment(REDSHIFT_HOST="host", REDSHIFT_PASSWORD=HUSH)
    assert "lack REDSHIFT_DB, REDSHIFT_USER" in refusal(of_redshift).message


def test_without_anything_both_ways_are_named(secrets: Any) -> None:
    error = refusal(of_redshift)
    assert "neither the environment nor .env has REDSHIFT_HOST" in error.message
    assert SECRET in error.message
    assert ".env" in str(error.hint)


def test_without_anything_and_without_a_region_both_ways_are_named(
    tmp_path: Path, environment: Callable[..., None]
) -> None:
    environment(AWS_CONFIG_FILE=str(tmp_path / "none"), AWS_EC2_METADATA_DISABLED="true")
    assert "neither the environment nor .env has REDSHIFT_HOST" in refusal(of_redshift).message


def test_a_secret_that_waits_for_its_deletion_is_no_matter_of_trying_again(secrets: Any) -> None:
    secrets.create_secret(Name=MINE, SecretString=json.dumps(DEFINED))
    secrets.delete_secret(SecretId=MINE)
    assert "cannot read the secret mine" in refusal(lambda: of_redshift(secret=MINE)).message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"SecretString": f'{{"REDSHIFT_PASSWORD": "{HUSH}"'}, "not a JSON object"),
        ({"SecretString": f'["{HUSH}"]'}, "not a JSON object"),
        ({"SecretString": HUSH}, "not a JSON object"),
        ({"SecretBinary": HUSH.encode()}, "not a JSON object"),
        ({"SecretString": json.dumps(DEFINED | {"REDSHIFT_HOST": [HUSH]})}, "REDSHIFT_HOST is no text"),
        ({"SecretString": json.dumps(DEFINED | {"REDSHIFT_PORT": HUSH})}, "is no port number"),
        ({"SecretString": json.dumps(DEFINED | {"REDSHIFT_PORT": 65536})}, "is no port number"),
        ({"SecretString": json.dumps(DEFINED | {"REDSHIFT_USER": None})}, "lacks REDSHIFT_USER"),
    ],
)
@pytest.mark.parametrize("url", ["redshift:", "postgresql:"])
def test_a_broken_secret_is_refused_without_telling_it(
    secrets: Any, url: str, content: dict[str, Any], says: str
) -> None:
    secrets.create_secret(Name=MINE, **content)
    of = of_redshift if url == "redshift:" else of_postgres
    assert says in refusal(lambda: of(url, secret=MINE)).message


@pytest.mark.parametrize(
    "url",
    [
        f"redshift://me:{HUSH}@host:x/dev",
        f"redshift://me:{HUSH}@host:99999/dev",
        f"redshift://me:1/{HUSH}@host/dev",
        f"redshift://me:1?{HUSH}@host/dev",
        f"redshift://me:1#{HUSH}@host/dev",
        f"redshift://me:1@{HUSH}@host/dev",
        f"redshift://me:[{HUSH}@host/dev",
        f"redshift://me:{HUSH}@one,two/dev",
        f"redshift:{HUSH}",
        f"redshift://me:{HUSH}",
        f"postgresql://host/dev?password=1#{HUSH}",
        f"postgresql://me:{HUSH}@host:x/dev",
        f"postgresql://me:{HUSH}@host:99999/dev",
        f"postgresql://me:1/{HUSH}@host/dev",
        f"postgresql://me:1?{HUSH}@host/dev",
        f"postgresql://me:1@{HUSH}@host/dev",
        f"postgresql://me:{HUSH}%zz@host/dev",
        f"postgresql://host/dev?password=1&{HUSH}=1",
        f"postgresql://me:{HUSH}",
    ],
)
def test_a_url_that_is_not_understood_is_refused_without_telling_it(url: str) -> None:
    of = of_redshift if url.startswith("redshift") else of_postgres
    refusal(lambda: of(url))
    assert HUSH.partition("-")[2] not in without_secrets(url)


def test_a_file_that_cannot_be_read_is_refused_without_telling_it(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(f"REDSHIFT_PASSWORD={HUSH}\xff".encode("latin-1"))
    assert str(path) in refusal(lambda: of_redshift(env_file=str(path))).message


def test_a_port_in_the_environment_that_is_none_is_refused(environment: Callable[..., None]) -> None:
    environment(**DEFINED | {"REDSHIFT_PORT": HUSH})
    assert "REDSHIFT_PORT is no port number" in refusal(of_redshift).message


def test_no_representation_tells_the_password(environment: Callable[..., None]) -> None:
    environment(**DEFINED)
    assert HUSH not in repr(of_redshift())
    assert HUSH not in str(of_redshift())


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redshift:", "redshift:"),
        ("redshift:?sslmode=disable&staging=s3://b/x", "redshift:"),
        ("redshift:?secret=mine&schema=music", "redshift:?schema=music&secret=mine"),
        (f"redshift://me:{HUSH}@host:5439/dev?kpis=copy", "redshift://me@host:5439/dev"),
        (f"postgresql://me:{HUSH}@one:1,two:2/db?schema=a%26b", "postgresql://me@one:1,two:2/db?schema=a%26b"),
        (f"postgresql://me@/db?host=/run/pg&password={HUSH}", "postgresql://me@%2Frun%2Fpg/db"),
        (f"postgresql://[::1]:5432/db?sslpassword={HUSH}", "postgresql://[::1]:5432/db"),
        ("postgresql:///db?host=one&port=5433", "postgresql://one:5433/db"),
    ],
)
def test_what_is_shown_of_a_url(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
    assert without_secrets(shown) == shown


def test_postgresql_takes_what_its_url_says() -> None:
    url = "postgresql://me%40home:p%2Fw@host:5433/db?kpis=copy&schema=s&staging=x&application_name=a%20b"
    assert of_postgres(url) == {
        "user": "me@home",
        "password": "p/w",
        "host": "host",
        "port": 5433,
        "dbname": "db",
        "application_name": "a b",
        "sslmode": "require",
    }


@pytest.mark.parametrize(
    ("url", "sslmode"),
    [
        ("postgresql:", "require"),
        ("postgresql://host/db?sslmode=disable", "disable"),
        ("postgresql://host/db?sslmode=verify-full", "verify-full"),
        ("postgresql:///db?host=/run/pg", None),
        ("postgresql://%2Frun%2Fpg/db?sslmode=require", None),
        ("postgresql:///db?host=/run/pg,host", "require"),
    ],
)
def test_postgresql_is_spoken_to_over_tls_but_for_a_socket_in_a_folder(url: str, sslmode: str | None) -> None:
    assert of_postgres(url).get("sslmode") == sslmode


def test_the_mode_of_the_environment_is_left_to_libpq(environment: Callable[..., None]) -> None:
    environment(PGSSLMODE="verify-full")
    assert "sslmode" not in of_postgres("postgresql://host/db")


def test_libpq_names_in_the_file_give_what_url_and_environment_do_not(
    environment: Callable[..., None], dotenv: Callable[..., str]
) -> None:
    environment(PGUSER="of the environment")
    file = dotenv(PGUSER="x", PGHOST="x", PGDATABASE="db", PGPASSWORD=HUSH, PGPORT="5433", PGSSLMODE="verify-ca")
    assert of_postgres("postgresql://host", env_file=file) == {
        "host": "host",
        "dbname": "db",
        "password": HUSH,
        "port": 5433,
        "sslmode": "verify-ca",
    }


def test_a_secret_gives_postgresql_what_its_url_lacks(
    secrets: Any, environment: Callable[..., None], dotenv: Callable[..., str]
) -> None:
    secrets.create_secret(Name=MINE, SecretString=json.dumps(DEFINED))
    environment(**DEFINED | {"REDSHIFT_PASSWORD": "x"})
    found = of_postgres("postgresql://me@/other", env_file=dotenv(PGPASSWORD="x", PGAPPNAME="x"), secret=MINE)
    assert found == {
        "user": "me",
        "password": HUSH,
        "host": OF_AWS.host,
        "port": 5440,
        "dbname": "other",
        "sslmode": "require",
    }


def test_a_server_lets_in_whom_the_parameters_name(
    postgres_url: str, environment: Callable[..., None], dotenv: Callable[..., str]
) -> None:
    import psycopg

    folder = postgres_url.partition("host=")[2]
    named = of_postgres(f"postgresql://postgres@/postgres?host={folder}&schema=x")
    from_file = of_postgres("postgresql:///postgres", env_file=dotenv(PGHOST=folder, PGUSER="postgres"))
    environment(PGHOST=folder)
    from_environment = of_postgres("postgresql://postgres@/postgres")
    for parameters in (named, from_file, from_environment):
        with psycopg.connect(**parameters) as connection:  # type: ignore[arg-type]
            assert connection.execute("SELECT current_user").fetchone() == ("postgres",)
