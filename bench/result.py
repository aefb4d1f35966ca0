"""What was measured, and whether it is what was wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from bench.measure import Usage


@dataclass(frozen=True, slots=True)
class Measure:
    """One number; without a target it is for information. A target is a most, unless it is a least."""

    name: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """met, missed, or nothing without a target."""
        if self.target is None:
            return ""
        met = self.value >= self.target if self.at_least else self.value <= self.target
        return "met" if met else "missed"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the bench: its numbers and the rounds behind them, or why it was skipped."""

    key: str
    title: str
    measures: Sequence[Measure] = ()
    rounds: dict[str, Sequence[Usage]] = field(default_factory=dict)
    skipped: str | None = None


def as_json(part: Part) -> dict[str, object]:
    """A part for results.json."""
    return {
        "part": part.key,
        "title": part.title,
        "skipped": part.skipped,
        "measures": [{**asdict(each), "verdict": each.verdict or None} for each in part.measures],
        "rounds": {name: [asdict(each) for each in rounds] for name, rounds in part.rounds.items()},
    }
