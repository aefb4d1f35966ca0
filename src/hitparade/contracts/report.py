"""The report of a validation: what was wrong with a file, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hitparade.model import Delivery, Problem


def summary(problems: Sequence[Problem]) -> str | None:
    """The problems in one line, those of the file first, warnings last; None where there are none."""
    ordered = sorted(problems, key=lambda problem: (problem.severity != "reject", problem.column is not None))
    return "; ".join(describe(problem) for problem in ordered) or None


def describe(problem: Problem) -> str:
    """A broken rule, how often, and where first."""
    if problem.column is None and not problem.examples:
        return f"{problem.rule}: {problem.message}"
    first = f", first in row {problem.examples[0][0]:,}" if problem.examples else ""
    warning = "warning: " if problem.severity == "warn" else ""
    return f"{warning}{problem.message}{first}"


def report(delivery: Delivery, problems: Sequence[Problem]) -> bytes:
    """A delivery's report as JSON: the verdict, and each row rule with its count and first examples."""
    content = {
        "file": delivery.name,
        "seq": delivery.seq,
        "dataset": delivery.dataset,
        "outcome": delivery.status,
        "reason": delivery.reason,
        "judged_at": delivery.loaded_at.isoformat(),
        "contract": delivery.contract,
        "sha256": delivery.sha256,
        "rows_read": delivery.rows_read,
        "rows_loaded": delivery.rows_loaded,
        "rows_rejected": delivery.rows_rejected,
        "problems": [
            {
                "rule": problem.rule,
                "column": problem.column,
                "count": problem.count,
                "examples": [{"row": row, "value": value, "raw": raw} for row, value, raw in problem.examples],
            }
            for problem in problems
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=2).encode() + b"\n"
