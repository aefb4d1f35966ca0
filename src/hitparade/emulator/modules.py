"""What a job brings along besides its script: `--additional-python-modules` and `--extra-py-files`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hitparade.emulator.bucket import fetch
from hitparade.errors import ConfigError, StorageError

MODULES = "--additional-python-modules"
FILES = "--extra-py-files"
INSTALL_SECONDS = 600
LIST = """
import importlib.metadata, json
print(json.dumps({found.metadata["Name"]: found.version for found in importlib.metadata.distributions()}))
"""


def bring(arguments: Mapping[str, str], *, python: str, account: str, folder: Path) -> tuple[Path, ...]:
    """Put all of it into a folder; what to add to the path of modules, first come first found."""
    installed = folder / "modules"
    for module in listed(arguments.get(MODULES)):
        if wanted := as_installable(module, python=python, account=account, folder=folder):
            install(wanted, python=python, target=installed)
    found = []
    for file in listed(arguments.get(FILES)):
        path = fetch(file, account=account, folder=folder / "files")
        if path.suffix == ".whl":
            install([str(path), "--no-deps"], python=python, target=installed)
        found.append(path.parent if path.suffix == ".py" else path)
    return (installed, *dict.fromkeys(found))


def listed(value: str | None) -> Iterator[str]:
    """The entries of a comma-separated list."""
    return (entry.strip() for entry in (value or "").split(",") if entry.strip())


def as_installable(module: str, *, python: str, account: str, folder: Path) -> list[str]:
    """What pip is to install for a module; nothing for a requirement that is met already."""
    if module.startswith(("s3://", "s3a://")):
        # Glue's workers come with the dependencies of a wheel, and so does this environment.
        return [str(fetch(module, account=account, folder=folder / "wheels")), "--no-deps"]
    if module.endswith(".whl"):
        return [module, "--no-deps"]
    try:
        requirement = Requirement(module)
    except InvalidRequirement as error:
        raise ConfigError(f"{MODULES}: '{module}' is neither a wheel nor a requirement") from error
    held = versions(python).get(canonicalize_name(requirement.name))
    return [] if held is not None and requirement.specifier.contains(held, prereleases=True) else [module]


def versions(python: str) -> dict[str, str]:
    """The distributions that a Python finds, by canonical name."""
    done = subprocess.run([python, "-c", LIST], capture_output=True, text=True, check=True)  # noqa: S603
    return {canonicalize_name(name): version for name, version in json.loads(done.stdout).items() if name}


def install(what: list[str], *, python: str, target: Path) -> None:
    """Install into a folder by pip; StorageError carries its last line."""
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(target), *what]
    done = subprocess.run(  # noqa: S603 - what the job names
        command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise StorageError(f"pip could not install {what[0]}: {said[-1] if said else 'it does not say why'}")
