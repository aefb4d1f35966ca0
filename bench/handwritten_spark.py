"""The nine stored KPIs as a data engineer would write them by hand today: one PySpark job over all days at once.

It is what `hitparade run --engine spark` is measured against, and its values are those of bench.handwritten. It takes
the files for clean and keeps nothing but its output: a folder of Parquet per KPI, partitioned by day. It runs as
`python -m bench.handwritten_spark FOLDER OUTPUT [--master local[*]] [--memory 2g]`.
"""

from __future__ import annotations

import argparse
import os
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as sf

from bench.handwritten import USUAL_NAMES

LOOPBACK = "127.0.0.1"
UNKNOWN = "(unknown)"
CHART_LENGTH = 100

STREAMS = "user_id BIGINT, track_id STRING, listen_time TIMESTAMP"
SONGS = (
    "track_id STRING, artists STRING, album_name STRING, track_name STRING, popularity INT, duration_ms BIGINT, "
    "explicit BOOLEAN, track_genre STRING"
)
USERS = "user_id BIGINT, user_name STRING, user_age INT, user_country STRING, created_at STRING"


@dataclass(frozen=True, slots=True)
class Tables:
    """What the KPIs are made of."""

    listens: DataFrame
    songs: DataFrame
    song_genres: DataFrame
    song_artists: DataFrame
    users: DataFrame


def session(master: str, memory: str) -> SparkSession:
    """Default settings, but for what both sides of a comparison get; the memory is that of whoever does the work."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = LOOPBACK
    local = master.startswith("local") and not master.startswith("local-cluster")
    return (
        SparkSession.builder.master(master)
        .appName("handwritten")
        .config("spark.driver.memory" if local else "spark.executor.memory", memory)
        .config("spark.driver.bindAddress", LOOPBACK)
        .config("spark.driver.host", LOOPBACK)
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )


def read(spark: SparkSession, folder: Path) -> Tables:
    """The prepared tables, cached, in few partitions: a cached table keeps the 200 of its shuffle, however small."""
    catalogue = read_catalogue(spark, folder).cache()
    song_genres = genres_of(catalogue).coalesce(1).cache()
    songs = songs_of(catalogue, song_genres).coalesce(1).cache()
    return Tables(
        listens=read_listens(spark, folder, songs).cache(),
        songs=songs,
        song_genres=song_genres,
        song_artists=artists_of(songs),
        users=read_users(spark, folder).coalesce(1).cache(),
    )


def read_catalogue(spark: SparkSession, folder: Path) -> DataFrame:
    """One row per track and genre, numbered in file order."""
    return read_texts(spark, folder / "songs", SONGS).select(
        sf.monotonically_increasing_id().alias("row"),
        "track_id",
        clean("track_name").alias("track_name"),
        clean("artists").alias("artists"),
        "duration_ms",
        sf.lower(clean("track_genre")).alias("genre"),
    )


def read_texts(spark: SparkSession, folder: Path, schema: str) -> DataFrame:
    """CSV files with names in them, which may span lines."""
    files = spark.read.options(pathGlobFilter="*.csv", header=True, quote='"', escape='"', multiLine=True)
    return files.csv(str(folder), schema=schema)


def clean(column: str) -> Column:
    """Trimmed and in Unicode's normal form C, for which Spark has no function of its own."""
    normalized = sf.udf(lambda text: None if text is None else unicodedata.normalize("NFC", text), "string")
    return normalized(sf.trim(column))


def genres_of(catalogue: DataFrame) -> DataFrame:
    """The genres of each track, numbered in the order of their first rows."""
    first_rows = catalogue.where("genre IS NOT NULL").groupBy("track_id", "genre").agg(sf.min("row").alias("row"))
    position = sf.row_number().over(Window.partitionBy("track_id").orderBy("row"))
    return first_rows.select("track_id", "genre", position.alias("position"))


def songs_of(catalogue: DataFrame, song_genres: DataFrame) -> DataFrame:
    """The first row of each track, with its first genre."""
    number = sf.row_number().over(Window.partitionBy("track_id").orderBy("row"))
    first_rows = catalogue.withColumn("number", number).where("number = 1")
    first_genres = song_genres.where("position = 1").select("track_id", sf.col("genre").alias("primary_genre"))
    return first_rows.join(first_genres, "track_id", "left").select(
        "track_id", "track_name", "artists", "duration_ms", "primary_genre"
    )


def artists_of(songs: DataFrame) -> DataFrame:
    """The artists of each track, each once."""
    artists = songs.select("track_id", sf.explode(sf.split("artists", ";")).alias("artist"))
    return artists.select("track_id", sf.trim("artist").alias("artist")).where("artist <> ''").distinct()


def read_listens(spark: SparkSession, folder: Path, songs: DataFrame) -> DataFrame:
    """The listens, each once, with the duration of the track where it is known."""
    files = spark.read.options(pathGlobFilter="*.csv", header=True)
    listens = (
        files.csv(f"{folder}/streams", schema=STREAMS)
        .dropDuplicates()
        .select(
            "user_id",
            "track_id",
            sf.to_date("listen_time").alias("listen_date"),
            sf.hour("listen_time").alias("listen_hour"),
        )
    )
    durations = sf.broadcast(songs.select("track_id", "duration_ms"))
    return listens.coalesce(4 * spark.sparkContext.defaultParallelism).join(durations, "track_id", "left")


def read_users(spark: SparkSession, folder: Path) -> DataFrame:
    """The country and the age band of each user."""
    age = sf.col("user_age")
    start = sf.floor((age - 5) / 10) * 10 + 5
    band = (
        sf.when(age < 18, "0-17")
        .when(age < 25, "18-24")
        .when(age < 65, sf.concat_ws("-", start, start + 9))
        .when(age >= 65, "65+")
    )
    written_so = clean("user_country")
    usual_name = sf.create_map(*(sf.lit(name) for pair in USUAL_NAMES.items() for name in pair))[written_so]
    return read_texts(spark, folder / "users", USERS).select(
        "user_id", sf.coalesce(usual_name, written_so).alias("country"), band.alias("age_band")
    )


def listen_count() -> Column:
    return sf.count("*").alias("listen_count")


def unique_listeners() -> Column:
    return sf.countDistinct("user_id").alias("unique_listeners")


def unique_tracks() -> Column:
    return sf.countDistinct("track_id").alias("unique_tracks")


def listening_ms() -> Column:
    return sf.coalesce(sf.sum("duration_ms"), sf.lit(0)).alias("listening_ms")


def genre_daily(tables: Tables) -> DataFrame:
    timed_user = sf.when(sf.col("duration_ms").isNotNull(), sf.col("user_id"))
    return (
        tables.listens.join(sf.broadcast(tables.song_genres), "track_id", "left")
        .withColumn("genre", sf.coalesce("genre", sf.lit(UNKNOWN)))
        .groupBy("listen_date", "genre")
        .agg(
            listen_count(),
            unique_listeners(),
            listening_ms(),
            (sf.sum("duration_ms") / sf.countDistinct(timed_user)).alias("avg_listening_ms_per_user"),
            sf.count_if(sf.col("duration_ms").isNull()).alias("listens_without_duration"),
        )
    )


def track_daily(tables: Tables) -> DataFrame:
    average = sf.sum("duration_ms") / sf.countDistinct("user_id")
    return (
        tables.listens.groupBy("listen_date", "track_id")
        .agg(listen_count(), unique_listeners(), listening_ms(), average.alias("avg_listening_ms_per_user"))
        .join(sf.broadcast(tables.songs.drop("duration_ms")), "track_id", "left")
        .withColumn("primary_genre", sf.coalesce("primary_genre", sf.lit(UNKNOWN)))
    )


def top_songs_daily(tracks: DataFrame, tables: Tables) -> DataFrame:
    chart = Window.partitionBy("listen_date", "genre")
    order = (sf.desc("listen_count"), sf.desc("unique_listeners"), sf.asc("track_id"))
    return (
        tracks.join(sf.broadcast(tables.song_genres.drop("position")), "track_id")
        .select(
            "listen_date",
            "genre",
            sf.row_number().over(chart.orderBy(*order)).alias("position"),
            sf.rank().over(chart.orderBy(sf.desc("listen_count"))).alias("rank"),
            "track_id",
            "track_name",
            "artists",
            "listen_count",
            "unique_listeners",
        )
        .where(sf.col("position") <= CHART_LENGTH)
    )


def top_genres_daily(genres: DataFrame) -> DataFrame:
    chart = Window.partitionBy("listen_date")
    order = (sf.desc("listen_count"), sf.desc("unique_listeners"), sf.asc("genre"))
    return genres.where(sf.col("genre") != UNKNOWN).select(
        "listen_date",
        sf.row_number().over(chart.orderBy(*order)).alias("position"),
        sf.rank().over(chart.orderBy(sf.desc("listen_count"))).alias("rank"),
        "genre",
        "listen_count",
        "unique_listeners",
        "listening_ms",
    )


def user_listens(tables: Tables) -> DataFrame:
    timed_listens = sf.count("duration_ms").alias("timed_listens")
    return tables.listens.groupBy("listen_date", "user_id").agg(
        listen_count(), unique_tracks(), listening_ms(), timed_listens
    )


def user_daily(by_user: DataFrame) -> DataFrame:
    average = sf.col("listening_ms") / sf.nullif("timed_listens", sf.lit(0))
    return by_user.withColumn("avg_listening_ms_per_listen", average).drop("timed_listens")


def by_listeners(by_user: DataFrame, users: DataFrame, group: str) -> DataFrame:
    timed_users = sf.count_if(sf.col("timed_listens") > 0)
    return (
        by_user.join(sf.broadcast(users.select("user_id", group)), "user_id", "left")
        .withColumn(group, sf.coalesce(group, sf.lit(UNKNOWN)))
        .groupBy("listen_date", group)
        .agg(
            sf.sum("listen_count").alias("listen_count"),
            sf.count("*").alias("unique_listeners"),
            sf.sum("listening_ms").alias("listening_ms"),
            (sf.sum("listening_ms") / sf.nullif(timed_users, sf.lit(0))).alias("avg_listening_ms_per_user"),
            sf.sum(sf.col("listen_count") - sf.col("timed_listens")).alias("listens_without_duration"),
        )
    )


def hourly(tables: Tables) -> DataFrame:
    return (
        tables.listens.groupBy("listen_date", "listen_hour")
        .agg(listen_count(), unique_listeners(), unique_tracks())
        .withColumn("track_diversity_index", sf.col("unique_tracks") / sf.col("listen_count"))
    )


def top_artist_hourly(tables: Tables) -> DataFrame:
    artists = (
        tables.listens.join(sf.broadcast(tables.song_artists), "track_id")
        .groupBy("listen_date", "listen_hour", "artist")
        .agg(listen_count(), unique_listeners())
    )
    order = (sf.desc("listen_count"), sf.desc("unique_listeners"), sf.asc("artist"))
    position = sf.row_number().over(Window.partitionBy("listen_date", "listen_hour").orderBy(*order))
    return (
        artists.withColumn("position", position)
        .where("position = 1")
        .select("listen_date", "listen_hour", "artist", "listen_count")
    )


def compute(spark: SparkSession, folder: Path, output: Path) -> None:
    """Compute all nine from `folder`/streams, `folder`/songs and `folder`/users, into a folder each of `output`."""
    tables = read(spark, folder)
    genres = written(genre_daily(tables), output / "genre_daily")
    tracks = written(track_daily(tables), output / "track_daily")
    written(top_songs_daily(tracks, tables), output / "top_songs_daily")
    written(top_genres_daily(genres), output / "top_genres_daily")
    by_user = user_listens(tables).cache()
    written(user_daily(by_user), output / "user_daily")
    for group in ("country", "age_band"):
        written(by_listeners(by_user, tables.users, group), output / f"{group}_daily")
    written(hourly(tables), output / "hourly")
    written(top_artist_hourly(tables), output / "top_artist_hourly")


def written(kpi: DataFrame, folder: Path) -> DataFrame:
    """Write a KPI, one file per day, and give it as it is read back."""
    kpi.repartition("listen_date").write.mode("overwrite").partitionBy("listen_date").parquet(str(folder))
    return kpi.sparkSession.read.parquet(str(folder))


def arguments() -> argparse.Namespace:
    """The command line's."""
    parser = argparse.ArgumentParser(prog="python -m bench.handwritten_spark")
    parser.add_argument("folder", type=Path, help="has streams/*.csv and songs/*.csv")
    parser.add_argument("output", type=Path, help="gets a folder of Parquet per KPI")
    parser.add_argument("--master", default="local[*]", help="e.g. local[*] or local-cluster[2,1,1024]")
    parser.add_argument("--memory", default="2g", help="of the driver when it is local, else of each executor")
    return parser.parse_args()


if __name__ == "__main__":
    given = arguments()
    spark = session(given.master, given.memory)
    compute(spark, given.folder.resolve(), given.output.resolve())
    spark.stop()
