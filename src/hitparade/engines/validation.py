"""The SQL that judges the rows of files: the same for every engine, since each runs it in DuckDB.

A file's rows go through layers, each a SELECT over the one before: raw columns, trimmed texts, typed values,
checks. Nothing is evaluated twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hitparade.engines.exact import DEFECT, MAX_RAW, RAW, ROW
from hitparade.model import Check, Dataset, Source
from hitparade.sqltext import identifier, quoted

BAD = "bad"
MAX_VALUE = 1000


def raw_rows(source: Source, *, numbered: bool) -> str:
    """The file's rows as texts c0, c1, ...; `numbered` adds row, raw and defect."""
    columns = [f"c{number}" for number in range(len(source.header))]
    fields = ", ".join(as_field(column, source.delimiter) for column in columns)
    text = f"left(concat_ws({quoted(source.delimiter)}, {fields}), {MAX_RAW})"
    if source.exact:
        extra = [f'{ROW} AS "its {ROW}"', f'coalesce({RAW}, {text}) AS "its {RAW}"', f'{DEFECT} AS "its {DEFECT}"']
        return f"SELECT {', '.join(extra + columns)} FROM read_parquet({quoted(source.path)})"
    if numbered:
        extra = [f'row_number() OVER () AS "its {ROW}"', f'{text} AS "its {RAW}"', f'NULL AS "its {DEFECT}"']
        columns = extra + columns
    return f"SELECT {', '.join(columns)} FROM {read_csv(source)}"


def as_field(column: str, delimiter: str) -> str:
    """A value as a field of CSV text, quoted where it must be."""
    special = quoted(f'[{"" if delimiter in "]^-" else delimiter}"\n\r]')
    doubled = f"""'"' || replace({column}, '"', '""') || '"'"""
    return f"CASE WHEN regexp_matches({column}, {special}) THEN {doubled} ELSE coalesce({column}, '') END"


def read_csv(source: Source) -> str:
    """The fast reader: strict, every column text. Quoted files are read by one thread, which cannot lose its place."""
    names = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(source.header)))
    return (
        f"read_csv({quoted(source.path)}, columns={{{names}}}, header=true, auto_detect=false,"
        f" delim={quoted(source.delimiter)}, quote='\"', escape='\"', strict_mode=true, null_padding=false,"
        f" compression='none', parallel={'false' if source.quoted else 'true'})"
    )


def valued_rows(source: Source, *, numbered: bool) -> str:
    """The file's rows with texts, casts and values."""
    rules = source.rules
    kept = [f"its {name}" for name in (ROW, RAW, DEFECT)] if numbered or source.exact else []
    carried = [identifier(name) for name in kept]
    texts = ", ".join([*carried, *(f"{sql} AS {name}" for name, sql in rules.texts.items())])
    values = ", ".join(f"{sql} AS {name}" for name, sql in rules.values.items())
    casts = "".join(f", {sql} AS {name}" for name, sql in rules.casts.items())
    layer = f"SELECT *{casts} FROM (SELECT {texts} FROM ({raw_rows(source, numbered=numbered)}))"
    return f"SELECT *, {values} FROM ({layer})"


def judged_rows(source: Source, columns: Iterable[str], *, numbered: bool = False) -> str:
    """The file's rows as the lake's columns, with `load_id` and whether each is `bad`."""
    breaches = [f"({check.sql})" for check in source.rules.checks if check.severity == "reject"]
    if source.exact:
        breaches.append(f'"its {DEFECT}" IS NOT NULL')
    bad = " OR ".join(breaches) or "false"
    row = [f'"its {ROW}" AS row'] if numbered or source.exact else []
    lake = [f"{source.rules.columns.get(name, 'NULL')} AS {name}" for name in columns]
    parts = ", ".join([f"{source.load_id}::BIGINT AS load_id", f"{bad} AS {BAD}", *row, *lake])
    return f"SELECT {parts} FROM ({valued_rows(source, numbered=numbered)})"


def listens(sources: Iterable[Source], *, zone: str) -> str:
    """The listens of stream files; of a bad row only its load_id, so that it can be counted."""
    judged = " UNION ALL ".join(
        f"SELECT load_id, {BAD}, user_id, track_id, listen_time FROM ("
        f"{judged_rows(source, ('user_id', 'track_id', 'listen_time'))})"
        for source in sources
    )
    local = "listen_time" if zone == "UTC" else f"to_local({quoted(zone)}, listen_time)"
    good = {
        "user_id": "user_id",
        "track_id": "track_id",
        "listened_at": "listen_time",
        "listen_date": "CAST(local_time AS DATE)",
        "listen_hour": "CAST(hour(local_time) AS INTEGER)",
    }
    kept = ", ".join(f"CASE WHEN NOT {BAD} THEN {sql} END AS {name}" for name, sql in good.items())
    return f"SELECT {kept}, load_id FROM (SELECT *, {local} AS local_time FROM ({judged}))"


# What the lake keeps of the catalogue, and how each is made of a file's good rows (in row order).
CATALOGUE_COLUMNS: Mapping[Dataset, Mapping[str, str]] = {
    "songs": {
        "track_id": "VARCHAR",
        "artists": "VARCHAR",
        "album_name": "VARCHAR",
        "track_name": "VARCHAR",
        "popularity": "INTEGER",
        "duration_ms": "BIGINT",
        "track_genre": "VARCHAR",
    },
    "users": {
        "user_id": "BIGINT",
        "user_name": "VARCHAR",
        "user_age": "INTEGER",
        "user_country": "VARCHAR",
        "created_at": "TIMESTAMP",
    },
}


def catalogue(source: Source, dataset: Dataset) -> str:
    """The rows of a catalogue file, numbered, typed, with whether each is bad."""
    types = CATALOGUE_COLUMNS[dataset]
    columns = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in types.items())
    return f"SELECT row, {BAD}, load_id, {columns} FROM ({judged_rows(source, types, numbered=True)})"


def rejects(source: Source) -> str:
    """One row for each rule that a row breaks: row, rule, column, value, raw, severity."""
    parts = [f"CASE WHEN {check.sql} THEN {broken(check)} END" for check in source.rules.checks]
    sound = f'"its {DEFECT}" IS NULL'
    defect = (
        f'CASE WHEN "its {DEFECT}" IS NOT NULL THEN'
        f" {{'rule': \"its {DEFECT}\", 'column': NULL, 'value': NULL, 'severity': 'reject'}} END"
    )
    found = f"CASE WHEN {sound} THEN [{', '.join(parts)}] ELSE [{defect}] END" if parts else f"[{defect}]"
    return (
        f"SELECT row, found.rule AS rule, found.column AS column, found.value AS value, raw, found.severity AS severity"
        f' FROM (SELECT "its {ROW}" AS row, "its {RAW}" AS raw, unnest({found}) AS found'
        f" FROM ({valued_rows(source, numbered=True)})) WHERE found IS NOT NULL"
    )


def broken(check: Check) -> str:
    """A broken rule as a struct."""
    return (
        f"{{'rule': {quoted(check.rule)}, 'column': {quoted(check.column)},"
        f" 'value': left({check.text}, {MAX_VALUE}), 'severity': {quoted(check.severity)}}}"
    )
