"""export: the lake's accepted rows as plain Parquet for other systems, and what they want to know of them.

    validated-data/users.parquet, songs.parquet, <file>.parquet
    transformed-data/transformed_users.parquet, transformed_songs.parquet, <file>_transformed.parquet
    metadata/processed_stream_files.txt
    genre_kpis.csv, hourly_kpis.csv

Nothing in the lake changes, so it takes no run. Wanted is what the ledger has in effect; present is what the place's
index says of each file (see Place). So the work follows what is new, and an export that is cut short goes on. The CSV
files alone come from elsewhere: from the warehouse that the workspace publishes to.
"""

from __future__ import annotations

from collections.abc import Collection

from hitparade import log
from hitparade.errors import ConfigError
from hitparade.export.kpis import warehouse, write_kpis
from hitparade.export.place import Exported, Place, Written, write_text
from hitparade.export.rows import write_catalogue, write_listens
from hitparade.export.wish import FOLDERS, PARTS, PROCESSED, STREAMS, Part, wished
from hitparade.workspace import TABLES, Workspace

__all__ = ["PARTS", "Exported", "Part", "Written", "export"]


def export(ws: Workspace, to: str, parts: Collection[Part] = ()) -> Exported:
    """Bring a place to what the ledger has in effect, in all parts unless some are named.

    New rows come first, then the list that names their files, then what nobody names any more goes. The KPIs of a
    warehouse are the last, since it may be away.
    """
    chosen = chosen_parts(ws, parts)
    place = Place(ws.storage, ws.settings.place(to), [FOLDERS[part] for part in chosen])
    outcome = Exported(place.url)
    in_effect = {dataset: ws.ledger.deliveries(dataset=dataset, status="loaded")[::-1] for dataset in TABLES}
    stages = [stage for stage in STREAMS if stage in chosen]
    wish = wished(stages, in_effect)
    missing = {name for name, source in wish.sources.items() if not place.has(name, source)}
    outcome.unchanged += len(wish.sources) - len(missing)
    place.announce(missing)
    write_catalogue(ws, place, wish, missing, outcome)
    write_listens(ws, place, wish, missing, outcome)
    if "processed" in chosen:
        write_text(place, PROCESSED, [each.name for each in in_effect["streams"]], outcome)
    outcome.removed += place.remove(place.ours({FOLDERS[stage] for stage in stages}) - set(wish.sources))
    if "kpis" in chosen:
        write_kpis(ws, place, outcome)
    log.get_logger().info("export.done", place=place.url, written=len(outcome.written), removed=len(outcome.removed))
    return outcome


def chosen_parts(ws: Workspace, parts: Collection[Part]) -> list[Part]:
    """The parts in their order, all unless some are named; ConfigError where KPIs are named and no warehouse is."""
    if "kpis" in parts and warehouse(ws) is None:
        raise ConfigError(
            "kpis are exported from a warehouse, and sinks names none",
            hint='add one, such as sinks = ["postgresql://user@host/music"], then hitparade publish',
        )
    return [part for part in PARTS if part in (parts or PARTS)]
