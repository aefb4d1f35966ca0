"""A new workspace: settings, landing folders, and the built-in contracts written out so that they can be changed."""

from __future__ import annotations

import json
from pathlib import Path

from hitparade.errors import ConfigError
from hitparade.model import DATASETS
from hitparade.storage.local import LocalStorage, errors_explained, make_folders

SETTINGS = """\
# Settings of this workspace; docs/configuration.md lists every key. Locations are relative to this file.
# What is left out has its default. The environment goes before: HITPARADE_ENGINE__MEMORY=2GB
{sinks}

[landing]                  # where CSV files are delivered
streams = "data/streams"
songs = "data/songs"
users = "data/users"

[lake]                     # Iceberg tables; time zone and namespace are fixed once the lake is made
location = "lake"
timezone = "UTC"           # in which days and hours are counted

[engine]
memory = "800MB"           # what the engine may take; it spills to disk beyond

[kpis]
genre_attribution = "all"  # a track of several genres counts in "all" of them, or in its "primary" one
folder = "kpis"            # your own KPIs, one SQL file each
"""
NO_SINKS = '# sinks = ["files:exports"]   # CSV and Parquet for each KPI and day'


def make_workspace(folder: Path, *, sinks: tuple[str, ...] = ()) -> list[Path]:
    """Write a workspace into a folder; what is there already is left alone. The paths that were made.

    The settings come last, so that what was cut short is gone on with, and each file comes whole.

    Raises ConfigError when the folder is a workspace already.
    """
    config = folder / "hitparade.toml"
    if config.exists():
        raise ConfigError(f"{config} exists already", hint="use it, or choose another folder")
    made: list[Path] = []
    storage = LocalStorage()
    with errors_explained(f"make a workspace in {folder}"):
        for dataset in DATASETS:
            landing = folder / "data" / dataset
            make_folders(landing)
            manifest = landing / "manifest.json"
            if not manifest.exists():
                storage.write(str(manifest), manifest_text(dataset).encode())
                made.append(manifest)
        listed = f"sinks = {json.dumps(list(sinks))}" if sinks else NO_SINKS
        storage.write(str(config), SETTINGS.format(sinks=listed).encode())
    return [config, *made]


def manifest_text(dataset: str) -> str:
    """The built-in manifest of a dataset, as it stands."""
    from importlib.resources import files

    return (files("hitparade.contracts") / "builtin" / f"{dataset}.json").read_text(encoding="utf-8")
