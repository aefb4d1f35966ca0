"""Sample data that looks like listening, of any size, clean or hostile, with the truth of what becomes of it.

    result = generate(spec, streams=..., songs=..., users=..., truth=...)

Charts over uniform noise prove little and data from a real service may not be passed on; so samples are made
here, from a seed, the same bytes each time. DuckDB draws the listens and its hash function is part of the
recipe: another DuckDB version may give another sample, with another truth that fits it.
"""

from __future__ import annotations

from hitparade.sample.generate import generate
from hitparade.sample.spec import SampleResult, SampleSpec

__all__ = ["SampleResult", "SampleSpec", "generate"]
