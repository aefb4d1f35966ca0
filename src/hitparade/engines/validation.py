"""The SQL that judges the rows of files: the same for every engine, since each runs it in DuckDB.

A file's rows go through layers, each a SELECT over the one before: raw columns, trimmed texts, typed values,
checks. Nothing is evaluated twice. Small files that are read and judged alike go through them together, since
planning a SELECT takes far longer than reading one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from hitparade.engines.exact import DEFECT, MAX_RAW, RAW, ROW, WIDE
from hitparade.model import Check, Dataset, Source
from hitparade.sqltext import identifier, path_literal, quoted

BAD = "bad"
MAX_VALUE = 1000
SMALL = 1 << 20
LONGEST_LINE = 1 << 14
FILE, LOAD, PLACE = "its_file", "its_load", "its_place"


def alike(sources: Iterable[Source]) -> list[list[Source]]:
    """Sources in groups that one SELECT can read; one that is not small is alone."""
    groups: dict[object, list[Source]] = {}
    for source in sources:
        same = replace(source, load_id=0, path="", url="", size=0, lines=0, header=(), doubtful=False)
        key = (repr(same), len(source.header)) if source.size <= SMALL else source.load_id
        groups.setdefault(key, []).append(source)
    return list(groups.values())


def raw_rows(*sources: Source, numbered: bool) -> str:
    """The rows of sources that are alike: their load_id, and texts c0, c1, ...; `numbered` adds row, raw and defect."""
    source = sources[0]
    columns = [f"c{number}" for number in range(len(source.header))]
    fields = ", ".join(as_field(column, source.delimiter) for column in columns)
    text = f"left(concat_ws({quoted(source.delimiter)}, {fields}), {MAX_RAW})"
    if source.exact:
        raw = RAW if len(columns) > WIDE else f"coalesce({RAW}, {text})"
        extra = [f'{ROW} AS "its {ROW}"', f'{raw} AS "its {RAW}"', f'{DEFECT} AS "its {DEFECT}"']
    elif numbered:
        extra = [f'{row_number(sources)} AS "its {ROW}"', f'{text} AS "its {RAW}"', f'NULL AS "its {DEFECT}"']
    else:
        extra = []
    read = read_parquet(sources) if source.exact else read_csv(*sources)
    if numbered and not source.exact:
        read = f"(SELECT *, row_number() OVER () AS {PLACE} FROM {read})"
    if len(sources) == 1:
        return f"SELECT {source.load_id}::BIGINT AS {LOAD}, {', '.join(extra + columns)} FROM {read}"
    loads = ", ".join(f"({quoted(each.path)}, {each.load_id}::BIGINT)" for each in sources)
    found = f"{read} JOIN (VALUES {loads}) AS loads({FILE}, {LOAD}) USING ({FILE})"
    return f"SELECT {', '.join([LOAD, *extra, *columns])} FROM {found}"


def row_number(sources: Sequence[Source]) -> str:
    """A row's number in its file, from its place among the rows of all."""
    return PLACE if len(sources) == 1 else f"{PLACE} - min({PLACE}) OVER (PARTITION BY {FILE}) + 1"


def as_field(column: str, delimiter: str) -> str:
    """A value as a field of CSV text, quoted where it must be."""
    special = quoted(f'[{"" if delimiter in "]^-" else delimiter}"\n\r]')
    doubled = f"""'"' || replace({column}, '"', '""') || '"'"""
    return f"CASE WHEN regexp_matches({column}, {special}) THEN {doubled} ELSE coalesce({column}, '') END"


def read_csv(*sources: Source) -> str:
    """The fast reader: strict, every column text. Quoted files are read by one thread, which cannot lose its place.

    It holds 2,048 rows at a time, so it refuses long ones.
    """
    source = sources[0]
    names = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(source.header)))
    return (
        f"read_csv({files_of(sources)}, columns={{{names}}}, header=true, auto_detect=false,"
        f" delim={quoted(source.delimiter)}, quote='\"', escape='\"', strict_mode=true, null_padding=false,"
        f" max_line_size={LONGEST_LINE}, compression='none', parallel={'false' if source.quoted else 'true'})"
    )


def read_parquet(sources: Sequence[Source]) -> str:
    """What the exact reader wrote."""
    return f"read_parquet({files_of(sources)}, hive_partitioning=false)"


def files_of(sources: Sequence[Source]) -> str:
    """Where sources lie, as a reader's first argument; of several it tells for each row in which."""
    paths = ", ".join(path_literal(source.path) for source in sources)
    return f"[{paths}]" if len(sources) == 1 else f"[{paths}], filename={quoted(FILE)}"


def valued_rows(*sources: Source, numbered: bool) -> str:
    """The rows of sources that are alike with texts, casts and values."""
    rules = sources[0].rules
    kept = [f"its {name}" for name in (ROW, RAW, DEFECT)] if numbered or sources[0].exact else []
    carried = [LOAD, *(identifier(name) for name in kept)]
    texts = ", ".join([*carried, *(f"{sql} AS {name}" for name, sql in rules.texts.items())])
    values = ", ".join(f"{sql} AS {name}" for name, sql in rules.values.items())
    casts = "".join(f", {sql} AS {name}" for name, sql in rules.casts.items())
    layer = f"SELECT *{casts} FROM (SELECT {texts} FROM ({raw_rows(*sources, numbered=numbered)}))"
    return f"SELECT *, {values} FROM ({layer})"


def judged_rows(*sources: Source, columns: Iterable[str], numbered: bool = False) -> str:
    """The rows of sources that are alike as the lake's columns, with `load_id` and whether each is `bad`."""
    source = sources[0]
    breaches = [f"({check.sql})" for check in source.rules.checks if check.severity == "reject"]
    if source.exact:
        breaches.append(f'"its {DEFECT}" IS NOT NULL')
    bad = " OR ".join(breaches) or "false"
    row = [f'"its {ROW}" AS row'] if numbered or source.exact else []
    lake = [f"{source.rules.columns.get(name, 'NULL')} AS {name}" for name in columns]
    parts = ", ".join([f"{LOAD} AS load_id", f"{bad} AS {BAD}", *row, *lake])
    return f"SELECT {parts} FROM ({valued_rows(*sources, numbered=numbered)})"


def listens(sources: Iterable[Source], *, zone: str) -> str:
    """The listens of stream files; of a bad row only its load_id, so that it can be counted."""
    judged = " UNION ALL ".join(
        f"SELECT load_id, {BAD}, user_id, track_id, listen_time FROM ("
        f"{judged_rows(*group, columns=('user_id', 'track_id', 'listen_time'))})"
        for group in alike(sources)
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
    return f"SELECT row, {BAD}, load_id, {columns} FROM ({judged_rows(source, columns=types, numbered=True)})"


def rejects(*sources: Source) -> str:
    """Of sources that are alike one row for each rule that a row breaks: the rule, where, and the row's text."""
    source = sources[0]
    parts = [f"CASE WHEN {check.sql} THEN {broken(check)} END" for check in source.rules.checks]
    sound = f'"its {DEFECT}" IS NULL'
    defect = (
        f'CASE WHEN "its {DEFECT}" IS NOT NULL THEN'
        f" {{'rule': \"its {DEFECT}\", 'column': NULL, 'value': NULL, 'severity': 'reject'}} END"
    )
    found = f"CASE WHEN {sound} THEN [{', '.join(parts)}] ELSE [{defect}] END" if parts else f"[{defect}]"
    return (
        f"SELECT load_id, row, raw, found.rule AS rule, found.column AS column, found.value AS value,"
        f" found.severity AS severity"
        f' FROM (SELECT {LOAD} AS load_id, "its {ROW}" AS row, "its {RAW}" AS raw, unnest({found}) AS found'
        f" FROM ({valued_rows(*sources, numbered=True)})) WHERE found IS NOT NULL"
    )


def broken(check: Check) -> str:
    """A broken rule as a struct."""
    return (
        f"{{'rule': {quoted(check.rule)}, 'column': {quoted(check.column)},"
        f" 'value': left({check.text}, {MAX_VALUE}), 'severity': {quoted(check.severity)}}}"
    )
