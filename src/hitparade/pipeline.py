"""run: the four steps in order. This is the only file that knows the order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hitparade import log
from hitparade.errors import Transient
from hitparade.steps.archive import Archived, archive
from hitparade.steps.compute import Computed, compute
from hitparade.steps.load import Loaded, load
from hitparade.steps.publish import Published, publish
from hitparade.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did, step by step."""

    loaded: Loaded
    computed: Computed
    published: Published
    archived: Archived


def run(ws: Workspace) -> Outcome:
    """Load, compute, publish, archive: each looks for itself at what is there and what should be."""
    outcome = Outcome(loaded=load(ws), computed=compute(ws), published=publish(ws), archived=archive(ws))
    log.get_logger().debug("run.done")
    return outcome


def watch(ws: Workspace, *, pause: Iterator[None]) -> Iterator[Outcome]:
    """Run again and again, as often as `pause` yields; each round that finds something to do is a run of its own.

    What may pass by itself, such as another process at work, waits for the next round.
    """
    for _ in pause:
        try:
            yield run(ws)
        except Transient as error:
            log.get_logger().warning("run.later", error=error.message)
        finally:
            ws.turn.end()


__all__ = ["Outcome", "archive", "compute", "load", "publish", "run", "watch"]
