"""The page about the warehouse: its queries run, its tables are there, and documented queries say what views say."""

from __future__ import annotations

import re

import pytest

from hitparade.sinks.warehouse.credentials import OPTIONS
from hitparade.sinks.warehouse.tables import MIGRATIONS, Table
from hitparade.sinks.warehouse.views import VIEWS
from tests.docs.pages import DOCS
from tests.postgres import postgres_url as postgres_url
from tests.shop import Shop
from tests.sinks.redshift_words import faults
from tests.warehouse.places import Place, on_postgres

PAGE = (DOCS / "warehouse.md").read_text()
QUERIES = re.findall(r"^```sql\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
OF_POSTGRES = "-- PostgreSQL: "
TABLES = {part.name: part for migration in MIGRATIONS for part in migration if isinstance(part, Table)}

each_query = pytest.mark.parametrize("query", QUERIES, ids=lambda query: str(query).splitlines()[0])


@pytest.fixture(scope="module")
def place(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A warehouse of one day, in which no two artists of an hour are equal, and no average is a whole number."""
    place = on_postgres(postgres_url)
    shop = Shop(tmp_path_factory.mktemp("warehouse"), settings=f'sinks = ["{place.url}"]')
    songs = [("a", "Ada;Bo", 71, 200251, "pop"), ("b", "Cy", 30, 180500, "pop"), ("c", "Di", 5, 99999, "rock")]
    shop.deliver("songs", "songs.csv", [f"{t},{who},Album,Song {t},{p},{ms},{g}" for t, who, p, ms, g in songs])
    shop.deliver("users", "users.csv", [f"{n},User {n},30,Ghana,2024-01-01" for n in range(1, 4)])
    plays = [
        (1, "a", 7),
        (1, "b", 7),
        (2, "b", 7),
        (1, "c", 8),
        (3, "b", 8),
        (2, "b", 8),
        (3, "a", 8),
        (3, "gone", 9),
        (1, "a", 7),
    ]
    shop.deliver("streams", "streams.csv", [f"{user},{track},2024-06-25 {h:02}:00:00" for user, track, h in plays])
    shop.run()
    return place


@each_query
def test_every_query_of_the_page_finds_rows(place: Place, query: str) -> None:
    assert place.rows(query)


@each_query
def test_every_query_for_both_databases_has_nothing_that_redshift_lacks(query: str) -> None:
    if not query.startswith(OF_POSTGRES):
        assert faults(query) == []


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_says_what_the_documented_query_says_on_postgresql(place: Place, view: str) -> None:
    [query] = [each for each in QUERIES if each.startswith(f"{OF_POSTGRES}{view} ")]
    [own] = [each for each in QUERIES if f"FROM {view}\n" in each]
    assert place.rows(query) == place.rows(own)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: str(table.name))
def test_the_page_has_every_table_with_its_columns_and_keys(table: Table) -> None:
    [row] = [line for line in PAGE.splitlines() if line.startswith("|") and f"`{table.name}`" in line.split("|")[1]]
    if table.name in ("hitparade_control", "hitparade_schema"):
        return
    _, _, columns, key, spread, sort, _ = (cell.strip() for cell in row.split("|"))
    if columns != "the same":
        assert re.findall(r"(?:^|, )(\w+)", re.sub(r"[:;][^,]*", "", columns)) == list(table.columns)
    assert (key, spread, sort) == (", ".join(table.unique), table.spread, table.sort)


def test_the_page_names_every_option() -> None:
    for option in OPTIONS | {"sslmode"}:
        assert re.search(rf"^\| `{option}=", PAGE, re.MULTILINE), option
