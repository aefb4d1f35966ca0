"""Files of a table written anew: fewer and larger ones, without the rows that count for nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from hitparade.engines.base import Rewrite
from hitparade.engines.duckdb.connection import Connected, copy_to
from hitparade.engines.duckdb.remote import Outbox
from hitparade.errors import LakeError


class Rewriting(Connected):
    """What keeps a lake small. Copying is the same whatever engine wrote the files, so it is always done here."""

    def loads_in(self, files: Sequence[str]) -> Mapping[str, Mapping[int, int]]:
        """How many rows of each load_id each file has."""
        found: dict[str, dict[int, int]] = {file: {} for file in files}
        if files:
            relation = self.read_parquet(files).removesuffix(")") + ", filename = true)"
            for file, load_id, rows in self.rows(
                f"SELECT filename, load_id, count(*) FROM {relation} GROUP BY filename, load_id"
            ):
                found[file][load_id] = rows
        return found

    def rewrite(self, work: Sequence[Rewrite], folder: str, *, repetitive: bool) -> tuple[str | None, ...]:
        """Write one file below a folder for each, None where no row is left."""
        with Outbox(self.storage, {"files": folder}, self.scratch) as box:
            local = Path(box.local["files"])
            return tuple(
                self._put_together(each, box, local / f"{number}.parquet", repetitive=repetitive)
                for number, each in enumerate(work)
            )

    def _put_together(self, work: Rewrite, box: Outbox, target: Path, *, repetitive: bool) -> str | None:
        if not work.rows:
            return None
        rows = self.read_parquet(work.files, union_by_name=True)
        if work.without:
            self.put_load_ids("left_behind", dict.fromkeys(work.without, 0))
            rows += " WHERE (load_id IN (SELECT load_id FROM left_behind)) IS NOT TRUE"
        sql = copy_to(f"SELECT * FROM {rows}", target, by_day=False, repetitive=repetitive)
        written = int(self.rows(sql)[0][0])
        if written != work.rows:
            raise LakeError(
                f"{work.files[0]} and {len(work.files) - 1} more have {written:,} rows, and should have {work.rows:,}",
                hint="nothing was changed; hitparade verify says what else is not as it should be",
            )
        return box.placed("files", [str(target)])[0]
