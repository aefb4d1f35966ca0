"""Settings, read once at the door: hitparade.toml, then the environment (`HITPARADE_ENGINE__MEMORY=2GB`)."""

from __future__ import annotations

import zoneinfo
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from hitparade.errors import ConfigError
from hitparade.model import Dataset

FILE = "hitparade.toml"


def a_time_zone(name: str) -> str:
    """A name of the IANA database."""
    if name not in zoneinfo.available_timezones():
        raise ValueError(f"'{name}' is not a time zone such as Europe/Berlin")
    return name


class Section(BaseModel):
    """A table of hitparade.toml; a key that it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Landing(Section):
    """Where files are delivered."""

    streams: str = "data/streams"
    songs: str = "data/songs"
    users: str = "data/users"
    settle_seconds: Annotated[float, Field(ge=0)] = 5.0

    def folder(self, dataset: Dataset) -> str:
        """The folder of a dataset."""
        folder: str = getattr(self, dataset)
        return folder


class Lake(Section):
    """Where the Iceberg tables live. Time zone and namespace are fixed when the lake is made."""

    location: str = "lake"
    namespace: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")] = "hitparade"
    timezone: Annotated[str, AfterValidator(a_time_zone)] = "UTC"


class Ledger(Section):
    """The database of the ledger; SQLite beside the lake unless told otherwise."""

    url: str | None = None


class Engine(Section):
    """What turns files into Parquet and days into KPIs."""

    name: Literal["duckdb"] = "duckdb"
    memory: Annotated[str, Field(pattern=r"^[0-9.]+ ?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$")] = "800MB"
    threads: Annotated[int, Field(ge=0)] = 0


class Load(Section):
    """How much is loaded in one commit."""

    batch_bytes: Annotated[int, Field(gt=0)] = 2 << 30
    batch_files: Annotated[int, Field(gt=0)] = 500


class Compute(Section):
    """How much is computed at once, in listens; memory follows it."""

    batch_rows: Annotated[int, Field(gt=0)] = 1_000_000


class Kpis(Section):
    """What the KPIs depend on, and a folder of one's own."""

    genre_attribution: Literal["all", "primary"] = "all"
    folder: str | None = "kpis"


class Runs(Section):
    """How processes treat one another."""

    wait_seconds: Annotated[float, Field(ge=0)] = 60.0
    polite: bool = True


class Settings(BaseSettings):
    """Every setting. Locations are relative to the folder of hitparade.toml."""

    model_config = SettingsConfigDict(env_prefix="HITPARADE_", env_nested_delimiter="__", extra="forbid", frozen=True)

    root: Path
    landing: Landing = Landing()
    quarantine: str = "data/quarantine"
    archive: str = "archive"
    lake: Lake = Lake()
    ledger: Ledger = Ledger()
    engine: Engine = Engine()
    load: Load = Load()
    compute: Compute = Compute()
    kpis: Kpis = Kpis()
    runs: Runs = Runs()
    sinks: tuple[str, ...] = ()

    def place(self, location: str) -> str:
        """A location as a path: absolute, or below the workspace."""
        return str(self.root / location)

    def ledger_url(self) -> str:
        """The ledger's database URL."""
        if self.ledger.url is None:
            return f"sqlite:///{self.place(self.lake.location)}/ledger.db"
        prefix = "sqlite:///"
        if self.ledger.url.startswith(prefix) and not self.ledger.url.startswith(f"{prefix}/"):
            return prefix + self.place(self.ledger.url.removeprefix(prefix))
        return self.ledger.url


def read_settings(file: Path) -> Settings:
    """The settings of a workspace; ConfigError names the file and the key."""
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
        return FromFile(root=file.resolve().parent)
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
