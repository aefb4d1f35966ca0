"""Countries by their ISO 3166 names, whatever code or name they were delivered under."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def country_names(raw: Iterable[str]) -> Mapping[str, str]:
    """Raw value -> the country's common English name; values that are no country are left out."""
    import pycountry

    names = {}
    for value in raw:
        try:
            country = pycountry.countries.lookup(value)
        except LookupError:
            continue
        names[value] = getattr(country, "common_name", country.name)
    return names
