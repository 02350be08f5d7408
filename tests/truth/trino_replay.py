"""What the sandbox's dialect makes of an expression, held against what real Trino answered.

An answer of Trino is ``{"type": …, "value": …}`` as its protocol writes them, or ``{"error": name}``; an answer of
the sandbox is a value with the type that the dialect inferred, an error, or a refusal.
"""

from __future__ import annotations

import base64
import math
import struct
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
from sqlglot import exp
from sqlglot.errors import SqlglotError

from parity_sandbox.aws import trino
from parity_sandbox.aws.trino.limitation import Limitation
from parity_sandbox.aws.trino.nodes import INTEGERS, TEXTS, Kind, Node
from parity_sandbox.aws.trino.shapes import Verified, shape, shapes, type_name
from parity_sandbox.aws.trino.translate import in_duckdb, typed_query, words_of
from parity_sandbox.aws.trino.zones import is_zoned
from truth.trino_battery import query

EVERYTHING = Verified(frozenset(), {}, everything=True)
Answer = dict[str, Any]


@dataclass(frozen=True)
class Parsed:
    """The shapes of an expression, which of them it is about, and its inferred type; nothing if refused."""

    shapes: frozenset[str] = frozenset()
    subject: str = ""
    exact: str = ""
    type: exp.DataType | None = None


@dataclass(frozen=True)
class Given:
    """What the sandbox gave: a value, or why there is none."""

    value: Any = None
    type: str = ""
    """DuckDB's."""
    rows: int = 0
    error: str = ""
    refused: str = ""


def connection() -> duckdb.DuckDBPyConnection:
    """Return a DuckDB that knows Trino's functions."""
    made = duckdb.connect()
    trino.prepare(made)
    return made


def held(session: duckdb.DuckDBPyConnection, expression: str, known: Verified) -> tuple[Parsed, Given]:
    """Return what an expression is made of, and what the sandbox gives for it, every shape let through.

    ``known`` has the types of functions.
    """
    sql = query(expression)
    try:
        tree = typed_query(trino.parse(sql), {}, known)
        made = _parsed(tree, sql)
    except (Limitation, SqlglotError) as error:  # what sqlglot cannot read, the sandbox does not run
        return Parsed(), Given(refused=str(error))
    except (trino.TypeMismatch, trino.ColumnNotFound) as error:
        return Parsed(), Given(error=str(error))
    return made, _given(session, tree)


def _parsed(tree: Node, sql: str) -> Parsed:
    first = tree.selects[0] if isinstance(tree, exp.Query) and tree.selects else tree
    about = first
    while isinstance(about, exp.Alias | exp.Paren):
        about = about.this
    found = frozenset(shapes(tree) | words_of(sql, tree))
    return Parsed(found, shape(about), shape(about, widths=True), first.type)


def _given(session: duckdb.DuckDBPyConnection, tree: Node) -> Given:
    try:
        translated = in_duckdb(tree)
        done = session.execute(translated.sql)
        described = [(column[0], str(column[1])) for column in done.description or ()]
        trino.check_types(translated, described)
        row = done.fetchone()
    except Limitation as error:
        return Given(refused=str(error))
    except (SqlglotError, trino.TypeMismatch, trino.ColumnNotFound, duckdb.Error) as error:
        text = str(error) or type(error).__name__
        return Given(refused=text) if "sandbox limitation" in text else Given(error=text)
    except Exception as error:  # noqa: BLE001 - Athena's engine reports it as an internal error
        return Given(error=f"{type(error).__name__}: {error}")
    return Given(row[0] if row else None, described[0][1], int(row is not None))


def difference(answer: Answer, got: Given, inferred: exp.DataType | None) -> str:
    """Return how the sandbox's answer differs from Trino's, or an empty string; a refusal does not differ."""
    if got.refused or ("error" in answer and got.error):
        return ""
    if "error" in answer:
        return f"Trino refuses ({answer['error']}), the sandbox gives {got.value!r}"
    if got.error:
        return f"Trino gives {answer['value']!r}, the sandbox fails: {got.error.splitlines()[0][:120]}"
    if got.rows != answer.get("rows", 1):
        return f"Trino gives {answer.get('rows', 1)} rows, the sandbox {got.rows}"
    wanted = trino_type(answer["type"])
    if not same(wanted, answer["value"], got.value):
        return f"Trino gives {answer['value']!r}, the sandbox {got.value!r}"
    if not of_one_type(wanted, inferred):
        return (
            f"Trino's type is {answer['type']}, the sandbox infers {inferred.sql('trino') if inferred else None}"
        )
    return ""


def trino_type(text: str) -> exp.DataType:
    """Return a type as Trino writes it."""
    if text == "unknown":
        return exp.DataType(this=Kind.NULL)
    if text.startswith(("INTERVAL", "interval")):
        return exp.DataType(this=Kind.INTERVAL)
    try:
        return exp.DataType.build(text, dialect="trino", udt=True)
    except SqlglotError:
        return exp.DataType(this=Kind.UNKNOWN)


def of_one_type(wanted: exp.DataType, inferred: exp.DataType | None) -> bool:
    """Return whether an inferred type is Trino's, lengths of text apart; what is not known is not wrong."""
    if inferred is None or inferred.this in (Kind.UNKNOWN, Kind.NULL):
        return True
    known = type_name(inferred)
    if "?" in known or wanted.this == Kind.NULL:
        return wanted.this in (inferred.this, Kind.NULL)
    if wanted.this == Kind.DECIMAL:
        return inferred.this == Kind.DECIMAL and wanted.sql() == inferred.sql()
    return known == type_name(wanted).replace("?", "unknown")


def same(wanted: exp.DataType, value: Any, got: Any) -> bool:
    """Return whether a DuckDB value is Trino's, of a type and a JSON value."""
    if value is None or got is None:
        return value is None and got is None
    if wanted.this in (Kind.ARRAY, Kind.MAP, Kind.STRUCT):
        return _same_nest(wanted, value, got)
    compare = COMPARE.get(wanted.this)
    return compare is not None and compare(wanted, value, got)


def _same_nest(wanted: exp.DataType, value: Any, got: Any) -> bool:
    parts = [one.args["kind"] if isinstance(one, exp.ColumnDef) else one for one in wanted.expressions]
    if wanted.this == Kind.ARRAY:
        return (
            isinstance(got, list)
            and len(got) == len(value)
            and all(same(parts[0], *pair) for pair in zip(value, got, strict=True))
        )
    if wanted.this == Kind.STRUCT:
        fields = list(got.values()) if isinstance(got, dict) else list(got) if isinstance(got, tuple) else []
        return len(fields) == len(value) == len(parts) and all(map(same, parts, value, fields))
    return (
        isinstance(got, dict)
        and len(got) == len(value)
        and all(
            any(_same_key(parts[0], key, own) and same(parts[1], value[key], got[own]) for own in got)
            for key in value
        )
    )


def _same_key(wanted: exp.DataType, key: str, got: Any) -> bool:
    return key == str(got) if wanted.this in TEXTS | INTEGERS else False


def _same_float(wanted: exp.DataType, value: Any, got: Any) -> bool:
    if not isinstance(got, float):
        return False
    number = float(value)
    if wanted.this == Kind.FLOAT and math.isfinite(number):
        number = struct.unpack("f", struct.pack("f", number))[0]
    return number == got or (math.isnan(number) and math.isnan(got))


def _same_decimal(wanted: exp.DataType, value: Any, got: Any) -> bool:
    return (
        isinstance(got, Decimal)
        and got == Decimal(value)
        and got.as_tuple().exponent == Decimal(value).as_tuple().exponent
    )


def _same_stamp(wanted: exp.DataType, value: Any, got: Any) -> bool:
    if not isinstance(got, datetime) or got.tzinfo is not None or len(value.partition(".")[2]) > 6:
        return False
    return datetime.fromisoformat(value) == got


def _same_zoned(wanted: exp.DataType, value: Any, got: Any) -> bool:
    local, _, zone = value.rpartition(" ")
    return is_zoned(got) and zone == got["t_zone"] and _same_stamp(wanted, local, got["t_local"])


def _same_json(wanted: exp.DataType, value: Any, got: Any) -> bool:
    return isinstance(got, str) and got == value


COMPARE = {
    **dict.fromkeys(INTEGERS, lambda _, value, got: type(got) is int and got == value),
    **dict.fromkeys(TEXTS, _same_json),
    Kind.CHAR: _same_json,
    Kind.JSON: _same_json,
    Kind.BOOLEAN: lambda _, value, got: got is value,
    Kind.FLOAT: _same_float,
    Kind.DOUBLE: _same_float,
    Kind.DECIMAL: _same_decimal,
    Kind.DATE: lambda _, value, got: type(got) is date and got.isoformat() == value,
    Kind.TIMESTAMP: _same_stamp,
    Kind.TIMESTAMPTZ: _same_zoned,
    **dict.fromkeys(
        (Kind.VARBINARY, Kind.BINARY),
        lambda _, value, got: isinstance(got, bytes) and base64.b64decode(value) == got,
    ),
}
