"""Every KPI over every case of its own, on DuckDB, on Spark and on a real PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hitparade.kpis.registry import load_kpis
from hitparade.model import Kpi
from tests.kpis.case import CASES, Case, cases
from tests.kpis.engines import DuckDB, compute, open_postgres, open_spark, result
from tests.spark import on_spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

every_case = pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.kpi}-{case.folder.name}")


@every_case
def test_duckdb_gives_the_expected_rows(case: Case) -> None:
    kpis = load_kpis(settings=case.settings)
    kpi = _named(kpis, case.kpi)
    database = DuckDB()
    compute(database, [kpi], kpis, case.base())
    assert result(database, kpi) == case.expected(kpi)


@on_spark
@every_case
def test_spark_gives_the_expected_rows(case: Case, spark: SparkSession) -> None:
    kpis = load_kpis(settings=case.settings)
    kpi = _named(kpis, case.kpi)
    with open_spark(spark) as database:
        compute(database, [kpi], kpis, case.base())
        assert result(database, kpi) == case.expected(kpi)


@every_case
def test_postgres_gives_the_expected_rows(case: Case, postgres_url: str) -> None:
    kpis = load_kpis(settings=case.settings)
    kpi = _named(kpis, case.kpi)
    with open_postgres(postgres_url) as database:
        compute(database, [kpi], kpis, case.base())
        assert result(database, kpi) == case.expected(kpi)


def test_every_kpi_has_a_case_and_every_case_a_kpi(kpis: tuple[Kpi, ...]) -> None:
    assert {kpi.name for kpi in kpis} == {case.kpi for case in cases()} == {path.name for path in CASES.iterdir()}


def _named(kpis: tuple[Kpi, ...], name: str) -> Kpi:
    return next(kpi for kpi in kpis if kpi.name == name)
