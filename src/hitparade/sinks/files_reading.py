"""KPIs out of the files that the files sink wrote, with the columns, types and order of the lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from hitparade.errors import ConfigError
from hitparade.freshness import ALWAYS, Freshness, Span
from hitparade.model import Kpi
from hitparade.sinks.base import EVERY_DAY, heard, kpi_schema, see_served
from hitparade.storage.base import Medium

if TYPE_CHECKING:
    import pyarrow as pa

LISTENS = "listen_count"


class FilesReader:
    """See Reader. Of the formats that are kept one is read: Parquet where it is among them."""

    def __init__(self, url: str, place: str, medium: Medium, ending: str) -> None:
        self.url = url
        self.place = place
        self.medium = medium
        self.ending = ending

    def days(self) -> tuple[date, ...]:
        """See Reader. Of the KPI that has a row for every day with listens, or of the first that is kept."""
        kept = sorted({url.rsplit("/", 2)[-2] for url in self._files("")})
        if not kept:
            return ()
        name = EVERY_DAY if EVERY_DAY in kept else kept[0]
        return tuple(sorted(day for day, url in self._by_day(name).items() if self._listens(url)))

    def counted(self, kpi: Kpi) -> Mapping[date, int]:
        """See Sink."""
        return {day: self._listens(url) for day, url in self._by_day(kpi.name).items()}

    def freshness(self, kpi: Kpi, days: Span = ALWAYS) -> Freshness:
        """See Reader. When the last file of the days was written."""
        blobs = {
            self._day(blob.url): blob for blob in self.medium.list(f"{self.place}/{kpi.name}") if self._kept(blob.url)
        }
        written = [blob.modified for day, blob in blobs.items() if day in days]
        return Freshness(as_of=datetime.fromtimestamp(max(written), UTC) if written else None)

    def read(self, kpi: Kpi, *, where: Mapping[str, object], positions: int | None, days: Span = ALWAYS) -> pa.Table:
        """See Reader."""
        import pyarrow as pa
        import pyarrow.compute as pc

        see_served(kpi, positions, url=self.url)
        found = self._by_day(kpi.name)
        if not found:
            raise ConfigError(f"{self.url} holds no {kpi.name}", hint="publish to it: hitparade run")
        schema = kpi_schema(kpi)
        day = where.get("listen_date")
        tables = [self._read(url, kpi) for each, url in found.items() if day in (None, each) and each in days]
        rows = heard(pa.concat_tables([schema.empty_table(), *tables]))
        for name, value in where.items():
            rows = rows.filter(pc.field(name) == pa.scalar(value, schema.field(name).type))
        if positions is not None:
            rows = rows.filter(pc.field("position") <= positions)
        return rows.sort_by([(name, "ascending") for name in kpi.grain])

    def close(self) -> None:
        """See Reader."""
        self.medium.close()

    def _files(self, folder: str) -> Sequence[str]:
        place = f"{self.place}/{folder}" if folder else self.place
        return [url for url in self.medium.below(place) if self._kept(url)]

    def _kept(self, url: str) -> bool:
        return url.endswith(f".{self.ending}")

    def _day(self, url: str) -> date:
        return date.fromisoformat(url.rsplit("/", 1)[-1].removesuffix(f".{self.ending}"))

    def _by_day(self, name: str) -> Mapping[date, str]:
        """The files of a KPI, by day, in order."""
        return dict(sorted((self._day(url), url) for url in self._files(name)))

    def _listens(self, url: str) -> int:
        """The rows of a file but those of zeros."""
        import pyarrow as pa

        rows = self._columns(url, {LISTENS: pa.int64()})
        return int(heard(rows).num_rows)

    def _read(self, url: str, kpi: Kpi) -> pa.Table:
        """A day's rows; a column that the KPI was given since is null."""
        import pyarrow as pa

        schema = kpi_schema(kpi)
        rows = self._columns(url, {field.name: field.type for field in schema})
        columns = [
            rows[field.name].cast(field.type) if field.name in rows.column_names else pa.nulls(len(rows), field.type)
            for field in schema
        ]
        return pa.table(columns, schema=schema)

    def _columns(self, url: str, types: Mapping[str, pa.DataType]) -> pa.Table:
        """Those of some columns that a file has."""
        import pyarrow.csv
        import pyarrow.parquet

        with self.medium.open(url) as file:
            if self.ending == "parquet":
                parquet = pyarrow.parquet.ParquetFile(file)
                return parquet.read(columns=[name for name in types if name in parquet.schema_arrow.names])
            options = pyarrow.csv.ConvertOptions(
                column_types=types, strings_can_be_null=True, quoted_strings_can_be_null=False
            )
            lines = pyarrow.csv.ParseOptions(newlines_in_values=True)
            rows = pyarrow.csv.read_csv(file, convert_options=options, parse_options=lines)
            return rows.select([name for name in types if name in rows.column_names])
