"""What a statement must not have to run on Redshift, as far as it can be told without one.

SQLGlot says whether a statement is Redshift's at all, but takes much of PostgreSQL along: what Redshift lacks of it is
looked for here, by its words where they say it all, and in the parsed statement otherwise. The sources are Redshift's
own pages on unsupported features, types and functions, on window functions, MERGE, COPY and ALTER TABLE.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

BROKEN: Final = "does not parse as one statement of Redshift"

FUNCTIONS: Final = (
    "ARRAY_AGG|ARRAY_TO_STRING|BIT_LENGTH|CLOCK_TIMESTAMP|CORR|COVAR_POP|COVAR_SAMP|CURRVAL|DIV|EVERY|FORMAT"
    "|GEN_RANDOM_UUID|GENERATE_SERIES|GENERATE_SUBSCRIPTS|HASHTEXT|JSON_AGG|JSONB_AGG|JSON_BUILD_OBJECT|MAKE_DATE"
    "|MAKE_TIMESTAMP|NEXTVAL|NUM_NONNULLS|OVERLAY|PG_ADVISORY_LOCK|PG_ADVISORY_XACT_LOCK|PG_SLEEP|REGEXP_MATCHES"
    "|REGEXP_SPLIT_TO_TABLE|ROW|ROW_TO_JSON|SETSEED|SETVAL|STATEMENT_TIMESTAMP|STRING_AGG|STRING_TO_ARRAY|TO_JSONB"
    "|TRANSACTION_TIMESTAMP|UNNEST|WIDTH_BUCKET|XMLAGG"
)
TYPES: Final = (
    "BIGSERIAL|BYTEA|CIDR|CITEXT|ENUM|HSTORE|INET|JSON|JSONB|MACADDR|MONEY|OID|SERIAL|SMALLSERIAL|TSVECTOR|UUID|XML"
)
# As a name without quotation marks each is a syntax error there, though not in PostgreSQL.
RESERVED: Final = (
    "backup|credentials|delta|disable|enable|encode|encrypt|encryption|explicit|identity|minus|new|off|offline|old|open"
    "|parallel|percent|permissions|raw|recover|restore|snapshot|sysdate|system|tag|top"
)

# Words outside of texts, quoted names and comments, and what is wrong with them.
WORDS: Final[tuple[tuple[str, str], ...]] = (
    (r"DISTINCT\s+ON\b", "DISTINCT ON"),
    (r"ON\s+CONFLICT\b", "ON CONFLICT"),
    (r"FILTER\s*\(", "FILTER"),
    (r"RETURNING\b", "RETURNING"),
    (r"FOR\s+(UPDATE|SHARE|NO\s+KEY|KEY)\b", "FOR UPDATE"),
    (r"LATERAL\b", "LATERAL"),
    (r"GENERATED\b", "GENERATED"),
    (r"COLLATE\b", "COLLATE"),
    (r"TEXT\b", "TEXT is VARCHAR(256)"),
    (rf"({TYPES})\b", "a type that there is not"),
    (r"ARRAY\b", "arrays"),
    (rf"({FUNCTIONS})\s*\(", "a function that there is not"),
    (r"TRUNCATE\b", "TRUNCATE commits"),
    (r"SAVEPOINT\b", "SAVEPOINT"),
    (r"ADD\s+COLUMN\s+IF\b", "ADD COLUMN IF NOT EXISTS"),
    (r"AS\s+(NOT\s+)?MATERIALIZED\b", "WITH ... AS MATERIALIZED"),
    (r"IS\s+(NOT\s+)?DISTINCT\s+FROM\b", "IS DISTINCT FROM"),
    (r"FETCH\s+(FIRST|NEXT)\b", "FETCH FIRST"),
    (r"WINDOW\s+\w+\s+AS\b", "WINDOW"),
    (r"PARTITION\s+(OF|BY\s+(RANGE|LIST|HASH))\b", "partitions"),
    (r"(CHECK|EXCLUDE)\s*\(", "a constraint that there is not"),
    (r"(EXCEPT|INTERSECT)\s+ALL\b", "EXCEPT ALL and INTERSECT ALL"),
    (r"ON\s+COMMIT\b", "ON COMMIT"),
    (r"(UNLOGGED|INHERITS|TABLESPACE)\b", "a table that there is not"),
    (r"LOCK\s.*\bMODE\b", "LOCK with a mode"),
)
SIGNS: Final[tuple[tuple[str, str], ...]] = (
    (r"\[", "arrays"),
    (r"->|#>|@>|<@", "operators of JSON and arrays"),
)
COPIED: Final[tuple[tuple[str, bool, str], ...]] = (
    (r"REGION\b", False, "COPY of Parquet with REGION"),
    (r"MAXERROR\b", False, "COPY of Parquet with MAXERROR"),
    (r"MANIFEST\b", True, "COPY without MANIFEST"),
    (r"FORMAT\s+(AS\s+)?PARQUET\b", True, "COPY of something other than Parquet"),
    (r"IAM_ROLE\b", True, "COPY without IAM_ROLE"),
)
STATEMENTS: Final = (
    *(exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Copy, exp.Create, exp.Alter, exp.Drop),
    *(exp.Set, exp.Transaction, exp.Commit, exp.Rollback),
)
CREATED: Final = ("TABLE", "VIEW", "SCHEMA")
FRAMED: Final = (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.FirstValue, exp.LastValue, exp.NthValue)


def faults(sql: str) -> list[str]:
    """What keeps one statement from running on Redshift, or from meaning there what it means on PostgreSQL."""
    text = re.sub(r"%s|\$[0-9]+", "NULL", sql)
    bare = without_texts(text)
    found = [fault for words, fault in WORDS if re.search(rf"\b{words}", bare, re.IGNORECASE | re.DOTALL)]
    found += [fault for sign, fault in SIGNS if re.search(sign, bare)]
    if re.match(r"\s*COPY\b", bare, re.IGNORECASE):
        found += [fault for words, wanted, fault in COPIED if wanted != bool(re.search(words, bare, re.IGNORECASE))]
    tree = parsed(text)
    if tree is None:
        return [*found, BROKEN]
    found += [fault for check in CHECKS for fault in check(tree)]
    return list(dict.fromkeys(found))


def without_texts(sql: str) -> str:
    """A statement with nothing in its texts, its quoted names and its comments."""
    pattern = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/"
    return re.sub(pattern, lambda found: {"'": "''", '"': "x"}.get(found[0][0], " "), sql, flags=re.DOTALL)


def parsed(sql: str) -> exp.Expr | None:
    """A statement as Redshift understands it, None where it does not."""
    if re.fullmatch(r"\s*LOCK\s+(TABLE\s+)?[\w.\"]+\s*;?\s*", sql, re.IGNORECASE):
        return exp.Command(this="LOCK")  # which SQLGlot does not take apart
    logger = logging.getLogger("sqlglot")
    disabled, logger.disabled = logger.disabled, True  # it would say what it gives up as a warning
    try:
        statements = [each for each in sqlglot.parse(sql, dialect="redshift") if each is not None]
    except SqlglotError:
        return None
    finally:
        logger.disabled = disabled
    return statements[0] if len(statements) == 1 and isinstance(statements[0], STATEMENTS) else None


def withs(tree: exp.Expr) -> Iterator[str]:
    """A WITH is looked for at the beginning of the statement's own query."""
    own = {id(tree), id(tree.args.get("expression"))}
    if any(id(each.parent) not in own for each in tree.find_all(exp.With)):
        yield "WITH within WITH or a subquery"


def creations(tree: exp.Expr) -> Iterator[str]:
    """What is made, and how."""
    if not isinstance(tree, exp.Create):
        return
    kind = str(tree.args.get("kind")).upper()
    if kind == "INDEX":
        yield "CREATE INDEX"
    elif kind not in CREATED:
        yield f"CREATE {kind}"
    if tree.args.get("replace") and kind != "VIEW":
        yield "CREATE OR REPLACE of something other than a view"
    if tree.args.get("exists") and kind == "VIEW":
        yield "CREATE VIEW IF NOT EXISTS"


def alterations(tree: exp.Expr) -> Iterator[str]:
    """A table is changed by one column a statement."""
    if isinstance(tree, exp.Alter) and len(tree.args.get("actions") or []) > 1:
        yield "ALTER TABLE of more than one column"


def deletions(tree: exp.Expr) -> Iterator[str]:
    """Rows are deleted of a table by its own name."""
    if isinstance(tree, exp.Delete) and tree.this.args.get("alias"):
        yield "DELETE with an alias on the target"


def merges(tree: exp.Expr) -> Iterator[str]:
    """MERGE takes a table, and one clause of each kind without a condition of its own."""
    if not isinstance(tree, exp.Merge):
        return
    if tree.this.args.get("alias"):
        yield "MERGE with an alias on the target"
    if not isinstance(tree.args["using"], exp.Table):
        yield "MERGE whose source is not a table"
    clauses = tree.args["whens"].expressions
    if sorted(bool(each.args.get("matched")) for each in clauses) != [False, True]:
        yield "MERGE without one clause of each kind"
    if any(each.args.get("condition") or each.args.get("source") for each in clauses):
        yield "MERGE with a condition in a clause"
    for then in (each.args["then"] for each in clauses):
        if isinstance(then, exp.Insert) and not then.expression:  # VALUES were taken for the columns
            yield "MERGE with INSERT without a column list"
        if isinstance(then, exp.Update) and any(each.this.args.get("table") for each in then.expressions):
            yield "MERGE that sets a column by its table's name"


def constants(tree: exp.Expr) -> Iterator[str]:
    """Rows of values are inserted, and are no table."""
    if any(not isinstance(each.parent, exp.Insert) for each in tree.find_all(exp.Values)):
        yield "VALUES as a table"


def types(tree: exp.Expr) -> Iterator[str]:
    """Types whose usual length is not PostgreSQL's."""
    for kind in tree.find_all(exp.DataType):
        digits = [int(each.name) for each in kind.expressions if each.name.isdigit()]
        if kind.is_type("decimal") and not digits:
            yield "DECIMAL without digits is DECIMAL(18, 0)"
        if kind.is_type("decimal") and digits and digits[0] > 38:
            yield "DECIMAL of more than 38 digits"
        if kind.is_type("varchar", "char") and not kind.expressions and isinstance(kind.parent, exp.ColumnDef):
            yield "VARCHAR without a length is VARCHAR(256)"
        if kind.is_type("varchar", "char") and digits and digits[0] > 65535:
            yield "VARCHAR of more than 65535 bytes"


def fractions(tree: exp.Expr) -> Iterator[str]:
    """AVG and ROUND over what nothing makes a fraction of: AVG of integers is an integer there."""
    for call in tree.find_all(exp.Avg, exp.Round):
        if not is_fraction(call.this):
            yield f"{call.sql_name()} over integers"


def is_fraction(expression: exp.Expr) -> bool:
    """Whether something in an expression is a fraction whatever its columns are."""
    literals = any("." in each.name for each in expression.find_all(exp.Literal) if not each.is_string)
    return literals or any(of_fractions(each.to) for each in expression.find_all(exp.Cast))


def of_fractions(kind: exp.DataType) -> bool:
    """Whether a type has digits behind the point."""
    scale = kind.expressions[1].name if len(kind.expressions) > 1 else "0"
    return kind.is_type("double", "float") or (kind.is_type("decimal") and scale != "0")


def windows(tree: exp.Expr) -> Iterator[str]:
    """An aggregate over an ordered window needs a frame, and takes no DISTINCT."""
    for window in tree.find_all(exp.Window):
        if not isinstance(window.this, FRAMED):
            continue
        if window.args.get("order") and not window.args.get("spec"):
            yield "an ordered window without a frame"
        if window.this.find(exp.Distinct):
            yield "DISTINCT over a window"


def names(tree: exp.Expr) -> Iterator[str]:
    """Names that are words there."""
    for name in tree.find_all(exp.Identifier):
        if not name.quoted and re.fullmatch(RESERVED, name.name, re.IGNORECASE):
            yield f"{name.name} is a word of Redshift"


CHECKS: Final[tuple[Callable[[exp.Expr], Iterator[str]], ...]] = (
    *(withs, creations, alterations, deletions, merges, constants, types, fractions, windows, names),
)
