"""A KPI of the workspace's own, which comes, changes its columns or its meaning, and goes; and what it should give."""

from __future__ import annotations

from tests.simulation.reference import Reference, Row, grouped
from tests.simulation.reference import users as unique_users

NAME = "land_daily"
TEXT = """\
/*
description: How much each country listened on a day.
scope: day
reads:
  plays: [{plays}]
  users: [user_id, user_country]
columns:
  listen_date: {{type: date, measure: key, description: Day of the listens}}
  country: {{type: string, measure: key, description: Country of the listener}}
  listen_count: {{type: long, measure: additive, unit: listens, description: Listens}}
{header}*/
SELECT
  plays.listen_date,
  COALESCE(users.user_country, '{nobody}') AS country,
  {listens} AS listen_count{column}
FROM plays
LEFT JOIN users ON users.user_id = plays.user_id
GROUP BY plays.listen_date, COALESCE(users.user_country, '{nobody}')
"""
UNIQUE = "  unique_listeners: {type: long, measure: distinct, unit: users, description: Users who listened}\n"


def text(version: int) -> str:
    """The KPI's file: 1, 2 with one column more, 3 of another meaning."""
    more = version == 2
    return TEXT.format(
        plays="listen_date, user_id",
        header=UNIQUE if more else "",
        column=",\n  COUNT(DISTINCT plays.user_id) AS unique_listeners" if more else "",
        listens="COUNT(*)",
        nobody="elsewhere" if version == 3 else "(unknown)",
    )


def expected(reference: Reference, version: int) -> list[Row]:
    """Its rows."""
    nobody = "elsewhere" if version == 3 else "(unknown)"

    def country(user: int) -> str:
        known = reference.users.get(user)
        return known.country if known is not None and known.country is not None else nobody

    heard = grouped(reference.listens, lambda each: (each.at.date(), country(each.user)))
    return [
        {
            "listen_date": day,
            "country": where,
            "listen_count": len(rows),
            **({"unique_listeners": unique_users(rows)} if version == 2 else {}),
        }
        for (day, where), rows in sorted(heard.items())
    ]
