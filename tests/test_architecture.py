"""The walls between folders: who may import whom, and what is imported late."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "hitparade"
MODULES = sorted(path for path in SOURCE.rglob("*.py"))

# From the bottom up: a part imports only parts below it. Parts of one line do not import one another.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("model", "freshness", "errors", "progress", "sqltext", "faults"),
    ("aws", "log"),
    ("storage",),
    ("landing", "contracts", "kpis", "engines", "lake", "ledger", "sinks", "config", "scaffold", "sample"),
    ("turn",),
    ("workspace",),
    ("steps",),
    ("pipeline", "charts", "export", "inspection", "standing", "health", "quarantine", "verify", "maintain"),
    ("rebuild",),
    ("emulator", "dashboard"),
    ("cli", "glue", "airflow", "standalone"),
    ("__main__",),
)
LEVEL = {part: level for level, parts in enumerate(LAYERS) for part in parts}
STEPS = ("load", "compute", "publish", "archive", "check")

# Libraries that only the named parts know, and none of them imports when it is itself imported...
LATE = {
    "boto3": ("aws", "glue/insert_metrics_dynamo"),
    "botocore": (
        "aws",
        "storage/s3",
        "ledger/dynamodb",
        "sinks/dynamodb",
        "sinks/warehouse",
        "emulator/seed",
        "glue/insert_metrics_dynamo",
    ),
    "altair": ("dashboard",),
    "jinja2": ("dashboard",),
    "moto": ("emulator",),
    "duckdb": ("engines", "contracts/re2", "sample"),
    "pyarrow": (
        "engines",
        "charts",
        "cli",
        "dashboard",
        "emulator/warehouse",
        "glue",
        "lake",
        "landing",
        "rebuild",
        "sample",
        "sinks",
        "storage",
    ),
    "py4j": ("engines/spark",),
    "pgpq": ("sinks/warehouse/postgres", "emulator/warehouse"),
    "psycopg": ("sinks/warehouse/credentials", "sinks/warehouse/postgres", "emulator/warehouse"),
    "pycountry": ("engines",),
    "pyiceberg": ("lake",),
    "pyspark": ("engines/spark", "emulator/stubs", "glue/door"),
    "redshift_connector": ("sinks/warehouse/redshift",),
    "sqlalchemy": ("ledger", "lake"),
    "streamlit": ("dashboard",),
    "vl_convert": ("dashboard",),
}
# ...but for these, which are imported late themselves.
WITH_THEM = {
    "lake": ("pyiceberg", "sqlalchemy"),
    "ledger": ("sqlalchemy",),
    "dashboard": ("streamlit",),
    "emulator": ("moto",),
    "glue": ("boto3", "botocore", "pyarrow"),
}


def part_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Every imported module, and whether it is imported as soon as the file is."""
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    late = {id(node) for function in functions for node in ast.walk(function)}
    typed = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        at_once = id(node) not in late | typed
        if isinstance(node, ast.Import):
            yield from ((alias.name, at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, at_once
            if node.module == "hitparade":
                yield from ((f"hitparade.{alias.name}", at_once) for alias in node.names)


def of_hitparade(path: Path) -> Iterator[str]:
    for name, _ in imports(path):
        parts = name.split(".")
        if parts[0] == "hitparade" and len(parts) > 1 and parts[1] in LEVEL:
            yield name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_part_imports_only_parts_below_it(path: Path) -> None:
    part = part_of(path)
    if part == "__init__":
        return
    for name in of_hitparade(path):
        other = name.split(".")[1]
        assert other == part or LEVEL[other] < LEVEL[part], f"{part} imports {other}"


@pytest.mark.parametrize("step", STEPS)
def test_steps_do_not_import_one_another(step: str) -> None:
    others = {f"hitparade.steps.{other}" for other in STEPS} - {f"hitparade.steps.{step}"}
    assert not others & set(of_hitparade(SOURCE / "steps" / f"{step}.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_heavy_libraries_are_known_to_few_and_imported_late(path: Path) -> None:
    place = path.relative_to(SOURCE).with_suffix("").as_posix()
    for name, at_once in imports(path):
        library = name.split(".")[0]
        if library in LATE:
            assert place.startswith(LATE[library]) or place == "workspace", f"{place} knows {library}"
            assert not at_once or library in WITH_THEM.get(part_of(path), ()), f"{place} imports {library} at once"


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, hitparade.cli.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert not loaded & {*LATE, "pydantic", "pandas", "numpy", "sqlglot", "structlog"}


def test_every_module_belongs_to_a_layer() -> None:
    assert {part_of(path) for path in MODULES} - {"__init__"} == set(LEVEL)


def test_no_module_outgrows_what_one_can_read_at_a_sitting() -> None:
    assert {path.name: size for path in MODULES if (size := len(path.read_text().splitlines())) > 400} == {}


def test_packages_say_why_they_exist() -> None:
    for path in MODULES:
        assert ast.get_docstring(ast.parse(path.read_text())), path
