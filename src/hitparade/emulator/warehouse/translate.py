"""Redshift's SQL as PostgreSQL's."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from hitparade.emulator.warehouse.copying import Copy, copy_of
from hitparade.emulator.warehouse.functions import adapt_function
from hitparade.emulator.warehouse.refusals import SYNTAX, Refused, passed, refuse, refuse_words

REMEMBERED = 512
DEFAULT_LENGTH = 256
LONGEST = 65535
STYLES = frozenset({"KEY", "ALL", "EVEN", "AUTO"})
QUOTED = frozenset({TokenType.STRING, TokenType.IDENTIFIER})
OF_KEYS = (exp.PrimaryKey, exp.ForeignKey, exp.UniqueColumnConstraint)
OF_COLUMNS = (exp.UniqueColumnConstraint, exp.Reference, exp.EncodeColumnConstraint)

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it cannot read is refused; it would say so too


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement for PostgreSQL, which is nothing where the proxy itself does what was asked: `copy`."""

    sql: str
    copy: Copy | None = None
    truncates: bool = False


@lru_cache(REMEMBERED)
def translated(sql: str) -> Sequence[Statement]:
    """The statements of a request. Refused when Redshift would not take one."""
    try:
        words = sqlglot.tokenize(sql, read="redshift")
        return tuple(translated_one(text, some) for text, some in split(sql, words))
    except (SqlglotError, ValueError) as error:
        raise Refused(SYNTAX, f"syntax error: {plain(error)}") from error


def plain(error: Exception) -> str:
    """What SQLGlot found, without its colours."""
    found = getattr(error, "errors", None)
    if not found:
        return str(error).partition("\n")[0]
    first = found[0]
    return f'{first["description"].rstrip(".")} at or near "{first["highlight"]}", line {first["line"]}'


def split(sql: str, words: Sequence[Token]) -> list[tuple[str, list[Token]]]:
    """Each statement's text, from its first word on, and its words, which know their places in the whole."""
    found: list[tuple[str, list[Token]]] = []
    some: list[Token] = []
    for word in words:
        if word.token_type != TokenType.SEMICOLON:
            some.append(word)
        elif some:
            found.append((sql[some[0].start : word.start], some))
            some = []
    if some:
        found.append((sql[some[0].start :], some))
    return found


def translated_one(text: str, words: list[Token]) -> Statement:
    """One statement."""
    if passed(text):
        return Statement(text)
    refuse_words(words)
    tree = sqlglot.parse_one(without_storage(text), read="redshift")
    refuse(tree)
    if isinstance(tree, exp.Copy):
        return Statement("", copy=copy_of(tree))
    return Statement(adapted(tree).sql("postgres"), truncates=isinstance(tree, exp.TruncateTable))


def without_storage(text: str) -> str:
    """A CREATE TABLE without the words on where rows are stored, some of which SQLGlot cannot read."""
    words = sqlglot.tokenize(text, read="redshift")
    upper = ["" if word.token_type in QUOTED else word.text.upper() for word in words]
    if upper[:1] != ["CREATE"] or "TABLE" not in upper[:4]:
        return text
    kept, place, number = [], 0, 0
    while number < len(words):
        count = storage_words(upper, number)
        if count:
            kept.append(text[place : words[number].start])
            place = words[number + count - 1].end + 1
        number += count or 1
    return "".join([*kept, text[place:]])


def storage_words(upper: list[str], number: int) -> int:
    """How many words from this one on say where rows are stored; none when it is another's."""
    word, following = upper[number], upper[number + 1 : number + 2]
    if word == "DISTSTYLE" and following and following[0] in STYLES:
        return 2
    if word in {"COMPOUND", "INTERLEAVED"} and following == ["SORTKEY"]:
        return 1 + storage_words(upper, number + 1)
    if word in {"DISTKEY", "SORTKEY"}:
        if following == ["AUTO"]:
            return 2
        return upper.index(")", number) - number + 1 if following == ["("] and ")" in upper[number:] else 1
    if (word, *following) in {("BACKUP", "YES"), ("BACKUP", "NO"), ("ENCODE", "AUTO")}:
        return 2
    return 0


def adapted(tree: exp.Expr) -> exp.Expr:
    """The same statement with what the two read differently."""
    adapt_keys(tree)
    tree.set("no_schema_binding", None)
    for node in reversed(list(tree.walk())):  # what is within a node comes before it
        if isinstance(node, exp.Identifier):
            node.set("this", node.name.lower())  # Redshift folds quoted names too
        elif isinstance(node, exp.DataType):
            adapt_type(node)
        else:
            adapt_function(node)
    return tree


def adapt_type(node: exp.DataType) -> None:
    """Lengths and precisions that go without saying."""
    limits: list[int] = []
    if node.this in {exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.NVARCHAR}:
        limits = [DEFAULT_LENGTH]
        if node.expressions:
            limits = [LONGEST] if node.expressions[0].name.upper() == "MAX" else []
        node.set("this", exp.DType.VARCHAR)
    elif node.this == exp.DType.DECIMAL and not node.expressions:
        limits = [18, 0]
    if limits:
        node.set("expressions", [exp.DataTypeParam(this=exp.Literal.number(limit)) for limit in limits])


def adapt_keys(tree: exp.Expr) -> None:
    """Leave out keys, which Redshift does not enforce, but for the NOT NULL that comes with a primary one."""
    schema = tree.this
    if not isinstance(tree, exp.Create) or not isinstance(schema, exp.Schema):
        return
    primary = {each.name.lower() for key in schema.find_all(exp.PrimaryKey) for each in key.expressions}
    kept = []
    for part in schema.expressions:
        held = part.expressions[0] if isinstance(part, exp.Constraint) and part.expressions else part
        if isinstance(held, OF_KEYS):
            continue
        if isinstance(part, exp.ColumnDef):
            adapt_column(part, primary)
        kept.append(part)
    schema.set("expressions", kept)


def adapt_column(column: exp.ColumnDef, primary: set[str]) -> None:
    """A column without keys and encodings."""
    kinds = [constraint.args["kind"] for constraint in column.constraints]
    required = column.name.lower() in primary or any(
        isinstance(kind, exp.PrimaryKeyColumnConstraint)
        or (isinstance(kind, exp.NotNullColumnConstraint) and not kind.args.get("allow_null"))
        for kind in kinds
    )
    gone = (*OF_COLUMNS, exp.PrimaryKeyColumnConstraint, exp.NotNullColumnConstraint)
    kept = [kind for kind in kinds if not isinstance(kind, gone)]
    if required:
        kept.append(exp.NotNullColumnConstraint())
    column.set("constraints", [exp.ColumnConstraint(kind=kind) for kind in kept])
