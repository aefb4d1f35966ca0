"""What a rebuild found."""

from __future__ import annotations

from dataclasses import dataclass, field

KEPT = 1000


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it is when it is made anew.

    `place` is `archive`, `ledger`, `lake` or a sink, `subject` a file or a KPI's day, `key` which of its rows, where
    it has some; None stands for what is not there at all.
    """

    place: str
    subject: str
    key: str
    stored: str | None
    rebuilt: str | None


@dataclass(slots=True)
class Rebuilt:
    """How much was compared, and every difference: all are counted, the first thousand kept.

    `frozen` are objects to be restored before anything can be compared; `notes` say what was not compared, and why.
    """

    files: int = 0
    rows: int = 0
    kpi_days: int = 0
    served: int = 0
    count: int = 0
    differences: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    frozen: tuple[str, ...] = ()

    def add(self, difference: Difference) -> None:
        """Count a difference."""
        self.count += 1
        if len(self.differences) < KEPT:
            self.differences.append(difference)
