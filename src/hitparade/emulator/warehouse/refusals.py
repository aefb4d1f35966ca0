"""What Redshift lacks of PostgreSQL, so that what runs here does not fail there.

Each entry stands for a page of its documentation: unsupported features, data types and functions, and the syntax of
each statement. What is listed is refused; what PostgreSQL has and is not listed may still be missing there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

SYNTAX = "42601"
UNSUPPORTED = "0A000"
UNDEFINED_FUNCTION = "42883"


class Refused(Exception):
    """A statement that Redshift does not take: the SQLSTATE, and what to say."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


TYPES = frozenset(
    {exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT, exp.DType.DECIMAL, exp.DType.FLOAT, exp.DType.DOUBLE}
    | {exp.DType.BOOLEAN, exp.DType.CHAR, exp.DType.BPCHAR, exp.DType.VARCHAR, exp.DType.NCHAR, exp.DType.NVARCHAR}
    | {exp.DType.TEXT, exp.DType.DATE, exp.DType.TIME, exp.DType.TIMETZ, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ}
    | {exp.DType.INTERVAL, exp.DType.VARBINARY}
)
"""Types that both have. SUPER, GEOMETRY and the like are Redshift's alone, and not made here."""

FUNCTIONS = re.compile(
    r"STRING_AGG|ARRAY_AGG|EVERY|XMLAGG|CORR|COVAR_(POP|SAMP)|REGR_\w+|JSONB?_\w+|TO_JSONB?|ROW_TO_JSON|GENERATE_SERIES"
    r"|UNNEST|REGEXP_(MATCHES|SPLIT_TO_ARRAY|SPLIT_TO_TABLE)|STRING_TO_ARRAY|ARRAY_TO_STRING|PG_SLEEP"
    r"|(CLOCK|TRANSACTION|STATEMENT)_TIMESTAMP|JUSTIFY_(DAYS|HOURS|INTERVAL)|MAKE_(DATE|TIME|TIMESTAMP|INTERVAL)"
    r"|DIV|SETSEED|WIDTH_BUCKET|BIT_LENGTH|OVERLAY|CONVERT_(FROM|TO)|FORMAT|QUOTE_NULLABLE|CONCAT_WS|DATE_BIN"
    r"|NUM_(NULLS|NONNULLS)|PG_(TRY_)?ADVISORY_\w+|GEN_RANDOM_UUID|LASTVAL|NEXTVAL|CURRVAL"
)
OF_THE_LEADER = frozenset({"NOW", "CURRENT_TIMESTAMP", "CURRENT_TIME", "LOCALTIME", "LOCALTIMESTAMP", "AGE"})
"""Functions that fail as soon as a table of the user's is in the statement."""

STATEMENTS = (
    *(exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter),
    *(exp.TruncateTable, exp.Copy),
)
RANKING = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.PercentRank, exp.CumeDist, exp.Lag, exp.Lead)
LEADER = "{name} runs on the leader node only: use GETDATE() or SYSDATE"
ON_TABLES = "Specified types or functions (one per INFO message) not supported on Redshift tables: {name}"

Check = Callable[[exp.Expr], bool]


def always(_: exp.Expr) -> bool:
    """Whatever it holds."""
    return True


def has(*names: str) -> Check:
    """Whether a part is there."""
    return lambda node: any(node.args.get(name) for name in names)


NODES: tuple[tuple[type[exp.Expr], Check, str, str], ...] = (
    (exp.Distinct, has("on"), SYNTAX, "DISTINCT ON is not supported"),
    (exp.OnConflict, always, SYNTAX, "ON CONFLICT is not supported"),
    (exp.Filter, always, SYNTAX, "FILTER of an aggregate is not supported"),
    (exp.Returning, always, SYNTAX, "RETURNING is not supported"),
    (exp.Lock, always, UNSUPPORTED, "SELECT FOR UPDATE or SHARE is not supported"),
    (exp.Lateral, always, SYNTAX, "LATERAL is not supported"),
    (exp.TableSample, always, SYNTAX, "TABLESAMPLE is not supported"),
    (exp.Unnest, always, UNSUPPORTED, ON_TABLES.format(name="unnest")),
    (exp.Array, always, UNSUPPORTED, ON_TABLES.format(name="arrays")),
    (exp.JSONExtract, always, UNSUPPORTED, "the operators of JSON are not supported"),
    (exp.JSONExtractScalar, always, UNSUPPORTED, "the operators of JSON are not supported"),
    (exp.Select, has("windows"), SYNTAX, "WINDOW is not supported: write each window out"),
    (exp.WindowSpec, lambda node: node.text("kind") != "ROWS", UNSUPPORTED, "frames are ROWS only"),
    (exp.WindowSpec, has("exclude"), SYNTAX, "EXCLUDE of a frame is not supported"),
    (exp.ComputedColumnConstraint, always, SYNTAX, "generated columns are not supported"),
    (exp.GeneratedAsIdentityColumnConstraint, has("expression"), SYNTAX, "generated columns are not supported"),
    (exp.GeneratedAsRowColumnConstraint, always, SYNTAX, "generated columns are not supported"),
    (exp.CheckColumnConstraint, always, SYNTAX, "CHECK constraints are not supported"),
    (exp.Check, always, SYNTAX, "CHECK constraints are not supported"),
    (exp.Create, has("concurrently", "unique"), UNSUPPORTED, "indexes are not supported on Redshift tables"),
)


def refuse_words(words: list[Token]) -> None:
    """Refuse functions that Redshift lacks, told by their names before SQLGlot gives them others."""
    for word, following in zip(words, [*words[1:], None], strict=True):
        name = word.text.upper()
        if word.token_type in {TokenType.STRING, TokenType.IDENTIFIER}:
            continue
        called = following is not None and following.token_type == TokenType.L_PAREN
        if called and FUNCTIONS.fullmatch(name):
            raise Refused(UNSUPPORTED, ON_TABLES.format(name=f"{name.lower()}()"))
        if name in OF_THE_LEADER and (called or name.startswith("CURRENT_")):
            raise Refused(UNSUPPORTED, LEADER.format(name=name))
        if name == "BYTEA":
            raise Refused(UNSUPPORTED, 'Column has unsupported type "bytea"')


def refuse(tree: exp.Expr) -> None:
    """Refuse a statement with something in it that Redshift lacks."""
    if not isinstance(tree, STATEMENTS):
        raise Refused(SYNTAX, f'syntax error at or near "{tree.sql("redshift").split(" ")[0]}"')
    for node in tree.walk():
        for kind, applies, code, message in NODES:
            if isinstance(node, kind) and applies(node):
                raise Refused(code, message)
        for message in [*refused_type(node), *refused_window(node), *refused_place(node)]:
            raise Refused(UNSUPPORTED, message)
    for kind, check in WHOLE:
        if isinstance(tree, kind):
            check(tree)


def refused_type(node: exp.Expr) -> Iterator[str]:
    """A type that is not there, or is longer than it may be."""
    if not isinstance(node, exp.DataType):
        return
    if node.this not in TYPES:
        yield f'Column has unsupported type "{node.sql("postgres").lower()}"'
    length = node.expressions[0].this if node.expressions else None
    limit = {exp.DType.VARCHAR: 65535, exp.DType.NVARCHAR: 65535, exp.DType.CHAR: 4096}.get(node.this)
    if limit and isinstance(length, exp.Literal) and int(length.this) > limit:
        yield f"length for type {node.this.value.lower()} cannot exceed {limit}"


def refused_window(node: exp.Expr) -> Iterator[str]:
    """An aggregate over an order without a frame: Redshift has no default for it."""
    if not isinstance(node, exp.Window) or not node.args.get("order") or node.args.get("spec"):
        return
    function = node.this
    while isinstance(function, exp.IgnoreNulls | exp.RespectNulls):
        function = function.this
    if not isinstance(function, RANKING):
        yield "Aggregate window functions with an ORDER BY clause require a frame clause"


def refused_place(node: exp.Expr) -> Iterator[str]:
    """Rows or changes where there may be none."""
    if isinstance(node, exp.Values) and not isinstance(node.parent, exp.Insert):
        yield "VALUES as a table is not supported"
    if isinstance(node, exp.CTE) and not isinstance(node.this, exp.Query):
        yield "statements that change data in WITH are not supported"


def refuse_create(tree: exp.Expr) -> None:
    """What CREATE has there: tables, views, schemas; no partitions, no storage parameters."""
    kind = str(tree.args["kind"]).upper()
    if kind not in {"TABLE", "VIEW", "SCHEMA"}:
        raise Refused(UNSUPPORTED, f"CREATE {kind} is not supported on Redshift tables")
    properties = tree.args.get("properties")
    allowed = (exp.TemporaryProperty, exp.LikeProperty)
    for each in properties.expressions if properties else ():
        if not isinstance(each, allowed) or kind != "TABLE":
            raise Refused(SYNTAX, f'syntax error at or near "{each.sql("postgres")}"')
    for like in tree.find_all(exp.LikeProperty):
        if any(option.text("value").upper() != "DEFAULTS" for option in like.expressions):
            raise Refused(SYNTAX, "LIKE takes INCLUDING or EXCLUDING DEFAULTS only")
    if kind == "TABLE" and tree.expression and tree.args.get("exists"):
        raise Refused(SYNTAX, "CREATE TABLE AS takes no IF NOT EXISTS")
    if kind == "TABLE" and tree.args.get("replace"):
        raise Refused(SYNTAX, "CREATE OR REPLACE TABLE is not supported")


def refuse_alter(tree: exp.Expr) -> None:
    """One column a statement, and no IF NOT EXISTS."""
    actions = tree.args.get("actions") or ()
    if len(actions) != 1:
        raise Refused(SYNTAX, "ALTER TABLE changes one thing a statement")
    if any(action.args.get("exists") for action in actions if isinstance(action, exp.ColumnDef)):
        raise Refused(SYNTAX, 'syntax error at or near "NOT": ADD COLUMN takes no IF NOT EXISTS')


def refuse_drop(tree: exp.Expr) -> None:
    """What DROP has there."""
    kind = str(tree.args["kind"]).upper()
    if kind not in {"TABLE", "VIEW", "SCHEMA"}:
        raise Refused(UNSUPPORTED, f"DROP {kind} is not supported on Redshift tables")


def refuse_merge(tree: exp.Expr) -> None:
    """A table into a table, one clause of each kind, both simple."""
    if not isinstance(tree.args["using"], exp.Table):
        raise Refused(SYNTAX, "MERGE: the source must be a table, not a subquery")
    if tree.this.args.get("alias"):
        raise Refused(SYNTAX, "MERGE: the target takes no alias")
    if tree.args.get("with_"):
        raise Refused(SYNTAX, "MERGE takes no WITH")
    whens = tree.args["whens"].expressions
    if [bool(when.args.get("matched")) for when in whens] != [True, False]:
        raise Refused(SYNTAX, "MERGE has one WHEN MATCHED clause, then one WHEN NOT MATCHED clause")
    if any(when.args.get("condition") or when.args.get("source") for when in whens):
        raise Refused(SYNTAX, "MERGE: WHEN takes no condition of its own")
    matched, missing = (when.args["then"] for when in whens)
    if not isinstance(matched, exp.Update) and matched.name.upper() != "DELETE":
        raise Refused(SYNTAX, "MERGE: WHEN MATCHED THEN is followed by UPDATE or DELETE")
    if not isinstance(missing, exp.Insert) or not isinstance(missing.this, exp.Tuple) or not missing.expression:
        raise Refused(SYNTAX, "MERGE: WHEN NOT MATCHED THEN is followed by INSERT (columns) VALUES (...)")


WHOLE: tuple[tuple[type[exp.Expr], Callable[[exp.Expr], None]], ...] = (
    (exp.Create, refuse_create),
    (exp.Alter, refuse_alter),
    (exp.Drop, refuse_drop),
    (exp.Merge, refuse_merge),
)

# Statements that go on as they are written, and those that PostgreSQL would take and Redshift would not.
PASSED = re.compile(
    r"(BEGIN|START\s+TRANSACTION|COMMIT|END|ROLLBACK|ABORT|SET|RESET|SHOW|ANALYZE|VACUUM|GRANT|REVOKE|COMMENT|EXPLAIN"
    r"|DECLARE|FETCH|CLOSE|DEALLOCATE|LOCK)\b",
    re.IGNORECASE,
)
NOT_PASSED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"ROLLBACK\s+(WORK\s+|TRANSACTION\s+)?TO\b", re.IGNORECASE), "savepoints are not supported"),
    (re.compile(r"LOCK\b.*\b(MODE|NOWAIT)\s*$", re.IGNORECASE | re.DOTALL), "LOCK takes names of tables only"),
)


def passed(sql: str) -> bool:
    """Whether a statement is one that both have and that needs no look at what is in it."""
    for pattern, message in NOT_PASSED:
        if pattern.match(sql):
            raise Refused(SYNTAX, message)
    return PASSED.match(sql) is not None
