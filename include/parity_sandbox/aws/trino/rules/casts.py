"""CAST and TRY_CAST: Trino is stricter about text, rounds halves up, and writes numbers and times its own way."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from parity_sandbox.aws.trino.limitation import Limitation
from parity_sandbox.aws.trino.nodes import (
    FLOATS,
    INTEGERS,
    STAMPS,
    TEXTS,
    Kind,
    Node,
    Rule,
    assume_kind,
    call,
    cast,
    decimal_parameters,
    kind,
    known_kind,
    number,
    text,
)
from parity_sandbox.aws.trino.rules import zones

NEST = frozenset({Kind.ARRAY, Kind.MAP, Kind.STRUCT, Kind.JSON})
STAMP_FORMATS = {0: "%Y-%m-%d %H:%M:%S", 3: "%Y-%m-%d %H:%M:%S.%g", 6: "%Y-%m-%d %H:%M:%S.%f"}
DOUBLES = "DOUBLE"


def converted(node: exp.Cast) -> Node:
    """Any CAST: by its target, then by its source."""
    source = node.this
    if kind(source) in STAMPS | {Kind.TIME} and not set(_digits(source.type)) <= set("0123456"):
        raise Limitation(f"{source.type.sql('trino')}: digits after the microsecond")
    if isinstance(source, exp.Null) or (isinstance(source, exp.Literal) and source.is_string):
        return _literal(node)
    target = node.to.this
    convert = TARGETS.get(target)
    if convert is None:
        raise Limitation(f"CAST to {node.to.sql('trino')}")
    return convert(node, known_kind(source, "a CAST"))


def _digits(found: exp.DataType) -> str:
    return str(found.expressions[0].name) if found.expressions else "3"


def _literal(node: exp.Cast) -> Node:
    """A typed literal such as ``DATE '…'``, or a CAST of plain text."""
    if isinstance(node.this, exp.Null):
        return zones.in_utc(cast(node.this, "timestamp")) if node.to.this == Kind.TIMESTAMPTZ else node
    if node.to.this == Kind.INTERVAL:
        return node
    if node.to.this in (Kind.TIMESTAMPTZ, Kind.TIME) or _spells_its_precision(node):
        return _stamp_literal(node)
    return TARGETS.get(node.to.this, _refused)(node, Kind.VARCHAR)


def _spells_its_precision(node: exp.Cast) -> bool:
    """Tell ``TIMESTAMP '…05.12'``, which sqlglot types by its digits, from CAST('…05.12' AS TIMESTAMP)."""
    digits = len(node.this.name.partition(".")[2])
    spelt = [parameter.name for parameter in node.to.expressions]
    return bool(node.to.this == Kind.TIMESTAMP and spelt == [str(digits)])


def _stamp_literal(node: exp.Cast) -> Node:
    if not set(_digits(node.to)) <= set("0123456"):
        raise Limitation(f"{node.to.sql('trino')}: digits after the microsecond")
    if node.to.this == Kind.TIMESTAMP:
        return _with_source(node, call("t_stamp_text", node.this, number(6)), "timestamp")
    if node.to.this == Kind.TIMESTAMPTZ:
        return call("t_zoned_literal", node.this) if node.meta.get("typed") else _zoned_text(node)
    return _with_source(node, node.this, "time")


def _zoned_text(node: exp.Cast) -> Node:
    """A text with a zone; one that names none is in UTC."""
    name = "t_zoned_try" if isinstance(node, exp.TryCast) else "t_zoned_cast"
    return call(name, node.this, number(precision_of(node)))


def _refused(node: exp.Cast, _source: Kind) -> Node:
    raise Limitation(f"CAST to {node.to.sql('trino')}")


def _with_source(node: exp.Cast, source: Node, to: str | None = None) -> Node:
    node.set("this", source)
    if to:
        node.set("to", exp.DataType.build(to, dialect="duckdb"))
    return node


def to_whole(node: exp.Cast, source: Kind) -> Node:
    """Doubles round half up, text has digits only."""
    if source in FLOATS:
        return _with_source(node, call("round", assume_kind(node.this, "DOUBLE|FLOAT")))
    if source in TEXTS:
        return _with_source(node, call("t_whole_text", call("trim", node.this), text(node.to.sql("trino"))))
    if source in INTEGERS | {Kind.DECIMAL, Kind.BOOLEAN, Kind.JSON}:
        return node
    raise Limitation(f"CAST from {source.value} to {node.to.sql('trino')}")


def to_float(node: exp.Cast, source: Kind) -> Node:
    """Numbers convert alike; text has digits, a point and an exponent."""
    if source in TEXTS:
        return _with_source(node, call("t_float_text", call("trim", node.this), text(node.to.sql("trino"))))
    if source in INTEGERS | FLOATS | TEXTS | {Kind.DECIMAL, Kind.BOOLEAN, Kind.JSON}:
        return node
    raise Limitation(f"CAST from {source.value} to {node.to.sql('trino')}")


def to_decimal(node: exp.Cast, source: Kind) -> Node:
    """A double converts by its shortest text, as BigDecimal.valueOf does; text has digits only."""
    if not decimal_parameters(node.to):
        node.set("to", exp.DataType.build("decimal(38, 0)"))
    if source == Kind.DOUBLE:
        return _with_source(node, cast(assume_kind(node.this, DOUBLES), "varchar"))
    if source in TEXTS:
        return _with_source(node, call("t_decimal_text", node.this))
    if source in INTEGERS | {Kind.DECIMAL}:
        return node
    raise Limitation(f"CAST from {source.value} to decimal")


def to_text(node: exp.Cast, source: Kind) -> Node:
    """Every type has its own text; VARCHAR(n) cuts."""
    plain = _text_of(node.this, source)
    limit = [parameter.name for parameter in node.to.expressions]
    if not limit:
        return plain
    bounded = "t_try_bounded" if isinstance(node, exp.TryCast) else "t_bounded"
    return call("left" if source in TEXTS else bounded, plain, number(int(limit[0])))


def _text_of(source: Node, found: Kind) -> Node:
    if found == Kind.DECIMAL:  # DuckDB writes no zero before the point where all digits come after it
        return call("regexp_replace", cast(source, "varchar"), text("^(-?)[.]"), text("\\10."))
    if found in TEXTS | INTEGERS | {Kind.DATE, Kind.BOOLEAN}:
        return cast(source, "varchar")
    if found == Kind.CHAR and source.type is not None and source.type.expressions:
        return call("rpad", source, source.type.expressions[0].copy(), text(" "))
    if found == Kind.DOUBLE:
        return call("t_double_text", assume_kind(source, DOUBLES))
    if found == Kind.TIMESTAMP:
        return call("strftime", source, text(STAMP_FORMATS[precision_of(source)]))
    if found == Kind.TIMESTAMPTZ:
        local = call("strftime", zones.local(source), text(STAMP_FORMATS[precision_of(source)] + " "))
        return exp.paren(exp.DPipe(this=local, expression=zones.zone(source.copy())))
    if found == Kind.JSON:
        raise Limitation("CAST of JSON to varchar; use json_extract_scalar or json_format")
    raise Limitation(f"CAST from {found.value} to varchar")


def precision_of(node: Node) -> int:
    """Return a timestamp's digits after the second, or refuse; a plain TIMESTAMP has three."""
    spelt = [int(parameter.name) for parameter in node.type.expressions] if node.type is not None else []
    digits = spelt[0] if spelt else 3
    if digits not in STAMP_FORMATS:
        raise Limitation(f"the text of a timestamp({digits}); CAST it to timestamp(3) first")
    return digits


def to_boolean(node: exp.Cast, source: Kind) -> Node:
    """Text says t, true, 1, f, false or 0."""
    if source in TEXTS:
        return _with_source(node, call("t_boolean_text", node.this))
    if source in INTEGERS | {Kind.BOOLEAN, Kind.JSON, Kind.DOUBLE}:
        return node
    raise Limitation(f"CAST from {source.value} to boolean")


def to_date(node: exp.Cast, source: Kind) -> Node:
    """Text is year-month-day and nothing more."""
    if source in TEXTS:
        return _with_source(node, call("t_date_text", node.this))
    if source in STAMPS | {Kind.DATE}:
        return _with_source(node, zones.local(node.this))
    raise Limitation(f"CAST from {source.value} to date")


def to_stamp(node: exp.Cast, source: Kind) -> Node:
    """Timestamps have milliseconds unless six digits are asked for; finer ones round half up."""
    digits = int(node.to.expressions[0].name) if node.to.expressions else 3
    if digits not in (3, 6):
        raise Limitation(f"CAST to timestamp({digits})")
    if source not in TEXTS | STAMPS | {Kind.DATE}:
        raise Limitation(f"CAST from {source.value} to {node.to.sql('trino')}")
    if source in TEXTS:
        return _plain_stamp(node, call("t_stamp_text", node.this, number(6 if digits == 6 else 12)), digits)
    return _plain_stamp(node, zones.local(node.this), digits)


def _plain_stamp(node: exp.Cast, source: Node, digits: int) -> Node:
    plain = _with_source(node, source, "timestamp")
    return plain if digits == 6 else call("t_millis", plain)


def to_zoned_stamp(node: exp.Cast, source: Kind) -> Node:
    """A timestamp without zone, or a date, is in UTC; digits round half up."""
    if source in TEXTS:
        return _zoned_text(node)
    if source == Kind.TIMESTAMPTZ:
        moment = node.this
    elif source in (Kind.TIMESTAMP, Kind.DATE):
        moment = zones.in_utc(cast(node.this, "timestamp"))
    else:
        raise Limitation(f"CAST from {source.value} to {node.to.sql('trino')}")
    if precision_of(node) < 3 < int(zones.digits(node.this)):  # Trino rounds twice
        raise Limitation(f"CAST of microseconds to {node.to.sql('trino')}")
    return call("t_zoned_round", moment, number(precision_of(node)))


def to_json(node: exp.Cast, source: Kind) -> Node:
    """A text becomes a JSON string; it is not parsed."""
    if source in TEXTS | INTEGERS | {Kind.BOOLEAN, Kind.ARRAY}:
        return call("to_json", node.this)
    raise Limitation(f"CAST from {source.value} to JSON")


def to_nest(node: exp.Cast, source: Kind) -> Node:
    """Rows, arrays and maps whose parts are themselves cast without change of meaning."""
    if source not in NEST:
        raise Limitation(f"CAST from {source.value} to {node.to.sql('trino')}")
    if source != Kind.JSON and kind(node.this) != node.to.this:
        raise Limitation(f"CAST from {source.value} to {node.to.sql('trino')}")
    return node


Convert = Callable[[exp.Cast, Kind], Node]

TARGETS: Mapping[Kind, Convert] = {
    **dict.fromkeys(INTEGERS, to_whole),
    **dict.fromkeys(FLOATS, to_float),
    **dict.fromkeys(TEXTS, to_text),
    Kind.TIMESTAMP: to_stamp,
    Kind.TIMESTAMPTZ: to_zoned_stamp,
    **dict.fromkeys((Kind.ARRAY, Kind.STRUCT), to_nest),
    Kind.DECIMAL: to_decimal,
    Kind.BOOLEAN: to_boolean,
    Kind.DATE: to_date,
    Kind.JSON: to_json,
}

RULES: Mapping[type[Node], Rule] = {exp.Cast: converted, exp.TryCast: converted}
NAMED: Mapping[str, Rule] = {}
