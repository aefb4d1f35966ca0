"""Charts as tables of HTML: what a chart says stands there as text, so it can be read aloud, copied and printed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from hitparade.dashboard import words

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def templates() -> Environment:
    """The templates. Everything that is put into one is text, whatever it holds."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    found = Environment(
        loader=PackageLoader("hitparade.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"count": words.count, "time": words.time, "day": words.day, "hour": words.hour}
    found.globals["freshness"] = words.freshness
    return found


def fragment(name: str, **values: Any) -> str:
    """A piece of a page."""
    return templates().get_template(f"{name}.html").render(**values)


def style() -> str:
    """How pieces look."""
    return templates().get_template("style.css").render()
