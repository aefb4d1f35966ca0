"""A contract's row rules as DuckDB expressions: what breaks a row, and what a good row is worth.

Whether a value is of its type is decided by a regular expression (RE2) and then by explicit parsing of what that
lets through, never by what an engine's cast happens to accept: DuckDB's, for one, takes 24:00:00 for the next
midnight and drops the offset of a timestamp.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from unicodedata import normalize

from hitparade.contracts.columns import KEY_COLUMNS, LAKE_COLUMNS
from hitparade.contracts.formats import format_pattern
from hitparade.model import Check, Contract, Field, FieldType, RowRules, Severity
from hitparade.sqltext import identifier, quoted

SIGNED = r"[+-]?0*"
TYPE_PATTERNS: Mapping[FieldType, str] = {
    "int": SIGNED + r"[0-9]{1,18}",
    "float": r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?",
    # Not (?i), which takes a long s for an s.
    "bool": "[tT]([rR][uU][eE])?|[fF]([aA][lL][sS][eE])?|[yY]([eE][sS])?|[nN][oO]?|1|0",
    "date": r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])",
    "timestamp": r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?",
}
CASTS: Mapping[FieldType, str] = {"int": "BIGINT", "timestamp": "TIMESTAMP"}
SURE_DIGITS = 18
# What the lake keeps in 32 bits takes nine digits, which always fit.
SMALL_INTS = frozenset({"popularity", "user_age"})
SMALL_INT_PATTERN = SIGNED + r"[0-9]{1,9}"
# A day of room at both ends, so that no offset or time zone leads out of the calendar.
FIRST_INSTANT = "TIMESTAMP '0001-01-02 00:00:00'"
LAST_INSTANT = "TIMESTAMP '9999-12-30 00:00:00'"
UTC = frozenset({"UTC", "Etc/UTC", "GMT", "Z"})
WHITE_SPACE = r"E' \t\n\r\x0B\x0C'"


def compile_rules(contract: Contract, header: tuple[str, ...], *, thorough: bool) -> RowRules:
    """Compile a contract for a file.

    `header` are the file's columns; a contract's column that it lacks counts as empty. `thorough` trims every
    white space rather than blanks only, which is several times slower and needed only where a file has any.
    """
    texts, casts, values, columns = {}, {}, {}, {}
    checks: list[Check] = []
    for number, field in enumerate(contract.fields):
        # Never the field's own name: SQL takes names that differ in case for the same.
        text, cast, value = f"text_{number}", f"cast_{number}", f"value_{number}"
        texts[text] = trimmed(field.name, header, thorough=thorough)
        if field.type in CASTS and field.format is None:
            casts[cast] = f"TRY_CAST({text} AS {CASTS[field.type]})"
        values[value] = parsed(field, text, cast, contract)
        checks.extend(field_checks(field, text, value, contract))
        if kinds := LAKE_COLUMNS[contract.dataset].get(field.name):
            columns[field.name] = kept(field, value, strings=kinds == ("string",))
    references = tuple(sorted({field.references.split(".")[0] for field in contract.fields if field.references}))
    return RowRules(
        texts=texts, casts=casts, values=values, checks=tuple(checks), columns=columns, relations=references
    )


def kept(field: Field, value: str, *, strings: bool) -> str:
    """What the lake keeps of a good row's value: nothing, where a contract lets pass what is not of its type."""
    if strings:
        return f"nullif({value}, '')"
    if field.severity == "warn" and (sound := soundness(field, value)):
        return f"CASE WHEN {sound} THEN {value} END"
    return value


def trimmed(name: str, header: tuple[str, ...], *, thorough: bool) -> str:
    """A column's text without the white space around it, never NULL; empty where the column is missing."""
    if name not in header:
        return "''"
    column = f"c{header.index(name)}"
    if thorough:
        return f"coalesce(trim({column}, {WHITE_SPACE}), '')"
    # Trimming is slow and seldom needed. DuckDB's trim of one argument takes Unicode's spaces too, which are text.
    padded = f"{column} LIKE ' %' OR {column} LIKE '% '"
    return f"CASE WHEN {padded} THEN trim({column}, ' ') ELSE coalesce({column}, '') END"


def field_checks(field: Field, text: str, value: str, contract: Contract) -> Iterator[Check]:
    """Every rule of a field. Each is true or false, never NULL, and at most one says that a value is missing.

    A row without its key is no row of the dataset, so those rules are not for a contract to weaken.
    """
    key: Severity = "reject" if field.name in KEY_COLUMNS[contract.dataset] else field.severity
    if field.required:
        yield Check("required", field.name, key, f"{text} = ''", text)
    for rule, breach in breaches(field, text, value, contract.timezone):
        severity = key if rule == "type" else field.severity
        yield Check(rule, field.name, severity, f"{text} <> '' AND {breach}", text)


def breaches(field: Field, text: str, value: str, zone: str) -> Iterator[tuple[str, str]]:
    """The rules for a value that is there, and when each is broken."""
    sound = soundness(field, value)
    of_type = f"{sound} AND " if sound else ""
    if sound:
        yield "type", f"NOT coalesce({sound}, false)"
    elif field.type != "string":
        yield "type", f"{value} IS NULL"
    if field.min is not None:
        yield "min", f"coalesce({of_type}{value} < {literal(field, field.min, zone)}, false)"
    if field.max is not None:
        yield "max", f"coalesce({of_type}{value} > {literal(field, field.max, zone)}, false)"
    if field.pattern is not None:
        yield "pattern", f"NOT regexp_full_match({value if field.type == 'string' else text}, {quoted(field.pattern)})"
    if field.allowed is not None:
        allowed = ", ".join(literal(field, each, zone) for each in field.allowed)
        yield "allowed", f"coalesce({of_type}{value} NOT IN ({allowed}), false)"
    if field.references is not None:
        relation, column = field.references.split(".")
        known = f"SELECT {identifier(column)} FROM {identifier(relation)}"
        yield "references", f"coalesce({value} NOT IN ({known}), false)"


def soundness(field: Field, value: str) -> str | None:
    """When a value that was read is one of its type, if that is not always so."""
    if field.type in ("timestamp", "date"):
        return f"{value} BETWEEN {FIRST_INSTANT} AND {LAST_INSTANT}"
    return f"isfinite({value})" if field.type == "float" else None


def parsed(field: Field, text: str, cast: str, contract: Contract) -> str:
    """A value of the field's type, NULL where the text is not one; of strings the normalised text.

    A text that is just how DuckDB writes the value it reads in it has the type's form, which is told sooner than by
    the regular expression; values out of the calendar are left to the check.
    """
    if field.type == "string":
        return f"nfc_normalize({text})"
    if field.format is not None:
        formed = f"regexp_full_match({text}, {quoted(format_pattern(field.format))})"
        instant = f"CASE WHEN {formed} THEN try_strptime({text}, {quoted(field.format)}) END"
        if has_offset(field.format):
            return f"timezone('UTC', {instant})"
        return to_utc(instant, contract.timezone) if field.type == "timestamp" else instant
    small = field.name in SMALL_INTS and field.name in LAKE_COLUMNS[contract.dataset]
    pattern = SMALL_INT_PATTERN if small else TYPE_PATTERNS[field.type]
    read = value_of(field.type, text, contract.timezone)
    by_form = f"WHEN regexp_full_match({text}, {quoted(pattern)}) THEN {read}"
    if field.type not in CASTS or small:
        return f"CASE {by_form} END"
    # Infinity is written as it is read, and cannot be told in another time zone.
    sure = soundness(field, cast) or f"length({text}) <= {SURE_DIGITS}"
    value = cast if field.type == "int" else to_utc(cast, contract.timezone)
    return f"CASE WHEN {sure} AND CAST({cast} AS VARCHAR) = {text} THEN {value} {by_form} END"


def has_offset(time_format: str) -> bool:
    """Whether a format has %z: DuckDB then gives an instant, which no time zone changes."""
    return "%z" in time_format.replace("%%", "")


def value_of(kind: FieldType, text: str, zone: str) -> str:
    """The value of a text that has its type's form; NULL for days that are in no calendar."""
    if kind == "int":
        return f"TRY_CAST({text} AS BIGINT)"
    if kind == "float":
        return f"TRY_CAST({text} AS DOUBLE)"
    if kind == "bool":
        return f"lower({text}) IN ('true', 'yes', 't', 'y', '1')"
    if kind == "date":
        return f"TRY_CAST({text} AS TIMESTAMP)"
    local = to_utc(f"TRY_CAST({text} AS TIMESTAMP)", zone)
    # DuckDB ignores an offset when it reads a TIMESTAMP, so it is cut off, read and taken away here.
    sign, hours, minutes = f"left(right({text}, 6), 1)", f"left(right({text}, 5), 2)", f"right({text}, 2)"
    offset = f"CAST({sign} || CAST(CAST({hours} AS BIGINT) * 60 + CAST({minutes} AS BIGINT) AS VARCHAR) AS BIGINT)"
    return (
        f"CASE WHEN length({text}) = 19 THEN {local}"
        f" WHEN right({text}, 1) = 'Z' THEN TRY_CAST(left({text}, -1) AS TIMESTAMP)"
        f" WHEN {sign} IN ('+', '-') THEN TRY_CAST(left({text}, -6) AS TIMESTAMP) - to_minutes({offset})"
        f" ELSE {local} END"
    )


def to_utc(local: str, zone: str) -> str:
    """A local time in UTC, NULL where the clocks skip it; the engine knows the macro."""
    return local if zone in UTC else f"to_utc({quoted(zone)}, {local})"


def literal(field: Field, value: str, zone: str) -> str:
    """A bound of a field's type in SQL, normalised as values are; a timestamp is in the contract's time zone."""
    kinds: Mapping[FieldType, str] = {
        "int": "BIGINT",
        "float": "DOUBLE",
        "bool": "BOOLEAN",
        "date": "TIMESTAMP",
        "timestamp": "TIMESTAMP",
        "string": "VARCHAR",
    }
    bound = f"CAST({quoted(normalize('NFC', value))} AS {kinds[field.type]})"
    return to_utc(bound, zone) if field.type == "timestamp" else bound
