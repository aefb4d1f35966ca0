"""The Python shell job of dag_glue_workflow: insert_metrics_dynamo.

Upserts song_kpis/, which calculate_metrics_etl has written, into the DynamoDB table track_level_reports: an item for
each track_id and report_date, with the measures of track_daily and the track's places in the charts of its genres.

Python shell is Python 3.9 with the libraries of AWS and nothing of this project, so this is one file that needs boto3
and pyarrow alone, and writes what the `dynamodb:track_level_reports` sink writes. Every attribute that it does not
bring is kept. A KPI's part of an item is written on condition that no later run has written it; vanished tracks are
rows of zeros. Which files were loaded is noted in song_kpis/_loaded/, so that a run finds only what has changed; to
load all of it again, remove that folder.

    --source s3://bucket/spotify_data/output/song_kpis/   where the files are
    --table track_level_reports                           the table
    --region eu-west-1                                    unless the environment names it
    --preview                                             show what the files hold, write nothing
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import itertools
import json
import math
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, NoReturn

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

TRACKS, CHART = "track_daily", "top_songs_daily"
MEASURES = (
    *("listen_count", "unique_listeners", "listening_ms", "avg_listening_ms_per_user"),
    *("track_name", "artists", "primary_genre"),
)
PLACE = ("genre", "position", "rank")
SERVED = 3
OPTIONS = "--source s3://bucket/folder/, --table, --region and --preview"
KEYS = {"track_id": "HASH", "report_date": "RANGE"}
RUN = b"hitparade.run"

HANDS = 32
BATCH_ROWS = 2_000
TELL_EVERY = 10_000
SHOWN = 20
DEADLINE_SECONDS = 300.0
FIRST_PAUSE_SECONDS, PAUSE_SECONDS = 0.05, 10.0
THROTTLED = {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded", "Throttling"}

KEY_BYTES = 1024  # what a key may have
TEXT_BYTES = 16 * 1024
CHART_BYTES = 256 * 1024  # an item may have 400 KB

Attribute = Mapping[str, Any]


class JobFailed(Exception):
    """Why the job fails, in one line: what, where, and what to do next. Glue shows it as the run's error."""


class File(NamedTuple):
    """A KPI's day: what tells its bytes, the run that wrote it, and its rows."""

    etag: str
    run: int
    parquet: Any


class Part(NamedTuple):
    """What a KPI says of an item; an attribute that is None is to be gone."""

    kpi: str
    run: int
    attributes: Mapping[str, Attribute | None]


class Upsert(NamedTuple):
    """An item's key, and what is said of it."""

    key: dict[str, Attribute]
    parts: Sequence[Part]


class Parser(argparse.ArgumentParser):
    """A parser that raises where argparse would end the process with no more than a number."""

    def error(self, message: str) -> NoReturn:
        """Refuse."""
        raise JobFailed(f"arguments of insert_metrics_dynamo: {message}; next: it takes {OPTIONS}")


def arguments(given: Sequence[str]) -> Any:
    """The job's arguments; those of others, such as Glue's `--scriptLocation`, are let pass."""
    parser = Parser(description=__doc__, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, type=folder_url)
    parser.add_argument("--table", default="track_level_reports")
    parser.add_argument("--region", default=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"))
    # Glue gives a value to every argument, if only an empty one.
    parser.add_argument("--preview", nargs="?", const="true", default="false", choices=("true", "false", ""))
    return parser.parse_known_args(given)[0]


def folder_url(text: str) -> tuple[str, str]:
    """A folder's bucket and key."""
    found = re.fullmatch(r"s3a?://([^/]+)/(.*[^/])/*", text)
    if not found:
        raise argparse.ArgumentTypeError(f"'{text}' is no s3://bucket/folder/")
    return found.group(1), found.group(2)


# ---- the files


class Source:
    """song_kpis/: `<kpi>/<day>.parquet`, and `_loaded/`, which readers of the folder pass over for its name."""

    def __init__(self, client: Any, bucket: str, folder: str) -> None:
        self.client = client
        self.bucket = bucket
        self.folder = folder
        self.url = f"s3://{bucket}/{folder}/"

    def days(self) -> dict[str, dict[str, str]]:
        """Day -> KPI -> etag, in order."""
        found: dict[str, dict[str, str]] = {}
        for kpi in (TRACKS, CHART):
            listing = self.client.get_paginator("list_objects_v2")
            pages = listing.paginate(Bucket=self.bucket, Prefix=f"{self.folder}/{kpi}/")
            for entry in (entry for page in pages for entry in page.get("Contents", ())):
                day = re.fullmatch(r"(\d{4}-\d\d-\d\d)\.parquet", entry["Key"].rsplit("/", 1)[-1])
                if day:
                    found.setdefault(day.group(1), {})[kpi] = entry["ETag"]
        return dict(sorted(found.items()))

    @contextlib.contextmanager
    def opened(self, day: str, kpis: Iterable[str]) -> Iterator[dict[str, File]]:
        """A day's files by KPI, by way of this disk: one may be larger than the memory of 1/16 DPU."""
        with contextlib.ExitStack() as stack:
            yield {kpi: self._open(kpi, day, stack.enter_context(tempfile.TemporaryFile())) for kpi in kpis}

    def _open(self, kpi: str, day: str, copy: Any) -> File:
        url = f"{self.url}{kpi}/{day}.parquet"
        answer = self.client.get_object(Bucket=self.bucket, Key=f"{self.folder}/{kpi}/{day}.parquet")
        shutil.copyfileobj(answer["Body"], copy)
        try:
            parquet = pq.ParquetFile(copy)
        except (pa.ArrowException, OSError) as error:
            raise JobFailed(f"{url} is not Parquet: {error}; next: remove it, run calculate_metrics_etl") from error
        missing = sorted({"track_id", *(MEASURES if kpi == TRACKS else PLACE)} - set(parquet.schema_arrow.names))
        run = (parquet.schema_arrow.metadata or {}).get(RUN)
        if missing or run is None:
            what = f"lacks {', '.join(missing)}" if missing else f"does not say which run wrote it ({RUN.decode()})"
            raise JobFailed(f"{url} {what}; next: let calculate_metrics_etl of the same version write it")
        return File(answer["ETag"], int(run), parquet)

    def loaded(self, table: Table, day: str) -> Any:
        """The etags of a day's files when they were last loaded into a table, None if they never were."""
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.note_key(table, day))
        except self.client.exceptions.NoSuchKey:
            return None
        note = json.loads(answer["Body"].read())
        return note["files"] if note["table"] == table.identity else None

    def note(self, table: Table, day: str, files: Mapping[str, str]) -> None:
        """Note that a day's files were loaded into a table. A table that is made anew has another identity."""
        body = json.dumps({"table": table.identity, "files": files}, indent=2)
        self.client.put_object(Bucket=self.bucket, Key=self.note_key(table, day), Body=body.encode())

    def note_key(self, table: Table, day: str) -> str:
        """Where a note is."""
        return f"{self.folder}/_loaded/{table.name}/{day}.json"


def upserts(day: str, tracks: File | None, charts: File | None) -> Iterator[Upsert]:
    """An item for each track of a day, in bounded memory.

    Whoever stood in a chart of that day is among its tracks, with zeros at least; so each gets its places, none or
    some, and one that fell out of a chart loses what it had.
    """
    places = places_of(charts) if charts else {}
    cuts = {track: min(TEXT_BYTES, CHART_BYTES // len(held)) for track, held in places.items()}

    def part(track: str) -> list[Part]:
        if charts is None:
            return []
        held = places.pop(track, [])
        listed = [{"M": {name: value(row[name], cuts[track]) for name in PLACE}} for row in held]
        return [Part(CHART, charts.run, {"genre_positions": {"L": listed}})]

    for row in rows_of(tracks, ("track_id", *MEASURES)) if tracks else ():
        measures = Part(TRACKS, tracks.run, {name: value(row[name], TEXT_BYTES) for name in MEASURES})  # type: ignore[union-attr]
        yield Upsert(key(row["track_id"], day), [measures, *part(row["track_id"])])
    for track in list(places):
        yield Upsert(key(track, day), part(track))


def places_of(charts: File) -> dict[str, list[dict[str, Any]]]:
    """The places that each track has in the charts that are served."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(charts, ("track_id", "listen_count", *PLACE)):
        if row["listen_count"] and row["position"] <= SERVED:
            found.setdefault(row["track_id"], []).append(row)
    return {track: sorted(rows, key=lambda row: (row["genre"], row["position"])) for track, rows in found.items()}


def rows_of(file: File, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Rows one by one, of which only some are Python's at a time."""
    for batch in file.parquet.iter_batches(batch_size=BATCH_ROWS, columns=list(columns)):
        yield from batch.to_pylist()


# ---- values, as the sink of the pipeline writes them


def key(track: str, day: str) -> dict[str, Attribute]:
    """An item's key; a text too long for one ends in a hash of the whole, which tells it from others."""
    mark = "…" + hashlib.sha256(track.encode()).hexdigest()[:16]
    return {"track_id": {"S": fitted(track, KEY_BYTES, mark)}, "report_date": {"S": day}}


def value(found: Any, limit: int) -> Attribute | None:
    """A value as an attribute: a number exactly, a text of at most `limit` bytes, None for what is missing."""
    if found is None:
        return None
    if isinstance(found, str):
        return {"S": fitted(found, limit, "…")}
    if isinstance(found, float) and not math.isfinite(found):
        raise JobFailed(f"a value is {found}, which DynamoDB has no number for; next: see the KPI's SQL")
    return {"N": repr(found)}


def fitted(text: str, limit: int, mark: str) -> str:
    """A text, or as many of its first letters as fit before a mark."""
    whole = text.encode()
    return text if len(whole) <= limit else whole[: limit - len(mark.encode())].decode(errors="ignore") + mark


# ---- the table


class Table:
    """track_level_reports."""

    def __init__(self, client: Any, name: str) -> None:
        self.client = client
        self.name = name
        try:
            found = answered(client.describe_table, TableName=name)["Table"]
        except client.exceptions.ResourceNotFoundException as error:
            raise JobFailed(f"there is no DynamoDB table {name}; next: make it, docs/glue.md says how") from error
        keys = {each["AttributeName"]: each["KeyType"] for each in found["KeySchema"]}
        if keys != KEYS:
            raise JobFailed(f"the keys of table {name} are {keys}, not {KEYS}; next: name another by --table")
        self.identity = f"{found['TableArn']} of {found['CreationDateTime'].timestamp()}"

    def write(self, upsert: Upsert) -> bool:
        """Write an item; False when a later run has written any of its parts, which then stay as they are."""
        if self._update(upsert.key, upsert.parts):
            return True
        if len(upsert.parts) > 1:
            for part in upsert.parts:
                self._update(upsert.key, [part])
        return False

    def _update(self, item: Mapping[str, Attribute], parts: Sequence[Part]) -> bool:
        try:
            answered(self.client.update_item, TableName=self.name, Key=item, **expressions(parts))
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def expressions(parts: Sequence[Part]) -> dict[str, Any]:
    """What is to be set and removed, and on what condition."""
    names: dict[str, str] = {}
    values: dict[str, Attribute] = {}
    fences: list[str] = []
    for part in parts:
        fences.append(f"(attribute_not_exists(#{len(names)}) OR #{len(names)} <= :{len(names)})")
        for name, found in {f"{part.kpi}_run": {"N": str(part.run)}, **part.attributes}.items():
            if found is not None:
                values[f":{len(names)}"] = found
            names[f"#{len(names)}"] = name
    sets = ", ".join(f"{name} = :{name[1:]}" for name in names if f":{name[1:]}" in values)
    removes = ", ".join(name for name in names if f":{name[1:]}" not in values)
    return {
        "UpdateExpression": f"SET {sets}" + (f" REMOVE {removes}" if removes else ""),
        "ConditionExpression": " AND ".join(fences),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def answered(call: Callable[..., Any], **given: Any) -> Any:
    """A call's answer: throttling, 5xx and lost connections are tried again, with growing and random pauses."""
    until, pause = time.monotonic() + DEADLINE_SECONDS, FIRST_PAUSE_SECONDS
    while True:
        try:
            return call(**given)
        except (ClientError, HTTPClientError, NoConnection) as error:
            if time.monotonic() > until or (isinstance(error, ClientError) and is_final(error)):
                raise
        time.sleep(random.uniform(0, pause))  # noqa: S311 - no secret
        pause = min(PAUSE_SECONDS, 2 * pause)


def is_final(error: ClientError) -> bool:
    """Whether an answer stays the same however often one asks."""
    response = error.response
    return response["ResponseMetadata"]["HTTPStatusCode"] < 500 and response["Error"]["Code"] not in THROTTLED


# ---- the job


def load(source: Source, table: Table) -> None:
    """Upsert every day whose files have changed since they were loaded."""
    days, loaded = source.days(), 0
    for day, etags in days.items():
        if source.loaded(table, day) == etags:
            continue
        with source.opened(day, etags) as files:
            count, refused = write(table, day, upserts(day, files.get(TRACKS), files.get(CHART)))
            source.note(table, day, {kpi: file.etag for kpi, file in files.items()})
        print(f"{day}: {count:,} items" + (f", of which {refused:,} stay as a later run has them" if refused else ""))
        loaded += 1
    print(f"{table.name}: {loaded} of {len(days)} days in {source.url} had changed and are loaded")


def write(table: Table, day: str, items: Iterator[Upsert]) -> tuple[int, int]:
    """Write items, many at a time, of which only some are in memory; how many there were, and how many were refused."""
    count = refused = 0
    pool = ThreadPoolExecutor(HANDS)
    try:
        while some := list(itertools.islice(items, BATCH_ROWS)):
            refused += sum(not written for written in pool.map(table.write, some))
            count += len(some)
            if count // TELL_EVERY > (count - len(some)) // TELL_EVERY:
                print(f"{day}: {count:,} items so far", flush=True)
    finally:
        pool.shutdown(cancel_futures=True)
    return count, refused


def preview(source: Source) -> None:
    """Show the first items of each day."""
    for day, etags in source.days().items():
        with source.opened(day, etags) as files:
            items = upserts(day, files.get(TRACKS), files.get(CHART))
            for number, item in enumerate(itertools.islice(items, SHOWN)):
                said = item.key | {name: each for part in item.parts for name, each in part.attributes.items()}
                if not number:
                    print(" | ".join(said))
                print(" | ".join(plain(each) for each in said.values()))
            print(f"{day}: {sum(1 for _ in items):,} items more", flush=True)


def plain(attribute: Attribute | None) -> str:
    """An attribute as people read it."""
    ((kind, found),) = (attribute or {"S": "-"}).items()
    if kind == "L":
        return "; ".join(" ".join(plain(each) for each in place["M"].values()) for place in found) or "-"
    return str(found)


def main(given: Sequence[str]) -> None:
    """Run the job."""
    asked = arguments(given)
    # boto3 of Python shell is older than the environment's variable for an endpoint.
    place = {"region_name": asked.region, "endpoint_url": os.environ.get("AWS_ENDPOINT_URL")}
    once = Config(retries={"total_max_attempts": 1}, max_pool_connections=HANDS)
    try:
        source = Source(boto3.client("s3", **place), *asked.source)
        if asked.preview != "false":
            preview(source)
        else:
            load(source, Table(boto3.client("dynamodb", config=once, **place), asked.table))
    except (ClientError, BotoCoreError) as error:
        said = " ".join(str(error).split())
        raise JobFailed(f"{said}; next: see that the source, the table and the role's rights are there") from error


if __name__ == "__main__":
    main(sys.argv[1:])
