"""Settings, read once at the door: hitparade.toml, then the environment (`HITPARADE_ENGINE__MEMORY=2GB`)."""

from __future__ import annotations

import zoneinfo
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

FILE = "hitparade.toml"
EngineName = Literal["duckdb", "spark"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)


def a_time_zone(name: str) -> str:
    """A name of the IANA database."""
    if name not in zoneinfo.available_timezones():
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
    namespace: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")] = "hitparade"
    """Iceberg namespace; fixed when the lake is made."""
    timezone: Annotated[str, AfterValidator(a_time_zone)] = "UTC"
    """Time zone in which days and hours are counted; fixed when the lake is made."""


class Ledger(Section):
    """The database of the ledger."""

    url: str | None = None
    """Database URL, such as `postgresql+psycopg://host/db`; SQLite beside the lake unless given."""


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


class Settings(BaseSettings):
    """Every setting. Locations are relative to the folder of hitparade.toml."""

    model_config = SettingsConfigDict(
        env_prefix="HITPARADE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    root: Path
    """The workspace: the folder of hitparade.toml. Not a key of the file."""
    landing: Landing = Landing()
    quarantine: str = "data/quarantine"
    """Folder of files that their contract refused; a contract's `quarantine_path` goes before."""
    archive: str = "archive"
    """Folder of files that are settled."""
    lake: Lake = Lake()
    ledger: Ledger = Ledger()
    engine: Engine = Engine()
    load: Load = Load()
    compute: Compute = Compute()
    kpis: Kpis = Kpis()
    runs: Runs = Runs()
    sinks: tuple[str, ...] = ()
    """Where KPIs are published to, such as `files:exports`."""

    def place(self, location: str) -> str:
        """A location as a path: absolute, or below the workspace."""
        return str(self.root / location)

    def meets_s3(self) -> bool:
        """Whether any place is in a bucket."""
        places = (self.landing.streams, self.landing.songs, self.landing.users, self.lake.location)
        return any(place.startswith("s3://") for place in places)

    def ledger_url(self) -> str:
        """The ledger's database URL."""
        if self.ledger.url is None:
            return f"sqlite:///{self.place(self.lake.location)}/ledger.db"
        prefix = "sqlite:///"
        if self.ledger.url.startswith(prefix) and not self.ledger.url.startswith(f"{prefix}/"):
            return prefix + self.place(self.ledger.url.removeprefix(prefix))
        return self.ledger.url


def read_settings(file: Path, *, engine: EngineName | None = None) -> Settings:
    """The settings of a workspace, with another engine if one is named; ConfigError names the file and the key."""
    if not file.is_file():
        raise ConfigError(
            f"{file}: no such file",
            hint="run 'hitparade init' to make a workspace, or name one with --config",
        )

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
        settings = FromFile(root=file.resolve().parent)
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
