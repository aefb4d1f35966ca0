"""Parts c and d: the lab's files from nothing, and how long the command line takes to say what it can do."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.measure import DONE, Usage, measured, wall
from bench.progress import say
from bench.result import Measure, Part
from bench.workspaces import HITPARADE, workspace

LAB = Path(__file__).parents[2] / "shared" / "data" / "lab"
LAB_SECONDS, HELP_SECONDS = 5.0, 0.4
HELP_ROUNDS = 5
FLAWED = 1
DATASET_OF = {"streams": "streams*.csv", "songs": "songs*.csv", "users": "users*.csv"}


def lab(work: Path, *, rounds: int) -> Part:
    """Everything, once, in a new workspace."""
    title = "the lab's files: hitparade run in a new workspace"
    if not LAB.is_dir():
        return Part(key="c", title=title, skipped=f"{LAB} is not there")
    say("c: the lab's files")
    usages = [lab_once(work) for _ in range(rounds)]
    return Part(
        key="c",
        title=title,
        measures=(Measure("wall time", wall(usages), "s", LAB_SECONDS),),
        rounds={"hitparade": usages},
    )


def lab_once(work: Path) -> Usage:
    """`hitparade run` over copies of the lab's files; rows that are rejected are no failure."""
    folder = work / "lab"
    config = workspace(folder)
    for dataset, pattern in DATASET_OF.items():
        for path in LAB.glob(pattern):
            shutil.copy(path, folder / "data" / dataset)
    usage = measured([*HITPARADE, "run", "--config", str(config)], log=work / "lab.log", codes=(DONE, FLAWED))
    shutil.rmtree(folder)
    return usage


def help_(work: Path) -> Part:
    """`hitparade --help`, as everyone first calls it."""
    say("d: hitparade --help")
    usages = [measured([*HITPARADE, "--help"], log=work / "help.log") for _ in range(HELP_ROUNDS)]
    return Part(
        key="d",
        title="hitparade --help",
        measures=(Measure("wall time", wall(usages), "s", HELP_SECONDS),),
        rounds={"hitparade": usages},
    )
