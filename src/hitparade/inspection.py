"""check: validate files by the contract in force, wherever they lie, with a workspace or without one."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from hitparade.config import Settings, read_settings
from hitparade.contracts.manifest import parse_manifest
from hitparade.errors import ConfigError
from hitparade.model import DATASETS, Contract, Dataset
from hitparade.steps.check import Checked, check
from hitparade.storage import is_remote
from hitparade.workspace import Workspace, open_workspace


def inspect(files: Sequence[Path], *, config: str, dataset: Dataset | None, manifest: Path | None) -> list[Checked]:
    """Judge each file. Without a workspace the built-in contracts are in force."""
    with tempfile.TemporaryDirectory(prefix="hitparade-") as scratch:
        settings = read_settings(config) if is_remote(config) or Path(config).exists() else Settings(root=scratch)
        with open_workspace(settings, command="check") as ws:
            return [inspect_one(ws, file, dataset, manifest) for file in files]


def inspect_one(ws: Workspace, file: Path, dataset: Dataset | None, manifest: Path | None) -> Checked:
    """Judge one file."""
    kind = dataset or dataset_of(file)
    contract: Contract
    if manifest is None:
        contract = ws.contract(kind)
    else:
        contract = parse_manifest(manifest.read_bytes(), dataset=kind, source=str(manifest))
    return check(ws, str(file.absolute()), contract)


def dataset_of(file: Path) -> Dataset:
    """What a file holds, by its folder or else by how its name begins."""
    for dataset in DATASETS:
        if file.absolute().parent.name == dataset:
            return dataset
    for dataset in DATASETS:
        if file.name.startswith((dataset, dataset.removesuffix("s"))):
            return dataset
    raise ConfigError(f"{file}: cannot tell what it holds", hint="say --dataset streams, songs or users")
