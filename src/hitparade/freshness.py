"""What goes with rows that are read: the days that they are wanted of, and how fresh they are.

Nothing here imports anything of the project: ledger, lake, engines and sinks all speak of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Span:
    """Days in a row, both ends among them; None: as far as there are any."""

    first: date | None = None
    last: date | None = None

    def __contains__(self, day: date) -> bool:
        """Whether a day is one of them."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


ALWAYS = Span()


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh some days of a KPI are. None in all but `as_of`: the source does not know.

    `as_of` is when the youngest of them was computed or, by a sink, written (UTC); None where none was.
    `version` is the highest delivery (seq) that was counted in, `files` how many deliveries in effect have rows of the
    days. `late_rows` are those of their rows that came, by seq, after rows of a later day: lateness by the ledger's
    order, without a clock. `behind` is how many of the days wait to be computed anew, 0 when up to date.
    """

    as_of: datetime | None = None
    version: int | None = None
    files: int | None = None
    late_rows: int | None = None
    behind: int | None = None
