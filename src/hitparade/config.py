"""Settings, read once at the door: hitparade.toml, then the environment (`HITPARADE_ENGINE__MEMORY=2GB`)."""

from __future__ import annotations

import tempfile
import zoneinfo
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from hitparade.errors import ConfigError
from hitparade.model import Dataset
from hitparade.storage import Storage, is_remote

FILE = "hitparade.toml"
EngineName = Literal["duckdb", "spark"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)


@lru_cache(maxsize=1)
def time_zones() -> frozenset[str]:
    """Every time zone there is. To list them takes longer than all other settings, so a process does it once."""
    return frozenset(zoneinfo.available_timezones())


def a_time_zone(name: str) -> str:
    """A name of the IANA database."""
    if name not in time_zones():
        raise ValueError(f"'{name}' is not a time zone such as Europe/Berlin")
    return name


def a_spark_setting(value: object) -> str:
    """A value of TOML as Spark writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError("should be a text, a number, true or false")


class Section(BaseModel):
    """A table of hitparade.toml; a key that it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Landing(Section):
    """Where files are delivered."""

    streams: str = "data/streams"
    """Folder of stream files."""
    songs: str = "data/songs"
    """Folder of song files."""
    users: str = "data/users"
    """Folder of user files."""
    settle_seconds: Annotated[float, Field(ge=0)] = 5.0
    """How long a file whose last line has no end, a packed file or an empty one may still be written."""

    def folder(self, dataset: Dataset) -> str:
        """The folder of a dataset."""
        folder: str = getattr(self, dataset)
        return folder


class Lake(Section):
    """The Iceberg tables."""

    location: str = "lake"
    """Folder of the lake."""
    catalog: str | None = None
    """Iceberg catalog: `glue`, or a database URL; SQLite beside the lake unless given, Glue when that is in S3."""
    namespace: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")] = "hitparade"
    """Iceberg namespace; fixed when the lake is made."""
    timezone: Annotated[str, AfterValidator(a_time_zone)] = "UTC"
    """Time zone in which days and hours are counted; fixed when the lake is made."""


class S3(Section):
    """How objects are written to S3. Endpoint, region and credentials come from the usual AWS environment."""

    archive_class: Literal[
        "STANDARD", "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING"
    ] = "GLACIER_IR"
    """Storage class of archived files. What is in `GLACIER` or `DEEP_ARCHIVE` must be restored before it is read."""
    encryption: Literal["AES256", "aws:kms", "aws:kms:dsse"] | None = None
    """Server-side encryption of every object written; the bucket's own default unless given."""
    kms_key: str | None = None
    """Key for `aws:kms`: its ARN, id or alias; the account's own unless given."""


class Ledger(Section):
    """The database of the ledger."""

    url: str | None = None
    """`dynamodb:<table>`, or a database URL such as `postgresql+psycopg://host/db`. SQLite beside the lake unless
    given; when that is in S3, the DynamoDB table `<namespace>_ledger`."""


class Engine(Section):
    """What turns files into Parquet and days into KPIs."""

    name: EngineName = "duckdb"
    """Which engine: `duckdb` on this machine, or `spark` on as many as it has."""
    memory: Annotated[str, Field(pattern=r"^[0-9.]+ ?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$")] = "800MB"
    """What the engine may take; it spills to disk beyond. The process needs some 300 MB more. With Spark it is the
    heap of the driver and of each executor, and the tasks of an executor share as much again beside it."""
    threads: Annotated[int, Field(ge=0)] = 0
    """Threads; 0 takes one for each core. Spark's are those of its `master`."""
    master: str = "local[*]"
    """Spark's master, such as `local[4]`, `spark://host:7077` or `yarn`. A session that runs already goes before."""
    packages: tuple[str, ...] = ()
    """Maven packages for Spark, as `group:artifact:version`, beside those that `s3://` needs."""
    day_rows: Annotated[int, Field(ge=0)] = 20_000_000
    """Listens of a batch of days that one Spark task computes; beyond, Spark SQL computes it on all executors."""
    spark: dict[str, Annotated[str, BeforeValidator(a_spark_setting)]] = {}
    """Any of Spark's own settings, such as `"spark.executor.cores" = 2`; they go before ours."""


class Load(Section):
    """How much is loaded in one commit."""

    batch_bytes: Annotated[int, Field(gt=0)] = 2 << 30
    """Bytes of stream files; one larger file goes alone."""
    batch_files: Annotated[int, Field(gt=0)] = 500
    """Stream files."""


class Compute(Section):
    """How much is computed at once."""

    batch_rows: Annotated[int, Field(gt=0)] = 1_000_000
    """Listens of a batch of days; memory follows it. A day that has more goes alone."""


class Kpis(Section):
    """What KPIs depend on."""

    genre_attribution: Literal["all", "primary"] = "all"
    """Whether a track of several genres counts in all of them or in its first. A change restates."""
    folder: str | None = "kpis"
    """Folder of your own KPIs, one SQL file each."""


class Runs(Section):
    """How processes treat one another. Safety does not rest on it: the ledger fences."""

    wait_seconds: Annotated[float, Field(ge=0)] = 60.0
    """How long to wait for another process at work before giving up with exit code 3."""
    polite: bool = True
    """Whether to wait at all, and to tell others that one is at work."""


class Maintain(Section):
    """What `hitparade maintain` leaves alone, and what it makes."""

    keep_hours: Annotated[float, Field(ge=0)] = 24.0
    """How long what nobody refers to any more is kept: a process at work has not named its files yet, and a reader may
    have planned with those of before. 0 only where nothing else reads or writes."""
    file_bytes: Annotated[int, Field(gt=0)] = 128 << 20
    """About how large the files are that small files of a day become."""


class Settings(BaseSettings):
    """Every setting. Locations are relative to the folder of hitparade.toml."""

    model_config = SettingsConfigDict(
        env_prefix="HITPARADE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    root: str
    """The workspace: the folder of hitparade.toml, a path or a URL. Not a key of the file."""
    landing: Landing = Landing()
    quarantine: str = "data/quarantine"
    """Folder of files that their contract refused; a contract's `quarantine_path` goes before."""
    archive: str = "archive"
    """Folder of files that are settled."""
    lake: Lake = Lake()
    ledger: Ledger = Ledger()
    s3: S3 = S3()
    engine: Engine = Engine()
    load: Load = Load()
    compute: Compute = Compute()
    kpis: Kpis = Kpis()
    runs: Runs = Runs()
    maintain: Maintain = Maintain()
    sinks: tuple[str, ...] = ()
    """Where KPIs are published to, such as `files:exports`."""

    def place(self, location: str) -> str:
        """A location as a path or URL: as it is when it is a whole one, else below the workspace."""
        whole = location if is_whole(location) else f"{self.root}/{location}"
        return whole.rstrip("/") if is_remote(whole) else str(Path(whole))

    def place_beside(self, landing: str, location: str) -> str:
        """A location that a landing folder's contract names: below the bucket of that folder, else the workspace."""
        if is_whole(location) or not is_remote(folder := self.place(landing)):
            return self.place(location)
        return f"{'/'.join(folder.split('/', 3)[:3])}/{location}"

    def meets_s3(self) -> bool:
        """Whether any place is in a bucket."""
        places = (self.landing.streams, self.landing.songs, self.landing.users, self.lake.location)
        return any(is_remote(self.place(place)) for place in places)

    def catalog(self) -> str:
        """The Iceberg catalog: `glue`, or a database URL."""
        return self._database(self.lake.catalog, beside="catalog.db", remote="glue")

    def ledger_url(self) -> str:
        """The ledger's URL."""
        return self._database(self.ledger.url, beside="ledger.db", remote=f"dynamodb:{self.lake.namespace}_ledger")

    def _database(self, url: str | None, *, beside: str, remote: str) -> str:
        """A database by its URL; without one an SQLite file beside the lake, or what AWS has where that is a bucket."""
        lake = self.place(self.lake.location)
        if url is None:
            return remote if is_remote(lake) else f"sqlite:///{lake}/{beside}"
        prefix = "sqlite:///"
        if not url.startswith(prefix) or url.startswith(f"{prefix}/"):
            return url
        if is_remote(file := self.place(url.removeprefix(prefix))):
            raise ConfigError(
                f"'{url}' would be {file}, and SQLite needs a disk", hint=f"give a whole path: {prefix}/..."
            )
        return prefix + file


def is_whole(location: str) -> bool:
    """Whether a location says by itself where it is."""
    return is_remote(location) or location.startswith("/")


def read_settings(location: str | Path, *, engine: EngineName | None = None) -> Settings:
    """The settings of a workspace, with another engine if one is named; ConfigError names the file and the key.

    The file may be an object in a bucket: locations are then relative to its folder there.
    """
    if is_remote(str(location)):
        with tempfile.TemporaryDirectory(prefix="hitparade-") as scratch, closing(Storage()) as storage:
            if storage.stat(str(location)) is None:
                raise ConfigError(f"{location}: no such object", hint="name the workspace's settings with --config")
            file = Path(storage.fetch(str(location), Path(scratch) / FILE))
            return read_file(file, str(location).rpartition("/")[0], engine=engine)
    file = Path(location)
    if not file.is_file():
        raise ConfigError(
            f"{file}: no such file",
            hint="run 'hitparade init' to make a workspace, or name one with --config",
        )
    return read_file(file, str(file.resolve().parent), engine=engine)


def read_file(file: Path, root: str, *, engine: EngineName | None) -> Settings:
    """The settings in a file of this disk."""

    class FromFile(Settings):
        """The same settings, bound to one file."""

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the interface's words
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            """The environment goes before the file."""
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=file)

    try:
        settings = FromFile(root=root)
        if engine is None:
            return settings
        return settings.model_copy(update={"engine": settings.engine.model_copy(update={"name": engine})})
    except ValidationError as error:
        raise ConfigError(problems(file, error), hint="docs/configuration.md lists every key") from error
    except (ValueError, OSError) as error:
        raise ConfigError(f"{file}: not TOML: {error}") from error


def problems(file: Path, error: ValidationError) -> str:
    """Every mistake, one a line: the key, what was found, what is wanted."""
    lines = []
    for each in error.errors():
        key = ".".join(str(part) for part in each["loc"])
        unknown = each["type"] == "extra_forbidden"
        lines.append(f"{file}: {key}: " + ("no such key" if unknown else f"{each['msg']} (found {each['input']!r})"))
    return "\n".join(lines)
