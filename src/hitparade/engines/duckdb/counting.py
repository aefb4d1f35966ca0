"""Counting what lies in files, for whoever compares it with what the ledger says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from hitparade.engines.duckdb.connection import Connected


class Counting(Connected):
    """Sums that read a column or two."""

    def rejected_rows(self, files: Sequence[str]) -> Mapping[int, int]:
        """How many rows of each load_id are in some files of the lake's `rejects`, each once whatever it broke."""
        if not files:
            return {}
        sql = f"SELECT load_id, count(DISTINCT row) FROM {self.read_parquet(files)} GROUP BY load_id"
        return {int(load_id): int(rows) for load_id, rows in self.rows(sql)}

    def rejected_by_rule(self, files: Sequence[str], load_ids: Collection[int]) -> Mapping[tuple[str, str | None], int]:
        """How many rows of some loads broke each rule, by rule and column; a row may have broken several."""
        if not files:
            return {}
        sql = (
            f'SELECT rule, "column", count(DISTINCT (load_id, row)) FROM {self.read_parquet(files)}'
            " WHERE load_id IN (SELECT unnest($ids::BIGINT[])) GROUP BY ALL"
        )
        return {(rule, column): int(rows) for rule, column, rows in self.rows(sql, {"ids": list(load_ids)})}

    def listens_by_day(self, files: Sequence[str]) -> Mapping[date, int]:
        """How many listens some files of a KPI tell of each day."""
        if not files:
            return {}
        sql = f"SELECT listen_date, sum(listen_count) FROM {self.read_parquet(files)} GROUP BY listen_date"
        return {day: int(listens) for day, listens in self.rows(sql)}
